#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ldap.h>
#include <stdlib.h>

#include "ldap/filter.h"

static struct address address_of(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(bytes_of_string(text), &address), ADDRESS_OK);
    return address;
}

static void builds(void **state)
{
    static const struct {
        const char *template, *address, *want;
    } rows[] = {
        {"(mail=%m)", "alice@example.org", "(mail=alice@example.org)"},
        {"(mail=%m)", "Alice@EXAMPLE.org", "(mail=alice@example.org)"},
        {"(&(uid=%u)(dc=%d))", "alice@example.org", "(&(uid=alice)(dc=example.org))"},
        {"(|(mail=%m)(proxyAddresses=smtp:%m))", "a@b.example",
         "(|(mail=a@b.example)(proxyAddresses=smtp:a@b.example))"},
        {"(cn=100%%%u)", "a@b.example", "(cn=100%a)"},
        /* RFC 4515 section 3: asterisk, parentheses, backslash. */
        {"(mail=%m)", "a*b@example.org", "(mail=a\\2ab@example.org)"},
        {"(mail=%m)", "\"a)(uid=*\"@example.org", "(mail=\"a\\29\\28uid=\\2a\"@example.org)"},
        {"(mail=%m)", "\"a\\\\b\"@example.org", "(mail=\"a\\5c\\5cb\"@example.org)"},
        /* What is not ASCII goes as octets. */
        {"(mail=%m)", "j\xc3\xbcrgen@example.org", "(mail=j\\c3\\bcrgen@example.org)"},
        /* A domain in U-labels is asked in both forms; one that is not in the filter is not. */
        {"(mail=%m)", "a@b\xc3\xbc" "cher.example",
         "(|(mail=a@xn--bcher-kva.example)(mail=a@b\\c3\\bccher.example))"},
        {"(dc=%d)", "a@xn--bcher-kva.example", "(|(dc=xn--bcher-kva.example)(dc=b\\c3\\bccher.example))"},
        {"(uid=%u)", "a@b\xc3\xbc" "cher.example", "(uid=a)"},
        {"(cn=%%d%u)", "a@b\xc3\xbc" "cher.example", "(cn=%da)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address = address_of(rows[i].address);
        struct buffer out;

        buffer_init(&out, 4096);
        assert_int_equal(filter_build(rows[i].template, &address, &out), 0);
        assert_string_equal(buffer_string(&out), rows[i].want);
        buffer_free(&out);
    }
}

static void build_says_when_it_does_not_fit(void **state)
{
    struct address address = address_of("alice@example.org");
    struct buffer out;

    (void)state;
    for (size_t most = 0; most < strlen("(mail=alice@example.org)"); most++) {
        buffer_init(&out, most);
        assert_int_equal(filter_build("(mail=%m)", &address, &out), -1);
        buffer_free(&out);
    }
    buffer_init(&out, 4096);
    assert_int_equal(filter_build("(mail=%x)", &address, &out), -1);
    assert_int_equal(filter_build("(mail=%", &address, &out), -1);
    buffer_free(&out);
}

static void accepts(void **state)
{
    static const char *const rows[] = {
        "(mail=%m)",
        "(mail=*%m*)",
        "(|(mail=%m)(proxyAddresses=smtp:%m))",
        "(&(objectClass=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(mail=%m))",
        "(mail;lang-de=%m)",
        "(1.2.840.113549.1.9.1=%m)",
        "(cn:dn:caseIgnoreMatch:=%u)",
        "(:caseIgnoreMatch:=%u)",
        "(cn:=%u)",
        "(uid~=%u)",
        "(&(a>=1)(a<=2)(uid=%u))",
        "(cn=\\2a%u\\29)",
        "(cn=100%%%u)",
        "(cn=gr\xc3\xbc\xc3\x9f" "e %u)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {{0}};

        if (filter_check(rows[i], &error) != 0) {
            fail_msg("%s: %s", rows[i], error.text);
        }
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *template, *words;
    } rows[] = {
        {"", "column 1: expected '('"},
        {"mail=%m", "column 1: expected '('"},
        {"(mail=%m", "column 9: ends before its ')'"},
        {"(mail=%m))", "column 10: something follows the filter"},
        {"(mail=%m)(uid=%u)", "column 10: something follows the filter"},
        {" (mail=%m)", "column 1: expected '('"},
        {"(mail=%x)", "column 7: '%' must be followed by m, u, d or %"},
        {"(mail=%)", "column 7: '%' must be followed by m, u, d or %"},
        {"(mail=%", "column 7: '%' must be followed by m, u, d or %"},
        {"(%u=x)", "column 2: expected the name of an attribute or a matching rule"},
        {"(mail=alice)", "asks for no address: %m, %u or %d must stand in it"},
        {"(mail=%%m)", "asks for no address: %m, %u or %d must stand in it"},
        {"(&)", "column 3: expected '('"},
        {"(|)", "column 3: expected '('"},
        {"(!)", "column 3: expected '('"},
        {"(!(mail=%m)(uid=%u))", "column 12: expected ')'"},
        {"()", "column 2: expected the name of an attribute or a matching rule"},
        {"(=%m)", "column 2: expected the name of an attribute or a matching rule"},
        {"(mail)", "column 6: expected '=', '~=', '>=', '<=' or ':='"},
        {"(mail;=%m)", "column 7: expected an attribute option after ';'"},
        {"(mail:dn=%m)", "column 9: expected ':='"},
        {"(:=%m)", "column 2: ':=' needs an attribute or a matching rule"},
        {"(mail=(%m))", "column 7: '(' inside a value must be written \\28"},
        {"(mail=\\zz%m)", "column 7: '\\' must be followed by two hexadecimal digits"},
        {"(mail=%m\\2)", "column 9: '\\' must be followed by two hexadecimal digits"},
        {"(mail=**%m)", "column 7: two '*' in a row"},
        {"(mail>=*%m)", "column 8: '*' is only for '=', elsewhere it is written \\2a"},
        {"(mail=\xff%m)", "is not UTF-8"},
        {"(mail=%m%m%m%m%m%m%m%m%m)", "column 23: more than 8 places for the address"},
        {"(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(mail=%m)))))))))))))))))", "column 33: nested more than 16 deep"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {{0}};

        assert_int_equal(filter_check(rows[i].template, &error), -1);
        assert_string_equal(error.text, rows[i].words);
    }
}

static void refuses_an_endless_one(void **state)
{
    size_t size = 1000 * 1000;
    char *template = malloc(size + 1);
    struct error error;

    (void)state;
    memset(template, '(', size);
    template[size] = '\0';
    assert_int_equal(filter_check(template, &error), -1);
    assert_string_equal(error.text, "longer than 4096 bytes");
    free(template);
}

/* What comes out is a filter with exactly the assertions of the template, for libldap as well. */
static void libldap_reads_it_alike(void **state)
{
    static const char *const hostile[] = {
        "*@example.org", "\"*)(uid=*\"@example.org", "\"a\\\\2a\"@example.org", "\"(&(\"@example.org",
        "a%m@example.org", "\"a b\"@example.org", "'or'1'='1@example.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct address address = address_of(hostile[i]);
        struct berval type = {0}, value = {0};
        ber_tag_t choice = 0;
        BerElement *ber = ber_alloc_t(LBER_USE_DER);
        struct berval *flat = NULL;
        struct buffer out;

        buffer_init(&out, 4096);
        assert_int_equal(filter_build("(mail=%m)", &address, &out), 0);
        assert_int_equal(ldap_put_vrFilter(ber, buffer_string(&out)), 0);
        assert_int_equal(ber_flatten(ber, &flat), 0);
        ber_free(ber, 1);

        /* SEQUENCE { equalityMatch [3] { "mail", value } } (RFC 4511 4.5.1) */
        ber = ber_init(flat);
        assert_int_not_equal(ber_scanf(ber, "{t{mm}}", &choice, &type, &value), LBER_ERROR);
        assert_int_equal(choice, LDAP_FILTER_EQUALITY);
        assert_string_equal(type.bv_val, "mail");
        assert_true(bytes_equal(bytes_of(value.bv_val, value.bv_len), address_bytes(&address)));
        ber_free(ber, 1);
        ber_bvfree(flat);
        buffer_free(&out);
    }
}

static void names(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"Alice Archer", "(cn=Alice Archer)"}, {"*", "(cn=\\2a)"}, {"a)(mail=*", "(cn=a\\29\\28mail=\\2a)"},
        {"\\2a", "(cn=\\5c2a)"}, {"J\xc3\xb6rg", "(cn=J\\c3\\b6rg)"}, {"%m", "(cn=%m)"}, {"", "(cn=)"},
    };
    struct buffer out;

    (void)state;
    buffer_init(&out, 64);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buffer_clear(&out);
        assert_int_equal(filter_build_name(rows[i].name, &out), 0);
        assert_string_equal(buffer_string(&out), rows[i].want);
    }
    buffer_clear(&out);
    assert_int_equal(filter_build_name("******************************", &out), -1);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(builds),
        cmocka_unit_test(build_says_when_it_does_not_fit),
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_an_endless_one),
        cmocka_unit_test(libldap_reads_it_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
