#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <string.h>

#include "cli/trust.h"

static void settings_are_taken_by_their_names(void **state)
{
    static const char *const texts[] = {
        "anchors=/a,b",         "anchors=/c",          "intermediates=/i",          "crls=/crl",
        "revocation=require",   "local-part-case=exact", "allow-sha1=true",         "min-rsa-bits=3072",
        "addressless=directory", "aliases=directory",  "domain-certificates=true",  "policy-oids=1.2.3,1.2.4",
        "require-explicit-policy=true", "inhibit-policy-mapping=true", "inhibit-any-policy=true",
        "curves=P-256,P-384",   "curves=P-521",        "signature-hashes=sha512",   "deny=00aa",
        "allow=00bb",
    };
    struct trust_options trust;
    struct error error = {""};

    (void)state;
    trust_init(&trust);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (trust_set(&trust, texts[i], &error) != 0) {
            fail_msg("%s: %s", texts[i], error.text);
        }
    }
    const struct policy_config policy = trust_policy(&trust);
    assert_int_equal(policy.anchor_count, 2); /* a path may have a comma in it */
    assert_string_equal(policy.anchors[0], "/a,b");
    assert_string_equal(policy.anchors[1], "/c");
    assert_string_equal(policy.intermediates[0], "/i");
    assert_string_equal(policy.crls[0], "/crl");
    assert_int_equal(policy.revocation, REVOCATION_MODE_REQUIRE);
    assert_true(policy.exact_local_part && policy.allow_sha1 && policy.addressless && policy.aliases);
    assert_true(policy.domain_certificates && policy.require_explicit_policy && policy.inhibit_policy_mapping);
    assert_true(policy.inhibit_any_policy);
    assert_int_equal(policy.min_rsa_bits, 3072);
    assert_int_equal(policy.oid_count, 2);
    assert_string_equal(policy.oids[1], "1.2.4");
    assert_int_equal(policy.curve_count, 3);
    assert_string_equal(policy.curves[2], "P-521");
    assert_string_equal(policy.hashes[0], "sha512");
    assert_string_equal(policy.deny[0], "00aa");
    assert_string_equal(policy.allow[0], "00bb");
    assert_int_equal(trust_set(&trust, "allow-sha1=false", &error), 0);
    assert_false(trust_policy(&trust).allow_sha1);
    assert_int_equal(trust_set(&trust, "aliases=refuse", &error), 0);
    assert_false(trust_policy(&trust).aliases);
    trust_free(&trust);
}

static void left_alone_they_are_a_gateways(void **state)
{
    struct trust_options trust;

    (void)state;
    trust_init(&trust);
    const struct policy_config policy = trust_policy(&trust);
    assert_int_equal(policy.revocation, REVOCATION_MODE_PREFER);
    assert_int_equal(policy.min_rsa_bits, 2048);
    assert_false(policy.allow_sha1 || policy.aliases || policy.addressless || policy.domain_certificates);
    assert_int_equal(policy.anchor_count + policy.curve_count + policy.oid_count + policy.deny_count, 0);
    trust_free(&trust);
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "is not SETTING=VALUE"},
        {"curves", "is not SETTING=VALUE"},
        {"=P-256", "no such setting"},
        {"curve=P-256", "curve: no such setting"},
        {"trust.curves=P-256", "no such setting"},
        {"allow-sha1=", "allow-sha1: \"\" is neither true nor false"},
        {"allow-sha1=yes", "allow-sha1: \"yes\" is neither"},
        {"revocation=maybe", "revocation: \"maybe\" is not off, prefer or require"},
        {"aliases=true", "aliases: \"true\" is not refuse or directory"},
        {"min-rsa-bits=512", "min-rsa-bits: must be from 1024 to 8192"},
        {"min-rsa-bits=8193", "min-rsa-bits: must be"},
        {"min-rsa-bits=many", "min-rsa-bits: "},
        {"min-rsa-bits=", "min-rsa-bits: "},
        {"curves=", "curves: is empty"},
        {"curves=P-256,,P-384", "curves: is empty"},
        {"anchors=", "anchors: is empty"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trust_options trust;
        struct error error = {""};
        trust_init(&trust);
        if (trust_set(&trust, rows[i].text, &error) != -1 || strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        trust_free(&trust);
    }
}

static void lists_have_limits(void **state)
{
    struct trust_options trust;
    struct error error = {""};

    (void)state;
    trust_init(&trust);
    for (size_t i = 0; i < TRUST_LIST_MAX; i++) {
        assert_int_equal(trust_set(&trust, "deny=00", &error), 0);
    }
    assert_int_equal(trust_set(&trust, "deny=00", &error), -1);
    assert_int_equal(trust_set(&trust, "allow=00", &error), -1);
    assert_non_null(strstr(error.text, "more than 64 times"));
    trust_free(&trust);
}

static void faults_of_a_policy_name_the_option(void **state)
{
    static const struct {
        const char *fault, *named;
    } rows[] = {
        {"trust.anchors: /a: gone", "--anchor: /a: gone"},
        {"trust.crls: /a: gone", "--crl: /a: gone"},
        {"trust.curves: \"X\" is none", "--trust: curves: \"X\" is none"},
        {"out of memory", "out of memory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error;
        error_set(&error, "%s", rows[i].fault);
        trust_name_option(&error);
        assert_string_equal(error.text, rows[i].named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_taken_by_their_names),
        cmocka_unit_test(left_alone_they_are_a_gateways),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(faults_of_a_policy_name_the_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
