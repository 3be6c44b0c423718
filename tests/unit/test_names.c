/* gateway/names: a change reaches what memory has, whatever came and went before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "gateway/names.h"
#include "tests/unit/scarce.h"

static void put(struct memory *memory, struct names *names, unsigned number, uint64_t name)
{
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_NO_ENTRY};
    struct answer *answer;
    char text[64];

    snprintf(text, sizeof(text), "p%u@example.org", number);
    assert_int_equal(address_parse(bytes_of_string(text), &draft.address), ADDRESS_OK);
    answer = answer_make(&draft);
    memory_put(memory, answer, 0);
    names_put(names, name, address_bytes(&draft.address));
    answer_free(&answer);
}

static bool has(struct memory *memory, unsigned number)
{
    char text[64];

    snprintf(text, sizeof(text), "p%u@example.org", number);
    return memory_has(memory, digest_table_hash(bytes_of_string(text)));
}

/* As evenly spread as an HMAC. */
static uint64_t name_of(unsigned number)
{
    return digest_table_hash(bytes_of(&number, sizeof(number)));
}

static void a_change_takes_its_answer_and_no_other(void **state)
{
    struct memory *memory = memory_new(8 << 20);
    struct names *names = names_new(memory, 1 << 20);

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        put(memory, names, i, name_of(i));
    }
    assert_int_equal(names_count(names), 5000);
    for (unsigned i = 0; i < 5000; i += 2) {
        names_changed(names, name_of(i));
        names_changed(names, name_of(i)); /* which is nothing any longer */
        names_changed(names, name_of(i + 1000000));
    }
    for (unsigned i = 0; i < 5000; i++) {
        assert_int_equal(has(memory, i), i % 2 == 1);
    }
    assert_int_equal(names_count(names), 2500);
    names_free(&names);
    assert_null(names);
    memory_free(&memory);
}

static void one_answer_may_have_two_names(void **state)
{
    struct memory *memory = memory_new(1 << 20);
    struct names *names = names_new(memory, 1 << 16);

    (void)state;
    put(memory, names, 1, 0); /* a name of zeros is one, too */
    put(memory, names, 1, UINT64_MAX);
    names_changed(names, 0);
    assert_false(has(memory, 1));
    put(memory, names, 1, 0);
    put(memory, names, 1, UINT64_MAX);
    names_changed(names, UINT64_MAX);
    assert_false(has(memory, 1));
    names_free(&names);
    memory_free(&memory);
}

/* Memory evicts all the time: the dead are few, and those who live are known. */
static void the_dead_are_forgotten(void **state)
{
    enum { MEMORY_BYTES = 1 << 20, LAST = 200000 };
    struct memory *memory = memory_new(MEMORY_BYTES);
    struct names *names = names_new(memory, 64 << 20);
    unsigned living = 0;

    (void)state;
    for (unsigned i = 0; i < LAST; i++) {
        put(memory, names, i, name_of(i));
    }
    assert_true(names_count(names) >= memory_entries(memory));
    assert_true(names_count(names) < 3 * memory_entries(memory));
    assert_true(names_bytes(names) < MEMORY_BYTES / 4);
    for (unsigned i = 0; i < LAST; i++) {
        living += has(memory, i);
        names_changed(names, name_of(i));
    }
    assert_true(living > 100);
    assert_int_equal(memory_entries(memory), 0);
    names_free(&names);
    memory_free(&memory);
}

/* No room for all names: then there are fewer answers, but none whose change would go unheard. */
static void without_room_answers_go(void **state)
{
    struct memory *memory = memory_new(64 << 20);
    struct names *names = names_new(memory, 64 << 10);

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        put(memory, names, i, name_of(i));
        assert_true(has(memory, i));
    }
    assert_true(names_bytes(names) <= 80 << 10);
    assert_int_equal(memory_entries(memory), names_count(names));
    for (unsigned i = 0; i < 20000; i++) {
        names_changed(names, name_of(i));
    }
    assert_int_equal(memory_entries(memory), 0);
    names_free(&names);
    memory_free(&memory);
}

static void without_memory_nothing_goes_unheard(void **state)
{
    struct memory *memory = memory_new(8 << 20);
    struct names *names;

    (void)state;
    scarce_begin(1);
    assert_null(names_new(memory, 1 << 20));
    assert_true(scarce_end());
    for (int nth = 1; nth < 200; nth++) {
        names = names_new(memory, 1 << 20);
        scarce_begin(nth);
        for (unsigned i = 0; i < 100; i++) {
            char text[64];

            snprintf(text, sizeof(text), "p%u@example.org", i);
            names_put(names, name_of(i), bytes_of_string(text));
        }
        bool failed = scarce_end();
        for (unsigned i = 0; i < 100; i++) {
            put(memory, names, i, name_of(i));
        }
        for (unsigned i = 0; i < 100; i++) {
            names_changed(names, name_of(i));
        }
        assert_int_equal(memory_entries(memory), 0);
        names_free(&names);
        if (!failed) {
            assert_true(nth > 10);
            break;
        }
    }
    memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_takes_its_answer_and_no_other), cmocka_unit_test(one_answer_may_have_two_names),
        cmocka_unit_test(the_dead_are_forgotten),                 cmocka_unit_test(without_room_answers_go),
        cmocka_unit_test(without_memory_nothing_goes_unheard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
