#include "x509/evidence_item.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "x509/bundle.h"
#include "x509/der.h"
#include "x509/load.h"
#include "x509/pem.h"

#define REFRESH_LEAST_S 60
#define REFRESH_MOST_S (6 * 3600)      /* what is revoked meanwhile is not known before */
#define REFRESH_ISSUERS_S (24 * 3600)
#define REFRESH_EMPTY_S 3600           /* an entry without anything */
#define WITHOUT_MOST_S 3600            /* what came in a CRL's place, or waits for its signer */

/* One arrival being read. */
struct reading {
    const struct arrival *arrival;
    const struct issuers *const *signers;
    struct evidence_item *item;
    size_t objects;
    bool out_of_memory;
    struct error *error;
};

struct evidence_item *evidence_item_new(const struct need *need)
{
    struct evidence_item *item = calloc(1, sizeof(*item));

    if (item != NULL) {
        atomic_init(&item->references, 1);
        item->key = need->key;
        item->kind = need->kind;
    }
    return item;
}

struct evidence_item *evidence_item_ref(struct evidence_item *item)
{
    atomic_fetch_add_explicit(&item->references, 1, memory_order_relaxed);
    return item;
}

void evidence_item_free(struct evidence_item **item)
{
    struct evidence_item *gone = *item;

    *item = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    crl_list_free(&gone->crls);
    crl_list_free(&gone->waiting);
    cert_list_free(&gone->certs);
    ocsp_free(&gone->ocsp);
    free(gone);
}

bool evidence_item_counts(const struct evidence_item *item)
{
    return item->crls.count > 0 || item->certs.count > 0 || item->ocsp != NULL;
}

bool evidence_item_is_empty(const struct evidence_item *item)
{
    return !evidence_item_counts(item) && item->waiting.count == 0;
}

bool evidence_item_take_use(const struct evidence_item *item)
{
    bool was_used = item->ocsp != NULL && in_use_take(&item->ocsp->in_use);

    for (size_t i = 0; i < item->crls.count; i++) {
        was_used = in_use_take(&item->crls.crls[i]->in_use) || was_used;
    }
    return was_used;
}

static int add_crl(struct reading *reading, struct bytes der)
{
    struct error error;
    struct crl *crl;
    int tried = 0, verified = -1;

    if (crl_read(der, reading->arrival->source, &crl, &error) != CRL_TAKEN) {
        return error_set(reading->error, "%s: %s", reading->arrival->source, error.text);
    }
    if (crl->this_update > reading->arrival->now) {
        crl_free(&crl);
        return error_set(reading->error, "%s: thisUpdate lies in the future (RFC 5280 5.1.2.4)",
                         reading->arrival->source);
    }
    for (size_t i = 0; reading->signers[i] != NULL && verified < 0; i++) {
        verified = crl_verify(crl, reading->signers[i], &tried, &error);
    }
    if (verified < 0) {
        error_set(reading->error, "%s: %s", reading->arrival->source,
                  tried > 0 ? "no key of its issuer made its signature (RFC 5280 6.3.3 (g))" : error.text);
    }
    if (crl_list_add(verified == 0 ? &reading->item->crls : &reading->item->waiting, crl) < 0) {
        reading->out_of_memory = true;
    }
    return 0;
}

/* Any certificate that may be an issuer or sign CRLs; the others would only be in the way. */
static int add_cert(struct reading *reading, struct bytes der)
{
    struct blob *blob = blob_intern(der);
    struct finding finding = {.reason = REASON_INTERNAL};
    struct issuers one;
    struct cert cert;

    if (blob == NULL || !cert_parse(blob, &cert, &finding)) {
        blob_free(&blob);
        reading->out_of_memory = finding.reason == REASON_INTERNAL;
        return error_set(reading->error, "%s: a certificate: %s", reading->arrival->source, finding.detail);
    }
    blob_free(&blob);
    if (issuers_make(&one, &(const struct cert *){&cert}, 1) == 0 && one.count == 1) {
        reading->out_of_memory = cert_list_add(&reading->item->certs, &cert) < 0;
    } else {
        error_set(reading->error, "%s: a certificate that issues nothing (RFC 5280 4.2.1.9)", reading->arrival->source);
        cert_free(&cert);
    }
    issuers_free(&one);
    return 0;
}

static int add_bundle(struct reading *reading, struct bytes bytes)
{
    STACK_OF(X509) *certificates = bundle_decode(bytes);

    if (certificates == NULL) {
        return error_set(reading->error, "%s: a PKCS#7 message without certificates", reading->arrival->source);
    }
    for (int i = 0; i < sk_X509_num(certificates) && i < MAX_BUNDLE_CERTIFICATES; i++) {
        uint8_t *der = NULL;
        int size = i2d_X509(sk_X509_value(certificates, i), &der);

        if (size > 0) {
            add_cert(reading, bytes_of(der, (size_t)size));
        }
        OPENSSL_free(der);
    }
    sk_X509_pop_free(certificates, X509_free);
    return 0;
}

