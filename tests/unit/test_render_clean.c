#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "render/clean.h"

struct row {
    const char *input;
    const char *want;
};

typedef void clean_function(struct buffer *out, struct bytes text);

static void check(clean_function *clean, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        clean(&out, bytes_of_string(rows[i].input));
        assert_string_equal(buffer_string(&out), rows[i].want);
        buffer_free(&out);
    }
}
#define CHECK(clean_, rows_) check((clean_), (rows_), sizeof(rows_) / sizeof((rows_)[0]))

#define BAD "\xef\xbf\xbd"

static void utf8_stays_what_is_none_is_replaced(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x94\x91", "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x94\x91"},
        {"a\xff" "b", "a" BAD "b"},
        {"\x80", BAD},
        {"\xc3", BAD},
        {"\xc3(", BAD "("},
        {"\xe2\x82", BAD BAD},
        {"\xc0\xaf", BAD BAD},                 /* overlong '/' */
        {"\xe0\x80\xaf", BAD BAD BAD},
        {"\xf0\x80\x80\xaf", BAD BAD BAD BAD},
        {"\xed\xa0\x80", BAD BAD BAD},         /* surrogate */
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* over U+10FFFF */
        {"\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        {"\033[1m\xc2\x9b", "\033[1m\xc2\x9b"},
    };
    CHECK(clean_append_utf8, rows);
}

static void nothing_drives_a_terminal(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Zo\xc3\xab", "Zo\xc3\xab"},
        {"\033[31mred", "\\u{1b}[31mred"},
        {"a\r\nb\tc", "a\\u{d}\\u{a}b\\u{9}c"},
        {"\x7f", "\\u{7f}"},
        {"\xc2\x9b" "1m", "\\u{9b}1m"},
        {"\xc2\xad", "\\u{ad}"},
        {"\xe2\x80\xae" "gpj.exe", "\\u{202e}gpj.exe"},
        {"\xe2\x81\xa6x", "\\u{2066}x"},
        {"\xef\xbb\xbf", "\\u{feff}"},
        {"\xf3\xa0\x81\x81", "\\u{e0041}"},
        {"\xe2\x80\xa7\xe2\x80\xb0", "\xe2\x80\xa7\xe2\x80\xb0"}, /* just beside */
        {"\xff\033", BAD "\\u{1b}"},
    };
    CHECK(clean_append_terminal, rows);
}

static void json_keeps_its_meaning(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"a\": \"Zo\xc3\xab\"}\n", "{\"a\": \"Zo\xc3\xab\"}\n"},
        {"\"\xc2\x9b\x7f\"", "\"\\u009b\\u007f\""},
        {"\"\xe2\x80\xae\"", "\"\\u202e\""},
        {"\"\xf3\xa0\x81\x81z\"", "\"\\udb40\\udc41z\""},
        {"\"\xf0\x9f\x94\x91\"", "\"\xf0\x9f\x94\x91\""},
    };
    CHECK(clean_append_json, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_stays_what_is_none_is_replaced),
        cmocka_unit_test(nothing_drives_a_terminal),
        cmocka_unit_test(json_keeps_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
