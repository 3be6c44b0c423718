#include "x509/ocsp.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "x509/digests.h"
#include "x509/keys.h"
#include "x509/link.h"

/* One answer being read. */
struct reading {
    const struct ocsp_arrival *arrival;
    OCSP_BASICRESP *basic;
    struct ocsp_answer *answer;
    struct error *error;
};

bool ocsp_is_offered(const struct cert *cert)
{
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert->x509, NID_info_access, NULL, NULL);
    bool offered = false;

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access) && !offered; i++) {
        offered = OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) == NID_ad_OCSP;
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return offered;
}

static bool add_nonce(OCSP_REQUEST *request)
{
    uint8_t nonce[OCSP_NONCE_BYTES];

    return RAND_bytes(nonce, sizeof(nonce)) == 1 && OCSP_request_add1_nonce(request, nonce, sizeof(nonce)) == 1;
}

static struct blob *encode(OCSP_REQUEST *request)
{
    uint8_t *der = NULL;
    int size = i2d_OCSP_REQUEST(request, &der);
    struct blob *blob = size > 0 ? blob_new(bytes_of(der, (size_t)size)) : NULL;

    OPENSSL_free(der);
    return blob;
}

/* SHA-1 names certificate and issuer: that is what responders know (RFC 5019 2.1.1), and nothing rests on it. */
struct blob *ocsp_request(const struct cert *cert, const struct cert *issuer)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert->x509, issuer->x509);
    struct blob *blob = NULL;

    if (request == NULL || id == NULL || OCSP_request_add0_id(request, id) == NULL) {
        OCSP_CERTID_free(id);
    } else if (add_nonce(request)) {
        blob = encode(request);
    }
    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return blob;
}

struct blob *ocsp_request_again(const struct blob *before)
{
    struct bytes bytes = blob_bytes(before);
    const uint8_t *at = bytes.data;
    OCSP_REQUEST *request = bytes.size <= LONG_MAX ? d2i_OCSP_REQUEST(NULL, &at, (long)bytes.size) : NULL;
    int nonce = request != NULL ? OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1) : -1;
    struct blob *blob = NULL;

    if (nonce >= 0) {
        X509_EXTENSION_free(OCSP_REQUEST_delete_ext(request, nonce));
    }
    if (request != NULL && add_nonce(request)) {
        blob = encode(request);
    }
    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return blob;
}

static OCSP_BASICRESP *parse(struct bytes bytes, struct error *error)
{
    const uint8_t *at = bytes.data;
    OCSP_RESPONSE *response =
        bytes.size > 0 && bytes.size <= LONG_MAX ? d2i_OCSP_RESPONSE(NULL, &at, (long)bytes.size) : NULL;
    OCSP_BASICRESP *basic = NULL;

    if (response == NULL || at != bytes.data + bytes.size) {
        error_set(error, "not an OCSP response (RFC 6960 4.2.1)");
    } else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        error_set(error, "the responder says \"%s\" (RFC 6960 4.2.1)",
                  OCSP_response_status_str(OCSP_response_status(response)));
    } else {
        basic = OCSP_response_get1_basic(response);
        if (basic == NULL) {
            error_set(error, "not a basic OCSP response (RFC 6960 4.2.1)");
        }
    }
    OCSP_RESPONSE_free(response);
    return basic;
}

static int check_nonce(const struct reading *reading)
{
    struct bytes bytes = reading->arrival->request;
    const uint8_t *at = bytes.data;
    OCSP_REQUEST *request;
    int same;

    if (bytes.size == 0) {
        return 0;
    }
    request = bytes.size <= LONG_MAX ? d2i_OCSP_REQUEST(NULL, &at, (long)bytes.size) : NULL;
    /* 1: equal. 2, -1: none in either, or none in the answer. 0, 3: another. */
    same = request != NULL ? OCSP_check_nonce(request, reading->basic) : 0;
    OCSP_REQUEST_free(request);
    if (same == 0 || same == 3) {
        return error_set(reading->error, "its nonce is not that of the question (RFC 8954 2.1)");
    }
    return 0;
}

static bool by_critical(const struct reading *reading, OCSP_SINGLERESP *single)
{
    int critical = single != NULL ? OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1)
                                  : OCSP_BASICRESP_get_ext_by_critical(reading->basic, 1, -1);

    if (critical >= 0) {
        error_set(reading->error, "a critical extension is not known (RFC 6960 4.4)");
    }
    return critical >= 0;
}

