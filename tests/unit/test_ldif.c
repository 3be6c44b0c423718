#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/ldif.h"
#include "tests/unit/scarce.h"

/* "dn|attribute=value" of each value, one a line. */
static int note(void *context, const struct ldif_value *value, struct error *error)
{
    struct buffer *seen = context;

    (void)error;
    buffer_append_format(seen, "%s|%.*s=%.*s\n", value->dn, (int)value->attribute.size,
                         (const char *)value->attribute.data, (int)value->value.size,
                         value->value.data != NULL ? (const char *)value->value.data : "");
    return 0;
}

static int read_all(struct bytes file, struct buffer *seen, size_t *entries, struct error *error)
{
    buffer_clear(seen);
    return ldif_each(file, note, seen, entries, error);
}

static void entries_are_read_as_ldapsearch_and_slapcat_write_them(void **state)
{
    static const struct {
        const char *file, *seen;
        size_t entries;
    } rows[] = {
        {"", "", 0},
        {"\n\n# nothing\n", "", 0},
        {"version: 1\n\ndn: cn=a\nmail: a@b\n", "cn=a|mail=a@b\n", 1},
        {"dn: cn=a\nmail: a@b", "cn=a|mail=a@b\n", 1},
        {"dn: cn=a\r\nmail: a@b\r\n\r\ndn: cn=b\r\nsn: c\r\n", "cn=a|mail=a@b\ncn=b|sn=c\n", 2},
        {"dn: cn=a\nmail: a\n @\n b\n", "cn=a|mail=a@b\n", 1},
        {"dn: cn=a\r\nmail: a\r\n @b\r\n", "cn=a|mail=a@b\n", 1},
        {"dn:: Y249YQ==\nuserCertificate;binary:: QUJD\n", "cn=a|userCertificate;binary=ABC\n", 1},
        {"dn: cn=a\nuserCertificate;binary:: QU\n JD\n", "cn=a|userCertificate;binary=ABC\n", 1},
        {"dn:\nobjectClass: top\n", "|objectClass=top\n", 1},
        {"dn: cn=a\ndescription:\nsn:: \n", "cn=a|description=\ncn=a|sn=\n", 1},
        {"dn: cn=a\n# a comment\n that goes on: here\nsn: b\n", "cn=a|sn=b\n", 1},
        {"dn: cn=a\nsn: b: c\n", "cn=a|sn=b: c\n", 1},
        {"\n\n\ndn: cn=a\nsn: b\n\n\n\n\ndn: cn=b\n\n", "cn=a|sn=b\n", 2},
        {"dn: cn=a\nsn: b\n\n# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 1\n", "cn=a|sn=b\n", 1},
        {"dn: cn=a\ndn: b\n", "cn=a|dn=b\n", 1},
        {"DN: cn=a\nSN: b\n", "cn=a|SN=b\n", 1},
    };
    struct buffer seen;

    (void)state;
    buffer_init(&seen, 4096);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        size_t entries = 99;
        int result = read_all(bytes_of_string(rows[i].file), &seen, &entries, &error);
        if (result != 0 || strcmp(buffer_string(&seen), rows[i].seen) != 0 || entries != rows[i].entries) {
            fail_msg("%s: %d, %s, %zu: %s", rows[i].file, result, buffer_string(&seen), entries, error.text);
        }
    }
    buffer_free(&seen);
}

