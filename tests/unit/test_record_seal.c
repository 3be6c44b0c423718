/* Records under their seal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/record.h"
#include "tests/unit/record_play.h"
#include "tests/unit/scarce.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char other_secret[] = "fedcba9876543210fedcba9876543210";

/* MAX_VALUES values of MAX_VALUE_BYTES are more than a record holds. */
static void too_large_for_a_record(void **state)
{
    char *large = malloc(MAX_VALUE_BYTES), out[RECORD_KEY_BYTES] = "key";
    struct certificate certificates[MAX_VALUES] = {0};
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_MALFORMED, .certificates = certificates,
                                 .certificate_count = MAX_VALUES};
    struct seal_ring *ring = ring_of(secret, NULL);
    struct buffer sealed;
    struct answer *answer;

    (void)state;
    memset(large, 'x', MAX_VALUE_BYTES);
    assert_int_equal(address_parse(bytes_of_string("a@example.org"), &draft.address), ADDRESS_OK);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        certificates[i] = (struct certificate){.value = blob_new(bytes_of(large, MAX_VALUE_BYTES)),
                                               .reason = REASON_MALFORMED};
    }
    answer = answer_make(&draft);
    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(record_close(ring, out, answer, known, &sealed), -1);
    buffer_free(&sealed);
    answer_free(&answer);
    draft.certificate_count = MAX_VALUES - 1;
    answer = answer_make(&draft);
    assert_int_equal(record_close(ring, out, answer, known, &sealed), 0);
    buffer_free(&sealed);
    answer_free(&answer);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        blob_free(&certificates[i].value);
    }
    free(large);
    seal_ring_free(&ring);
}

static struct buffer close_sample(const struct seal_ring *ring, const char *key)
{
    struct answer *answer = sample_found();
    struct buffer sealed;

    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(record_close(ring, key, answer, known, &sealed), 0);
    answer_free(&answer);
    return sealed;
}

static enum record_result open_with(const struct seal_ring *ring, const char *key, struct bytes sealed)
{
    struct record record;
    enum record_result result;

    memset(&record.draft, 0, sizeof(record.draft));
    result = record_open(ring, key, sealed, known, &record, NULL);
    assert_true((result == RECORD_GOOD) == (record.draft.certificate_count == 4));
    if (result == RECORD_GOOD) {
        record_free(&record);
    }
    return result;
}