/* The answer about our certificate among those that there are; whichever of two digests names it. */
static OCSP_SINGLERESP *find_single(const struct reading *reading)
{
    const struct ocsp_arrival *arrival = reading->arrival;
    OCSP_CERTID *ids[] = {OCSP_cert_to_id(EVP_sha1(), arrival->cert->x509, arrival->issuer->x509),
                          OCSP_cert_to_id(EVP_sha256(), arrival->cert->x509, arrival->issuer->x509)};
    OCSP_SINGLERESP *single = NULL;

    for (int i = 0; i < OCSP_resp_count(reading->basic) && i < MAX_OCSP_ANSWERS && single == NULL; i++) {
        OCSP_SINGLERESP *candidate = OCSP_resp_get0(reading->basic, i);

        for (size_t k = 0; k < 2; k++) {
            if (ids[k] != NULL && OCSP_id_cmp(ids[k], (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(candidate)) == 0) {
                single = candidate;
            }
        }
    }
    OCSP_CERTID_free(ids[0]);
    OCSP_CERTID_free(ids[1]);
    if (single == NULL) {
        error_set(reading->error, "it is not about this certificate (RFC 6960 3.2)");
    }
    return single;
}

static int read_clocks(struct reading *reading, OCSP_SINGLERESP *single)
{
    struct ocsp_answer *answer = reading->answer;
    ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
    int64_t produced_at, now = reading->arrival->now;
    int status = OCSP_single_get0_status(single, &answer->reason, &revoked, &this_update, &next_update);

    answer->word = status == V_OCSP_CERTSTATUS_GOOD      ? OCSP_SAYS_GOOD
                   : status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_SAYS_REVOKED
                                                         : OCSP_SAYS_UNKNOWN;
    if (cert_time(this_update, &answer->this_update) < 0 ||
        cert_time(OCSP_resp_get0_produced_at(reading->basic), &produced_at) < 0 ||
        (next_update != NULL && cert_time(next_update, &answer->next_update) < 0) ||
        (answer->word == OCSP_SAYS_REVOKED && cert_time(revoked, &answer->revoked_at) < 0)) {
        return error_set(reading->error, "a time of it is no time (RFC 6960 4.2.2.1)");
    }
    if (next_update == NULL) {
        answer->next_update = answer->this_update + OCSP_LIFE_WITHOUT_NEXT_UPDATE_S;
    }
    if (answer->this_update > now + OCSP_SKEW_S || produced_at > now + OCSP_SKEW_S) {
        return error_set(reading->error, "thisUpdate or producedAt lies in the future (RFC 6960 4.2.2.1)");
    }
    if (answer->next_update < answer->this_update || answer->next_update < now) {
        return error_set(reading->error, next_update != NULL ? "past its nextUpdate (RFC 6960 4.2.2.1)"
                                                             : "more than an hour old, without a nextUpdate");
    }
    return 0;
}

static bool signed_with(const struct reading *reading, EVP_PKEY *key)
{
    return key != NULL &&
           ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg(reading->basic),
                            (ASN1_BIT_STRING *)OCSP_resp_get0_signature(reading->basic),
                            (void *)OCSP_resp_get0_respdata(reading->basic), key) == 1;
}

/* Whether the response says that this certificate's holder made it. */
static bool is_responder(const struct reading *reading, const X509 *x509)
{
    const ASN1_OCTET_STRING *key_hash = NULL;
    const X509_NAME *name = NULL;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (OCSP_resp_get0_id(reading->basic, &key_hash, &name) != 1) {
        return false;
    }
    if (name != NULL) {
        return X509_NAME_cmp(name, X509_get_subject_name(x509)) == 0;
    }
    return X509_pubkey_digest(x509, EVP_sha1(), hash, &size) == 1 && ASN1_STRING_length(key_hash) == (int)size &&
           memcmp(ASN1_STRING_get0_data(key_hash), hash, size) == 0;
}

