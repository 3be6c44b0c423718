#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "base/log.h"
#include "tests/unit/revocation_play.h"
#include "x509/crl_search.h"

/* Which CRLs are found by their issuer, in what order. */

#define KEY_ID "subjectKeyIdentifier=0102030405"
#define ROOT_NAME "CN=Root,O=Example"

static X509 *root, *other;

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_certificate(&(struct made){
        .subject = ROOT_NAME, .key = MADE_RSA_ROOT,
        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", KEY_ID}});
    other = made_root("CN=Other", MADE_RSA_CA);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(other);
    return 0;
}

static struct search_key name_key(X509 *issuer)
{
    struct search_key key;
    uint8_t *der = NULL;
    int size = i2d_X509_NAME(X509_get_subject_name(issuer), &der);

    search_key_of_bytes(SEARCH_I_HASH, bytes_of(der, (size_t)size), &key);
    OPENSSL_free(der);
    return key;
}

static struct search_key id_key(X509 *issuer)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
    struct search_key key;

    search_key_of_bytes(SEARCH_SKID_HASH, bytes_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)), &key);
    return key;
}

/* Those that are to come, in that order; the others are not to. */
static void in_order(void **state)
{
    static const char *const delta = "2.5.29.27=critical,DER:020101";
    const struct made_crl made[] = {
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -100, .next_update = MADE_DAY,
         .extensions = {"crlNumber=ASN1:INTEGER:9"}},
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -200, .next_update = MADE_DAY,
         .extensions = {"crlNumber=ASN1:INTEGER:8", "issuingDistributionPoint=critical,onlyuser:TRUE"}},
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -10, .next_update = MADE_DAY,
         .extensions = {"crlNumber=ASN1:INTEGER:10", delta}},
        /* Past its nextUpdate, not yet in force, of a key that is not the issuer's, of another issuer. */
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = -300, .next_update = -10,
         .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"}},
        {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .this_update = 500, .next_update = MADE_DAY,
         .extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE", "crlNumber=ASN1:INTEGER:99"}},
        {.issuer = root, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -5, .next_update = MADE_DAY},
        {.issuer = other, .key = MADE_RSA_CA, .crl_reason = -1, .this_update = -5, .next_update = MADE_DAY},
    };
    enum { CRLS = sizeof(made) / sizeof(made[0]), WANTED = 3 };
    X509_CRL *crls[CRLS + 1] = {NULL};
    struct search_match found[MAX_SEARCH_RESULTS];

    (void)state;
    for (size_t i = 0; i < CRLS; i++) {
        crls[i] = made_crl(&made[i]);
    }
    struct policy *policy = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, other, NULL}, .crls = crls, .revocation = REVOCATION_MODE_PREFER});
    struct policies *policies = policies_of(policy);
    struct search_key keys[] = {name_key(root), id_key(root)};
    for (size_t k = 0; k < 2; k++) {
        size_t count = crl_search(policies, NULL, &keys[k], MADE_NOW, found, MAX_SEARCH_RESULTS);
        assert_int_equal(count, WANTED);
        for (size_t i = 0; i < count; i++) {
            struct blob *want = play_crl(crls[i]);
            struct digest digest = digest_sha256(blob_bytes(want));
            assert_true(bytes_equal(blob_bytes(found[i].der), blob_bytes(want)));
            assert_true(digest_equal(&found[i].digest, &digest));
            blob_free(&want);
            blob_free(&found[i].der);
        }
        assert_int_equal(crl_search(policies, NULL, &keys[k], MADE_NOW, found, 1), 1);
        blob_free(&found[0].der);
    }
    keys[0].attribute = SEARCH_S_HASH;
    assert_int_equal(crl_search(policies, NULL, &keys[0], MADE_NOW, found, MAX_SEARCH_RESULTS), 0);
    keys[1].value[0] ^= 1;
    assert_int_equal(crl_search(policies, NULL, &keys[1], MADE_NOW, found, MAX_SEARCH_RESULTS), 0);
    policies_free(&policies);
    policy_free(&policy);
    for (size_t i = 0; i < CRLS; i++) {
        X509_CRL_free(crls[i]);
    }
}

/* What came from elsewhere is found as well, and once. */
static void of_evidence(void **state)
{
    const struct made_crl made = {.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1};
    X509_CRL *crl = made_crl(&made);
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                              .revocation = REVOCATION_MODE_PREFER});
    struct need need = play_need(NEED_CRL, "http://crl.example/root.crl", root, root);
    struct evidence *evidence = evidence_new();
    struct search_match found[MAX_SEARCH_RESULTS];
    struct search_key key = name_key(root);

    (void)state;
    assert_true(play_arrives(&evidence, policy, &need, play_crl(crl), MADE_NOW, NULL));
    struct policy *with = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .crls = (X509_CRL *[]){crl, NULL}, .revocation = REVOCATION_MODE_PREFER});
    struct policies *policies = policies_of(with);
    assert_int_equal(crl_search(policies, evidence, &key, MADE_NOW, found, MAX_SEARCH_RESULTS), 1);
    blob_free(&found[0].der);
    struct policies *without = policies_of(policy);
    assert_int_equal(crl_search(without, evidence, &key, MADE_NOW, found, MAX_SEARCH_RESULTS), 1);
    blob_free(&found[0].der);
    policies_free(&without);
    policies_free(&policies);
    policy_free(&with);
    evidence_free(&evidence);
    policy_free(&policy);
    need_clear(&need);
    X509_CRL_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(of_evidence)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
