#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/seal.h"
#include "tests/unit/scarce.h"

#define KEY_A "the first key has thirty-two bytes"
#define KEY_B "the other key has as many bytes: 34"

static struct seal_ring *ring_of(const char *first, const char *second)
{
    const struct bytes keys[] = {bytes_of_string(first), bytes_of_string(second != NULL ? second : "")};
    struct error error;

    return seal_ring_new(keys, second != NULL ? 2 : 1, &error);
}

static enum seal_result open_as(const struct seal_ring *ring, const char *associated, const struct buffer *sealed,
                                const char *want)
{
    struct buffer plain;
    enum seal_result result;

    buffer_init(&plain, 100000);
    buffer_append_string(&plain, "before ");
    result = seal_open(ring, bytes_of_string(associated), buffer_bytes(sealed), &plain);
    if (result == SEAL_OPENED) {
        assert_string_equal(buffer_string(&plain) + 7, want);
    } else {
        assert_string_equal(buffer_string(&plain), "before ");
    }
    buffer_free(&plain);
    return result;
}

static struct buffer sealed_of(const struct seal_ring *ring, const char *associated, const char *plain)
{
    struct buffer sealed;

    buffer_init(&sealed, 100000);
    assert_int_equal(seal_close(ring, bytes_of_string(associated), bytes_of_string(plain), &sealed), 0);
    assert_int_equal(sealed.size, strlen(plain) + SEAL_OVERHEAD);
    return sealed;
}

static void what_is_sealed_opens(void **state)
{
    static const char *const texts[] = {"", "x", "a record of some length that is more than one block of the cipher"};
    struct seal_ring *ring = ring_of(KEY_A, NULL);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buffer sealed = sealed_of(ring, "key", texts[i]);

        assert_int_equal(open_as(ring, "key", &sealed, texts[i]), SEAL_OPENED);
        assert_int_equal(open_as(ring, "", &sealed, ""), SEAL_BROKEN);
        assert_int_equal(open_as(ring, "kez", &sealed, ""), SEAL_BROKEN);
        buffer_free(&sealed);
    }
    seal_ring_free(&ring);
    assert_null(ring);
    seal_ring_free(&ring);
}

static void no_bit_may_change(void **state)
{
    struct seal_ring *ring = ring_of(KEY_A, NULL);
    struct buffer sealed = sealed_of(ring, "key", "record");

    (void)state;
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_as(ring, "key", &sealed, ""),
                         bit / 8 < SEAL_KEY_ID_BYTES ? SEAL_UNKNOWN_KEY : SEAL_BROKEN);
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(open_as(ring, "key", &sealed, "record"), SEAL_OPENED);
    while (sealed.size > 0) {
        sealed.size--;
        assert_int_equal(open_as(ring, "key", &sealed, ""), SEAL_BROKEN);
    }
    assert_int_equal(seal_open(ring, bytes_of(NULL, 0), bytes_of(NULL, 0), &sealed), SEAL_BROKEN);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

static void two_seals_of_one_text_differ(void **state)
{
    struct seal_ring *ring = ring_of(KEY_A, NULL);
    struct buffer one = sealed_of(ring, "key", "record"), two = sealed_of(ring, "key", "record");

    (void)state;
    assert_memory_equal(one.data, two.data, SEAL_KEY_ID_BYTES);
    assert_memory_not_equal(one.data + SEAL_KEY_ID_BYTES, two.data + SEAL_KEY_ID_BYTES, SEAL_NONCE_BYTES);
    assert_memory_not_equal(one.data + SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES,
                            two.data + SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES, 6);
    buffer_free(&one);
    buffer_free(&two);
    seal_ring_free(&ring);
}

