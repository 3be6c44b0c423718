#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "gateway/backoff.h"

static const struct bytes alice = {(const uint8_t *)"alice", 5}, bob = {(const uint8_t *)"bob", 3};

static void rests_double_up_to_the_longest(void **state)
{
    (void)state;
    static const int64_t want_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    struct backoff *backoff = backoff_new();
    int64_t now = 5;
    for (size_t i = 0; i < sizeof(want_ms) / sizeof(want_ms[0]); i++) {
        assert_int_equal(backoff_next_ms(backoff, alice, 1, now), want_ms[i]);
        assert_int_equal(backoff_fail(backoff, alice, 1, 0, now), want_ms[i]);
        assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, now), want_ms[i]);
        assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, now + want_ms[i] - 1), 1);
        now += want_ms[i];
        assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, now), 0);
    }
    backoff_free(&backoff);
    assert_null(backoff);
}

static void keys_rest_for_themselves(void **state)
{
    (void)state;
    struct backoff *backoff = backoff_new();
    backoff_fail(backoff, alice, 1, 0, 0);
    assert_int_equal(backoff_remaining_ms(backoff, bob, 1, 0, 0), 0);
    backoff_clear(backoff, bob, 1);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, 0), 1000);
    backoff_clear(backoff, alice, 1);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, 0), 0);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 0), 1000);
    backoff_free(&backoff);
}

static void a_rest_may_be_ended(void **state)
{
    (void)state;
    struct backoff *backoff = backoff_new();
    backoff_end_rest(backoff, alice, 1, 0);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 0), 1000);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 1000), 2000);
    backoff_end_rest(backoff, alice, 1, 1500);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, 1500), 0);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 1500), 2000);
    backoff_end_rest(backoff, alice, 1, 4000); /* it is over */
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 4000), 4000);
    backoff_free(&backoff);
}

static void a_new_generation_is_a_new_beginning(void **state)
{
    (void)state;
    struct backoff *backoff = backoff_new();
    backoff_fail(backoff, alice, 1, 0, 0);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 2, 0, 0), 0);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 0, 0), 1000);
    backoff_free(&backoff);
}

static void a_long_pause_is_a_new_beginning(void **state)
{
    (void)state;
    struct backoff *backoff = backoff_new();
    backoff_fail(backoff, alice, 1, 0, 0);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 1000), 2000);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 3000 + 60000), 4000);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 67000 + 60001), 1000);
    backoff_free(&backoff);
}

/* More keys than places: nothing breaks, nobody rests for longer than the longest, and the newest is remembered. */
static void many_keys(void **state)
{
    (void)state;
    struct backoff *backoff = backoff_new();
    char key[32];
    for (int i = 0; i < 200000; i++) {
        size_t size = (size_t)snprintf(key, sizeof(key), "user%d@example.org", i);
        assert_int_equal(backoff_fail(backoff, bytes_of(key, size), 1, 0, i), 1000);
        assert_int_equal(backoff_remaining_ms(backoff, bytes_of(key, size), 1, 0, i), 1000);
    }
    backoff_free(&backoff);
}

/* What waits for evidence does not rest once there is other evidence; its rests grow all the same. */
static void other_evidence_ends_the_rest(void **state)
{
    struct backoff *backoff = backoff_new();

    (void)state;
    assert_int_equal(backoff_fail(backoff, alice, 1, 7, 0), 1000);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 7, 0), 1000);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 8, 0), 0);
    assert_int_equal(backoff_fail(backoff, alice, 1, 8, 0), 2000);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 8, 0), 2000);
    assert_int_equal(backoff_fail(backoff, alice, 1, 0, 0), 4000);
    assert_int_equal(backoff_remaining_ms(backoff, alice, 1, 9, 0), 4000);
    backoff_free(&backoff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_double_up_to_the_longest),
        cmocka_unit_test(keys_rest_for_themselves),
        cmocka_unit_test(a_rest_may_be_ended),
        cmocka_unit_test(a_new_generation_is_a_new_beginning),
        cmocka_unit_test(a_long_pause_is_a_new_beginning),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(other_evidence_ends_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
