#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x509/keys.h"
#include "x509/policy_settings.h"

#define EIGHT "0123456789abcdef"
#define PRINT EIGHT EIGHT EIGHT EIGHT

static void oids_are_read_strictly(void **state)
{
    static const char *const good[] = {
        "any", "0.0", "1.39", "2.999", "2.16.840.1.101.3.2.1.48.1", "1.3.6.1.4.1.99999999999999999999.1",
        "2.5.29.32.0",
    };
    static const char *const bad[] = {
        "", "Any", "any ", "1", "1.", ".1", "1..2", "1.2.", "3.1", "0.40", "1.40", "1.2.x", "01.2", "1.02", "1.2.00",
        " 1.2", "1.2 ", "1 2", "1,2", "-1.2", "1.-2", "+1.2", "emailProtection", "anyPolicy", "1.2.3\n",
    };
    char many[MAX_OID_TEXT_BYTES + 8] = "1.2";
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (policy_oid_check(good[i], &error) != 0) {
            fail_msg("%s: %s", good[i], error.text);
        }
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (policy_oid_check(bad[i], &error) != -1 || strstr(error.text, "neither an OID") == NULL) {
            fail_msg("\"%s\" is taken", bad[i]);
        }
    }
    while (strlen(many) <= MAX_OID_TEXT_BYTES) {
        strcat(many, ".1");
    }
    assert_int_equal(policy_oid_check(many, &error), -1);
}

static void fingerprints_are_read_in_every_usual_spelling(void **state)
{
    static const char *const good[] = {
        PRINT,
        "0123456789ABCDEF" EIGHT EIGHT EIGHT,
        "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef",
    };
    static const char *const bad[] = {
        "", "01", PRINT "0", PRINT "00", PRINT ":", ":" PRINT, PRINT " ", EIGHT EIGHT EIGHT "0123456789abcde",
        EIGHT EIGHT EIGHT "0123456789abcdeg", "0:1" EIGHT EIGHT EIGHT "23456789abcdef", "01::23", "0x" PRINT,
        EIGHT EIGHT EIGHT "0123456789abcd\xc3\xa9",
    };
    struct digest digest, first;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(policy_fingerprint_parse(good[i], &digest, &error), 0);
        first = i == 0 ? digest : first;
        assert_true(digest_equal(&first, &digest));
    }
    assert_int_equal(digest.bytes[0], 0x01);
    assert_int_equal(digest.bytes[31], 0xef);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (policy_fingerprint_parse(bad[i], &digest, &error) != -1) {
            fail_msg("\"%s\" is taken", bad[i]);
        }
        assert_true(digest_equal(&first, &digest));
    }
}

/* The texts of the defaults are the words of the tables, all of them, each with a bit of its own. */
static void check_words(const char *words, int (*parse)(const char *word, uint32_t *bit, struct error *error),
                        size_t want)
{
    char copy[256], *rest = copy, *word;
    uint32_t seen = 0, bit;
    struct error error;
    size_t count = 0;

    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strsep(&rest, " ")) != NULL) {
        assert_int_equal(parse(word, &bit, &error), 0);
        assert_int_equal(seen & bit, 0);
        seen |= bit;
        count++;
    }
    assert_int_equal(count, want);
}

static void curves_and_hashes_are_words_of_a_list(void **state)
{
    static const char *const no_curves[] = {"", "p-256", "P256", "prime256v1", "secp256k1", "X25519", "P-256 "};
    static const char *const no_hashes[] = {"", "SHA256", "sha-256", "md5", "sha1", "sha3", "ripemd160", "sha256 "};
    struct error error;
    uint32_t bit;

    (void)state;
    check_words(POLICY_CURVES, policy_curve_parse, 6);
    check_words(POLICY_HASHES, policy_hash_parse, 9);
    for (size_t i = 0; i < sizeof(no_curves) / sizeof(no_curves[0]); i++) {
        assert_int_equal(policy_curve_parse(no_curves[i], &bit, &error), -1);
        assert_int_equal(bit, 0);
    }
    for (size_t i = 0; i < sizeof(no_hashes) / sizeof(no_hashes[0]); i++) {
        assert_int_equal(policy_hash_parse(no_hashes[i], &bit, &error), -1);
        assert_int_equal(bit, 0);
    }
    assert_int_equal(policy_hash_parse("sha1", &bit, &error), -1);
    assert_non_null(strstr(error.text, "allow-sha1"));
    assert_int_not_equal(signature_hash_bit("sha1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oids_are_read_strictly),
        cmocka_unit_test(fingerprints_are_read_in_every_usual_spelling),
        cmocka_unit_test(curves_and_hashes_are_words_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