static void keys_are_changed_without_loss(void **state)
{
    struct seal_ring *old = ring_of(KEY_A, NULL), *both = ring_of(KEY_B, KEY_A), *new = ring_of(KEY_B, NULL);
    struct buffer by_old = sealed_of(old, "key", "record"), by_both = sealed_of(both, "key", "record");
    struct digest index_old = seal_index(old, 0, bytes_of_string("alice@example.org"));
    struct digest index_both = seal_index(both, 1, bytes_of_string("alice@example.org"));
    struct digest index_new = seal_index(both, 0, bytes_of_string("alice@example.org"));

    (void)state;
    assert_int_equal(seal_ring_count(old), 1);
    assert_int_equal(seal_ring_count(both), 2);
    assert_int_equal(open_as(both, "key", &by_old, "record"), SEAL_OPENED);
    assert_int_equal(open_as(new, "key", &by_old, ""), SEAL_UNKNOWN_KEY);
    assert_int_equal(open_as(new, "key", &by_both, "record"), SEAL_OPENED);
    assert_int_equal(open_as(old, "key", &by_both, ""), SEAL_UNKNOWN_KEY);
    assert_true(digest_equal(&index_old, &index_both));
    assert_false(digest_equal(&index_old, &index_new));
    buffer_free(&by_old);
    buffer_free(&by_both);
    seal_ring_free(&old);
    seal_ring_free(&both);
    seal_ring_free(&new);
}

/* Gateways of different versions must agree on these bytes: computed with `openssl kdf`. */
static void derivation_is_stable(void **state)
{
    struct seal_ring *ring = ring_of(KEY_A, NULL);
    struct buffer sealed = sealed_of(ring, "", "");
    struct digest index = seal_index(ring, 0, bytes_of_string("a"));
    char hex[DIGEST_HEX_BYTES];

    (void)state;
    assert_string_equal(digest_hex(bytes_of(sealed.data, SEAL_KEY_ID_BYTES), hex), "2af05d97e0c1d203");
    assert_string_equal(digest_hex(bytes_of(index.bytes, DIGEST_BYTES), hex),
                        "e5042e648c9325b0bb592f3e504218a8e88c75a8aea2df7cb523d5585e1fc771");
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

static void wrong_rings_are_refused(void **state)
{
    const struct bytes keys[] = {bytes_of_string(KEY_A), bytes_of_string(KEY_B), bytes_of(KEY_A, 31)};
    struct error error;

    (void)state;
    assert_null(seal_ring_new(keys, 0, &error));
    assert_string_equal(error.text, "a ring has 1 to 2 seal keys, not 0");
    assert_null(seal_ring_new(keys, 3, &error));
    assert_null(seal_ring_new(keys + 1, 2, &error));
    assert_string_equal(error.text, "a seal key has at least 32 bytes, this one has 31");
    assert_null(seal_ring_new(keys + 2, 1, NULL));
}

static void a_full_buffer_takes_nothing(void **state)
{
    struct seal_ring *ring = ring_of(KEY_A, NULL);
    struct buffer sealed = sealed_of(ring, "", "record"), small;

    (void)state;
    buffer_init(&small, 5);
    assert_int_equal(seal_open(ring, bytes_of_string(""), buffer_bytes(&sealed), &small), SEAL_BROKEN);
    assert_int_equal(small.size, 0);
    buffer_clear(&small);
    assert_int_equal(seal_close(ring, bytes_of_string(""), bytes_of_string("record"), &small), -1);
    buffer_free(&small);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

static void out_of_memory(void **state)
{
    struct seal_ring *ring;
    struct buffer sealed, plain;

    (void)state;
    for (int nth = 1; nth <= 3; nth++) {
        scarce_begin(nth);
        assert_null(ring_of(KEY_A, NULL));
        assert_true(scarce_end());
    }
    ring = ring_of(KEY_A, NULL);
    buffer_init(&sealed, 1000);
    scarce_begin(1);
    assert_int_equal(seal_close(ring, bytes_of_string(""), bytes_of_string("x"), &sealed), -1);
    assert_true(scarce_end());
    buffer_free(&sealed);
    sealed = sealed_of(ring, "", "x");
    buffer_init(&plain, 1000);
    scarce_begin(1);
    assert_int_equal(seal_open(ring, bytes_of_string(""), buffer_bytes(&sealed), &plain), SEAL_BROKEN);
    assert_true(scarce_end());
    buffer_free(&plain);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(no_bit_may_change),
        cmocka_unit_test(two_seals_of_one_text_differ),
        cmocka_unit_test(keys_are_changed_without_loss),
        cmocka_unit_test(derivation_is_stable),
        cmocka_unit_test(wrong_rings_are_refused),
        cmocka_unit_test(a_full_buffer_takes_nothing),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
