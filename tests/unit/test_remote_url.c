/* LDAP URLs from certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <string.h>

#include "ldap/remote_url.h"
#include "tests/unit/scarce.h"

static void good_ones(void **state)
{
    static const struct {
        const char *text, *host, *port, *dn, *names[3];
    } rows[] = {
        {"ldap://ldap.example.org/cn=CA,dc=example?certificateRevocationList;binary?base?objectClass=cRLDistributionPoint",
         "ldap.example.org", "389", "cn=CA,dc=example", {"certificateRevocationList"}},
        {"LDAP://ldap.example.org:3268/CN=a%20b,O=x%5C%2Cy?cacertificate", "ldap.example.org", "3268", "CN=a b,O=x\\,y",
         {"cACertificate"}},
        {"ldap://192.0.2.1/cn=CA?cACertificate;binary,crossCertificatePair;binary", "192.0.2.1", "389", "cn=CA",
         {"cACertificate"}},
        {"ldap://[2001:db8::1]:1389/cn=CA?deltaRevocationList,authorityRevocationList;binary??", "2001:db8::1", "1389",
         "cn=CA", {"authorityRevocationList", "deltaRevocationList"}},
        {"ldap://h/cn=CA?cACertificate?base?(|(a=b)(c=d))", "h", "389", "cn=CA", {"cACertificate"}},
        {"ldap://h/cn=CA?cACertificate???x-ignored=1", "h", "389", "cn=CA", {"cACertificate"}},
        {"ldap://h/cn=M%C3%BCller?cACertificate", "h", "389", "cn=M\xc3\xbcller", {"cACertificate"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct remote_url url;
        struct error error = {""};
        size_t count = 0;

        if (remote_url_parse(rows[i].text, &url, &error) != 0) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_string_equal(url.uri.host, rows[i].host);
        assert_string_equal(url.uri.port, rows[i].port);
        assert_string_equal(url.dn, rows[i].dn);
        for (; rows[i].names[count] != NULL; count++) {
            size_t size = strlen(rows[i].names[count]);

            assert_string_equal(url.names[count], rows[i].names[count]);
            assert_memory_equal(url.attributes[2 * count], rows[i].names[count], size);
            assert_string_equal(url.attributes[2 * count] + size, ";binary");
            assert_string_equal(url.attributes[2 * count + 1], rows[i].names[count]);
        }
        assert_null(url.names[count]);
        assert_null(url.attributes[2 * count]);
        remote_url_clear(&url);
        assert_null(url.dn);
    }
}

static void bad_ones(void **state)
{
    static char endless[10000];
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "no ldap URL"},
        {"ldaps://h/cn=CA?cACertificate", "no ldap URL"},
        {"ldapi://%2Ftmp%2Fx/cn=CA?cACertificate", "no ldap URL"},
        {"http://h/cn=CA?cACertificate", "no ldap URL"},
        {"ldap:h", "no ldap URL"},
        {"ldap://", "names no host"},
        {"ldap:///cn=CA?cACertificate", "names no host"},
        {"ldap://?cACertificate", "names no host"},
        {"ldap://user@h/cn=CA?cACertificate", "only a host name"},
        {"ldap://user:pw@h/cn=CA?cACertificate", "port must be"},
        {"ldap://a,b/cn=CA?cACertificate", "only a host name"},
        {"ldap://h%20/cn=CA?cACertificate", "only a host name"},
        {"ldap://h:0/cn=CA?cACertificate", "port must be"},
        {"ldap://h:99999/cn=CA?cACertificate", "port must be"},
        {"ldap://[::1/cn=CA?cACertificate", "IPv6"},
        {"ldap://h", "no LDAP URL"},
        {"ldap://h?cACertificate", "no LDAP URL"},
        {"ldap://h/", "names no entry"},
        {"ldap://h/?cACertificate", "names no entry"},
        {"ldap://h/nonsense?cACertificate", "names no entry"},
        {"ldap://h/cn=%FF?cACertificate", "names no entry"},
        {"ldap://h/cn=CA", "names no attribute"},
        {"ldap://h/cn=CA?", "names no attribute"},
        {"ldap://h/cn=CA?*", "names no attribute"},
        {"ldap://h/cn=CA?userPassword", "names no attribute"},
        {"ldap://h/cn=CA?cACertificateX,XcACertificate", "names no attribute"},
        {"ldap://h/cn=CA??base", "names no attribute"},
        {"ldap://h/cn=CA?cACertificate?sub", "for a search"},
        {"ldap://h/cn=CA?cACertificate?one", "for a search"},
        {"ldap://h/cn=CA?cACertificate?nonsense", "no LDAP URL"},
        {"ldap://h/cn=CA?cACertificate??" "?!bindname=cn=x", "critical extension"},
        {"ldap://h/cn=CA?cACertificate??" "?!1.2.3", "critical extension"},
        {endless, "longer than"},
    };

    (void)state;
    memset(endless, 'a', sizeof(endless) - 1);
    memcpy(endless, "ldap://h/cn=", strlen("ldap://h/cn="));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct remote_url url;
        struct error error = {""};

        if (remote_url_parse(rows[i].text, &url, &error) != -1 || strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_null(url.dn);
    }
}

static void memory_may_run_out(void **state)
{
    struct remote_url url;

    (void)state;
    scarce_begin(1);
    int result = remote_url_parse("ldap://h/cn=CA?cACertificate", &url, NULL);

    assert_true(scarce_end());
    assert_int_equal(result, -1);
    assert_null(url.dn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
