#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "ldap/sync_table.h"
#include "tests/unit/scarce.h"

static void set_uuid(uint8_t uuid[SYNC_UUID_BYTES], uint32_t number)
{
    memset(uuid, 0, SYNC_UUID_BYTES);
    memcpy(uuid + 5, &number, sizeof(number));
}

static int put(struct sync_table *table, uint32_t number, uint8_t part, uint32_t mark, const char *keys)
{
    struct sync_row row = {.part = part, .mark = mark, .size = (uint16_t)strlen(keys)};

    set_uuid(row.uuid, number);
    return sync_table_put(table, &row, keys);
}

static const char *keys_of(struct sync_table *table, uint32_t number)
{
    static char keys[100];
    uint8_t uuid[SYNC_UUID_BYTES];

    set_uuid(uuid, number);
    const struct sync_row *row = sync_table_find(table, uuid);

    (void)snprintf(keys, sizeof(keys), "%.*s", row != NULL ? row->size : 1, row != NULL ? row->keys : "-");
    return keys;
}

static void rows_come_and_go(void **state)
{
    struct sync_table *table = sync_table_new(1 << 20);
    uint8_t uuid[SYNC_UUID_BYTES];

    (void)state;
    assert_string_equal(keys_of(table, 1), "-");
    assert_int_equal(put(table, 1, 0, 0, "a@example.org\n"), 0);
    assert_int_equal(put(table, 2, 0, 0, "b@example.org\nc@example.org\n"), 0);
    assert_int_equal(put(table, 1, 0, 0, ""), 0);
    assert_int_equal(sync_table_entries(table), 2);
    assert_string_equal(keys_of(table, 1), "");
    assert_string_equal(keys_of(table, 2), "b@example.org\nc@example.org\n");
    set_uuid(uuid, 3);
    sync_table_remove(table, uuid);
    set_uuid(uuid, 1);
    sync_table_remove(table, uuid);
    sync_table_remove(table, uuid);
    assert_int_equal(sync_table_entries(table), 1);
    assert_string_equal(keys_of(table, 2), "b@example.org\nc@example.org\n");
    sync_table_clear(table);
    assert_int_equal(sync_table_entries(table), 0);
    assert_string_equal(keys_of(table, 2), "-");
    sync_table_free(&table);
    sync_table_free(&table);
}

/* Against a plain array, at random. */
static void it_is_what_an_array_is(void **state)
{
    enum { NUMBERS = 3000 };
    static uint32_t marks[NUMBERS]; /* 0: not there */
    struct sync_table *table = sync_table_new(1 << 22);
    uint8_t uuid[SYNC_UUID_BYTES];
    char keys[40];
    size_t there = 0;

    (void)state;
    srand(1);
    for (uint32_t step = 1; step < 100000; step++) {
        uint32_t number = (uint32_t)rand() % NUMBERS;

        if (rand() % 3 > 0) {
            (void)snprintf(keys, sizeof(keys), "%u@example.org\n", (unsigned)step);
            assert_int_equal(put(table, number, 0, step, keys), 0);
            there += marks[number] == 0;
            marks[number] = step;
        } else {
            set_uuid(uuid, number);
            sync_table_remove(table, uuid);
            there -= marks[number] != 0;
            marks[number] = 0;
        }
    }
    assert_int_equal(sync_table_entries(table), there);
    for (uint32_t number = 0; number < NUMBERS; number++) {
        (void)snprintf(keys, sizeof(keys), "%u@example.org\n", (unsigned)marks[number]);
        assert_string_equal(keys_of(table, number), marks[number] == 0 ? "-" : keys);
    }
    sync_table_free(&table);
}

static void count_gone(void *context, const struct sync_row *row)
{
    unsigned *gone = context;

    assert_int_equal(row->part, 1);
    assert_int_not_equal(row->mark, 7);
    (*gone)++;
}

static void what_is_not_marked_is_swept(void **state)
{
    struct sync_table *table = sync_table_new(1 << 22);
    unsigned gone = 0;

    (void)state;
    for (uint32_t number = 0; number < 3000; number++) {
        assert_int_equal(put(table, number, number % 2, number % 3 == 0 ? 7 : 6, "a@example.org\n"), 0);
    }
    sync_table_sweep(table, 1, 7, count_gone, &gone);
    assert_int_equal(gone, 1000);
    assert_int_equal(sync_table_entries(table), 2000);
    for (uint32_t number = 0; number < 3000; number++) {
        assert_string_equal(keys_of(table, number), number % 2 == 1 && number % 3 != 0 ? "-" : "a@example.org\n");
    }
    sync_table_free(&table);
}

/* What it says is what it takes, and never more than it may. */
static void it_has_a_bound(void **state)
{
    enum { MOST = 4 << 20 };
    struct mallinfo2 before = mallinfo2();
    struct sync_table *table = sync_table_new(MOST);
    uint32_t number = 0;

    (void)state;
    while (put(table, number, 0, 0, "somebody.with.a.name@department.example.org\n") == 0) {
        number++;
        assert_true(number < 1000000);
    }
    struct mallinfo2 after = mallinfo2();
    size_t grown = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;

    assert_true(number > MOST / 150);
    assert_int_equal(sync_table_entries(table), number);
    assert_true(sync_table_bytes(table) <= MOST);
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(grown, sync_table_bytes(table) * 9 / 10, sync_table_bytes(table) * 11 / 10);
#endif
    (void)grown;
    /* Room comes back. */
    uint8_t uuid[SYNC_UUID_BYTES];

    set_uuid(uuid, 0);
    sync_table_remove(table, uuid);
    assert_int_equal(put(table, number, 0, 0, "short@example.org\n"), 0);
    /* A row may take the place of a larger one, not of a smaller one. */
    assert_int_equal(put(table, 1, 0, 0, "a@example.org\n"), 0);
    assert_string_equal(keys_of(table, 1), "a@example.org\n");
    sync_table_free(&table);
}

static void what_does_not_fit_leaves_what_is_there(void **state)
{
    struct sync_table *table = sync_table_new(64 * sizeof(void *) + 100);
    static char large[2000];

    (void)state;
    assert_int_equal(put(table, 1, 0, 0, "a@example.org\n"), 0);
    memset(large, 'x', sizeof(large) - 1);
    assert_int_equal(put(table, 1, 0, 0, large), -1);
    assert_string_equal(keys_of(table, 1), "a@example.org\n");
    sync_table_free(&table);
}

static void memory_runs_out(void **state)
{
    struct sync_table *table = NULL;

    (void)state;
    for (int nth = 1; nth <= 2; nth++) {
        scarce_begin(nth);
        table = sync_table_new(1 << 20);
        assert_true(scarce_end());
        assert_null(table);
    }
    table = sync_table_new(1 << 20);
    uint32_t number = 0;

    for (; number < 48; number++) {
        assert_int_equal(put(table, number, 0, 0, "a@example.org\n"), 0);
    }
    for (int nth = 1; nth <= 2; nth++) { /* more slots; the row */
        scarce_begin(nth);
        assert_int_equal(put(table, number, 0, 0, "a@example.org\n"), -1);
        assert_true(scarce_end());
        assert_int_equal(sync_table_entries(table), 48);
    }
    assert_int_equal(put(table, number, 0, 0, "a@example.org\n"), 0);
    sync_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_and_go),
        cmocka_unit_test(it_is_what_an_array_is),
        cmocka_unit_test(what_is_not_marked_is_swept),
        cmocka_unit_test(it_has_a_bound),
        cmocka_unit_test(what_does_not_fit_leaves_what_is_there),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