static void what_is_no_ldif_is_refused(void **state)
{
    static const struct {
        const char *file, *words;
    } rows[] = {
        {"mail: a@b\n", "line 1: an entry begins with \"dn:\""},
        {"dn: cn=a\n\nmail: a@b\n", "line 3: an entry begins"},
        {"dn: cn=a\nmail\n", "line 2: neither"},
        {"dn: cn=a\n: b\n", "line 2: neither"},
        {" dn: cn=a\n", "line 1: an entry begins"},
        {"dn: cn=a\nuserCertificate;binary:< file:///etc/passwd\n", "line 2: a value by URL"},
        {"dn:< file:///etc/passwd\n", "line 1: a value by URL"},
        {"dn: cn=a\nsn:: Q\n", "line 2: not base64"},
        {"dn: cn=a\nsn:: QUJD=\n", "line 2: not base64"},
        {"dn: cn=a\nsn:: QU JD\n", "line 2: not base64"},
        {"dn: cn=a\nsn:: \xff\n", "line 2: not base64"},
        {"dn:: AA==\n", "line 1: a DN that is not UTF-8"},
        {"dn: cn=\xff\n", "line 1: a DN that is not UTF-8"},
        {"dn: cn=a\nchangetype: delete\n", "line 2: a change"},
        {"dn: cn=a\nsn: a\n b\n c\nbroken\n", "line 5: neither"},
        {"dn: cn=a\nversion: 1\n\nversion: 1\n", "line 4: an entry begins"},
    };
    struct buffer seen;

    (void)state;
    buffer_init(&seen, 4096);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        size_t entries;
        if (read_all(bytes_of_string(rows[i].file), &seen, &entries, &error) != -1 ||
            strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].file, error.text);
        }
    }
    buffer_free(&seen);
}

static void a_file_is_known_by_its_first_line(void **state)
{
    static const struct {
        const char *file;
        bool is;
    } rows[] = {
        {"dn: cn=a\n", true},
        {"dn:: Y249YQ==\n", true},
        {"# comment\n goes on\n\nversion: 1\n", true},
        {"", false},
        {"# only a comment\n", false},
        {"-----BEGIN CERTIFICATE-----\n", false},
        {"\x30\x82\x01\x0a", false},
        {"dnx: y\n", false},
        {"dn", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ldif_is(bytes_of_string(rows[i].file)), rows[i].is);
    }
}

static void names_are_compared_without_options_and_case(void **state)
{
    (void)state;
    assert_true(ldif_names(bytes_of_string("userCertificate"), "userCertificate"));
    assert_true(ldif_names(bytes_of_string("usercertificate;BINARY"), "userCertificate"));
    assert_true(ldif_names(bytes_of_string("userCertificate;lang-de;binary"), "userCertificate"));
    assert_false(ldif_names(bytes_of_string("userCertificates"), "userCertificate"));
    assert_false(ldif_names(bytes_of_string("userCert"), "userCertificate"));
    assert_false(ldif_names(bytes_of_string(""), "userCertificate"));
}

static int refuse(void *context, const struct ldif_value *value, struct error *error)
{
    (*(size_t *)context)++;
    (void)value;
    return error_set(error, "enough");
}

static void whoever_has_enough_ends_the_reading(void **state)
{
    struct error error = {""};
    size_t entries, calls = 0;

    (void)state;
    assert_int_equal(ldif_each(bytes_of_string("dn: cn=a\nsn: b\nsn: c\n"), refuse, &calls, &entries, &error), -1);
    assert_int_equal(calls, 1);
    assert_string_equal(error.text, "enough");
}

static void short_of_memory_it_is_not_read(void **state)
{
    const struct bytes file = bytes_of_string("dn:: Y249YQ==\nuserCertificate;binary:: QU\n JD\n");
    struct buffer seen;
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        struct error error = {""};
        size_t entries;
        buffer_init(&seen, 4096);
        buffer_append_char(&seen, ' '); /* its own memory first */
        scarce_begin(nth);
        int result = read_all(file, &seen, &entries, &error);
        failed = scarce_end();
        if (result == 0 ? strcmp(buffer_string(&seen), "cn=a|userCertificate;binary=ABC\n") != 0 && !seen.failed
                        : !failed || strstr(error.text, "out of memory") == NULL) {
            fail_msg("allocation %d: %d, %s, %s", nth, result, error.text, buffer_string(&seen));
        }
        buffer_free(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_as_ldapsearch_and_slapcat_write_them),
        cmocka_unit_test(what_is_no_ldif_is_refused),
        cmocka_unit_test(a_file_is_known_by_its_first_line),
        cmocka_unit_test(names_are_compared_without_options_and_case),
        cmocka_unit_test(whoever_has_enough_ends_the_reading),
        cmocka_unit_test(short_of_memory_it_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
