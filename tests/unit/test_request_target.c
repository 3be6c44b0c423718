#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "http/target.h"

/* `want`: the segments, each after a '/', then the parameters, each after a '?', as "name=value". */
static const struct {
    const char *raw;
    enum target_fault fault;
    const char *want;
} rows[] = {
    {"/", TARGET_OK, "/"},
    {"/healthz", TARGET_OK, "/healthz"},
    {"/v1/recipients/alice@example.org", TARGET_OK, "/v1/recipients/alice@example.org"},
    {"/v1/recipients/alice%40example.org", TARGET_OK, "/v1/recipients/alice@example.org"},
    {"/v1//x", TARGET_OK, "/v1//x"},
    {"//", TARGET_OK, "//"},
    {"/a/", TARGET_OK, "/a/"},
    {"/a/../b/.", TARGET_OK, "/a/../b/."},
    {"/a%2Fb/c%2f", TARGET_OK, "/a{/}b/c{/}"},
    {"/a+b", TARGET_OK, "/a+b"},
    {"/a%2Bb", TARGET_OK, "/a+b"},
    {"/%25", TARGET_OK, "/%"},
    {"/%2541", TARGET_OK, "/%41"},
    {"/%3f%23%26%3d", TARGET_OK, "/?#&="},
    {"/%20x", TARGET_OK, "/ x"},
    {"/%c3%a9", TARGET_OK, "/\xc3\xa9"},
    {"/\xc3\xa9", TARGET_OK, "/\xc3\xa9"},
    {"/%F0%9F%93%A7", TARGET_OK, "/\xf0\x9f\x93\xa7"},
    {"/*", TARGET_OK, "/*"},
    {"*", TARGET_OK, "*"},
    {"/a;b=c", TARGET_OK, "/a;b=c"},
    {"/(mail=*)", TARGET_OK, "/(mail=*)"},
    /* Queries. */
    {"/?", TARGET_OK, "/"},
    {"/?a", TARGET_OK, "/?a="},
    {"/?a=", TARGET_OK, "/?a="},
    {"/?a=b", TARGET_OK, "/?a=b"},
    {"/?a=b=c", TARGET_OK, "/?a=b=c"},
    {"/?=b", TARGET_OK, "/?=b"},
    {"/?&&a=1&&b=2&", TARGET_OK, "/?a=1?b=2"},
    {"/?a=1&a=2", TARGET_OK, "/?a=1?a=2"},
    {"/?a=x+y", TARGET_OK, "/?a=x y"},
    {"/?a=x%2By", TARGET_OK, "/?a=x+y"},
    {"/?a=/b?c", TARGET_OK, "/?a=/b?c"},
    {"/?%61=%62", TARGET_OK, "/?a=b"},
    {"/?a%26b=c%3Dd", TARGET_OK, "/?a&b=c=d"},
    /* Absolute form. */
    {"http://example.org/a/b?c=d", TARGET_OK, "/a/b?c=d"},
    {"HTTPS://example.org:8443/a", TARGET_OK, "/a"},
    {"http://example.org", TARGET_OK, "/"},
    {"http://example.org?x=y", TARGET_OK, "/?x=y"},
    {"http://", TARGET_BAD_FORM, ""},
    {"ftp://example.org/a", TARGET_BAD_FORM, ""},
    {"mailto:a@b", TARGET_BAD_FORM, ""},
    {"", TARGET_BAD_FORM, ""},
    {"a", TARGET_BAD_FORM, ""},
    {"?a=b", TARGET_BAD_FORM, ""},
    {"**", TARGET_BAD_FORM, ""},
    {"example.org:443", TARGET_BAD_FORM, ""},
    /* Bad escapes. */
    {"/%", TARGET_BAD_ESCAPE, ""},
    {"/%4", TARGET_BAD_ESCAPE, ""},
    {"/%zz", TARGET_BAD_ESCAPE, ""},
    {"/%4g", TARGET_BAD_ESCAPE, ""},
    {"/a%/40b", TARGET_BAD_ESCAPE, ""},
    {"/a%4/0", TARGET_BAD_ESCAPE, ""},
    {"/%u0041", TARGET_BAD_ESCAPE, ""},
    {"/?a=%", TARGET_BAD_ESCAPE, ""},
    {"/?%4=1", TARGET_BAD_ESCAPE, ""},
    {"/?a=%4&b=0", TARGET_BAD_ESCAPE, ""},
    /* Control characters. */
    {"/a%00b", TARGET_CONTROL, ""},
    {"/%0d%0aSet-Cookie:x", TARGET_CONTROL, ""},
    {"/%0A", TARGET_CONTROL, ""},
    {"/%7f", TARGET_CONTROL, ""},
    {"/%1b[0m", TARGET_CONTROL, ""},
    {"/a\tb", TARGET_CONTROL, ""},
    {"/a\x01", TARGET_CONTROL, ""},
    {"/a b", TARGET_CONTROL, ""},
    {"/a#b", TARGET_CONTROL, ""},
    {"/?a=%00", TARGET_CONTROL, ""},
    {"/?%0a=1", TARGET_CONTROL, ""},
    /* UTF-8. */
    {"/%ff", TARGET_BAD_UTF8, ""},
    {"/%c3", TARGET_BAD_UTF8, ""},
    {"/%c3/%a9", TARGET_BAD_UTF8, ""},
    {"/%c0%af", TARGET_BAD_UTF8, ""},
    {"/%ed%a0%80", TARGET_BAD_UTF8, ""},
    {"/%f4%90%80%80", TARGET_BAD_UTF8, ""},
    {"/\xff", TARGET_BAD_UTF8, ""},
    {"/?a=%80", TARGET_BAD_UTF8, ""},
    /* Sizes. */
    {"/1/2/3/4/5/6/7/8", TARGET_OK, "/1/2/3/4/5/6/7/8"},
    {"/1/2/3/4/5/6/7/8/", TARGET_TOO_DEEP, ""},
};

