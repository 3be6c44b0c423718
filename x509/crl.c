#include "x509/crl.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "x509/digests.h"
#include "x509/keys.h"
#include "x509/places.h"
#include "x509/shown.h"

#define VERSION_1 0
#define VERSION_2 1

/* RFC 5280 5.2: what is understood. Anything else that is critical puts the CRL aside. */
static const int known_extensions[] = {
    NID_authority_key_identifier, NID_issuer_alt_name, NID_crl_number, NID_delta_crl,
    NID_issuing_distribution_point, NID_freshest_crl, NID_info_access,
};

static enum crl_taken aside(struct error *error, const char *words)
{
    error_set(error, "%s", words);
    return CRL_ASIDE;
}

static enum crl_taken broken(struct error *error, const char *words)
{
    error_set(error, "%s", words);
    return CRL_BROKEN;
}

static bool is_known(const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);

    for (size_t i = 0; i < sizeof(known_extensions) / sizeof(known_extensions[0]); i++) {
        if (nid == known_extensions[i]) {
            return true;
        }
    }
    return false;
}

static enum crl_taken check_extensions(const X509_CRL *x509, struct error *error)
{
    int count = X509_CRL_get_ext_count(x509);
    long version = X509_CRL_get_version(x509);
    char name[80];

    if ((version != VERSION_1 && version != VERSION_2) || (version == VERSION_1 && count > 0)) {
        return broken(error, "not of version 2 (RFC 5280 5.1.2.1)");
    }
    if (count > MAX_EXTENSIONS) {
        error_set(error, "%d extensions, more than %d", count, MAX_EXTENSIONS);
        return CRL_BROKEN;
    }
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(x509, i);
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);

        if (X509_CRL_get_ext_by_OBJ(x509, object, i) >= 0) {
            error_set(error, "extension %s stands there twice (RFC 5280 5.2)",
                      shown_object(object, name, sizeof(name)));
            return CRL_BROKEN;
        }
        if (X509_EXTENSION_get_critical(extension) && !is_known(object)) {
            error_set(error, "critical extension %s, which is not supported (RFC 5280 5.2)",
                      shown_object(object, name, sizeof(name)));
            return CRL_ASIDE;
        }
    }
    return CRL_TAKEN;
}

static enum crl_taken read_times(struct crl *crl, struct error *error)
{
    const ASN1_TIME *next_update = X509_CRL_get0_nextUpdate(crl->parts.head);

    if (cert_time(X509_CRL_get0_lastUpdate(crl->parts.head), &crl->this_update) < 0 ||
        (next_update != NULL && cert_time(next_update, &crl->next_update) < 0)) {
        return broken(error, "thisUpdate or nextUpdate is not a time (RFC 5280 5.1.2.4)");
    }
    return CRL_TAKEN;
}

/* 1: there is one. 0: there is none. -1: broken. */
static int read_number(const X509_CRL *x509, int nid, struct crl_number *number)
{
    int found = -1, result = -1;
    ASN1_INTEGER *value = X509_CRL_get_ext_d2i(x509, nid, &found, NULL);

    if (value == NULL) {
        return found == -1 ? 0 : -1;
    }
    if (ASN1_STRING_type(value) == V_ASN1_INTEGER && ASN1_STRING_length(value) <= CRL_NUMBER_BYTES) {
        const uint8_t *bytes = ASN1_STRING_get0_data(value);
        size_t size = (size_t)ASN1_STRING_length(value), zeros = 0;

        while (zeros < size && bytes[zeros] == 0) {
            zeros++;
        }
        number->size = size - zeros;
        memcpy(number->bytes, bytes + zeros, number->size);
        result = 1;
    }
    ASN1_INTEGER_free(value);
    return result;
}

static void write_number(struct crl *crl)
{
    BIGNUM *number = crl->has_number ? BN_bin2bn(crl->number.bytes, (int)crl->number.size, NULL) : NULL;
    char *text = number != NULL ? BN_bn2dec(number) : NULL;

    if (text != NULL) {
        snprintf(crl->number_text, sizeof(crl->number_text), "%s", text);
    }
    OPENSSL_free(text);
    BN_free(number);
}

static enum crl_taken read_numbers(struct crl *crl, struct error *error)
{
    int number = read_number(crl->parts.head, NID_crl_number, &crl->number);
    int base = read_number(crl->parts.head, NID_delta_crl, &crl->base);

    if (number < 0) {
        return broken(error, "cRLNumber is not an integer from 0 of at most 20 octets (RFC 5280 5.2.3)");
    }
    if (base < 0) {
        return broken(error, "deltaCRLIndicator is not an integer from 0 of at most 20 octets (RFC 5280 5.2.4)");
    }
    crl->has_number = number > 0;
    crl->delta = base > 0;
    write_number(crl);
    return CRL_TAKEN;
}

