#include "x509/crl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "x509/crl_scope.h"
#include "x509/shown.h"

/* RFC 5280 5.3: entry extensions that say something about the entry; certificateIssuer makes a CRL indirect. */
static const int known_entry_extensions[] = {NID_crl_reason, NID_invalidity_date};

static int list_reserve(struct crl_list *list)
{
    size_t capacity = list->capacity > 0 ? 2 * list->capacity : 8;
    struct crl *grown;

    if (list->count < list->capacity) {
        return 0;
    }
    grown = realloc(list->crls, capacity * sizeof(*grown));
    if (grown == NULL) {
        return -1;
    }
    list->crls = grown;
    list->capacity = capacity;
    return 0;
}

static void crl_free(struct crl *crl)
{
    X509_CRL_free(crl->x509);
    EVP_PKEY_free(crl->key);
    ISSUING_DIST_POINT_free(crl->scope);
    *crl = (struct crl){0};
}

static int check_critical(const X509_CRL *x509, struct error *error)
{
    char name[80];

    for (int i = X509_CRL_get_ext_by_critical(x509, 1, -1); i >= 0; i = X509_CRL_get_ext_by_critical(x509, 1, i)) {
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_CRL_get_ext(x509, i));
        int nid = OBJ_obj2nid(object);

        if (nid != NID_issuing_distribution_point && nid != NID_delta_crl) {
            return error_set(error, "critical extension %s, which is not supported (RFC 5280 5.2)",
                             shown_object(object, name, sizeof(name)));
        }
    }
    return 0;
}

static bool entry_is_known(const X509_REVOKED *entry)
{
    for (int i = X509_REVOKED_get_ext_by_critical(entry, 1, -1); i >= 0;
         i = X509_REVOKED_get_ext_by_critical(entry, 1, i)) {
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_REVOKED_get_ext(entry, i)));
        bool known = false;

        for (size_t k = 0; k < sizeof(known_entry_extensions) / sizeof(known_entry_extensions[0]); k++) {
            known = known || nid == known_entry_extensions[k];
        }
        if (!known) {
            return false;
        }
    }
    return X509_REVOKED_get_ext_by_NID(entry, NID_certificate_issuer, -1) < 0;
}

static int check_entries(X509_CRL *x509, struct error *error)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(x509);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        if (!entry_is_known(sk_X509_REVOKED_value(entries, i))) {
            return error_set(error, "an entry with a critical extension that is not supported (RFC 5280 5.3)");
        }
    }
    return 0;
}

/* 0 with a scope of NULL: there is none. */
static int read_scope(struct crl *crl, struct error *error)
{
    int found = -1;

    crl->scope = X509_CRL_get_ext_d2i(crl->x509, NID_issuing_distribution_point, &found, NULL);
    if (crl->scope == NULL) {
        return found == -1 ? 0 : error_set(error, "issuingDistributionPoint cannot be read (RFC 5280 5.2.5)");
    }
    if (crl->scope->indirectCRL > 0) {
        return error_set(error, "an indirect CRL, which is not supported (RFC 5280 5.2.5)");
    }
    if (crl->scope->distpoint != NULL &&
        DIST_POINT_set_dpname(crl->scope->distpoint, X509_CRL_get_issuer(crl->x509)) != 1) {
        return error_set(error, "distribution point's name cannot be read (RFC 5280 5.2.5)");
    }
    return 0;
}

static bool may_sign(const struct cert *issuer)
{
    return (X509_get_key_usage(issuer->x509) & X509v3_KU_CRL_SIGN) != 0;
}

/* The key of one of the issuers of that name that verifies the signature. */
static int verify(struct crl *crl, const struct issuers *issuers, struct error *error)
{
    size_t count;
    const struct cert *const *issuer = issuers_find(issuers, X509_CRL_get_issuer(crl->x509), &count);
    char name[SHOWN_NAME_BYTES];

    if (issuer == NULL) {
        return error_set(error, "its issuer \"%s\" is neither an anchor nor an intermediate",
                         shown_name(X509_CRL_get_issuer(crl->x509), name));
    }
    for (size_t i = 0; i < count; i++) {
        EVP_PKEY *key = X509_get0_pubkey(issuer[i]->x509);

        if (key != NULL && may_sign(issuer[i]) && X509_CRL_verify(crl->x509, key) == 1) {
            EVP_PKEY_up_ref(key);
            crl->key = key;
            return 0;
        }
    }
    return error_set(error, "no key of its issuer \"%s\" made its signature (RFC 5280 6.3.3 (g))",
                     shown_name(X509_CRL_get_issuer(crl->x509), name));
}

static int read_times(struct crl *crl, struct error *error)
{
    const ASN1_TIME *next_update = X509_CRL_get0_nextUpdate(crl->x509);

    if (cert_time(X509_CRL_get0_lastUpdate(crl->x509), &crl->this_update) < 0 ||
        (next_update != NULL && cert_time(next_update, &crl->next_update) < 0)) {
        return error_set(error, "thisUpdate or nextUpdate is not a time (RFC 5280 5.1.2.4)");
    }
    return 0;
}