/* The same notation; a slash inside a segment is shown in braces. */
static void show(const struct target *target, char *out)
{
    size_t at = 0;

    if (target->asterisk) {
        out[at++] = '*';
    }
    for (size_t i = 0; i < target->segment_count; i++) {
        out[at++] = '/';
        for (size_t j = 0; j < target->segments[i].size; j++) {
            char c = (char)target->segments[i].data[j];
            at += (size_t)sprintf(out + at, c == '/' ? "{%c}" : "%c", c);
        }
    }
    for (size_t i = 0; i < target->parameter_count; i++) {
        const struct parameter *parameter = &target->parameters[i];
        at += (size_t)sprintf(out + at, "?%.*s=%.*s", (int)parameter->name.size, (const char *)parameter->name.data,
                              (int)parameter->value.size, (const char *)parameter->value.data);
    }
    out[at] = '\0';
}

static void test_table(void **state)
{
    static struct target target;
    char shown[4 * MAX_URI_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum target_fault fault = target_parse(bytes_of_string(rows[i].raw), &target);
        if (fault != rows[i].fault) {
            fail_msg("\"%s\": got %s", rows[i].raw, target_fault_text(fault));
        }
        if (fault == TARGET_OK) {
            show(&target, shown);
            assert_string_equal(shown, rows[i].want);
        }
    }
}

