#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "tests/unit/scarce.h"

static void appends(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_string_equal(buffer_string(&buffer), "");
    buffer_append(&buffer, NULL, 0);
    buffer_append_string(&buffer, "");
    assert_null(buffer.data);
    buffer_append_string(&buffer, "ab");
    buffer_append_char(&buffer, 'c');
    buffer_append_bytes(&buffer, bytes_of("\0d", 2));
    buffer_append_format(&buffer, "%s-%d", "e", 42);
    buffer_append_format(&buffer, "%s", "");
    assert_int_equal(buffer.size, 9);
    assert_memory_equal(buffer.data, "abc\0de-42", 10);
    assert_false(buffer.failed);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.max_bytes, 100);
}

static void numbers_are_decimal(void **state)
{
    static const struct {
        int64_t number;
        const char *want;
    } cases[] = {{0, "0"}, {9, "9"}, {10, "10"}, {-1, "-1"}, {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer buffer;

        buffer_init(&buffer, 100);
        buffer_append_number(&buffer, cases[i].number);
        assert_string_equal(buffer_string(&buffer), cases[i].want);
        buffer_free(&buffer);
    }
}

static void integers_are_big_endian(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    buffer_append_u8(&buffer, 0xfe);
    buffer_append_u16(&buffer, 0x0102);
    buffer_append_u32(&buffer, 0x03040506);
    buffer_append_u64(&buffer, 0x0708090a0b0c0d0e);
    assert_int_equal(buffer.size, 15);
    assert_memory_equal(buffer.data, "\xfe\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 15);
    buffer_free(&buffer);
}

static void the_maximum_holds_and_failure_stays(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    buffer_append_string(&buffer, "abcd");
    assert_false(buffer.failed);
    buffer_append_string(&buffer, "");
    assert_false(buffer.failed);
    buffer_append_char(&buffer, 'e');
    assert_true(buffer.failed);
    assert_string_equal(buffer_string(&buffer), "abcd");
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    assert_string_equal(buffer_string(&buffer), "");
    buffer_append_string(&buffer, "abc");
    buffer_append_format(&buffer, "%d", 10);
    assert_true(buffer.failed);
    buffer_append_char(&buffer, 'd');
    assert_string_equal(buffer_string(&buffer), "abc");
    buffer_free(&buffer);

    buffer_init(&buffer, 0);
    buffer_append_char(&buffer, 'x');
    assert_true(buffer.failed);
    assert_string_equal(buffer_string(&buffer), "");
    buffer_free(&buffer);
}

/* What there is no room for is formatted again, once there is; what fails leaves what was there. */
static void formats_at_each_end_of_the_room(void **state)
{
    (void)state;
    for (size_t before = 0; before < 600; before++) {
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        for (size_t i = 0; i < before; i++) {
            buffer_append_char(&buffer, '.');
        }
        buffer_append_format(&buffer, "%s%d", "abcdefgh", 12345678);
        assert_int_equal(buffer.size, before + 16);
        assert_string_equal(buffer_string(&buffer) + before, "abcdefgh12345678");
        buffer_append_format(&buffer, "%1000d", 1);
        assert_true(buffer.failed);
        assert_string_equal(buffer_string(&buffer) + before, "abcdefgh12345678");
        buffer_free(&buffer);
    }
}

static void gives_room(void **state)
{
    struct buffer buffer;
    uint8_t *room;

    (void)state;
    buffer_init(&buffer, 8);
    buffer_append_string(&buffer, "abc");
    room = buffer_append_room(&buffer, 5);
    assert_non_null(room);
    memcpy(room, "defgh", 5);
    assert_string_equal(buffer_string(&buffer), "abcdefgh");
    assert_int_equal(buffer.size, 8);
    assert_null(buffer_append_room(&buffer, 1));
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 8);
    buffer_free(&buffer);
}

static void sizes_do_not_overflow(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    buffer_append(&buffer, "x", SIZE_MAX);
    assert_true(buffer.failed);
    buffer_clear(&buffer);
    buffer_append_char(&buffer, 'x');
    buffer_append(&buffer, "x", SIZE_MAX - 1);
    assert_true(buffer.failed);
    assert_string_equal(buffer_string(&buffer), "x");
    buffer_free(&buffer);
}

static void grows_far(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000000);
    for (int i = 0; i < 1000000; i++) {
        buffer_append_char(&buffer, (char)('a' + i % 26));
    }
    assert_false(buffer.failed);
    assert_int_equal(strlen(buffer_string(&buffer)), 1000000);
    assert_true(buffer.capacity <= buffer.max_bytes + 1);
    buffer_append_char(&buffer, 'x');
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void is_taken(void **state)
{
    struct buffer buffer;
    uint8_t *data;
    size_t size = 99;

    (void)state;
    buffer_init(&buffer, 10);
    buffer_append_string(&buffer, "abc");
    data = buffer_take(&buffer, &size);
    assert_string_equal((char *)data, "abc");
    assert_int_equal(size, 3);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
    free(data);

    data = buffer_take(&buffer, &size);
    assert_string_equal((char *)data, "");
    assert_int_equal(size, 0);
    free(data);

    buffer_append_string(&buffer, "more than ten");
    assert_null(buffer_take(&buffer, &size));
    assert_int_equal(size, 0);
    assert_false(buffer.failed);
    buffer_append_string(&buffer, "again");
    assert_string_equal(buffer_string(&buffer), "again");
    buffer_free(&buffer);
}

static void out_of_memory(void **state)
{
    struct buffer buffer;
    size_t size;

    (void)state;
    buffer_init(&buffer, 10000);
    scarce_begin(1);
    assert_null(buffer_take(&buffer, &size));
    assert_true(scarce_end());
    buffer_append_string(&buffer, "kept");
    scarce_begin(1);
    for (int i = 0; i < 1000; i++) {
        buffer_append_char(&buffer, '.');
    }
    assert_true(scarce_end());
    assert_true(buffer.failed);
    assert_memory_equal(buffer_string(&buffer), "kept...", 7);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(the_maximum_holds_and_failure_stays),
        cmocka_unit_test(formats_at_each_end_of_the_room),
        cmocka_unit_test(gives_room),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(grows_far),
        cmocka_unit_test(is_taken),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
