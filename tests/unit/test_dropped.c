/* gateway/dropped: what was dropped is never forgotten, and seldom claimed of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/dropped.h"
#include "tests/unit/scarce.h"

static struct address address_of(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(bytes_of_string(text), &address), ADDRESS_OK);
    return address;
}

static struct drop drop_of(enum drop_what what, const char *text)
{
    struct drop drop = {.what = what};

    if (what == DROP_ADDRESS) {
        drop.address = address_of(text);
    } else {
        snprintf(drop.domain, sizeof(drop.domain), "%s", text);
    }
    return drop;
}

static void each_kind_is_about_its_own(void **state)
{
    static const struct {
        enum drop_what what;
        const char *text;
        bool alice, bob, carol;
    } rows[] = {
        {DROP_ADDRESS, "alice@example.org", true, false, false},
        {DROP_DOMAIN, "example.org", true, true, false},
        {DROP_DOMAIN, "sub.example.org", false, false, true},
        {DROP_DOMAIN, "org", false, false, false},
        {DROP_ALL, "", true, true, true},
    };
    const struct address alice = address_of("alice@example.org"), bob = address_of("bob@example.org"),
                         carol = address_of("carol@sub.example.org");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dropped *dropped = dropped_new();
        const struct drop drop = drop_of(rows[i].what, rows[i].text);
        uint64_t before = dropped_number(dropped);

        assert_false(dropped_since(dropped, &alice, before));
        assert_false(dropped_holds(dropped, &alice, INT64_MIN + 1));
        dropped_note(dropped, &drop, 1000);
        assert_int_equal(dropped_since(dropped, &alice, before), rows[i].alice);
        assert_int_equal(dropped_since(dropped, &bob, before), rows[i].bob);
        assert_int_equal(dropped_since(dropped, &carol, before), rows[i].carol);
        assert_false(dropped_since(dropped, &alice, dropped_number(dropped)));
        assert_int_equal(dropped_holds(dropped, &alice, 1000), rows[i].alice);
        assert_int_equal(dropped_holds(dropped, &bob, 999), rows[i].bob);
        assert_int_equal(dropped_holds(dropped, &carol, 1000), rows[i].carol);
        assert_false(dropped_holds(dropped, &alice, 1001));
        dropped_free(&dropped);
        assert_null(dropped);
    }
}

/* A second one, told late, of an earlier time: the later time stays, and the flights of between are touched. */
static void the_latest_time_stays(void **state)
{
    struct dropped *dropped = dropped_new();
    const struct drop drop = drop_of(DROP_ADDRESS, "alice@example.org");
    const struct address alice = address_of("alice@example.org");
    uint64_t between;

    (void)state;
    dropped_note(dropped, &drop, 1000);
    between = dropped_number(dropped);
    dropped_note(dropped, &drop, 500);
    assert_true(dropped_holds(dropped, &alice, 1000));
    assert_true(dropped_since(dropped, &alice, between));
    dropped_free(&dropped);
}

static void names_are_about_flights_alone(void **state)
{
    struct dropped *dropped = dropped_new();
    const struct address alice = address_of("alice@example.org");
    uint64_t before = dropped_number(dropped);

    (void)state;
    dropped_note_name(dropped, UINT64_C(0xfedcba9876543210));
    assert_true(dropped_name_since(dropped, UINT64_C(0xfedcba9876543210), before));
    assert_false(dropped_name_since(dropped, UINT64_C(0xfedcba9876543211), before));
    assert_false(dropped_name_since(dropped, UINT64_C(0xfedcba9876543210), dropped_number(dropped)));
    assert_false(dropped_holds(dropped, &alice, 0));
    dropped_free(&dropped);
}

/* However many there are, none is forgotten; and a thousand drops touch few of a thousand others. */
static void many_are_remembered(void **state)
{
    struct dropped *dropped = dropped_new();
    unsigned others = 0;
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "p%u@example.org", i);
        const struct drop drop = drop_of(DROP_ADDRESS, text);
        dropped_note(dropped, &drop, 1000);
    }
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "p%u@example.org", i);
        const struct address address = address_of(text);
        bool held = dropped_holds(dropped, &address, 1000);

        assert_true(held || i >= 1000);
        others += held && i >= 1000;
    }
    assert_in_range(others, 0, 100); /* 30 are to be expected */
    dropped_free(&dropped);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    scarce_begin(1);
    assert_null(dropped_new());
    assert_true(scarce_end());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_about_its_own),  cmocka_unit_test(the_latest_time_stays),
        cmocka_unit_test(names_are_about_flights_alone), cmocka_unit_test(many_are_remembered),
        cmocka_unit_test(without_memory_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
