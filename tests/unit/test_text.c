#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

static const struct {
    const char *text;
    int64_t want; /* -1: refused */
} durations[] = {
    {"0", 0}, {"0s", 0}, {"0ms", 0}, {"250ms", 250}, {"3s", 3000}, {"5m", 300000}, {"1h", 3600000}, {"2d", 172800000},
    {"007s", 7000}, {"9223372036854775807ms", INT64_MAX}, {"106751991167d", INT64_C(9223372036828800000)},
    {"", -1}, {"1", -1}, {"s", -1}, {"ms", -1}, {"-1s", -1}, {"+1s", -1}, {"1.5s", -1}, {" 1s", -1}, {"1s ", -1},
    {"1 s", -1}, {"1S", -1}, {"1w", -1}, {"1sm", -1}, {"1h30m", -1}, {"00", -1}, {"0x1s", -1}, {"1e3s", -1},
    {"9223372036854775808ms", -1}, {"9223372036854775807s", -1}, {"106751991168d", -1},
    {"99999999999999999999999999999999999999s", -1}, {"\xd9\xa1s", -1},
};

static const struct {
    const char *text;
    int64_t want;
} sizes[] = {
    {"0", 0}, {"4096", 4096}, {"64K", 65536}, {"256M", 268435456}, {"1G", 1073741824},
    {"8589934591G", INT64_C(9223372035781033984)},
    {"", -1}, {"K", -1}, {"-1", -1}, {"1k", -1}, {"1KB", -1}, {"1 K", -1}, {"1T", -1}, {"1.5M", -1}, {"0x10", -1},
    {"8589934592G", -1}, {"9223372036854775808", -1},
};

static const struct {
    const char *text;
    int64_t want;
} numbers[] = {
    {"0", 0}, {"42", 42}, {"00042", 42}, {"9223372036854775807", INT64_MAX},
    {"", -1}, {"-1", -1}, {"+1", -1}, {" 1", -1}, {"1 ", -1}, {"1x", -1}, {"0x1", -1}, {"1e3", -1}, {"1.0", -1},
    {"9223372036854775808", -1}, {"18446744073709551616", -1},
};

static void numbers_with_and_without_units(void **state)
{
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        int64_t ms = 77;

        if (text_parse_duration(durations[i].text, &ms, &error) != (durations[i].want < 0 ? -1 : 0) ||
            ms != (durations[i].want < 0 ? 77 : durations[i].want)) {
            fail_msg("duration \"%s\"", durations[i].text);
        }
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t bytes = 77;

        if (text_parse_size(sizes[i].text, &bytes, &error) != (sizes[i].want < 0 ? -1 : 0) ||
            bytes != (uint64_t)(sizes[i].want < 0 ? 77 : sizes[i].want)) {
            fail_msg("size \"%s\"", sizes[i].text);
        }
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int64_t number = 77;

        if (text_parse_number(numbers[i].text, &number, &error) != (numbers[i].want < 0 ? -1 : 0) ||
            number != (numbers[i].want < 0 ? 77 : numbers[i].want)) {
            fail_msg("number \"%s\"", numbers[i].text);
        }
    }
    text_parse_duration("soon", &(int64_t){0}, &error);
    assert_string_equal(error.text, "\"soon\" is not a duration such as 250ms, 3s, 5m, 1h or 2d");
    assert_int_equal(text_parse_size("much", &(uint64_t){0}, NULL), -1);
}

static const struct {
    const char *bytes;
    size_t size;
    bool want;
} utf8[] = {
    {"", 0, true}, {"abc", 3, true}, {"a\0b", 3, true}, {"\xc3\xbc", 2, true}, {"\xe2\x82\xac", 3, true},
    {"\xf0\x9f\x92\xa9", 4, true}, {"\xf4\x8f\xbf\xbf", 4, true}, {"\xef\xbf\xbf", 3, true},
    {"\xc3", 1, false}, {"\xbc", 1, false}, {"\xc3\xc3", 2, false}, {"\xc0\x80", 2, false}, {"\xc1\xbf", 2, false},
    {"\xe0\x80\x80", 3, false}, {"\xed\xa0\x80", 3, false}, {"\xf0\x80\x80\x80", 4, false},
    {"\xf4\x90\x80\x80", 4, false}, {"\xf8\x88\x80\x80\x80", 5, false}, {"\xff", 1, false}, {"\xe2\x82", 2, false},
};

static void well_formed_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++) {
        struct bytes bytes = bytes_of(utf8[i].bytes, utf8[i].size);
        bool has_nul = memchr(bytes.data, '\0', bytes.size) != NULL;
        if (text_is_utf8(bytes) != utf8[i].want || text_is_utf8_string(bytes) != (utf8[i].want && !has_nul)) {
            fail_msg("row %zu", i);
        }
    }
    assert_true(text_is_utf8(bytes_of(NULL, 0)));
    assert_true(text_is_utf8_string(bytes_of(NULL, 0)));
}

