#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/outcome.h"

static void reasons_there_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        enum reason reason = REASON_COUNT;

        assert_true(reason_parse(reason_word((enum reason)i), &reason));
        assert_int_equal(reason, i);
        assert_true(strlen(reason_text((enum reason)i)) > 5);
        assert_int_not_equal(reason_text((enum reason)i)[strlen(reason_text((enum reason)i)) - 1], '.');
    }
}

/* The words are promises to users: they stand here a second time. */
static const struct {
    enum reason reason;
    const char *word;
    int activesync;
} promised[] = {
    {REASON_USABLE, "usable", 1},
    {REASON_MALFORMED, "malformed", 10},
    {REASON_NOT_YET_VALID, "not_yet_valid", 7},
    {REASON_EXPIRED, "expired", 7},
    {REASON_CHAIN_EXPIRED, "chain_expired", 7},
    {REASON_UNTRUSTED, "untrusted", 4},
    {REASON_BAD_CHAIN, "bad_chain", 5},
    {REASON_UNKNOWN_CRITICAL_EXTENSION, "unknown_critical_extension", 10},
    {REASON_REVOKED, "revoked", 13},
    {REASON_ISSUER_REVOKED, "issuer_revoked", 15},
    {REASON_REVOCATION_UNKNOWN, "revocation_unknown", 14},
    {REASON_WRONG_KEY_USAGE, "wrong_key_usage", 9},
    {REASON_WRONG_EXTENDED_KEY_USAGE, "wrong_extended_key_usage", 9},
    {REASON_ADDRESS_MISMATCH, "address_mismatch", 12},
    {REASON_WEAK_KEY, "weak_key", 0},
    {REASON_WEAK_SIGNATURE, "weak_signature", 0},
    {REASON_NOT_ENCRYPTION_CAPABLE, "not_encryption_capable", 0},
    {REASON_DENIED, "denied", 0},
    {REASON_NO_DIRECTORY, "no_directory", 0},
    {REASON_NO_ENTRY, "no_entry", 0},
    {REASON_NO_CERTIFICATE, "no_certificate", 0},
    {REASON_DIRECTORY_UNAVAILABLE, "directory_unavailable", 0},
    {REASON_DIRECTORY_TIMEOUT, "directory_timeout", 0},
    {REASON_DIRECTORY_LIMIT, "directory_limit", 0},
    {REASON_DEADLINE, "deadline", 0},
    {REASON_OVERLOADED, "overloaded", 0},
    {REASON_CLIENT_LIMIT, "client_limit", 0},
    {REASON_BACKING_OFF, "backing_off", 0},
    {REASON_SHUTTING_DOWN, "shutting_down", 0},
    {REASON_INTERNAL, "internal", 0},
};

static void words_are_as_promised(void **state)
{
    (void)state;
    assert_int_equal(sizeof(promised) / sizeof(promised[0]), REASON_COUNT - 1);
    for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++) {
        assert_string_equal(reason_word(promised[i].reason), promised[i].word);
        assert_int_equal(reason_activesync_status(promised[i].reason), promised[i].activesync);
    }
}

static void no_such_word(void **state)
{
    enum reason reason = REASON_EXPIRED;
    enum outcome outcome = OUTCOME_NONE;

    (void)state;
    assert_false(reason_parse("", &reason));
    assert_false(reason_parse("Expired", &reason));
    assert_false(reason_parse("expired ", &reason));
    assert_int_equal(reason, REASON_EXPIRED);
    assert_false(outcome_parse("", &outcome));
    assert_false(outcome_parse("Found", &outcome));
    assert_int_equal(outcome, OUTCOME_NONE);
}

static void outcomes_there_and_back(void **state)
{
    static const char *const words[] = {"unknown", "none", "found"};

    (void)state;
    for (int i = OUTCOME_UNKNOWN; i <= OUTCOME_FOUND; i++) {
        enum outcome outcome = OUTCOME_UNKNOWN;

        assert_string_equal(outcome_word((enum outcome)i), words[i]);
        assert_true(outcome_parse(words[i], &outcome));
        assert_int_equal(outcome, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_there_and_back),
        cmocka_unit_test(words_are_as_promised),
        cmocka_unit_test(no_such_word),
        cmocka_unit_test(outcomes_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
