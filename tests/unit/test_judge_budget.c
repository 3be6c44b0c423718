#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/metrics.h"
#include "tests/unit/made.h"

/* What a verdict may cost, and that whoever spends it all takes nothing from others. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define SMIME ATTRIBUTE_USER_SMIME_CERTIFICATE
#define JUNK 15

static X509 *root, *sub, *alice, *junk[JUNK];
static struct policy *policy;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    alice = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    for (size_t i = 0; i < JUNK; i++) {
        junk[i] = made_certificate(&(struct made){.subject = "CN=Sub", .key = MADE_RSA_CA_2,
                                                  .extensions = {"basicConstraints=CA:TRUE"}});
    }
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    X509_free(root);
    X509_free(sub);
    X509_free(alice);
    for (size_t i = 0; i < JUNK; i++) {
        X509_free(junk[i]);
    }
    return 0;
}

/* Nobody knows its private half, and nobody needs to. */
static EVP_PKEY *rsa_of(int modulus_bits, int exponent_bits)
{
    BIGNUM *modulus = BN_new(), *exponent = BN_new();
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *parameters;
    EVP_PKEY *key = NULL;

    assert_int_equal(BN_rand(modulus, modulus_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(BN_rand(exponent, exponent_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

/* As made, but with this public key; takes it over. */
static X509 *with_key(const struct made *made, EVP_PKEY *key)
{
    X509 *certificate = made_certificate(made), *anew;

    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, made_key(made->issuer_key), EVP_sha256()) > 0);
    anew = X509_dup(certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return anew;
}

static const struct {
    const char *name;
    int modulus_bits, exponent_bits;
    enum reason want;
    const char *detail;
} keys[] = {
    {"usual", 2048, 17, REASON_USABLE, ""},
    {"the longest exponent", 2048, MAX_RSA_EXPONENT_BITS, REASON_USABLE, ""},
    {"one bit more", 2048, MAX_RSA_EXPONENT_BITS + 1, REASON_WEAK_KEY, "exponent"},
    {"as long as the modulus", 3072, 3071, REASON_WEAK_KEY, "exponent"},
    {"the longest modulus", MAX_RSA_BITS, 17, REASON_USABLE, ""},
    {"a modulus of eight bits more", MAX_RSA_BITS + 8, 17, REASON_WEAK_KEY, "more than 8192"},
    {"all of it", 16384, 64, REASON_WEAK_KEY, "more than 8192"},
};

static void keys_that_are_slow_to_use_are_weak(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        X509 *leaf = with_key(&(struct made){.issuer = root, .issuer_key = MADE_RSA_ROOT, .extensions = {SAN}},
                              rsa_of(keys[i].modulus_bits, keys[i].exponent_bits));
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason = made_reason(policy, leaf, detail);

        if (reason != keys[i].want || strstr(detail, keys[i].detail) == NULL) {
            fail_msg("%s: %s (%s)", keys[i].name, reason_word(reason), detail);
        }
        X509_free(leaf);
    }
}

/* A signature that was looked at would be called forged. */
static void an_issuers_slow_key_is_not_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        X509 *issuer = with_key(&(struct made){.subject = "CN=Sub", .issuer = root, .issuer_key = MADE_RSA_ROOT,
                                               .extensions = {"basicConstraints=CA:TRUE"}},
                                rsa_of(keys[i].modulus_bits, keys[i].exponent_bits));
        X509 *const chain[] = {alice, issuer};
        struct blob *value = made_bundle(chain, 2, false);
        struct answer_draft draft;

        made_judge(policy, MADE_ADDRESS, SMIME, &value, 1, &draft);
        if (draft.certificates[0].reason != (keys[i].want == REASON_USABLE ? REASON_BAD_CHAIN : REASON_WEAK_KEY) ||
            strstr(draft.certificates[0].detail, keys[i].detail) == NULL) {
            fail_msg("%s: %s", keys[i].name, draft.certificates[0].detail);
        }
        answer_draft_free(&draft);
        X509_free(issuer);
    }
}

/* A certificate of the recipient's name, and as many namesakes of its issuer as one value takes. */
static struct blob *flood(void)
{
    X509 *certificates[JUNK + 1];
    struct blob *value;

    memcpy(certificates + 1, junk, sizeof(junk));
    certificates[0] = made_alice(MADE_RSA_2, sub, MADE_RSA_CA);
    value = made_bundle(certificates, JUNK + 1, false);
    X509_free(certificates[0]);
    return value;
}

static void hostile_values_leave_a_good_one_its_share(void **state)
{
    struct blob *floods[MAX_VALUES];
    X509 *const chain[] = {alice, sub};

    (void)state;
    for (size_t i = 0; i < MAX_VALUES; i++) {
        floods[i] = flood();
    }
    for (size_t place = 0; place < MAX_VALUES; place += 21) {
        struct blob *values[MAX_VALUES];
        struct answer_draft draft;

        for (size_t i = 0; i < MAX_VALUES; i++) {
            values[i] = i == place ? made_bundle(chain, 2, false) : blob_ref(floods[i]);
        }
        made_judge(policy, MADE_ADDRESS, SMIME, values, MAX_VALUES, &draft);
        assert_int_equal(draft.certificate_count, MAX_VALUES);
        assert_int_equal(draft.usable_count, 1);
        assert_int_equal(draft.certificates[0].source.index, place);
        answer_draft_free(&draft);
    }
    for (size_t i = 0; i < MAX_VALUES; i++) {
        blob_free(&floods[i]);
    }
}

static void a_search_that_was_broken_off_is_counted_and_says_so(void **state)
{
    uint64_t before = count_read(COUNT_LIMIT_SIGNATURE_CHECKS);
    struct blob *values[MAX_VALUES];
    struct answer_draft draft;

    (void)state;
    for (size_t i = 0; i < MAX_VALUES; i++) {
        values[i] = flood();
    }
    made_judge(policy, MADE_ADDRESS, SMIME, values, MAX_VALUES, &draft);
    assert_int_equal(draft.usable_count, 0);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        assert_int_equal(draft.certificates[i].reason, REASON_BAD_CHAIN);
        assert_non_null(strstr(draft.certificates[i].detail, "search broken off"));
        assert_non_null(strstr(draft.certificates[i].detail, "not signed by the issuer's key"));
        assert_true(draft.certificates[i].unsettled);
    }
    answer_draft_free(&draft);
    assert_int_equal(count_read(COUNT_LIMIT_SIGNATURE_CHECKS) - before, MADE_JUDGINGS * MAX_VALUES);
    values[0] = flood();
    made_judge(policy, MADE_ADDRESS, SMIME, values, 1, &draft);
    assert_int_equal(draft.certificates[0].reason, REASON_BAD_CHAIN);
    assert_null(strstr(draft.certificates[0].detail, "broken off"));
    assert_false(draft.certificates[0].unsettled);
    answer_draft_free(&draft);
    assert_int_equal(count_read(COUNT_LIMIT_SIGNATURE_CHECKS) - before, MADE_JUDGINGS * MAX_VALUES);
}

