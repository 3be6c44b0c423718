#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdlib.h>

#include "base/digest.h"
#include "render/clean.h"
#include "render/render.h"
#include "render/text_field.h"
#include "tests/unit/render_fixture.h"

static char *rendered(enum format format, struct answer *answer, const struct render_options *options)
{
    struct buffer out;
    size_t size;

    buffer_init(&out, 1 << 20);
    assert_int_equal(render(format, answer, options, &out), 0);
    answer_free(&answer);
    return (char *)buffer_take(&out, &size);
}

static void text_of_none_and_unknown(void **state)
{
    (void)state;
    char *none = rendered(FORMAT_TEXT, fixture_none(), NULL), *unknown = rendered(FORMAT_TEXT, fixture_unknown(), NULL);

    assert_string_equal(none,
        "bob@b\xc3\xbc" "cher.example (bob@xn--bcher-kva.example): none, no_entry\n"
        "     no directory has an entry with this address\n");
    assert_string_equal(unknown,
        "carol@example.org: unknown, directory_unavailable\n"
        "     a directory could not be asked\n"
        "\n"
        "     asked      corp: unavailable in 12 ms, entries: 1, values: 0:\n"
        "                ldap://\\u{1b}[1mhost: connection refused\n");
    free(none);
    free(unknown);
}

static void text_shows_every_value_with_its_verdict(void **state)
{
    (void)state;
    static const char *const order[] = {
        "alice@example.org: found (1 usable, 3 refused)\n", "\n  1. usable\n", "     subject    CN=Alice Example,O=Example\n",
        "     serial     1A2B\n", "     valid      2026-11-23T07:40:21Z to 2046-01-22T07:40:21Z\n",
        "     key        RSA 2048, signed with ecdsa-with-SHA256\n", "     key usage  keyEncipherment\n",
        "     purposes   emailProtection\n", "     addresses  alice@example.org\n",
        "     sha256     b34e051ca212592dd9ed32328698b5a4f1d3a746f736600af9fab0bee36ac594\n",
        "     revocation good, evidence until ", "     source     corp: userCertificate[2] of cn=Alice,dc=example,dc=org\n",
        "\n  2. refused: revoked\n", "     key        EC P-256, ", "     key usage  not restricted\n",
        "     revocation revoked 2026-09-21T14:13:20Z, keyCompromise\n",
        "\n  3. refused: expired\n", "\n  4. refused: malformed\n", "     source     corp: userSMIMECertificate[0] of ",
    };
    char *text = rendered(FORMAT_TEXT, fixture_found(), NULL);
    const char *at = text;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const char *next = strstr(at, order[i]);
        if (next == NULL) {
            print_error("%s is not behind its predecessor in\n%s\n", order[i], text);
        }
        assert_non_null(next);
        at = next;
    }
    free(text);
}

static void text_fits_a_terminal_and_does_not_drive_it(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true};
    char *text = rendered(FORMAT_TEXT, fixture_found(), &options);
    struct bytes bytes = bytes_of_string(text);
    size_t column = 0;

    for (size_t at = 0; at < bytes.size;) {
        int32_t point = clean_next(bytes, &at);
        assert_true(point == '\n' || (point >= 0x20 && point != 0x7f && (point < 0x80 || point > 0x9f)));
        column = point == '\n' ? 0 : column + 1;
        assert_true(column <= 80);
    }
    assert_non_null(strstr(text, "     chain      CN=Example Root,O=Example, until "));
    assert_non_null(strstr(text, "     asked      corp: answered in 12 ms, entries: 1, values: 4\n"));
    free(text);
}

/* Behind a comma that still fits, the space goes with it: what follows stands in line with what is above. */
static void a_line_never_begins_with_a_space_of_its_own(void **state)
{
    static const struct render_options options = {.colour = false};
    struct buffer out;
    struct writer writer = {.out = &out, .options = &options};

    (void)state;
    buffer_init(&out, 1000);
    FIELD(&writer, "reads", "aes256-CBC, aes192-CBC, aes128-CBC, des-EDE3-CBC, rc2-CBC (128),   rc2-CBC (64)");
    assert_string_equal(buffer_string(&out),
                        "     reads      aes256-CBC, aes192-CBC, aes128-CBC, des-EDE3-CBC, rc2-CBC (128),\n"
                        "                rc2-CBC (64)\n");
    buffer_free(&out);
}

