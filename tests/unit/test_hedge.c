#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "gateway/hedge.h"

static void note(struct hedge *hedge, unsigned times, bool had_one)
{
    while (times-- > 0) {
        hedge_note(hedge, had_one);
    }
}

static void after_so_many_in_a_row(void **state)
{
    (void)state;
    struct hedge hedge = {.after = 3, .most_flights = 2};
    assert_false(hedge_is_on(&hedge, 1));
    note(&hedge, 2, false);
    assert_false(hedge_is_on(&hedge, 1));
    note(&hedge, 1, false);
    assert_true(hedge_is_on(&hedge, 1));
    assert_true(hedge_is_on(&hedge, 2));
    assert_false(hedge_is_on(&hedge, 3));
}

static void one_record_ends_it(void **state)
{
    (void)state;
    struct hedge hedge = {.after = 3, .most_flights = 2};
    note(&hedge, 1000, false);
    note(&hedge, 1, true);
    assert_false(hedge_is_on(&hedge, 1));
    note(&hedge, 2, false);
    assert_false(hedge_is_on(&hedge, 1));
    note(&hedge, 1, false);
    assert_true(hedge_is_on(&hedge, 1));
}

static void never(void **state)
{
    (void)state;
    struct hedge hedge = {.after = 0, .most_flights = 2};
    assert_false(hedge_is_on(&hedge, 1));
    note(&hedge, 1000, false);
    assert_false(hedge_is_on(&hedge, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_so_many_in_a_row),
        cmocka_unit_test(one_record_ends_it),
        cmocka_unit_test(never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