/* RFC 6960 4.2.2.2: issued by the very key that issued the certificate, for OCSPSigning; and a sound certificate. */
static bool is_delegated(const struct reading *reading, const struct cert *cert)
{
    const struct cert *issuer = reading->arrival->issuer;
    uint32_t flags = X509_get_extension_flags(cert->x509);
    char weakness[KEY_WEAKNESS_BYTES], word[KEY_WORD_BYTES];
    int64_t now = reading->arrival->now;

    return X509_NAME_cmp(cert_issuer(cert), cert_subject(issuer)) == 0 && (flags & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(cert->x509) & XKU_OCSP_SIGN) != 0 &&
           (X509_get_key_usage(cert->x509) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 &&
           !cert->critical_unknown && now >= cert->not_before && now <= cert->not_after &&
           key_is_strong(cert->x509, &strength_least, weakness) &&
           signature_is_strong(cert->x509, &strength_least, word) &&
           X509_verify(cert->x509, X509_get0_pubkey(issuer->x509)) == 1;
}

static int keep_responder(struct reading *reading, struct cert *cert)
{
    if (X509_get_ext_by_NID(cert->x509, NID_id_pkix_OCSP_noCheck, -1) >= 0) {
        cert_free(cert);
        return 0;
    }
    reading->answer->responder = malloc(sizeof(*cert));
    if (reading->answer->responder == NULL) {
        cert_free(cert);
        return error_set(reading->error, "out of memory");
    }
    *reading->answer->responder = *cert;
    return 0;
}

static int check_delegated(struct reading *reading)
{
    const STACK_OF(X509) *certificates = OCSP_resp_get0_certs(reading->basic);

    for (int i = 0; i < sk_X509_num(certificates) && i < MAX_OCSP_CERTIFICATES; i++) {
        struct finding finding;
        struct cert cert;

        if (!is_responder(reading, sk_X509_value(certificates, i)) ||
            !cert_copy(sk_X509_value(certificates, i), &cert, &finding)) {
            continue;
        }
        if (is_delegated(reading, &cert) && signed_with(reading, X509_get0_pubkey(cert.x509))) {
            if (cert.not_after < reading->answer->next_update) {
                reading->answer->next_update = cert.not_after;
            }
            return keep_responder(reading, &cert);
        }
        cert_free(&cert);
    }
    return error_set(reading->error, "signed neither by the issuer nor by whom it made a responder (RFC 6960 4.2.2.2)");
}

static int check_signature(struct reading *reading)
{
    X509 *issuer = reading->arrival->issuer->x509;

    reading->answer->signature_digest = digest_of_signature(OCSP_resp_get0_tbs_sigalg(reading->basic));
    if (!digest_is_strong(reading->answer->signature_digest, &strength_least)) {
        return error_set(reading->error, "signed with a digest that does not resist collisions");
    }
    if (is_responder(reading, issuer) && signed_with(reading, X509_get0_pubkey(issuer))) {
        return 0;
    }
    return check_delegated(reading);
}

static int read_answer(struct reading *reading)
{
    OCSP_SINGLERESP *single = find_single(reading);
    struct ocsp_answer *answer = reading->answer;

    if (single == NULL || by_critical(reading, NULL) || by_critical(reading, single) || check_nonce(reading) < 0 ||
        read_clocks(reading, single) < 0 || check_signature(reading) < 0) {
        return -1;
    }
    answer->subject = reading->arrival->cert->fingerprint;
    answer->issuer_key = X509_get_pubkey(reading->arrival->issuer->x509);
    answer->link = link_of(reading->arrival->cert->x509);
    answer->source = strdup(reading->arrival->source);
    return answer->issuer_key != NULL && answer->source != NULL ? 0 : error_set(reading->error, "out of memory");
}

struct ocsp_answer *ocsp_read(const struct ocsp_arrival *arrival, struct error *error)
{
    struct reading reading = {.arrival = arrival, .error = error, .answer = calloc(1, sizeof(*reading.answer))};

    if (reading.answer == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&reading.answer->references, 1);
    in_use_init(&reading.answer->in_use);
    reading.basic = parse(arrival->response, error);
    if (reading.basic == NULL || read_answer(&reading) < 0) {
        ocsp_free(&reading.answer);
    }
    OCSP_BASICRESP_free(reading.basic);
    ERR_clear_error();
    return reading.answer;
}

struct ocsp_answer *ocsp_ref(struct ocsp_answer *answer)
{
    atomic_fetch_add_explicit(&answer->references, 1, memory_order_relaxed);
    return answer;
}

void ocsp_free(struct ocsp_answer **answer)
{
    struct ocsp_answer *gone = *answer;

    *answer = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    EVP_PKEY_free(gone->issuer_key);
    if (gone->responder != NULL) {
        cert_free(gone->responder);
        free(gone->responder);
    }
    free(gone->source);
    free(gone);
}
