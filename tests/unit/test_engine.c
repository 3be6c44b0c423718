#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gateway/engine.h"

#define POSTERS 4
#define TASKS_EACH 5000

static struct engine *engine;
static pthread_t engine_thread;
static unsigned ran;

static int begin(void **state)
{
    (void)state;
    engine = engine_new();
    engine_thread = pthread_self();
    ran = 0;
    return engine != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    engine_free(&engine);
    return engine == NULL ? 0 : -1;
}

struct numbered {
    struct task task;
    unsigned poster, number;
};

static unsigned next_of[POSTERS];

static void on_numbered(struct task *task)
{
    struct numbered *numbered = (struct numbered *)task;
    assert_true(pthread_equal(pthread_self(), engine_thread));
    assert_int_equal(numbered->number, next_of[numbered->poster]++);
    free(numbered);
    if (++ran == POSTERS * TASKS_EACH) {
        engine_stop(engine);
    }
}

static void *post_many(void *poster)
{
    for (unsigned i = 0; i < TASKS_EACH; i++) {
        struct numbered *numbered = malloc(sizeof(*numbered));
        *numbered = (struct numbered){{.run = on_numbered}, (unsigned)(uintptr_t)poster, i};
        engine_post(engine, &numbered->task);
    }
    return NULL;
}

static void tasks_of_many_threads_run_on_one_in_order(void **state)
{
    (void)state;
    pthread_t posters[POSTERS];
    for (uintptr_t i = 0; i < POSTERS; i++) {
        next_of[i] = 0;
        assert_int_equal(pthread_create(&posters[i], NULL, post_many, (void *)i), 0);
    }
    engine_run(engine);
    for (size_t i = 0; i < POSTERS; i++) {
        pthread_join(posters[i], NULL);
    }
    assert_int_equal(ran, POSTERS * TASKS_EACH);
}

/* A task that posts itself again must not keep the loop from its timers. */
static struct task again;

static void post_again(struct task *task)
{
    ran++;
    engine_post(engine, task);
}

static void stop_by_timer(struct timer *timer)
{
    (void)timer;
    engine_stop(engine);
}

static void timers_fire_beside_endless_tasks(void **state)
{
    (void)state;
    struct timer timer = {.fire = stop_by_timer};
    again.run = post_again;
    int64_t started_ms = clock_mono_ms();
    assert_int_equal(engine_timer_set(engine, &timer, 60000), 0);
    assert_int_equal(engine_timer_set(engine, &timer, 20), 0); /* set anew: the earlier one is gone */
    engine_post(engine, &again);
    engine_run(engine);
    assert_true(clock_mono_ms() - started_ms >= 19);
    assert_true(clock_mono_ms() - started_ms < 50000);
    assert_true(ran > 1);
    engine_timer_clear(&timer);
    engine_timer_clear(&timer);
    assert_int_equal(timer.place, 0);
}

/* Of two tasks that are due the first has something done soon: that comes after the second. */
static struct task first, second, soon;
static char order[8];

static void note_soon(struct task *task)
{
    (void)task;
    strcat(order, "s");
    engine_stop(engine);
}

static void note_first(struct task *task)
{
    (void)task;
    strcat(order, "1");
    soon.run = note_soon;
    engine_soon(engine, &soon);
}

static void note_second(struct task *task)
{
    (void)task;
    strcat(order, "2");
}

static void soon_is_after_what_is_due(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        order[0] = '\0';
        first.run = note_first;
        second.run = note_second;
        engine_post(engine, &first);
        engine_post(engine, &second);
        engine_run(engine);
        assert_string_equal(order, "12s");
    }
}

static void must_not_fire(struct timer *timer)
{
    (void)timer;
    fail();
}

static void a_cleared_timer_does_not_fire(void **state)
{
    (void)state;
    struct timer cleared = {.fire = must_not_fire}, stop = {.fire = stop_by_timer};
    assert_int_equal(engine_timer_set(engine, &cleared, 1), 0);
    assert_int_equal(engine_timer_set(engine, &stop, 30), 0);
    engine_timer_clear(&cleared);
    engine_run(engine);
    engine_timer_clear(&stop);
}

/* Many timers, set, cleared and set anew at random: those that are left fire in order, none before its time. */
#define TIMERS 500

struct timed {
    struct timer timer;
    int64_t due_us;
    bool set;
};

static struct timed timed[TIMERS];
static int64_t fired_us;
static unsigned left;

static void on_timed(struct timer *timer)
{
    struct timed *one = (struct timed *)timer;
    assert_true(one->set);
    assert_true(timer->due_us >= fired_us && timer->due_us >= one->due_us && timer->due_us <= clock_mono_us());
    fired_us = timer->due_us;
    one->set = false;
    if (--left == 0) {
        engine_stop(engine);
    }
}

static void timers_fire_in_order(void **state)
{
    (void)state;
    unsigned chance = 1;
    fired_us = 0;
    left = 0;
    for (size_t i = 0; i < TIMERS * 10; i++) {
        chance = chance * 1103515245 + 12345;
        struct timed *one = &timed[chance / 65536 % TIMERS];
        int64_t after_ms = chance / 1024 % 64;
        one->timer.fire = on_timed;
        if (chance / 256 % 4 == 0) {
            engine_timer_clear(&one->timer);
            one->set = false;
        } else {
            one->due_us = clock_mono_us() + after_ms * 1000;
            assert_int_equal(engine_timer_set(engine, &one->timer, after_ms), 0);
            one->set = true;
        }
    }
    for (size_t i = 0; i < TIMERS; i++) {
        left += timed[i].set;
    }
    assert_true(left > TIMERS / 4);
    engine_run(engine);
    for (size_t i = 0; i < TIMERS; i++) {
        assert_false(timed[i].set);
        assert_int_equal(timed[i].timer.place, 0);
    }
}

static void on_signal(void *context, int number)
{
    *(int *)context = number;
    engine_stop(engine);
}

static void signals_come_to_the_engine(void **state)
{
    (void)state;
    int caught = 0;
    assert_int_equal(engine_catch(engine, SIGHUP, on_signal, &caught), 0);
    kill(getpid(), SIGHUP);
    engine_run(engine);
    assert_int_equal(caught, SIGHUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks_of_many_threads_run_on_one_in_order, begin, end),
        cmocka_unit_test_setup_teardown(timers_fire_beside_endless_tasks, begin, end),
        cmocka_unit_test_setup_teardown(soon_is_after_what_is_due, begin, end),
        cmocka_unit_test_setup_teardown(a_cleared_timer_does_not_fire, begin, end),
        cmocka_unit_test_setup_teardown(timers_fire_in_order, begin, end),
        cmocka_unit_test_setup_teardown(signals_come_to_the_engine, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