static int add_der(struct reading *reading, struct bytes bytes)
{
    if (bytes.size == 0) {
        return error_set(reading->error, "%s: nothing", reading->arrival->source);
    }
    if (der_inner_tag(bytes) == DER_OBJECT_IDENTIFIER) {
        return add_bundle(reading, bytes);
    }
    if (reading->arrival->need->kind == NEED_ISSUER && bytes.size <= MAX_VALUE_BYTES && !crl_is(bytes)) {
        return add_cert(reading, bytes);
    }
    return add_crl(reading, bytes);
}

static const struct kind {
    const char *label; /* RFC 7468, and what OpenSSL writes and wrote */
    int (*add)(struct reading *reading, struct bytes bytes);
} kinds[] = {
    {"X509 CRL", add_der}, {"CERTIFICATE", add_cert}, {"X509 CERTIFICATE", add_cert}, {"PKCS7", add_bundle},
    {"CMS", add_bundle},
};

/* One object that is broken does not spoil the others. */
static int add(void *context, const char *label, struct bytes bytes, struct error *error)
{
    struct reading *reading = context;

    (void)error;
    if (reading->objects++ >= MAX_ARRIVAL_OBJECTS) {
        return error_set(reading->error, "%s: more than %d objects", reading->arrival->source, MAX_ARRIVAL_OBJECTS);
    }
    if (label == NULL) {
        add_der(reading, bytes);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && label != NULL; i++) {
        if (strcmp(label, kinds[i].label) == 0) {
            kinds[i].add(reading, bytes);
        }
    }
    ERR_clear_error();
    return 0;
}

/* An answer is about the certificate of the need, by the key of its issuer there. */
static void add_ocsp(struct reading *reading, struct bytes bytes)
{
    const struct arrival *arrival = reading->arrival;
    struct finding finding;
    struct cert cert = {0}, issuer = {0};
    struct error error;

    if (arrival->need->subject != NULL && arrival->need->issuer != NULL &&
        cert_parse(arrival->need->subject, &cert, &finding) && cert_parse(arrival->need->issuer, &issuer, &finding)) {
        bool compare = !arrival->relayed && arrival->need->request != NULL;
        const struct ocsp_arrival asked = {
            .cert = &cert,
            .issuer = &issuer,
            .request = compare ? blob_bytes(arrival->need->request) : bytes_of(NULL, 0),
            .response = bytes,
            .source = arrival->source,
            .now = arrival->now,
        };

        reading->item->ocsp = ocsp_read(&asked, &error);
        if (reading->item->ocsp == NULL) {
            error_set(reading->error, "%s: %s", arrival->source, error.text);
        }
    }
    cert_free(&cert);
    cert_free(&issuer);
}

struct evidence_item *evidence_item_read(const struct arrival *arrival, const struct issuers *const *signers,
                                         struct error *error)
{
    struct reading reading = {arrival, signers, evidence_item_new(arrival->need), 0, false, error};
    struct error broken;

    for (size_t i = 0; i < arrival->count && reading.item != NULL && !reading.out_of_memory; i++) {
        if (arrival->need->kind == NEED_OCSP) {
            if (reading.item->ocsp == NULL) {
                add_ocsp(&reading, arrival->objects[i]);
            }
        } else if (pem_each(arrival->objects[i], add, &reading, &broken) < 0) {
            error_set(error, "%s: %s", arrival->source, broken.text);
        }
    }
    if (reading.out_of_memory) {
        evidence_item_free(&reading.item);
    }
    ERR_clear_error();
    return reading.item;
}

static bool is_newer(const struct crl *a, const struct crl *b)
{
    return a->this_update != b->this_update ? a->this_update > b->this_update : crl_age_compare(a, b) > 0;
}

/* The one that the list has of scope and key of `crl`, which it may replace; the list's count: none. A CA with two keys
 * may list with each only what that one issued. */
static size_t same_kind(const struct crl_list *list, const struct crl *crl)
{
    size_t i = 0;

    while (i < list->count && !(list->crls[i]->delta == crl->delta && crl_same_scope(list->crls[i], crl) &&
                                EVP_PKEY_eq(list->crls[i]->key, crl->key) == 1)) {
        i++;
    }
    return i;
}

/* A CRL of another scope that was there stays: else whoever sits on the way could put one of the CA's CRLs in the place
 * of another. */
int evidence_item_keep(struct evidence_item *item, const struct evidence_item *held)
{
    for (size_t i = 0; i < held->crls.count; i++) {
        struct crl *crl = held->crls.crls[i];
        size_t place = same_kind(&item->crls, crl);

        if (place < item->crls.count && is_newer(crl, item->crls.crls[place])) {
            crl_free(&item->crls.crls[place]);
            item->crls.crls[place] = crl_ref(crl);
        } else if (place == item->crls.count && item->crls.count < MAX_ARRIVAL_OBJECTS &&
                   crl_list_add(&item->crls, crl_ref(crl)) < 0) {
            return -1;
        }
    }
    if (held->ocsp != NULL &&
        (item->ocsp == NULL || held->ocsp->this_update > item->ocsp->this_update ||
         (held->ocsp->word == OCSP_SAYS_REVOKED && item->ocsp->word == OCSP_SAYS_UNKNOWN))) {
        ocsp_free(&item->ocsp);
        item->ocsp = ocsp_ref(held->ocsp);
    }
    return 0;
}

