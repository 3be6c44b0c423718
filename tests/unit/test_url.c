/* URLs from certificates and redirects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <string.h>

#include "fetch/fetcher.h"
#include "fetch/url.h"

#define LABEL50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void good_ones(void **state)
{
    static const struct {
        const char *text;
        enum url_scheme scheme;
        const char *host;
        unsigned port;
    } rows[] = {
        {"http://crl.example.org/ca.crl", URL_HTTP, "crl.example.org", 80},
        {"HTTP://CRL.Example.ORG", URL_HTTP, "crl.example.org", 80},
        {"https://crl.example.org?x=y@z", URL_HTTPS, "crl.example.org", 443},
        {"https://crl.example.org/a@b", URL_HTTPS, "crl.example.org", 443},
        {"http://crl.example.org:8080/", URL_HTTP, "crl.example.org", 8080},
        {"http://crl.example.org:80/", URL_HTTP, "crl.example.org", 80},
        {"http://crl.example.org:443/", URL_HTTP, "crl.example.org", 443},
        {"http://crl.example.org:65535/", URL_HTTP, "crl.example.org", 65535},
        {"http://192.0.2.1:8888/x", URL_HTTP, "192.0.2.1", 8888},
        {"http://[2001:DB8::1]/x", URL_HTTP, "2001:db8::1", 80},
        {"http://[::ffff:127.0.0.1]:8080/x", URL_HTTP, "::ffff:127.0.0.1", 8080},
        {"http://host/%2e%2e/a%20b;c=d,e(f)!$&'*+~", URL_HTTP, "host", 80},
        {"http://xn--bcher-kva.example/", URL_HTTP, "xn--bcher-kva.example", 80},
        {"http://under_score.example/", URL_HTTP, "under_score.example", 80},
        {"http://1.2.3.4.example/", URL_HTTP, "1.2.3.4.example", 80},
        {"http://0xhost.example/", URL_HTTP, "0xhost.example", 80},
        {"ldap://ldap.example.org/cn=CA?certificateRevocationList;binary?base", URL_LDAP, "ldap.example.org", 389},
        {"ldap://ldap.example.org:3268/cn=CA?cACertificate", URL_LDAP, "ldap.example.org", 3268},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct url url;
        struct error error = {""};

        if (url_parse(rows[i].text, &url, &error) != 0) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_int_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_true(fetch_url_is_allowed(rows[i].text, NULL));
    }
}

static void bad_ones(void **state)
{
    static char at_limit[MAX_FETCH_URL_BYTES + 1], too_long[MAX_FETCH_URL_BYTES + 2];
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "neither http"},
        {"crl.example.org/ca.crl", "neither http"},
        {"//crl.example.org/ca.crl", "neither http"},
        {"file:///etc/passwd", "neither http"},
        {"FILE:///etc/passwd", "neither http"},
        {"gopher://127.0.0.1:6379/_x", "neither http"},
        {"ftp://crl.example.org/", "neither http"},
        {"dict://127.0.0.1/", "neither http"},
        {"ldaps://ldap.example.org/cn=CA?cACertificate", "neither http"},
        {"ldapi://%2Frun%2Fslapd/", "neither http"},
        {"http:/crl.example.org/", "neither http"},
        {"http:crl.example.org/", "neither http"},
        {" http://crl.example.org/", "neither http"},
        {"http://", "names no host"},
        {"http:///ca.crl", "names no host"},
        {"http://:80/", "names no host"},
        {"http://?x", "names no host"},
        {"ldap:///cn=CA?cACertificate", "names no host"},
        {"http://user@crl.example.org/", "user name"},
        {"http://user:pass@crl.example.org/", "user name"},
        {"http://127.0.0.1@crl.example.org/", "user name"},
        {"http://crl.example.org:80@127.0.0.1/", "user name"},
        {"http://@crl.example.org/", "user name"},
        {"http://crl.example.org/#x", "fragment"},
        {"http://crl.example.org#@127.0.0.1/", "fragment"},
        {"http://crl.example.org/a b", "character"},
        {"http://crl.example.org/\ta", "character"},
        {"http://crl.example.org/a\r\nHost: b", "character"},
        {"http://crl.example.org/a\x7f", "character"},
        {"http://crl.example.org\\@127.0.0.1/", "character"},
        {"http://b\xc3\xbc" "cher.example/", "character"},
        {"http://crl.example.org/\xff", "character"},
        {"http://crl.example.org/{x}", "character"},
        {"http://crl.example.org/\"x", "character"},
        {"http://crl%2eexample.org/", "only host and port"},
        {"http://crl.example.org;x/", "only host and port"},
        {"http://a,b/", "only host and port"},
        {"http://2130706433/", "is a number"},
        {"http://0/", "is a number"},
        {"http://127.1/", "is a number"},
        {"http://127.0.1/", "is a number"},
        {"http://0177.0.0.1/", "is a number"},
        {"http://127.0.0.01/", "is a number"},
        {"http://0x7f000001/", "is a number"},
        {"http://0x7f.1/", "is a number"},
        {"http://0X7F.0.0.0x1/", "is a number"},
        {"http://127.0.0.0x/", "is a number"},
        {"http://127.0.0.256/", "is a number"},
        {"http://127.0.0.1.1/", "is a number"},
        {"http://example.1/", "is a number"},
        {"http://127.0.0.1./", "empty label"},
        {"http://localhost./", "empty label"},
        {"http://.example.org/", "empty label"},
        {"http://a..b/", "empty label"},
        {"http://./", "empty label"},
        {"http://[::1/", "IPv6"},
        {"http://[]/", "IPv6"},
        {"http://[::g]/", "IPv6"},
        {"http://[127.0.0.1]/", "IPv6"},
        {"http://[fe80::1%25eth0]/", "IPv6"},
        {"http://[::1]x/", "only host and port"},
        {"http://::1/", "names no host"},
        {"http://host:/", "port is not a number"},
        {"http://host:0/", "port is not a number"},
        {"http://host:080/", "port is not a number"},
        {"http://host:65536/", "port is not a number"},
        {"http://host:99999999999/", "port is not a number"},
        {"http://host:80x/", "only host and port"},
        {"http://host:-1/", "only host and port"},
        {"http://host:80:80/", "only host and port"},
        {"http://host:25/", "another protocol"},
        {"http://host:22/", "another protocol"},
        {"http://host:389/", "another protocol"},
        {"https://host:6667/", "another protocol"},
        {"ldap://host:25/cn=x", "another protocol"},
        {"http://" LABEL50 LABEL50 LABEL50 LABEL50 LABEL50 "aaaa/", "longer than 253"},
        {too_long, "longer than 2048"},
    };

    (void)state;
    memset(at_limit, 'a', sizeof(at_limit) - 1);
    memcpy(at_limit, "http://host/", strlen("http://host/"));
    memset(too_long, 'a', sizeof(too_long) - 1);
    memcpy(too_long, "http://host/", strlen("http://host/"));
    assert_true(fetch_url_is_allowed(at_limit, NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct url url = {.port = 7};
        struct error error = {""};

        if (url_parse(rows[i].text, &url, &error) != -1 || strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_int_equal(url.port, 7);
        assert_false(fetch_url_is_allowed(rows[i].text, NULL));
    }
}

static void shown_ones_tell_no_secrets(void **state)
{
    static char endless[5000];
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"http://crl.example.org/ca.crl", "http://crl.example.org/ca.crl"},
        {"http://user:secret@host/x", "http://host/x"},
        {"http://user:se@cret@host/x", "http://host/x"},
        {"http://user:secret@host", "http://host"},
        {"http://host/x@y", "http://host/x@y"},
        {"http://host/x?token=secret", "http://host/x"},
        {"http://host?token=secret", "http://host"},
        {"http://host/x#secret", "http://host/x"},
        {"http://host/a\r\nb \xff", "http://host/a??b??"},
        {"", ""},
        {"nonsense", "nonsense"},
    };
    char out[URL_SHOWN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(url_shown(rows[i].text, out), rows[i].want);
    }
    memset(endless, 'a', sizeof(endless) - 1);
    assert_int_equal(strlen(url_shown(endless, out)), URL_SHOWN_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(shown_ones_tell_no_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
