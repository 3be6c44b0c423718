/* Token buckets: what each client gets, and what all of them together do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/limiter.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define START (1000 * SECOND)

static const struct rate TEN = {.per_minute = 10, .burst = 5}; /* one every 6 s */

static struct limiter *limiter;

static int open_limiter(void **state)
{
    (void)state;
    limiter = limiter_new(1024);
    return limiter == NULL;
}

static int close_limiter(void **state)
{
    (void)state;
    limiter_free(&limiter);
    assert_null(limiter);
    limiter_free(&limiter);
    return 0;
}

static void a_burst_then_the_rate(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(limiter_left(limiter, 1, &TEN, START), 5 - i);
        assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START), 1);
    }
    assert_int_equal(limiter_left(limiter, 1, &TEN, START), 0);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 1, START), 6);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 3, START), 18);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 3, START + 17 * SECOND), 1);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 3, START + 18 * SECOND), 0);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START + 6 * SECOND - 1), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 1, START + 6 * SECOND - 1), 1);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 1, START + 6 * SECOND), 0);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START + 6 * SECOND), 1);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START + 6 * SECOND), 0);
    /* However long the rest, no more than the burst. */
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 100, START + 100 * MINUTE), 5);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START + 100 * MINUTE), 0);
}

static void many_at_once_get_what_there_is(void **state)
{
    (void)state;
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 0, START), 0);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 3, START), 3);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 3, START), 2);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 3, START), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 3, START), 18);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 3, START + 13 * SECOND), 5);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, 2, START + 13 * SECOND), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &TEN, SIZE_MAX, START), 30); /* more than the burst there never are */
    assert_int_equal(limiter_take(limiter, 1, &TEN, 3, 3, START + 13 * SECOND), 0);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 2, 3, START + 13 * SECOND), 2);
}

static void clients_have_buckets_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 5, START), 5);
    assert_int_equal(limiter_take(limiter, 2, &TEN, 1, 5, START), 5);
    assert_int_equal(limiter_take(limiter, 1, &TEN, 1, 1, START), 0);
    assert_int_equal(limiter_left(limiter, 3, &TEN, START), 5);
}

static void no_rate_is_no_limit(void **state)
{
    static const struct rate none = {.per_minute = 0, .burst = 1};

    (void)state;
    assert_int_equal(limiter_take(limiter, 1, &none, 1, 1000000, START), 1000000);
    assert_int_equal(limiter_left(limiter, 1, &none, START), SIZE_MAX);
    assert_int_equal(limiter_wait_s(limiter, 1, &none, 1, START), 0);
}

static void the_largest_numbers_hold(void **state)
{
    static const struct rate slow = {.per_minute = 1, .burst = MAX_RATE}, fast = {.per_minute = MAX_RATE, .burst = 1};

    (void)state;
    assert_int_equal(limiter_take(limiter, 1, &slow, 1, SIZE_MAX, START), MAX_RATE);
    assert_int_equal(limiter_take(limiter, 1, &slow, 1, 1, START), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &slow, 1, START), 60);
    assert_int_equal(limiter_take(limiter, 2, &fast, 1, 1, START), 1);
    assert_int_equal(limiter_take(limiter, 2, &fast, 1, 1, START), 0);
    assert_int_equal(limiter_take(limiter, 2, &fast, 1, 1, START + 1), 1);
}

/* A reload may make buckets smaller than what is missing in them. */
static void a_rate_may_change(void **state)
{
    static const struct rate small = {.per_minute = 60, .burst = 2}, large = {.per_minute = 60, .burst = 100};

    (void)state;
    assert_int_equal(limiter_take(limiter, 1, &large, 1, 100, START), 100);
    assert_int_equal(limiter_take(limiter, 1, &small, 1, 1, START), 0);
    assert_int_equal(limiter_wait_s(limiter, 1, &small, 1, START), 99);
    assert_int_equal(limiter_take(limiter, 1, &small, 1, 5, START + 100 * SECOND), 2);
}

/* Under ever new names: not more than all places give. */
static void new_names_do_not_help(void **state)
{
    size_t taken = 0;

    (void)state;
    for (uint64_t client = 1; client <= 100000; client++) {
        taken += limiter_take(limiter, client * 0x9e3779b97f4a7c15u, &TEN, 1, 5, START);
    }
    assert_in_range(taken, 1, 1024 * 5);
    /* After a rest the places are anybody's again. */
    assert_int_equal(limiter_take(limiter, 77, &TEN, 1, 5, START + MINUTE), 5);
}

struct run {
    pthread_t thread;
    atomic_size_t *taken;
};

static void *take_many(void *context)
{
    struct run *run = context;

    for (int i = 0; i < 100000; i++) {
        const struct rate rate = {.per_minute = 60, .burst = 50000};
        atomic_fetch_add(run->taken, limiter_take(limiter, 1, &rate, 1, 1, START));
    }
    return NULL;
}

static void threads_share_one_bucket(void **state)
{
    struct run runs[4];
    atomic_size_t taken = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        runs[i].taken = &taken;
        assert_int_equal(pthread_create(&runs[i].thread, NULL, take_many, &runs[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(runs[i].thread, NULL);
    }
    assert_int_equal(atomic_load(&taken), 50000);
}

struct newcomer {
    pthread_t thread;
    uint64_t client;
    atomic_size_t *taken;
};

static void *take_a_place(void *context)
{
    struct newcomer *newcomer = context;
    const struct rate rate = {.per_minute = 1, .burst = 1000};

    for (int i = 0; i < 20000; i++) {
        atomic_fetch_add(newcomer->taken, limiter_take(limiter, newcomer->client, &rate, 1, 1, START));
    }
    return NULL;
}

/* More clients than there are places, all at once: nothing comes out of their taking each other's. */
static void threads_fight_for_places(void **state)
{
    struct newcomer newcomers[8];
    atomic_size_t taken = 0;

    (void)state;
    limiter_free(&limiter);
    limiter = limiter_new(1); /* rounded up to four */
    assert_non_null(limiter);
    for (size_t i = 0; i < 8; i++) {
        newcomers[i].client = i + 1;
        newcomers[i].taken = &taken;
        assert_int_equal(pthread_create(&newcomers[i].thread, NULL, take_a_place, &newcomers[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(newcomers[i].thread, NULL);
    }
    assert_int_equal(atomic_load(&taken), 4 * 1000);
}

int main(void)
{
#define TEST(function_) cmocka_unit_test_setup_teardown(function_, open_limiter, close_limiter)
    const struct CMUnitTest tests[] = {
        TEST(a_burst_then_the_rate),
        TEST(many_at_once_get_what_there_is),
        TEST(clients_have_buckets_of_their_own),
        TEST(no_rate_is_no_limit),
        TEST(the_largest_numbers_hold),
        TEST(a_rate_may_change),
        TEST(new_names_do_not_help),
        TEST(threads_share_one_bucket),
        TEST(threads_fight_for_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