static struct digest extension_digest(const X509_CRL *x509, int nid)
{
    const ASN1_OCTET_STRING *octets =
        X509_EXTENSION_get_data(X509_CRL_get_ext(x509, X509_CRL_get_ext_by_NID(x509, nid, -1)));

    return digest_sha256(bytes_of(ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets)));
}

static enum crl_taken read_scope(struct crl *crl, struct error *error)
{
    int found = -1;

    crl->scope = X509_CRL_get_ext_d2i(crl->parts.head, NID_issuing_distribution_point, &found, NULL);
    if (crl->scope == NULL) {
        return found == -1 ? CRL_TAKEN : aside(error, "issuingDistributionPoint cannot be read (RFC 5280 5.2.5)");
    }
    if ((crl->scope->onlyuser > 0) + (crl->scope->onlyCA > 0) + (crl->scope->onlyattr > 0) > 1) {
        return broken(error, "issuingDistributionPoint has more than one onlyContains… (RFC 5280 5.2.5)");
    }
    if (crl->scope->distpoint != NULL && DIST_POINT_set_dpname(crl->scope->distpoint, crl->issuer) != 1) {
        return aside(error, "issuingDistributionPoint's relative name cannot be read (RFC 5280 5.2.5)");
    }
    crl->scope_digest = extension_digest(crl->parts.head, NID_issuing_distribution_point);
    return CRL_TAKEN;
}

