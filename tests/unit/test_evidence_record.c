/* Evidence as it stands in Redis: what goes in comes out, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/evidence_record.h"
#include "tests/unit/record_play.h"
#include "tests/unit/scarce.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char other_secret[] = "fedcba9876543210fedcba9876543210";

static struct bytes two[] = {{(const uint8_t *)"first CRL", 9}, {(const uint8_t *)"second\0one", 10}};
static const struct evidence_record sample = {1700000000, {(const uint8_t *)"http://crl.example/a", 20}, two, 2};

static void assert_is_sample(const struct evidence_record *record)
{
    assert_int_equal(record->fetched_at, sample.fetched_at);
    assert_true(bytes_equal(record->source, sample.source));
    assert_int_equal(record->count, 2);
    assert_true(bytes_equal(record->objects[0], two[0]) && bytes_equal(record->objects[1], two[1]));
}

static void round_trip(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct digest need = digest_sha256(bytes_of("a need", 6));
    char key[RECORD_KEY_BYTES];
    struct evidence_record back = {0};
    struct buffer sealed, plain;
    struct error error;

    (void)state;
    buffer_init(&sealed, MAX_RECORD_BYTES);
    buffer_init(&plain, MAX_RECORD_BYTES);
    evidence_record_key(ring, 0, "certlookup:", &need, key);
    assert_int_equal(strncmp(key, "certlookup:e:", 13), 0);
    assert_int_equal(strlen(key), 13 + 2 * DIGEST_BYTES);
    assert_int_equal(evidence_record_close(ring, key, &sample, &sealed), 0);
    assert_null(memmem(sealed.data, sealed.size, "CRL", 3));
    assert_int_equal(evidence_record_open(ring, key, buffer_bytes(&sealed), &plain, &back, &error), RECORD_GOOD);
    assert_is_sample(&back);
    evidence_record_clear(&back);
    buffer_free(&plain);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

/* Any flipped bit, another key, another ring: no record. */
static void a_broken_seal_opens_nothing(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL), *other = ring_of(other_secret, NULL);
    struct seal_ring *both = ring_of(other_secret, secret);
    struct evidence_record back = {0};
    struct buffer sealed, plain;
    struct error error;

    (void)state;
    buffer_init(&sealed, MAX_RECORD_BYTES);
    buffer_init(&plain, MAX_RECORD_BYTES);
    assert_int_equal(evidence_record_close(ring, "key", &sample, &sealed), 0);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1;
        assert_int_equal(evidence_record_open(ring, "key", buffer_bytes(&sealed), &plain, &back, &error),
                         RECORD_BAD_SEAL);
        assert_int_equal(plain.size, 0);
        sealed.data[i] ^= 1;
    }
    assert_int_equal(evidence_record_open(ring, "kez", buffer_bytes(&sealed), &plain, &back, &error), RECORD_BAD_SEAL);
    assert_int_equal(evidence_record_open(other, "key", buffer_bytes(&sealed), &plain, &back, &error),
                     RECORD_BAD_SEAL);
    assert_int_equal(evidence_record_open(both, "key", buffer_bytes(&sealed), &plain, &back, &error), RECORD_GOOD);
    evidence_record_clear(&back);
    buffer_free(&plain);
    buffer_free(&sealed);
    seal_ring_free(&ring);
    seal_ring_free(&other);
    seal_ring_free(&both);
}

static void encode(struct buffer *body)
{
    buffer_init(body, MAX_RECORD_BYTES);
    assert_int_equal(evidence_record_encode(&sample, body), 0);
}

/* A body that is cut anywhere, or longer, is refused with nothing left behind. */
static void a_body_of_another_length_is_refused(void **state)
{
    struct buffer body;
    struct evidence_record back;
    struct error error;

    (void)state;
    encode(&body);
    for (size_t size = 0; size < body.size; size++) {
        assert_int_equal(evidence_record_decode(bytes_of(body.data, size), &back, &error), -1);
        assert_null(back.objects);
    }
    buffer_append_char(&body, 'x');
    assert_int_equal(evidence_record_decode(buffer_bytes(&body), &back, &error), -1);
    buffer_free(&body);
}

static void bad_parts_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } cases[] = {
        {"a time beyond the year 9999", 0, 0x7f},
        {"a source that is not UTF-8", 10, 0xff},
        {"a source with a NUL", 12, 0},
        {"a source longer than all of it", 8, 0x07},
        {"a source over its limit", 8, 0xff},
        {"too many objects", 8 + 2 + 20, 0x10},
        {"an object longer than all of it", 8 + 2 + 20 + 2, 0xff},
    };
    struct evidence_record back;
    struct error error;
    struct buffer body;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("# %s\n", cases[i].name);
        encode(&body);
        body.data[cases[i].at] = cases[i].value;
        assert_int_equal(evidence_record_decode(buffer_bytes(&body), &back, &error), -1);
        assert_null(back.objects);
        buffer_free(&body);
    }
}

static void too_large_or_too_many_are_not_written(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct bytes many[MAX_EVIDENCE_OBJECTS + 1] = {{0}};
    uint8_t *large = calloc(1, MAX_RECORD_BYTES);
    struct bytes one = {large, MAX_RECORD_BYTES};
    struct evidence_record record = sample;
    struct buffer sealed;

    (void)state;
    buffer_init(&sealed, MAX_RECORD_BYTES);
    record.objects = &one;
    record.count = 1;
    assert_int_equal(evidence_record_close(ring, "key", &record, &sealed), -1);
    one.size = MAX_RECORD_BYTES - 4096;
    buffer_clear(&sealed);
    assert_int_equal(evidence_record_close(ring, "key", &record, &sealed), 0);
    record.objects = many;
    record.count = MAX_EVIDENCE_OBJECTS + 1;
    assert_int_equal(evidence_record_close(ring, "key", &record, &sealed), -1);
    free(large);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

static void survives_lack_of_memory(void **state)
{
    struct buffer body;
    struct evidence_record back;
    struct error error;
    int result = -1;

    (void)state;
    encode(&body);
    for (unsigned n = 1; result != 0; n++) {
        scarce_begin(n);
        result = evidence_record_decode(buffer_bytes(&body), &back, &error);
        bool was_scarce = scarce_end();
        assert_true(was_scarce == (result != 0));
    }
    assert_is_sample(&back);
    evidence_record_clear(&back);
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(a_broken_seal_opens_nothing),
        cmocka_unit_test(a_body_of_another_length_is_refused),
        cmocka_unit_test(bad_parts_are_refused),
        cmocka_unit_test(too_large_or_too_many_are_not_written),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