/* The first moment at which something in it that is current runs out; else when the last of it did. Of what waits only
 * where there is nothing else. */
static int64_t expiry(const struct evidence_item *item, int64_t now)
{
    const struct crl_list *list = item->crls.count > 0 ? &item->crls : &item->waiting;
    int64_t first = INT64_MAX, last = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct crl *crl = list->crls[i];
        int64_t end = crl->next_update != 0 ? crl->next_update : crl->this_update;

        first = end > now && end < first ? end : first;
        last = end > last ? end : last;
    }
    if (item->ocsp != NULL) {
        return item->ocsp->next_update;
    }
    return first != INT64_MAX ? first : last;
}

/* A CRL that waits may be anybody's, nextUpdate and all: it is not to keep the right one away. */
static bool has_what_was_asked(const struct evidence_item *item)
{
    return item->crls.count > 0 || item->ocsp != NULL || (item->kind == NEED_ISSUER && item->certs.count > 0);
}

static int64_t refresh(const struct evidence_item *item, int64_t now)
{
    int64_t life = item->expires_at - now, wait;

    if (evidence_item_is_empty(item)) {
        return now + REFRESH_EMPTY_S;
    }
    if (item->expires_at == 0) {
        return now + REFRESH_ISSUERS_S;
    }
    wait = life * 3 / 4;
    wait = wait < REFRESH_MOST_S ? wait : REFRESH_MOST_S;
    wait -= wait / 8 * item->key.bytes[0] / 256; /* so that not all come at once */
    return now + (wait > REFRESH_LEAST_S ? wait : REFRESH_LEAST_S);
}

void evidence_item_finish(struct evidence_item *item, int64_t now)
{
    const struct crl_list *lists[] = {&item->crls, &item->waiting};

    item->expires_at = expiry(item, now);
    if (!has_what_was_asked(item) && (item->expires_at == 0 || item->expires_at > now + WITHOUT_MOST_S)) {
        item->expires_at = now + WITHOUT_MOST_S;
    }
    item->refresh_at = refresh(item, now);
    if (evidence_item_is_empty(item)) {
        item->expires_at = item->refresh_at;
    }
    item->bytes = sizeof(*item) + (item->ocsp != NULL ? 4096 : 0);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            item->bytes += crl_bytes(lists[i]->crls[k]);
        }
    }
    for (size_t i = 0; i < item->certs.count; i++) {
        item->bytes += 4096 + 4 * item->certs.certs[i]->der->size;
    }
}

static struct evidence_item *copy_of(const struct evidence_item *item)
{
    const struct need same = {.kind = item->kind, .key = item->key};
    struct evidence_item *copy = evidence_item_new(&same);
    bool complete = copy != NULL;

    for (size_t i = 0; i < item->crls.count && complete; i++) {
        complete = crl_list_add(&copy->crls, crl_ref(item->crls.crls[i])) == 0;
    }
    for (size_t i = 0; i < item->certs.count && complete; i++) {
        struct finding finding;
        struct cert cert;

        complete = cert_parse(item->certs.certs[i]->der, &cert, &finding) && cert_list_add(&copy->certs, &cert) == 0;
    }
    if (copy != NULL && !complete) {
        evidence_item_free(&copy);
    }
    return copy;
}

struct evidence_item *evidence_item_without_waiting(const struct evidence_item *item, int64_t now)
{
    struct evidence_item *copy = copy_of(item);

    if (copy != NULL) {
        copy->ocsp = item->ocsp != NULL ? ocsp_ref(item->ocsp) : NULL;
        evidence_item_finish(copy, now);
    }
    return copy;
}

/* Verified, it is another object: this one is being read by those who have the snapshot before. */
static struct crl *promoted(const struct crl *waiting, const struct issuers *signers)
{
    struct error error;
    struct crl *copy;
    size_t count;

    if (issuers_find(signers, waiting->issuer, &count) == NULL) {
        return NULL;
    }
    copy = crl_waiting_copy(waiting, &error);
    if (copy != NULL && crl_verify(copy, signers, NULL, &error) < 0) {
        crl_free(&copy);
    }
    return copy;
}

struct evidence_item *evidence_item_promoted(const struct evidence_item *item, const struct issuers *signers,
                                             int64_t now)
{
    struct evidence_item *copy = NULL;
    bool any = false, complete = item->waiting.count > 0;

    if (complete) {
        copy = copy_of(item);
        complete = copy != NULL;
    }
    for (size_t i = 0; i < item->waiting.count && complete; i++) {
        struct crl *crl = promoted(item->waiting.crls[i], signers);

        any = any || crl != NULL;
        complete = crl != NULL ? crl_list_add(&copy->crls, crl) == 0
                               : crl_list_add(&copy->waiting, crl_ref(item->waiting.crls[i])) == 0;
    }
    if (complete && any) {
        evidence_item_finish(copy, now);
    } else if (copy != NULL) {
        evidence_item_free(&copy);
    }
    return copy;
}