/* Where a target is taken as it stands, it is what target_parse() makes of it. */
static void test_between(void **state)
{
    static const struct {
        const char *raw;
        const char *want; /* NULL: it must be taken apart */
    } between[] = {
        {"/a/x/z", "x"}, {"/a/b@c.d=!$&'*,;:^{}|~/z", "b@c.d=!$&'*,;:^{}|~"}, {"/a//z", NULL}, {"/a/z", NULL},
        {"/a/x/y/z", NULL}, {"/a/x?y/z", NULL}, {"/a/?/z", NULL}, {"/a/x%40/z", NULL}, {"/a/x+y/z", NULL},
        {"/a/x#/z", NULL}, {"/a/x y/z", NULL}, {"/a/\xc3\xa9/z", NULL}, {"/a/x\x7f/z", NULL}, {"/a/x/z?", NULL},
        {"/a/x/z/", NULL}, {"/b/x/z", NULL}, {"/a/x/y", NULL}, {"", NULL}, {"/a/", NULL}, {"http://h/a/x/z", NULL},
    };
    static struct target target;
    struct bytes segment;

    (void)state;
    for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
        struct bytes raw = bytes_of_string(between[i].raw);
        bool is = target_is_between(raw, bytes_of("/a/", 3), bytes_of("/z", 2), &target, &segment);
        if (is != (between[i].want != NULL)) {
            fail_msg("\"%s\": %d", between[i].raw, is);
        }
        if (is) {
            assert_true(bytes_equal(segment, bytes_of_string(between[i].want)));
            assert_int_equal(target.segment_count + target.parameter_count + target.used + target.asterisk, 0);
            assert_int_equal(target_parse(raw, &target), TARGET_OK);
            assert_int_equal(target.segment_count, 3);
            assert_true(bytes_equal(segment, target.segments[1]));
            assert_int_equal(target.parameter_count, 0);
        }
    }
}

static void test_raw_nul(void **state)
{
    static struct target target;
    struct bytes segment;

    (void)state;
    assert_int_equal(target_parse(bytes_of("/a\0b", 4), &target), TARGET_CONTROL);
    assert_false(target_is_between(bytes_of("/a\0b", 4), bytes_of("/", 1), bytes_of("b", 1), &target, &segment));
}

static void test_length(void **state)
{
    static struct target target;
    static char raw[MAX_URI_BYTES + 1];

    (void)state;
    memset(raw, 'a', sizeof(raw));
    raw[0] = '/';
    assert_int_equal(target_parse(bytes_of(raw, MAX_URI_BYTES), &target), TARGET_OK);
    assert_int_equal(target.segments[0].size, MAX_URI_BYTES - 1);
    assert_int_equal(target_parse(bytes_of(raw, MAX_URI_BYTES + 1), &target), TARGET_TOO_LONG);
    struct bytes slash = bytes_of("/", 1), none = bytes_of("", 0), segment;
    assert_true(target_is_between(bytes_of(raw, MAX_URI_BYTES), slash, none, &target, &segment));
    assert_false(target_is_between(bytes_of(raw, MAX_URI_BYTES + 1), slash, none, &target, &segment));
}

static void test_parameters_are_bounded(void **state)
{
    static struct target target;
    char raw[256] = "/?";

    (void)state;
    for (int i = 0; i < TARGET_PARAMETERS_MAX; i++) {
        strcat(raw, "a=&");
    }
    assert_int_equal(target_parse(bytes_of_string(raw), &target), TARGET_OK);
    strcat(raw, "a");
    assert_int_equal(target_parse(bytes_of_string(raw), &target), TARGET_TOO_MANY);
}

static void test_parameter(void **state)
{
    static struct target target;
    struct bytes value = bytes_of_string("untouched");

    (void)state;
    assert_int_equal(target_parse(bytes_of_string("/?format=pem&x=1&format=der&for=1"), &target), TARGET_OK);
    assert_int_equal(target_parameter(&target, "nothing", &value), 0);
    assert_true(bytes_equal(value, bytes_of_string("untouched")));
    assert_int_equal(target_parameter(&target, "format", &value), 2);
    assert_true(bytes_equal(value, bytes_of_string("pem")));
    assert_int_equal(target_parameter(&target, "x", &value), 1);
    assert_true(bytes_equal(value, bytes_of_string("1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_raw_nul),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_parameters_are_bounded),
        cmocka_unit_test(test_parameter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
