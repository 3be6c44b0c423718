/* From a filter's template to the attributes that say who an entry answers for, and from their values to addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/buffer.h"
#include "ldap/filter.h"
#include "ldap/sync_names.h"

static const char *const EXACT[] = {"example.org", "xn--bcher-kva.example"};
static const char *const WILD[] = {"example.org", "*.example.com"};

static struct directory_config config_of(const char *filter, const char *const *domains)
{
    return (struct directory_config){.filter = filter, .domains = domains, .domain_count = 2};
}

static void told_of(void **state)
{
    /* attribute prefix|suffix, a local part in brackets */
    static const struct {
        const char *filter, *want;
        const char *const *domains;
    } rows[] = {
        {"(mail=%m)", "mail |", WILD},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", "mail | proxyAddresses smtp:|", WILD},
        {"(mail=%u@%d)", "mail |", WILD},
        {"(proxyAddresses=SMTP:%u@%d;x)", "proxyAddresses SMTP:|;x", WILD},
        {"(uid=%u)", "uid [|]", EXACT},
        {"(userPrincipalName=%u@corp.example)", "userPrincipalName [|@corp.example]", EXACT},
        {"(mail;lang-de=%m)", "mail;lang-de |", WILD},
        {"(0.9.2342.19200300.100.1.3=%m)", "0.9.2342.19200300.100.1.3 |", WILD},
        {"(cn=100%%\\28%m\\29)", "cn 100%(|)", WILD},
        /* Of what must all hold, one part is enough. */
        {"(&(objectClass=person)(mail=%m))", "mail |", WILD},
        {"(&(uid=%u)(associatedDomain=%d))", "uid [|]", EXACT},
        {"(&(mail=%m)(!(employeeType=gone)))", "mail |", WILD},
        {"(&(mail=*%m*)(mail=%m))", "mail |", WILD},
        {"(&(|(mail=%m)(mailAlternate=%m))(|(a=b)(c=d)))", "mail | mailAlternate |", WILD},
        /* Of what may hold, each. */
        {"(|(mail=%m)(objectClass=person))", NULL, WILD},
        {"(|(mail=%m)(cn=*%u*))", NULL, EXACT},
        {"(uid=%u)", NULL, WILD},
        {"(dc=%d)", NULL, EXACT},
        {"(mail=*%m)", NULL, WILD},
        {"(mail~=%m)", NULL, WILD},
        {"(mail>=%m)", NULL, WILD},
        {"(mail<=%m)", NULL, WILD},
        {"(mail:caseExactMatch:=%m)", NULL, WILD},
        {"(:dn:2.5.13.5:=%m)", NULL, WILD},
        {"(!(mail=%m))", NULL, WILD},
        {"(&(objectClass=person)(!(mail=%m)))", NULL, WILD},
        {"(mail=%m%m)", NULL, WILD},
        {"(mail=%d%u)", NULL, EXACT},
        {"(mail=%u.%d)", NULL, EXACT},
        {"(mail=\\c3\\a9%m)", NULL, WILD},
        {"(mail=\xc3\xa9%m)", NULL, WILD},
        {"(mail=\\01%m)", NULL, WILD},
        {"(mail=" "123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789."
         "123456789.123456789.12345678%m)", NULL, WILD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = config_of(rows[i].filter, rows[i].domains);
        struct sync_names names;
        struct error error = {""};
        struct buffer out;

        assert_int_equal(filter_check(rows[i].filter, &error), 0);
        if (sync_names_make(&config, &names, &error) != (rows[i].want != NULL ? 0 : -1)) {
            fail_msg("%s: %s", rows[i].filter, error.text);
        }
        buffer_init(&out, 1000);
        for (size_t k = 0; rows[i].want != NULL && k < names.count; k++) {
            const struct sync_pattern *pattern = &names.patterns[k];

            if (k == 0 || strcmp(pattern->attribute, "associatedDomain") != 0) {
                buffer_append_format(&out, "%s%s %s%s|%s%s", k > 0 ? " " : "", pattern->attribute,
                                     pattern->is_local ? "[" : "", pattern->prefix, pattern->suffix,
                                     pattern->is_local ? "]" : "");
            }
        }
        if (rows[i].want != NULL) {
            assert_string_equal(buffer_string(&out), rows[i].want);
        } else {
            assert_non_null(strstr(error.text, "cannot be told"));
        }
        buffer_free(&out);
    }
}

static void on_address(void *context, const struct address *address)
{
    struct buffer *out = context;

    buffer_append_format(out, "%s%s", out->size > 0 ? " " : "", address->text);
}

static void values_are_addresses(void **state)
{
    static const struct {
        const char *filter;
        struct bytes value;
        bool is_read;
        const char *want;
    } rows[] = {
#define VALUE(text_) {(const uint8_t *)text_, sizeof(text_) - 1}
        {"(mail=%m)", VALUE("Alice@Example.ORG"), true, "alice@example.org"},
        {"(mail=%m)", VALUE("  alice@example.org "), true, "alice@example.org"},
        {"(mail=%m)", VALUE("alice@b\xc3\xbc" "cher.example"), true, "alice@xn--bcher-kva.example"},
        {"(mail=%m)", VALUE("alice@example.net"), true, ""}, /* of another directory */
        {"(mail=%m)", VALUE("alice"), false, ""},
        {"(mail=%m)", VALUE(""), false, ""},
        {"(mail=%m)", VALUE("alice@example.org\0"), false, ""},
        {"(mail=%m)", VALUE("a\xff@example.org"), false, ""},
        {"(mail=%m)", VALUE("smtp:alice@example.org"), false, ""},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", VALUE("SMTP:alice@example.org"), true, "alice@example.org"},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", VALUE("smtp:"), false, ""},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", VALUE("x400:c=de;"), false, ""},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", VALUE("smt"), false, ""},
        {"(cn=<%m>)", VALUE("<alice@example.org>"), true, "alice@example.org"},
        {"(cn=<%m>)", VALUE("<>"), false, ""},
        {"(cn=<%m>)", VALUE("<"), false, ""},
        {"(uid=%u)", VALUE("Alice"), true, "alice@example.org alice@xn--bcher-kva.example"},
        {"(uid=%u)", VALUE("alice@example.org"), false, ""},
        {"(uid=%u)", VALUE("a b"), false, ""},
        {"(uid=%u)", VALUE("123456789012345678901234567890123456789012345678901234567890123456789"), false, ""},
        {"(uid=%u@corp)", VALUE("alice@corp"), true, "alice@example.org alice@xn--bcher-kva.example"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = config_of(rows[i].filter, EXACT);
        struct sync_names names;
        struct buffer out;

        assert_int_equal(sync_names_make(&config, &names, NULL), 0);
        buffer_init(&out, 1000);
        if (sync_names_read(&names, rows[i].value, on_address, &out) != rows[i].is_read) {
            fail_msg("%s: \"%.*s\"", rows[i].filter, (int)rows[i].value.size, (const char *)rows[i].value.data);
        }
        assert_string_equal(buffer_string(&out), rows[i].want);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_of),
        cmocka_unit_test(values_are_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