/* More certificates than are looked at, and more namesakes of the issuer than are tried, in the neighbour's value. */
static void a_flood_of_namesakes_does_not_hide_a_good_value(void **state)
{
    X509 *namesakes[MAX_BUNDLE_CERTIFICATES * 2], *const chain[] = {alice, sub};
    struct blob *values[9];
    struct answer_draft draft;

    (void)state;
    for (size_t i = 0; i < sizeof(namesakes) / sizeof(namesakes[0]); i++) {
        namesakes[i] = made_certificate(
            &(struct made){.subject = "CN=Sub",
                           .key = MADE_RSA_CA_2,
                           .issuer = root,
                           .issuer_key = MADE_RSA_CA_2,
                           .until = 900 * MADE_DAY,
                           .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"}});
    }
    for (size_t i = 0; i < 8; i++) {
        values[i] = made_bundle(namesakes + 2 * i, MAX_BUNDLE_CERTIFICATES, false);
    }
    values[8] = made_bundle(chain, 2, false);
    made_judge(policy, MADE_ADDRESS, SMIME, values, 9, &draft);
    assert_int_equal(draft.usable_count, 1);
    assert_int_equal(draft.certificates[0].source.index, 8);
    answer_draft_free(&draft);
    for (size_t i = 0; i < sizeof(namesakes) / sizeof(namesakes[0]); i++) {
        X509_free(namesakes[i]);
    }
}

/* However many recipients and namesakes of their issuer stand in one value, none is left without a verdict. */
static void a_flood_in_one_value_is_refused(void **state)
{
    X509 *flood[MAX_BUNDLE_CERTIFICATES];
    struct answer_draft draft;
    struct blob *value;

    (void)state;
    for (size_t i = 0; i < MAX_BUNDLE_CERTIFICATES; i++) {
        flood[i] = i % 2 == 0 ? made_alice(MADE_RSA, sub, MADE_RSA_CA)
                              : made_certificate(&(struct made){.subject = "CN=Sub", .key = MADE_RSA_CA_2,
                                                                .extensions = {"basicConstraints=CA:TRUE"}});
    }
    value = made_bundle(flood, MAX_BUNDLE_CERTIFICATES, false);
    made_judge(policy, MADE_ADDRESS, SMIME, &value, 1, &draft);
    assert_int_equal(draft.certificates[0].reason, REASON_BAD_CHAIN);
    answer_draft_free(&draft);
    for (size_t i = 0; i < MAX_BUNDLE_CERTIFICATES; i++) {
        X509_free(flood[i]);
    }
}

/* The recipient's own stands last. */
static void every_certificate_of_a_bundle_counts_up_to_a_limit(void **state)
{
    X509 *certificates[MAX_BUNDLE_CERTIFICATES + 1];
    uint64_t before = count_read(COUNT_LIMIT_BUNDLE_CERTIFICATES);

    (void)state;
    for (size_t i = 0; i <= MAX_BUNDLE_CERTIFICATES; i++) {
        certificates[i] =
            made_certificate(&(struct made){.key = MADE_P256, .issuer = root, .issuer_key = MADE_RSA_ROOT});
    }
    for (size_t surplus = 0; surplus < 2; surplus++) {
        X509 **last = &certificates[MAX_BUNDLE_CERTIFICATES - 1 + surplus];
        struct answer_draft draft;
        struct blob *value;

        X509_free(*last);
        *last = made_alice(MADE_RSA, root, MADE_RSA_ROOT);
        value = made_bundle(certificates, MAX_BUNDLE_CERTIFICATES + surplus, false);
        made_judge(policy, MADE_ADDRESS, SMIME, &value, 1, &draft);
        assert_int_equal(draft.certificates[0].reason, surplus > 0 ? REASON_MALFORMED : REASON_USABLE);
        assert_int_equal(strstr(draft.certificates[0].detail, "more than 32") != NULL, surplus > 0);
        assert_int_equal(count_read(COUNT_LIMIT_BUNDLE_CERTIFICATES) - before, MADE_JUDGINGS * surplus);
        answer_draft_free(&draft);
    }
    for (size_t i = 0; i <= MAX_BUNDLE_CERTIFICATES; i++) {
        X509_free(certificates[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_slow_to_use_are_weak),
        cmocka_unit_test(an_issuers_slow_key_is_not_used),
        cmocka_unit_test(hostile_values_leave_a_good_one_its_share),
        cmocka_unit_test(a_search_that_was_broken_off_is_counted_and_says_so),
        cmocka_unit_test(a_flood_of_namesakes_does_not_hide_a_good_value),
        cmocka_unit_test(a_flood_in_one_value_is_refused),
        cmocka_unit_test(every_certificate_of_a_bundle_counts_up_to_a_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