/* Where more may be had; what cannot be read here leads nowhere, and is no harm. */
static void read_places(struct crl *crl)
{
    AUTHORITY_INFO_ACCESS *access = X509_CRL_get_ext_d2i(crl->parts.head, NID_info_access, NULL, NULL);

    crl->freshest = X509_CRL_get_ext_d2i(crl->parts.head, NID_freshest_crl, NULL, NULL);
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access) && crl->signer_url == NULL; i++) {
        const ACCESS_DESCRIPTION *description = sk_ACCESS_DESCRIPTION_value(access, i);

        if (OBJ_obj2nid(description->method) == NID_ad_ca_issuers && description->location->type == GEN_URI) {
            crl->signer_url = place_url(description->location->d.uniformResourceIdentifier);
        }
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

/* What is signed and what names the algorithm outside must say the same (RFC 5280 5.1.1.2). */
static enum crl_taken read_signature(struct crl *crl, struct error *error)
{
    const X509_ALGOR *outside = NULL;
    enum crl_taken taken = CRL_TAKEN;

    X509_CRL_get0_signature(crl->parts.head, NULL, &outside);
    if (outside == NULL || X509_ALGOR_cmp(outside, crl->parts.inner) != 0) {
        taken = broken(error, "two different signature algorithms (RFC 5280 5.1.1.2)");
    } else {
        crl->signature_digest = digest_of_signature(outside);
        if (!digest_is_strong(crl->signature_digest, &strength_least)) {
            taken = aside(error, "signed with a digest that does not resist collisions");
        }
    }
    return taken;
}

static enum crl_taken read_all(struct crl *crl, struct error *error)
{
    enum crl_taken taken = read_times(crl, error);

    taken = taken == CRL_TAKEN ? check_extensions(crl->parts.head, error) : taken;
    taken = taken == CRL_TAKEN ? read_numbers(crl, error) : taken;
    taken = taken == CRL_TAKEN ? read_signature(crl, error) : taken;
    taken = taken == CRL_TAKEN ? read_scope(crl, error) : taken;
    if (taken == CRL_TAKEN) {
        taken = crl_index_make(&crl->index, crl->parts.entries, crl->issuer,
                               crl->scope != NULL && crl->scope->indirectCRL > 0, error);
    }
    return taken;
}

static void note_key_id(struct crl *crl, const ASN1_OCTET_STRING *key_id)
{
    if (key_id != NULL) {
        digest_sha1(bytes_of(ASN1_STRING_get0_data(key_id), (size_t)ASN1_STRING_length(key_id)), crl->key_id_sha1);
        crl->has_key_id = true;
    }
}

/* By what it is searched for. Its issuer's key identifier is what it says itself (RFC 5280 5.2.1), until it is verified
 * with the key of a certificate that says more. */
static bool note_issuer(struct crl *crl)
{
    const uint8_t *name;
    size_t size;
    AUTHORITY_KEYID *authority;

    if (X509_NAME_get0_der(crl->issuer, &name, &size) != 1) {
        return false;
    }
    digest_sha1(bytes_of(name, size), crl->issuer_sha1);
    authority = X509_CRL_get_ext_d2i(crl->parts.head, NID_authority_key_identifier, NULL, NULL);
    note_key_id(crl, authority != NULL ? authority->keyid : NULL);
    AUTHORITY_KEYID_free(authority);
    return true;
}

bool crl_is(struct bytes der)
{
    struct crl_parts parts;
    bool is = crl_parts_take(&parts, der);

    crl_parts_free(&parts);
    return is;
}

static enum crl_taken read_der(struct crl *crl, struct bytes der, const char *source, struct error *error)
{
    crl->der = blob_new(der);
    crl->source = strdup(source);
    if (crl->der == NULL || crl->source == NULL) {
        return broken(error, "out of memory");
    }
    if (!crl_parts_take(&crl->parts, blob_bytes(crl->der))) {
        return broken(error, "not a CRL (RFC 5280 5.1)");
    }
    crl->fingerprint = digest_sha256(der);
    crl->issuer = X509_NAME_dup(X509_CRL_get_issuer(crl->parts.head));
    if (crl->issuer == NULL || !note_issuer(crl)) {
        return broken(error, "out of memory");
    }
    return read_all(crl, error);
}

enum crl_taken crl_read(struct bytes der, const char *source, struct crl **crl, struct error *error)
{
    struct crl *made = calloc(1, sizeof(*made));
    enum crl_taken taken = CRL_BROKEN;

    *crl = NULL;
    if (made == NULL) {
        return broken(error, "out of memory");
    }
    atomic_init(&made->references, 1);
    in_use_init(&made->in_use);
    taken = read_der(made, der, source, error);
    if (taken == CRL_TAKEN) {
        read_places(made);
        *crl = made;
    } else {
        crl_free(&made);
    }
    ERR_clear_error();
    return taken;
}

struct crl *crl_ref(struct crl *crl)
{
    atomic_fetch_add_explicit(&crl->references, 1, memory_order_relaxed);
    return crl;
}

void crl_free(struct crl **crl)
{
    struct crl *gone = *crl;

    *crl = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    X509_NAME_free(gone->issuer);
    EVP_PKEY_free(gone->key);
    crl_parts_free(&gone->parts);
    blob_free(&gone->der);
    ISSUING_DIST_POINT_free(gone->scope);
    sk_DIST_POINT_pop_free(gone->freshest, DIST_POINT_free);
    crl_index_free(&gone->index);
    free(gone->signer_url);
    free(gone->source);
    free(gone);
}

bool crl_may_sign(const struct cert *signer)
{
    return (X509_get_key_usage(signer->x509) & X509v3_KU_CRL_SIGN) != 0;
}

/* A key that is weak for every policy is not tried: some of these take long. */
static bool made_by(const struct crl *crl, const struct cert *signer)
{
    char weakness[KEY_WEAKNESS_BYTES];
    EVP_PKEY *key = X509_get0_pubkey(signer->x509);

    return key != NULL && crl_may_sign(signer) && key_is_strong(signer->x509, &strength_least, weakness) &&
           crl_parts_verify(&crl->parts, key);
}

int crl_verify(struct crl *crl, const struct issuers *issuers, int *tried, struct error *error)
{
    size_t count;
    const struct cert *const *issuer = issuers_find(issuers, crl->issuer, &count);
    char name[SHOWN_NAME_BYTES];
    int used = 0;

    shown_name(crl->issuer, name);
    for (size_t i = 0; i < count && (tried != NULL ? *tried : used) < MAX_CRL_SIGNERS_TRIED; i++) {
        used++;
        if (tried != NULL) {
            (*tried)++;
        }
        if (made_by(crl, issuer[i])) {
            crl->key = X509_get_pubkey(issuer[i]->x509);
            crl_parts_free(&crl->parts);
            note_key_id(crl, X509_get0_subject_key_id(issuer[i]->x509));
            ERR_clear_error();
            return crl->key != NULL ? 0 : error_set(error, "out of memory");
        }
    }
    ERR_clear_error();
    if (count == 0) {
        return error_set(error, "no certificate of its issuer \"%s\" is known", name);
    }
    return error_set(error, "no key of its issuer \"%s\" made its signature (RFC 5280 6.3.3 (g))", name);
}

struct crl *crl_waiting_copy(const struct crl *crl, struct error *error)
{
    struct crl *copy;

    crl_read(blob_bytes(crl->der), crl->source, &copy, error);
    return copy;
}

int crl_number_compare(const struct crl_number *a, const struct crl_number *b)
{
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    return memcmp(a->bytes, b->bytes, a->size);
}

int crl_age_compare(const struct crl *a, const struct crl *b)
{
    int order = crl_number_compare(&a->number, &b->number);

    if (a->has_number != b->has_number) {
        return a->has_number ? 1 : -1;
    }
    if (order != 0) {
        return order;
    }
    return a->this_update < b->this_update ? -1 : a->this_update > b->this_update;
}

size_t crl_bytes(const struct crl *crl)
{
    return sizeof(*crl) + 2048 + crl_index_bytes(&crl->index) + (crl->der != NULL ? crl->der->size : 0);
}
