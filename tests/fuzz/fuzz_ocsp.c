#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdint.h>
#include <stdlib.h>

#include "x509/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The private key 1 on P-256, whose public key is the curve's base point: so the seeds, answers signed with it, can be
 * made again by anybody, and are the same in each run. */
static EVP_PKEY *key_one(void)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters;
    uint8_t point[65];

    must(group != NULL && builder != NULL && context != NULL &&
         EC_POINT_point2oct(group, EC_GROUP_get0_generator(group), POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point),
                            NULL) == sizeof(point));
    must(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
         OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, BN_value_one()) == 1 &&
         OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    must(EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    EC_GROUP_free(group);
    return key;
}

static void make_cert(struct cert *cert, const char *subject, EVP_PKEY *key)
{
    X509 *x509 = X509_new();
    X509_NAME *issuer = X509_get_issuer_name(x509);
    struct finding finding;

    must(X509_set_version(x509, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x509), 7) == 1);
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, (const uint8_t *)subject, -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const uint8_t *)"Root", -1, -1, 0) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(x509), 1700000000) != NULL &&
         ASN1_TIME_set(X509_getm_notAfter(x509), 1900000000) != NULL && X509_set_pubkey(x509, key) == 1 &&
         X509_sign(x509, key, EVP_sha256()) > 0 && cert_copy(x509, cert, &finding));
    X509_free(x509);
}

/* Whatever counts is about our certificate, and of now. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cert cert, issuer;
    struct ocsp_arrival arrival = {&cert, &issuer, {NULL, 0}, {data, size}, "fuzz", 1800000000};
    struct ocsp_answer *answer;
    struct error error = {""};

    if (cert.x509 == NULL) {
        EVP_PKEY *key = key_one();

        make_cert(&cert, "Alice", key);
        make_cert(&issuer, "Root", key);
        EVP_PKEY_free(key);
    }
    answer = ocsp_read(&arrival, &error);
    must((answer != NULL) == (error.text[0] == '\0'));
    if (answer != NULL) {
        must(digest_equal(&answer->subject, &cert.fingerprint) && answer->this_update <= arrival.now + OCSP_SKEW_S &&
             answer->next_update >= arrival.now);
    }
    ocsp_free(&answer);
    return 0;
}