/* Eight octets are looked at at a time: whatever one of them is, at every place in texts of all sizes about that. */
static void every_octet_of_a_text_counts(void **state)
{
    static const uint8_t good[] = {0x01, 0x7f}, bad[] = {0x00, 0x80, 0x81, 0xff};
    uint8_t text[20];

    (void)state;
    for (size_t size = 1; size <= sizeof(text); size++) {
        for (size_t at = 0; at < size; at++) {
            memset(text, at % 2 == 0 ? 0x01 : 0x7f, sizeof(text));
            for (size_t i = 0; i < sizeof(good); i++) {
                text[at] = good[i];
                assert_true(text_is_utf8_string(bytes_of(text, size)));
            }
            for (size_t i = 0; i < sizeof(bad); i++) {
                text[at] = bad[i];
                assert_false(text_is_utf8_string(bytes_of(text, size)));
            }
        }
    }
}

static const struct {
    const char *bytes;
    size_t size;
    const char *want;
} json[] = {
    {"", 0, "\"\""},
    {"abc", 3, "\"abc\""},
    {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
    {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
    {"a\0b\x1f\x7f", 5, "\"a\\u0000b\\u001f\x7f\""},
    {"\xc3\xbc\xf0\x9f\x92\xa9", 6, "\"\xc3\xbc\xf0\x9f\x92\xa9\""},
    {"a\xff" "b", 3, "\"a\xef\xbf\xbd" "b\""},
    {"\xc3", 1, "\"\xef\xbf\xbd\""},
    {"\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xc3\"", 2, "\"\xef\xbf\xbd\\\"\""},
};

static void json_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++) {
        struct buffer buffer;

        buffer_init(&buffer, 1000);
        text_append_json_string(&buffer, bytes_of(json[i].bytes, json[i].size));
        if (strcmp(buffer_string(&buffer), json[i].want) != 0) {
            fail_msg("row %zu: %s, not %s", i, buffer_string(&buffer), json[i].want);
        }
        buffer_free(&buffer);
    }
}