static void opens_only_as_it_was_closed(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL), *other = ring_of(other_secret, NULL);
    struct seal_ring *rotated = ring_of(other_secret, secret);
    struct buffer sealed = close_sample(ring, "key one"), again = close_sample(ring, "key one");

    (void)state;
    assert_int_equal(open_with(ring, "key one", buffer_bytes(&sealed)), RECORD_GOOD);
    assert_int_equal(open_with(rotated, "key one", buffer_bytes(&sealed)), RECORD_GOOD);
    assert_int_equal(open_with(other, "key one", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key two", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key on", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_false(bytes_equal(buffer_bytes(&sealed), buffer_bytes(&again)));
    assert_null(memmem(sealed.data, sealed.size, "alice", 5));
    assert_null(memmem(sealed.data, sealed.size, "leaf", 4));
    buffer_free(&sealed);
    buffer_free(&again);
    seal_ring_free(&ring);
    seal_ring_free(&other);
    seal_ring_free(&rotated);
}

static void never_opens_when_altered(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct buffer sealed = close_sample(ring, "key");

    (void)state;
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
        sealed.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(open_with(ring, "key", bytes_of(sealed.data, i)), RECORD_BAD_SEAL);
    }
    buffer_append_u8(&sealed, 0);
    assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key", bytes_of(sealed.data, MAX_RECORD_BYTES + 1)), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

/* Under a good seal: what is inside must still be a record. */
static void good_seal_on_something_else(void **state)
{
    static const struct {
        const char *name;
        struct bytes plain;
    } cases[] = {
        {"nothing", {(const uint8_t *)"", 0}},
        {"other magic", {(const uint8_t *)"CLX\x01", 4}},
        {"another version", {(const uint8_t *)"CLR\x02", 4}},
        {"no body", {(const uint8_t *)"CLR\x03", 4}},
        {"garbage", {(const uint8_t *)"CLR\x03garbage", 11}},
    };
    struct seal_ring *ring = ring_of(secret, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer sealed;

        buffer_init(&sealed, 1000);
        assert_int_equal(seal_close(ring, bytes_of_string("\x03key"), cases[i].plain, &sealed), 0);
        if (open_with(ring, "key", buffer_bytes(&sealed)) != RECORD_BAD) {
            fail_msg("%s was taken for a record", cases[i].name);
        }
        buffer_free(&sealed);
    }
    seal_ring_free(&ring);
}

/* Gateways of other versions do not see each other's records, whatever stands in them. */
static void of_another_version(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct buffer sealed;

    (void)state;
    buffer_init(&sealed, 1000);
    assert_int_equal(seal_close(ring, bytes_of_string("\x02key"), bytes_of_string("CLR\x02"), &sealed), 0);
    assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

/* Larger than what is opened without a block of its own. */
static void opens_a_large_one(void **state)
{
    static char large[2 * RECORD_SMALL_BYTES];
    struct seal_ring *ring = ring_of(secret, NULL);
    struct answer_draft draft;
    struct buffer sealed;
    struct answer *answer;

    (void)state;
    memset(large, 'x', sizeof(large));
    sample_fill(&draft);
    blob_free(&draft.certificates[3].value);
    draft.certificates[3].value = blob_new(bytes_of(large, sizeof(large)));
    answer = answer_of_draft(&draft);
    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(record_close(ring, "key", answer, known, &sealed), 0);
    assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_GOOD);
    sealed.data[100] ^= 1;
    assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    answer_free(&answer);
    seal_ring_free(&ring);
}

static void keys_hide_and_tell_apart(void **state)
{
    struct seal_ring *ring = ring_of(secret, other_secret), *alone = ring_of(other_secret, NULL);
    struct digest scope = {{1}}, other_scope = {{2}};
    char keys[5][RECORD_KEY_BYTES], again[RECORD_KEY_BYTES], long_prefix[RECORD_PREFIX_MAX + 1];
    struct address alice, bob;

    (void)state;
    memset(long_prefix, 'p', RECORD_PREFIX_MAX);
    long_prefix[RECORD_PREFIX_MAX] = '\0';
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &alice), ADDRESS_OK);
    assert_int_equal(address_parse(bytes_of_string("bob@example.org"), &bob), ADDRESS_OK);
    record_key(ring, 0, "certlookup:", &scope, &alice, keys[0]);
    record_key(ring, 1, "certlookup:", &scope, &alice, keys[1]);
    record_key(ring, 0, "certlookup:", &other_scope, &alice, keys[2]);
    record_key(ring, 0, "certlookup:", &scope, &bob, keys[3]);
    record_key(ring, 0, long_prefix, &scope, &alice, keys[4]);
    for (size_t i = 0; i < 5; i++) {
        assert_null(strstr(keys[i], "alice"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(keys[i], keys[j]);
        }
    }
    assert_int_equal(strlen(keys[0]), 11 + 64);
    assert_memory_equal(keys[0], "certlookup:", 11);
    assert_int_equal(strlen(keys[4]), RECORD_PREFIX_MAX + 64);
    /* The key of the old file is found by who has only that. */
    assert_string_equal(record_key(alone, 0, "certlookup:", &scope, &alice, again), keys[1]);
    seal_ring_free(&ring);
    seal_ring_free(&alone);
}

static void survives_lack_of_memory(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct answer *answer = sample_found();
    struct buffer sealed;
    bool failed = true;
    int result;

    (void)state;
    for (int nth = 1; failed; nth++) {
        buffer_init(&sealed, MAX_RECORD_BYTES);
        scarce_begin(nth);
        result = record_close(ring, "key", answer, known, &sealed);
        failed = scarce_end();
        assert_true(failed == (result != 0));
        if (failed) {
            buffer_free(&sealed);
        }
    }
    failed = true;
    for (int nth = 1; failed; nth++) {
        struct record record;
        struct error error;

        memset(&record.draft, 0, sizeof(record.draft));
        scarce_begin(nth);
        result = record_open(ring, "key", buffer_bytes(&sealed), known, &record, &error) == RECORD_GOOD ? 0 : -1;
        failed = scarce_end();
        assert_true(failed == (result != 0));
        if (result == 0) {
            record_free(&record);
        }
    }
    buffer_free(&sealed);
    answer_free(&answer);
    seal_ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_large_for_a_record),
        cmocka_unit_test(opens_only_as_it_was_closed),
        cmocka_unit_test(never_opens_when_altered),
        cmocka_unit_test(good_seal_on_something_else),
        cmocka_unit_test(of_another_version),
        cmocka_unit_test(opens_a_large_one),
        cmocka_unit_test(keys_hide_and_tell_apart),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, know, forget);
}
