#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/nobody.h"

static struct nobody nobody;

static int forget(void **state)
{
    (void)state;
    nobody = (struct nobody){0};
    return 0;
}

static void test_nothing_known(void **state)
{
    (void)state;
    assert_int_equal(nobody_time_us(&nobody, 0, 0), 0);
    assert_int_equal(nobody_time_us(&nobody, UINT64_MAX, UINT64_MAX), 0);
}

/* Any of those that were noted, and of the last ones alone. */
static void test_times(void **state)
{
    (void)state;
    nobody_note(&nobody, 7, 100);
    nobody_note(&nobody, 7, 200);
    for (uint64_t draw = 0; draw < 10; draw++) {
        assert_int_equal(nobody_time_us(&nobody, 12345, draw), draw % 2 == 0 ? 100 : 200);
    }
    for (int64_t i = 0; i < 2 * NOBODY_TIMES; i++) {
        nobody_note(&nobody, 7, 1000 + i);
    }
    for (uint64_t draw = 0; draw < 2 * NOBODY_TIMES; draw++) {
        int64_t us = nobody_time_us(&nobody, 12345, draw);

        assert_true(us >= 1000 + NOBODY_TIMES && us < 1000 + 2 * NOBODY_TIMES);
    }
}

/* A domain is like the same directory each time, and each directory has some that are like it. */
static void test_scopes(void **state)
{
    size_t seen[3] = {0};

    (void)state;
    nobody_note(&nobody, 0, 1000);
    nobody_note(&nobody, 16, 2000);
    nobody_note(&nobody, 32, 3000);
    for (uint64_t domain = 0; domain < 300; domain++) {
        int64_t us = nobody_time_us(&nobody, domain, 0);

        assert_int_equal(nobody_time_us(&nobody, domain, 17), us);
        seen[us / 1000 - 1]++;
    }
    assert_int_equal(seen[0], 100);
    assert_int_equal(seen[1], 100);
    assert_int_equal(seen[2], 100);
}

static void test_bounds(void **state)
{
    (void)state;
    nobody_note(&nobody, 1, INT64_MAX);
    assert_int_equal(nobody_time_us(&nobody, 3, 3), NOBODY_LONGEST_MS * 1000);
    for (uint64_t scope = 1; scope < 10 * NOBODY_SCOPES; scope++) {
        nobody_note(&nobody, scope, 5000);
        nobody_note(&nobody, scope, 5000);
    }
    for (uint64_t domain = 0; domain < 100; domain++) {
        assert_int_equal(nobody_time_us(&nobody, domain, domain), 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_known, forget),
        cmocka_unit_test_setup(test_times, forget),
        cmocka_unit_test_setup(test_scopes, forget),
        cmocka_unit_test_setup(test_bounds, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