static const struct {
    int64_t time;
    const char *want, *http;
} times[] = {
    {0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {1795417044, "2026-11-23T06:57:24Z", "Mon, 23 Nov 2026 06:57:24 GMT"},
    {784111777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {4107542400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
    {2147483648, "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
    {-1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {253402300799, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-62167219200, "0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
    {253402300800, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {INT64_MAX, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {INT64_MIN, "0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
};

static void times_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char out[TEXT_TIME_BYTES];

        assert_string_equal(text_time(times[i].time, out), times[i].want);
        assert_string_equal(text_http_date(times[i].time, out), times[i].http);
    }
}

/* text_http_date() keeps the day of its last time. */
static void dates_on_either_side_of_midnight(void **state)
{
    static const struct {
        int64_t time;
        const char *want;
    } rows[] = {
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"}, {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {951868799, "Tue, 29 Feb 2000 23:59:59 GMT"}, {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"}, {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {-86400, "Wed, 31 Dec 1969 00:00:00 GMT"},    {-86401, "Tue, 30 Dec 1969 23:59:59 GMT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[TEXT_TIME_BYTES];

        assert_string_equal(text_http_date(rows[i].time, out), rows[i].want);
    }
}

/* Every day of the ten thousand years, there and back; and the C library's opinion of each. */
static void every_day_there_and_back(void **state)
{
    (void)state;
    for (int64_t time = -62167219200; time < 253402300800; time += 86400) {
        char out[TEXT_TIME_BYTES], want[64];
        time_t clock = (time_t)time;
        struct tm utc;

        assert_non_null(gmtime_r(&clock, &utc));
        assert_true(text_time_from_utc(utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, 0, 0, 0) == time);
        assert_true(text_time_from_utc(utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, 23, 59, 59) == time + 86399);
        strftime(want, sizeof(want), "-%m-%dT00:00:00Z", &utc);
        assert_string_equal(text_time(time, out) + 4, want);
        assert_int_equal(atoi(out), utc.tm_year + 1900);
    }
}

static void equality_without_case(void **state)
{
    (void)state;
    assert_true(text_equal_nocase("", ""));
    assert_true(text_equal_nocase("AbC-1", "aBc-1"));
    assert_false(text_equal_nocase("abc", "abcd"));
    assert_false(text_equal_nocase("abcd", "abc"));
    assert_false(text_equal_nocase("[", "{"));
    assert_false(text_equal_nocase("\xc3\x9c", "\xc3\xbc"));
}

static const struct {
    const char *text, *host;
    int port; /* -1: refused */
} places[] = {
    {"127.0.0.1:8080", "127.0.0.1", 8080},
    {"[::1]:8080", "::1", 8080},
    {"[2001:db8::1]:0", "2001:db8::1", 0},
    {"ldap-1.example.org:636", "ldap-1.example.org", 636},
    {"localhost:65535", "localhost", 65535},
    {"", NULL, -1}, {":", NULL, -1}, {":80", NULL, -1}, {"host", NULL, -1}, {"host:", NULL, -1}, {"host:x", NULL, -1},
    {"host:65536", NULL, -1}, {"host:-1", NULL, -1}, {"host: 1", NULL, -1}, {"ho st:1", NULL, -1}, {"::1:80", NULL, -1},
    {"[::1]", NULL, -1}, {"[::1]80", NULL, -1}, {"[::1:80", NULL, -1}, {"[]:80", NULL, -1}, {"[host]:80", NULL, -1},
    {"[::1]:80:80", NULL, -1}, {"http://host:80", NULL, -1}, {"host:80/", NULL, -1}, {"*:80", NULL, -1},
    {"-host:80", NULL, -1}, {"[127.0.0.1]:80", NULL, -1},
    {"a-host-name-that-is-too-long-for-its-place:80", NULL, -1},
};

static void hosts_and_ports(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct error error = {""};
        char host[32] = "";
        uint16_t port = 7;
        int result = text_parse_host_port(places[i].text, host, sizeof(host), &port, &error);

        if (result != (places[i].port < 0 ? -1 : 0)) {
            fail_msg("\"%s\" was %s", places[i].text, result == 0 ? "accepted" : "refused");
        }
        if (result == 0) {
            assert_string_equal(host, places[i].host);
            assert_int_equal(port, places[i].port);
        } else {
            assert_non_null(strstr(error.text, places[i].text));
            assert_int_equal(port, 7);
        }
    }
}

static void folded_names(void **state)
{
    static const struct {
        const char *name, *want; /* NULL: refused */
    } rows[] = {
        {"Alice Archer", "alice archer"}, {"  ALICE \t Archer ", "alice \t archer"}, {"a  b   c", "a b c"}, {"", ""},
        {"   ", ""}, {"J\xc3\x96RG", "j\xc3\xb6rg"}, {"Jo\xcc\x88rg", "j\xc3\xb6rg"},
        {"STRASSE", "strasse"}, {"Stra\xc3\x9f" "e", "strasse"}, {" \xc3\x84  b ", "\xc3\xa4 b"},
        {"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82", "\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83"},
        {"\xff", NULL}, {"a\xc3", NULL}, {"\xed\xa0\x80", NULL},
    };
    struct buffer out;

    (void)state;
    buffer_init(&out, 64);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buffer_clear(&out);
        int result = text_append_folded(&out, bytes_of_string(rows[i].name));
        assert_int_equal(result, rows[i].want != NULL ? 0 : -1);
        if (rows[i].want != NULL) {
            assert_string_equal(buffer_string(&out), rows[i].want);
        }
    }
    char name[1100];
    memset(name, 'a', sizeof(name));
    assert_int_equal(text_append_folded(&out, bytes_of(name, sizeof(name))), -1);
    assert_int_equal(text_append_folded(&out, bytes_of(name, 100)), -1); /* more than the buffer takes */
    buffer_free(&out);
}

static void ports(void **state)
{
    static const struct {
        const char *text;
        int want; /* -1: none */
    } rows[] = {
        {"0", 0},    {"1", 1},      {"80", 80},      {"65535", 65535}, {"65536", -1},      {"99999", -1},
        {"", -1},    {"00", -1},    {"080", -1},     {"-1", -1},       {"+1", -1},         {" 1", -1},
        {"1 ", -1},  {"1.0", -1},   {"0x50", -1},    {"100000", -1},   {"4294967376", -1}, {"18446744073709551696", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t port;
        bool is_port = text_parse_port(rows[i].text, &port);

        if ((is_port ? port : -1) != rows[i].want) {
            fail_msg("\"%s\": %d", rows[i].text, is_port ? port : -1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports),
        cmocka_unit_test(folded_names),
        cmocka_unit_test(numbers_with_and_without_units),
        cmocka_unit_test(well_formed_utf8),
        cmocka_unit_test(every_octet_of_a_text_counts),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(dates_on_either_side_of_midnight),
        cmocka_unit_test(every_day_there_and_back),
        cmocka_unit_test(equality_without_case),
        cmocka_unit_test(hosts_and_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
