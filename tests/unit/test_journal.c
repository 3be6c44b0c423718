/* gateway/journal: what is said again, and what is known to be forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/journal.h"
#include "tests/unit/scarce.h"

struct said {
    char text[1024];
};

static void say(void *context, const struct drop *drop, int64_t at, int64_t mono_ms)
{
    struct said *said = context;
    size_t size = strlen(said->text);

    snprintf(said->text + size, sizeof(said->text) - size, "%s %d %d;",
             drop->what == DROP_ADDRESS  ? drop->address.text
             : drop->what == DROP_DOMAIN ? drop->domain
                                         : "all",
             (int)at, (int)mono_ms);
}

static void add(struct journal *journal, const char *text, int64_t at, int64_t mono_ms)
{
    struct drop drop = {.what = DROP_ALL};

    if (strchr(text, '@') != NULL) {
        drop.what = DROP_ADDRESS;
        assert_int_equal(address_parse(bytes_of_string(text), &drop.address), ADDRESS_OK);
    } else if (strcmp(text, "all") != 0) {
        drop.what = DROP_DOMAIN;
        snprintf(drop.domain, sizeof(drop.domain), "%s", text);
    }
    journal_add(journal, &drop, at, mono_ms);
}

static void is_said(struct journal *journal, int64_t mono_ms, const char *want)
{
    struct said said = {""};

    journal_repeat(journal, mono_ms, say, &said);
    assert_string_equal(said.text, want);
}

static void what_is_late_enough_is_said_in_order(void **state)
{
    struct journal *journal = journal_new(10);

    (void)state;
    is_said(journal, 0, "");
    add(journal, "a@example.org", 100, 1000);
    add(journal, "example.org", 105, 2000);
    add(journal, "all", 95, 3000); /* by another's clock */
    is_said(journal, 0, "a@example.org 100 1000;example.org 105 2000;all 95 3000;");
    is_said(journal, 2000, "example.org 105 2000;all 95 3000;");
    is_said(journal, 3001, "");
    assert_int_equal(journal_forgotten_at(journal), 0);
    assert_true(journal_forgotten_mono_ms(journal) == INT64_MIN);
    journal_free(&journal);
    assert_null(journal);
}

/* Until it is lost, and everybody's to tell. */
static void what_others_told_is_not_said(void **state)
{
    struct journal *journal = journal_new(3);

    (void)state;
    add(journal, "a@example.org", 100, 1000);
    add(journal, "b@example.org", 105, JOURNAL_HEARD);
    add(journal, "c@example.org", 90, JOURNAL_HEARD);
    is_said(journal, 0, "a@example.org 100 1000;");
    journal_claim(journal, 101, 4000);
    is_said(journal, 0, "a@example.org 100 1000;b@example.org 105 4000;");
    journal_claim(journal, 100, 5000);
    is_said(journal, 5000, "a@example.org 100 5000;b@example.org 105 5000;");
    journal_free(&journal);
}

static void nor_does_it_leave_a_time_when_it_was_to_be_told(void **state)
{
    struct journal *journal = journal_new(1);

    (void)state;
    add(journal, "a@example.org", 100, 1000);
    add(journal, "b@example.org", 105, JOURNAL_HEARD);
    add(journal, "c@example.org", 110, JOURNAL_HEARD);
    assert_int_equal(journal_forgotten_at(journal), 105);
    assert_int_equal(journal_forgotten_mono_ms(journal), 1000);
    journal_free(&journal);
}

static void what_is_pushed_out_leaves_its_time(void **state)
{
    struct journal *journal = journal_new(2);

    (void)state;
    add(journal, "a@example.org", 100, 1000);
    add(journal, "b@example.org", 90, 2000);
    add(journal, "c@example.org", 110, 3000);
    assert_int_equal(journal_forgotten_at(journal), 100);
    assert_int_equal(journal_forgotten_mono_ms(journal), 1000);
    add(journal, "d@example.org", 120, 4000);
    assert_int_equal(journal_forgotten_at(journal), 100);
    assert_int_equal(journal_forgotten_mono_ms(journal), 2000);
    is_said(journal, 0, "c@example.org 110 3000;d@example.org 120 4000;");
    journal_forget(journal, 105);
    assert_int_equal(journal_forgotten_at(journal), 105);
    journal_forget(journal, 50);
    assert_int_equal(journal_forgotten_at(journal), 105);
    journal_free(&journal);
}

static void without_memory_it_is_forgotten(void **state)
{
    struct journal *journal;

    (void)state;
    scarce_begin(1);
    assert_null(journal_new(2));
    assert_true(scarce_end());
    journal = journal_new(2);
    scarce_begin(1);
    add(journal, "a@example.org", 100, 1000);
    assert_true(scarce_end());
    assert_int_equal(journal_forgotten_at(journal), 100);
    assert_int_equal(journal_forgotten_mono_ms(journal), 1000);
    is_said(journal, 0, "");
    journal_free(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_late_enough_is_said_in_order),
        cmocka_unit_test(what_others_told_is_not_said),
        cmocka_unit_test(nor_does_it_leave_a_time_when_it_was_to_be_told),
        cmocka_unit_test(what_is_pushed_out_leaves_its_time),
        cmocka_unit_test(without_memory_it_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
