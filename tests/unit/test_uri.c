#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ldap/uri.h"

#define LABEL "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijab."

static void parses(void **state)
{
    static const struct {
        const char *text;
        struct uri want;
        bool is_local;
    } rows[] = {
        {"ldap://ldap.example.org", {URI_LDAP, "ldap.example.org", "389", ""}, false},
        {"ldaps://ldap.example.org", {URI_LDAPS, "ldap.example.org", "636", ""}, false},
        {"LDAPS://LDAP.example.org:1636/", {URI_LDAPS, "LDAP.example.org", "1636", ""}, false},
        {"ldap://localhost/", {URI_LDAP, "localhost", "389", ""}, true},
        {"ldap://127.0.0.1:3890", {URI_LDAP, "127.0.0.1", "3890", ""}, true},
        {"ldap://192.0.2.1", {URI_LDAP, "192.0.2.1", "389", ""}, false},
        {"ldap://[::1]:389", {URI_LDAP, "::1", "389", ""}, true},
        {"ldap://[2001:db8::1]", {URI_LDAP, "2001:db8::1", "389", ""}, false},
        {"ldap://host:00389", {URI_LDAP, "host", "389", ""}, false},
        {"ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi", {URI_LDAPI, "", "", "/var/run/slapd/ldapi"}, true},
        {"ldapi://%2ftmp%2fa%20b", {URI_LDAPI, "", "", "/tmp/a b"}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {{0}};
        struct uri uri;

        if (uri_parse(rows[i].text, &uri, &error) != 0) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_int_equal(uri.scheme, rows[i].want.scheme);
        assert_string_equal(uri.host, rows[i].want.host);
        assert_string_equal(uri.port, rows[i].want.port);
        assert_string_equal(uri.path, rows[i].want.path);
        assert_int_equal(uri_is_local(&uri), rows[i].is_local);
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "must begin with ldap://"},
        {"http://example.org", "must begin with ldap://"},
        {"ldap:/example.org", "must begin with ldap://"},
        {"example.org", "must begin with ldap://"},
        {"ldap://", "names no host"},
        {"ldap:///", "names no host"},
        {"ldap://:389", "names no host"},
        {"ldap://host:", "the port must be"},
        {"ldap://host:0", "the port must be"},
        {"ldap://host:65536", "the port must be"},
        {"ldap://host:99999999999999999999", "the port must be"},
        {"ldap://host:389x", "the port must be"},
        {"ldap://host:-1", "the port must be"},
        {"ldap://host/dc=example,dc=org", "only a host name"},
        {"ldap://host:389/dc=example", "nothing may follow"},
        {"ldap://host?mail?sub", "only a host name"},
        {"ldap://user:secret@host", "the port must be"},
        {"ldap://user@host", "only a host name"},
        {"ldap://ho st", "only a host name"},
        {"ldap://host ldap://other", "only a host name"},
        {"ldap://b\xc3\xbc" "cher.example", "only a host name (in A-labels)"},
        {"ldap://::1", "names no host"},
        {"ldap://[::1", "IPv6"},
        {"ldap://[]", "IPv6"},
        {"ldap://[127.0.0.1]", "IPv6"},
        {"ldap://[::1]x", "only a host name"},
        {"ldap://" LABEL LABEL LABEL LABEL LABEL, "longer than 253 bytes"},
        {"ldapi://", "must begin with %2F"},
        {"ldapi:///", "written with %2F"},
        {"ldapi:///var/run/ldapi", "written with %2F"},
        {"ldapi://var", "must begin with %2F"},
        {"ldapi://%2Fvar%2", "two hexadecimal digits"},
        {"ldapi://%2Fvar%zz", "two hexadecimal digits"},
        {"ldapi://%2Fvar%00", "not by 00"},
        {"ldapi://%2Fvar?x", "nothing follows it"},
        {"ldapi://%2F" LABEL LABEL, "longer than 107 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {{0}};
        struct uri uri;

        assert_int_equal(uri_parse(rows[i].text, &uri, &error), -1);
        if (strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