static void colour_only_when_asked(void **state)
{
    (void)state;
    static const struct render_options options = {.colour = true};
    char *text = rendered(FORMAT_TEXT, fixture_found(), &options);

    assert_non_null(strstr(text, "\033[1;32mfound\033[0m"));
    assert_non_null(strstr(text, "\033[1;32musable\033[0m"));
    assert_non_null(strstr(text, "\033[1;31mrefused\033[0m: revoked"));
    assert_null(strstr(text, "\033[2J"));
    assert_null(strstr(text, "\033]"));
    free(text);
}

/* A reader of LDIF in small (RFC 2849): unfolds lines, drops comments, counts records, decodes values. */
struct ldif_seen {
    size_t records, values;
    struct buffer last_value;
    struct buffer last_dn;
};

static void see_line(struct ldif_seen *seen, const char *line)
{
    static const char value[] = "userCertificate;binary:: ", dn64[] = "dn:: ", dn[] = "dn: ";

    buffer_clear(&seen->last_value);
    if (strncmp(line, value, sizeof(value) - 1) == 0) {
        seen->values++;
        assert_int_equal(digest_decode_base64(bytes_of_string(line + sizeof(value) - 1), &seen->last_value, false), 0);
    } else if (strncmp(line, dn64, sizeof(dn64) - 1) == 0) {
        seen->records++;
        buffer_clear(&seen->last_dn);
        assert_int_equal(digest_decode_base64(bytes_of_string(line + sizeof(dn64) - 1), &seen->last_dn, false), 0);
    } else {
        assert_int_equal(strncmp(line, dn, sizeof(dn) - 1), 0);
        seen->records++;
    }
}

static void read_ldif(const char *text, struct ldif_seen *seen)
{
    struct buffer line;

    buffer_init(&line, 1 << 20);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        buffer_append(&line, text, size);
        text += size + 1;
        assert_true(line.size == 0 || line.data[0] == '#' || size <= 76);
        if (*text == ' ') {
            text++;
            continue;
        }
        if (line.size > 0 && line.data[0] != '#') {
            see_line(seen, buffer_string(&line));
        }
        buffer_clear(&line);
    }
    buffer_free(&line);
}

static void ldif_is_ldif_and_holds_what_is_usable(void **state)
{
    (void)state;
    struct answer *answer = fixture_found();
    char *text = rendered(FORMAT_LDIF, answer_ref(answer), NULL);
    struct ldif_seen seen = {0};

    buffer_init(&seen.last_value, 1 << 20);
    buffer_init(&seen.last_dn, 1 << 20);
    for (const char *c = text; *c != '\0'; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
    }
    read_ldif(text, &seen);
    assert_int_equal(seen.records, 1);
    assert_int_equal(seen.values, 1);
    assert_true(bytes_equal(buffer_bytes(&seen.last_value), blob_bytes(answer->certificates[0].value)));
    assert_non_null(strstr(text, "\ndn: cn=Alice,dc=example,dc=org\n# usable\n"));
    assert_non_null(strstr(text, "\n# refused: revoked: "));
    assert_non_null(strstr(text, "\n# dn: cn=\\u{1b}[31m\xef\xbf\xbd\\u{a},dc=example,dc=org\n"));
    assert_null(strstr(text, "userSMIMECertificate"));
    buffer_free(&seen.last_value);
    buffer_free(&seen.last_dn);
    free(text);
    answer_free(&answer);
}

static void ldif_explained_shows_refused_values_as_comments(void **state)
{
    (void)state;
    static const struct render_options options = {.explain = true};
    char *text = rendered(FORMAT_LDIF, fixture_found(), &options);

    assert_non_null(strstr(text, "\n# userSMIMECertificate;binary:: G1sySmdhcmJhZ2U=\n"));
    assert_non_null(strstr(text, "\n# directory corp: answered\n"));
    free(text);
}

static void ldif_of_none_has_no_record(void **state)
{
    (void)state;
    char *text = rendered(FORMAT_LDIF, fixture_none(), NULL);

    assert_string_equal(text, "# bob@xn--bcher-kva.example: none: no_entry\n# directory corp: answered\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_none_and_unknown),
        cmocka_unit_test(text_shows_every_value_with_its_verdict),
        cmocka_unit_test(text_fits_a_terminal_and_does_not_drive_it),
        cmocka_unit_test(a_line_never_begins_with_a_space_of_its_own),
        cmocka_unit_test(colour_only_when_asked),
        cmocka_unit_test(ldif_is_ldif_and_holds_what_is_usable),
        cmocka_unit_test(ldif_explained_shows_refused_values_as_comments),
        cmocka_unit_test(ldif_of_none_has_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
