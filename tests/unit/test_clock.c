#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void wall_is_the_time_of_day(void **state)
{
    int64_t before = time(NULL), now = clock_wall_s(), now_ms = clock_wall_ms(), after = time(NULL) + 1;

    (void)state;
    assert_in_range(now, before - 1, after);
    assert_in_range(now_ms / 1000, before - 1, after);
}

static void mono_goes_on(void **state)
{
    const struct timespec nap = {0, 20000000};
    int64_t ms = clock_mono_ms(), us = clock_mono_us();

    (void)state;
    nanosleep(&nap, NULL);
    assert_true(clock_mono_us() - us >= 20000);
    assert_true(clock_mono_ms() - ms >= 19);
}

/* It stands still while the thread sleeps. */
static void a_thread_has_its_own(void **state)
{
    const struct timespec nap = {0, 20000000};
    int64_t us = clock_thread_us();

    (void)state;
    nanosleep(&nap, NULL);
    assert_in_range(clock_thread_us() - us, 0, 19000);
    for (us = clock_thread_us(); clock_thread_us() - us < 1000;) {
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_is_the_time_of_day),
        cmocka_unit_test(mono_goes_on),
        cmocka_unit_test(a_thread_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
