#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/digest.h"
#include "cache/finder.h"
#include "tests/unit/scarce.h"

#define MOST 64

static uint64_t hash_of(const char *what, unsigned number)
{
    char text[64];

    snprintf(text, sizeof(text), "%s %u", what, number);
    return digest_table_hash(bytes_of_string(text));
}

static bool has(struct finder *finder, uint64_t key, uint64_t address)
{
    uint64_t found[MOST];
    size_t count = finder_get(finder, key, found, MOST);

    for (size_t i = 0; i < count; i++) {
        if (found[i] == address) {
            return true;
        }
    }
    return false;
}

static void finds_what_was_put(void **state)
{
    struct finder *finder = finder_new(1024 * 1024);
    unsigned lost = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        finder_put(finder, hash_of("key", i), hash_of("address", i));
        assert_true(has(finder, hash_of("key", i), hash_of("address", i)));
    }
    for (unsigned i = 0; i < 20000; i++) { /* of 65536 places: few sets are full */
        lost += !has(finder, hash_of("key", i), hash_of("address", i));
    }
    assert_true(lost < 200);
    assert_int_equal(finder_get(finder, hash_of("another", 1), (uint64_t[MOST]){0}, MOST), 0);
    finder_free(&finder);
    assert_null(finder);
    finder_free(&finder);
}

/* Its newest answers, none twice; and it leaves others alone. */
static void a_key_of_many(void **state)
{
    struct finder *finder = finder_new(0);
    uint64_t found[MOST], popular = hash_of("issuer", 0);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        finder_put(finder, popular, hash_of("address", i));
        finder_put(finder, popular, hash_of("address", i));
    }
    size_t count = finder_get(finder, popular, found, MOST);
    assert_int_equal(count, 16);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(found[i] != found[j]);
        }
    }
    assert_true(has(finder, popular, hash_of("address", 999)));
    assert_false(has(finder, popular, hash_of("address", 0)));
    assert_int_equal(finder_get(finder, popular, found, 3), 3);

    /* A key that shares its sets with another stays, however often that is put. */
    uint64_t neighbour = popular ^ 1;
    finder_put(finder, neighbour, 7);
    for (unsigned i = 0; i < 1000; i++) {
        finder_put(finder, popular, hash_of("more", i));
    }
    assert_true(has(finder, neighbour, 7));
    finder_free(&finder);
}

/* The oldest of a full set goes. */
static void forgets_the_oldest(void **state)
{
    struct finder *finder = finder_new(0);
    uint64_t first = hash_of("set", 0) & ~(uint64_t)0xffff;

    (void)state;
    for (unsigned i = 0; i < 17; i++) {
        finder_put(finder, first | (i + 1), 4);
    }
    assert_false(has(finder, first | 1, 4));
    for (unsigned i = 1; i < 17; i++) {
        assert_true(has(finder, first | (i + 1), 4));
    }
    finder_put(finder, first | 2, 4); /* it is the newest again */
    finder_put(finder, first | 100, 4);
    assert_true(has(finder, first | 2, 4));
    assert_false(has(finder, first | 3, 4));
    finder_free(&finder);
}

static void short_of_memory(void **state)
{
    (void)state;
    scarce_begin(1);
    struct finder *finder = finder_new(4096);
    assert_true(scarce_end());
    assert_null(finder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(a_key_of_many),
        cmocka_unit_test(forgets_the_oldest),
        cmocka_unit_test(short_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
