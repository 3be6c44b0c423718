#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void says_and_prefixes(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(error_set(&error, "%s is %d", "x", 3), -1);
    assert_string_equal(error.text, "x is 3");
    assert_int_equal(error_prefix(&error, "line %d", 7), -1);
    assert_string_equal(error.text, "line 7: x is 3");
}

static void words_may_be_dropped(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, "%d", 1), -1);
    assert_int_equal(error_prefix(NULL, "%d", 1), -1);
}

static void long_words_are_cut(void **state)
{
    char words[2 * MAX_ERROR_BYTES];
    struct error error;

    (void)state;
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    error_set(&error, "%s", words);
    assert_int_equal(strlen(error.text), MAX_ERROR_BYTES - 1);
    error_prefix(&error, "p");
    assert_int_equal(strlen(error.text), MAX_ERROR_BYTES - 1);
    assert_memory_equal(error.text, "p: www", 6);
    error_prefix(&error, "%s", words);
    assert_int_equal(strlen(error.text), MAX_ERROR_BYTES - 1);
}

static void old_words_may_be_arguments(void **state)
{
    struct error inner, outer;

    (void)state;
    error_set(&inner, "inner");
    error_set(&outer, "outer: %s", inner.text);
    assert_string_equal(outer.text, "outer: inner");
    error_set(&inner, "again: %s", inner.text);
    assert_string_equal(inner.text, "again: inner");
    error_prefix(&inner, "(%s)", inner.text);
    assert_string_equal(inner.text, "(again: inner): again: inner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_and_prefixes),
        cmocka_unit_test(words_may_be_dropped),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(old_words_may_be_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
