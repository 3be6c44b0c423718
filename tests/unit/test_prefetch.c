/* What is worth fetching before anybody asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"
#include "x509/prefetch.h"

#define POINT(url_) "crlDistributionPoints=URI:" url_
#define CA_EXTENSIONS "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"

static char seen[2048];

/* "kind url who ← by whom" a line. */
static void note(void *context, const struct need *need)
{
    size_t size = strlen(seen);

    assert_ptr_equal(context, seen);
    assert_int_equal(need->kind, NEED_CRL);
    snprintf(seen + size, sizeof(seen) - size, "%s %s\n", need->url,
             need->subject == NULL ? "configured" : blob_bytes(need->subject).size > 0 && need->issuer != NULL ? "named"
                                                                                                                : "?");
}

static X509 *made_ca(const char *subject, enum made_key key, const X509 *issuer, enum made_key issuer_key,
                     const char *point)
{
    const struct made made = {.subject = subject, .key = key, .issuer = issuer, .issuer_key = issuer_key,
                              .extensions = {CA_EXTENSIONS, point}};

    return made_certificate(&made);
}

static void visit(enum revocation_mode revocation, bool points)
{
    static const char *const crls[] = {"http://configured.example/a.crl", "ldap://configured.example/cn=a"};
    X509 *root = made_ca("CN=Root", MADE_RSA_ROOT, NULL, MADE_RSA_ROOT, POINT("http://root.example/own.crl"));
    X509 *issuing = made_ca("CN=Issuing", MADE_RSA_CA, root, MADE_RSA_ROOT, POINT("http://root.example/root.crl"));
    X509 *plain = made_ca("CN=Plain", MADE_RSA_CA_2, root, MADE_RSA_ROOT, NULL);
    X509 *lonely = made_ca("CN=Lonely", MADE_P256, issuing, MADE_RSA_CA, POINT("ftp://nobody.example/a.crl"));
    X509 *const anchors[] = {root, NULL}, *const intermediates[] = {issuing, plain, lonely, NULL};
    const struct made_policy made = {.anchors = anchors, .intermediates = intermediates, .revocation = revocation,
                                     .settings = {.crls = crls, .crl_count = 2}};
    struct policy *policy = made_policy(&made);
    struct policies *policies = policies_of(policy);

    seen[0] = '\0';
    policies_each_need(policies, points, note, seen);
    policies_free(&policies);
    policy_free(&policy);
    X509_free(root);
    X509_free(issuing);
    X509_free(plain);
    X509_free(lonely);
}

static void what_is_configured_and_what_authorities_name(void **state)
{
    (void)state;
    visit(REVOCATION_MODE_PREFER, true);
    assert_non_null(strstr(seen, "http://configured.example/a.crl configured\n"));
    assert_non_null(strstr(seen, "ldap://configured.example/cn=a configured\n"));
    assert_non_null(strstr(seen, "http://root.example/root.crl named\n"));
    assert_non_null(strstr(seen, "http://root.example/own.crl named\n"));
    assert_null(strstr(seen, "nobody"));
}

static void with_fetching_off_only_what_is_configured(void **state)
{
    (void)state;
    visit(REVOCATION_MODE_REQUIRE, false);
    assert_string_equal(seen, "http://configured.example/a.crl configured\nldap://configured.example/cn=a configured\n");
}

static void nothing_where_nobody_looks(void **state)
{
    (void)state;
    visit(REVOCATION_MODE_OFF, true);
    assert_string_equal(seen, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_configured_and_what_authorities_name),
        cmocka_unit_test(with_fetching_off_only_what_is_configured),
        cmocka_unit_test(nothing_where_nobody_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
