#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lane.h"
#include "base/lane_spare.h"

#define MANY (LANES + 16)

static pthread_barrier_t all_have_one;
static atomic_uint users[LANES];

static void *take_one(void *context)
{
    size_t *number = context;

    *number = lane();
    atomic_fetch_add(&users[*number], 1);
    pthread_barrier_wait(&all_have_one);
    return lane() == *number ? number : NULL;
}

/* At the same time, and each ends. */
static void run(size_t count, size_t numbers[])
{
    pthread_t threads[MANY];

    for (size_t i = 0; i < LANES; i++) {
        atomic_store(&users[i], 0);
    }
    pthread_barrier_init(&all_have_one, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_one, &numbers[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        void *kept;
        assert_int_equal(pthread_join(threads[i], &kept), 0);
        assert_non_null(kept);
    }
    pthread_barrier_destroy(&all_have_one);
}

static void threads_at_a_time_have_different_ones(void **state)
{
    size_t numbers[8];
    (void)state;

    run(8, numbers);
    for (size_t i = 0; i < LANES; i++) {
        assert_true(atomic_load(&users[i]) <= 1);
    }
}

/* More than there are: all but the last have one user each, which the calling thread may be, and none is out of bounds. */
static void too_many_have_the_last_together(void **state)
{
    size_t numbers[MANY];
    (void)state;

    run(MANY, numbers);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(numbers[i] < LANES);
    }
    for (size_t i = 0; i < LANES - 1; i++) {
        assert_true(atomic_load(&users[i]) <= 1);
    }
    assert_true(atomic_load(&users[LANES - 1]) >= MANY - (LANES - 1));
}

static void one_that_ended_is_given_again(void **state)
{
    size_t number;
    (void)state;

    for (size_t i = 0; i < 2 * LANES; i++) {
        run(1, &number);
        assert_true(number < LANES - 1);
    }
}

/* Spare things */

static unsigned ended;

static void end(void *thing)
{
    assert_non_null(thing);
    ended++;
}

static void *give_one(void *context)
{
    static int theirs;

    return lane_spare_give(context, &theirs);
}

static void a_thread_gets_back_its_own(void **state)
{
    struct lane_spare spare = {0};
    int mine, other;
    void *found;
    pthread_t thread;
    (void)state;

    assert_null(lane_spare_take(&spare));
    assert_null(lane_spare_give(&spare, &mine));
    assert_int_equal(pthread_create(&thread, NULL, give_one, &spare), 0);
    assert_int_equal(pthread_join(thread, &found), 0);
    assert_null(found);
    assert_ptr_equal(lane_spare_give(&spare, &other), &mine);
    assert_ptr_equal(lane_spare_take(&spare), &other);
    assert_null(lane_spare_take(&spare));
    lane_spare_end(&spare, end);
    assert_int_equal(ended, 1); /* the other thread's */
    lane_spare_end(&spare, end);
    assert_int_equal(ended, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_at_a_time_have_different_ones),
        cmocka_unit_test(too_many_have_the_last_together),
        cmocka_unit_test(one_that_ended_is_given_again),
        cmocka_unit_test(a_thread_gets_back_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