static struct digest fingerprint(const X509_CRL *x509)
{
    uint8_t *der = NULL;
    int size = i2d_X509_CRL(x509, &der);
    struct digest digest = digest_sha256(bytes_of(der, size > 0 ? (size_t)size : 0));

    OPENSSL_free(der);
    return digest;
}

/* libcrypto sorts the entries at the first search: better now than under a lock between threads. */
static void sort_entries(X509_CRL *x509)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509_REVOKED *entry;

    if (serial != NULL) {
        X509_CRL_get0_by_serial(x509, &entry, serial);
    }
    ASN1_INTEGER_free(serial);
}

enum crl_taken crl_add(struct crl_list *list, X509_CRL *x509, const struct issuers *issuers, struct error *error)
{
    struct crl crl = {.x509 = x509};
    enum crl_taken taken = CRL_BROKEN;

    if (list_reserve(list) < 0) {
        error_set(error, "out of memory");
    } else if (read_times(&crl, error) == 0) {
        taken = CRL_ASIDE;
        if (check_critical(x509, error) == 0 && check_entries(x509, error) == 0 && read_scope(&crl, error) == 0 &&
            verify(&crl, issuers, error) == 0) {
            taken = CRL_TAKEN;
        }
    }
    ERR_clear_error();
    if (taken == CRL_TAKEN) {
        crl.fingerprint = fingerprint(x509);
        crl.delta = X509_CRL_get_ext_by_NID(x509, NID_delta_crl, -1) >= 0;
        sort_entries(x509);
        list->crls[list->count++] = crl;
    } else {
        crl_free(&crl);
    }
    return taken;
}

static int compare(const void *a, const void *b)
{
    const struct crl *left = a, *right = b;
    int order = X509_NAME_cmp(X509_CRL_get_issuer(left->x509), X509_CRL_get_issuer(right->x509));

    if (order != 0) {
        return order;
    }
    if (left->this_update != right->this_update) {
        return left->this_update > right->this_update ? -1 : 1;
    }
    return memcmp(left->fingerprint.bytes, right->fingerprint.bytes, DIGEST_BYTES);
}

void crl_list_sort(struct crl_list *list)
{
    if (list->count > 1) {
        qsort(list->crls, list->count, sizeof(list->crls[0]), compare);
    }
}

void crl_list_free(struct crl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        crl_free(&list->crls[i]);
    }
    free(list->crls);
    *list = (struct crl_list){0};
}

static size_t first_of(const struct crl_list *list, const X509_NAME *issuer)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (X509_NAME_cmp(X509_CRL_get_issuer(list->crls[middle].x509), issuer) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* removeFromCRL belongs into delta CRLs, and means nothing without its base; in a complete one it is a mistake, and the
 * entry still stands there. */
static bool lists(const struct crl *crl, const struct cert *cert, struct crl_answer *answer)
{
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;
    int crl_reason;

    if (X509_CRL_get0_by_serial(crl->x509, &entry, X509_get0_serialNumber(cert->x509)) == 0) {
        return false;
    }
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    crl_reason = reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : -1;
    ASN1_ENUMERATED_free(reason);
    if (crl->delta && crl_reason == CRL_REASON_REMOVE_FROM_CRL) {
        return false;
    }
    answer->crl_reason = crl_reason;
    if (cert_time(X509_REVOKED_get0_revocationDate(entry), &answer->revoked_at) < 0) {
        answer->revoked_at = crl->this_update;
    }
    return true;
}

static bool speaks_of(const struct crl *crl, const struct cert *cert, const struct cert *issuer, int64_t now)
{
    return crl->this_update <= now && may_sign(issuer) && EVP_PKEY_eq(crl->key, X509_get0_pubkey(issuer->x509)) == 1 &&
           crl_scope_covers(crl->scope, cert);
}

/* Whether it can say that a certificate is good. */
static bool is_complete(const struct crl *crl)
{
    return !crl->delta && crl_scope_has_all_reasons(crl->scope);
}

/*
 * Newest first. The newest complete CRL that covers the certificate is believed
 * when it lists it, even past its nextUpdate: what was revoked does not become
 * good by waiting. Only a current one can say that the certificate is good.
 */
void crl_ask(const struct crl_list *list, const struct cert *cert, const struct cert *issuer, int64_t now,
             struct crl_answer *answer)
{
    const X509_NAME *name = cert_issuer(cert);
    bool newest = true;

    *answer = (struct crl_answer){.crl_reason = -1};
    for (size_t i = first_of(list, name); i < list->count; i++) {
        const struct crl *crl = &list->crls[i];
        bool current = now <= crl->next_update;

        if (X509_NAME_cmp(X509_CRL_get_issuer(crl->x509), name) != 0) {
            return;
        }
        if (!speaks_of(crl, cert, issuer, now) || !(current || (newest && !crl->delta))) {
            continue;
        }
        answer->word = lists(crl, cert, answer) ? CRL_REVOKED : is_complete(crl) && current ? CRL_GOOD : CRL_SILENT;
        if (answer->word != CRL_SILENT || is_complete(crl)) {
            answer->this_update = crl->this_update;
            answer->next_update = crl->next_update;
            newest = false;
        }
        if (answer->word != CRL_SILENT) {
            return;
        }
    }
}
