#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/text.h"
#include "render/render.h"
#include "tests/unit/made.h"
#include "tests/unit/scarce.h"

#define FORMATS 2
static const enum format formats[FORMATS] = {FORMAT_VCARD, FORMAT_VCARD3};

/* Found for this address, "" nobody's: one certificate. */
static struct answer *found_as(const char *mail, const struct made *made)
{
    X509 *x509 = made_certificate(made);
    struct blob *der = made_blob(x509);
    struct certificate certificate = {.value = der, .der = der, .source = {.directory = "corp", .dn = "", .mails = ""},
                                      .detail = "", .reason = REASON_USABLE};
    struct answer_draft draft = {.outcome = OUTCOME_FOUND, .reason = REASON_USABLE, .certificates = &certificate,
                                 .certificate_count = 1, .usable_count = 1};

    if (mail[0] != '\0') {
        assert_int_equal(address_parse(bytes_of_string(mail), &draft.address), ADDRESS_OK);
    }
    struct answer *answer = answer_make(&draft);
    assert_non_null(answer);
    blob_free(&der);
    X509_free(x509);
    return answer;
}

static struct answer *found(const char *mail, const char *subject)
{
    return found_as(mail, &(struct made){.subject = subject, .key = MADE_RSA});
}

/* What was folded, in one line again (RFC 6350 3.2); no line of the card is too long, each ends as it should. */
static char *unfolded(const struct buffer *card)
{
    const char *text = buffer_string(card);
    char *plain = calloc(1, card->size + 1), *to = plain;

    assert_true(text_is_utf8(buffer_bytes(card)));
    for (const char *line = text, *end; *line != '\0'; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 75);
        assert_true(text_is_utf8(bytes_of(line, (size_t)(end - line))));
        assert_null(memchr(line, '\n', (size_t)(end - line)));
        if (*line == ' ') {
            to--; /* over the line end before */
            line++;
        }
        memcpy(to, line, (size_t)(end - line));
        to += end - line;
        *to++ = '\n';
    }
    return plain;
}

static char *card_of(enum format format, const char *mail, const char *subject)
{
    struct answer *answer = found(mail, subject);
    struct buffer out;

    buffer_init(&out, 1 << 20);
    assert_int_equal(render(format, answer, NULL, &out), 0);
    char *plain = unfolded(&out);
    buffer_free(&out);
    answer_free(&answer);
    return plain;
}

static void a_card_has_name_address_and_key(void **state)
{
    static const char *const wanted[FORMATS] = {
        "BEGIN:VCARD\nVERSION:4.0\nKIND:individual\nFN:Alice Archer\nN:;Alice Archer;;;\nEMAIL:alice@example.org\n"
        "KEY:data:application/pkix-cert;base64,%s\nEND:VCARD\n",
        "BEGIN:VCARD\nVERSION:3.0\nFN:Alice Archer\nN:;Alice Archer;;;\nEMAIL;TYPE=INTERNET:alice@example.org\n"
        "KEY;TYPE=X509;ENCODING=b:%s\nEND:VCARD\n",
    };
    struct answer *answer = found("alice@example.org", "O=Example,CN=Alice Archer");
    struct buffer base64, whole, out;

    (void)state;
    buffer_init(&base64, 1 << 16);
    digest_append_base64(&base64, blob_bytes(answer->certificates[0].der), 0);
    for (size_t i = 0; i < FORMATS; i++) {
        buffer_init(&whole, 1 << 16);
        buffer_init(&out, 1 << 16);
        const char *key = strstr(wanted[i], "%s");
        buffer_append(&whole, wanted[i], (size_t)(key - wanted[i]));
        buffer_append_bytes(&whole, buffer_bytes(&base64));
        buffer_append_string(&whole, key + 2);
        assert_int_equal(render(formats[i], answer, NULL, &out), 0);
        char *plain = unfolded(&out);
        assert_string_equal(plain, buffer_string(&whole));
        free(plain);
        buffer_free(&out);
        buffer_free(&whole);
    }
    buffer_free(&base64);
    answer_free(&answer);
}

static void names_are_what_they_are(void **state)
{
    static const struct {
        const char *mail, *subject, *name;
    } rows[] = {
        {"a@example.org", "CN=Müller; Anna \\ 1", "Müller\\; Anna \\\\ 1"},
        {"a@example.org", "CN=People,O=Example,CN=Anna", "Anna"}, /* the most specific one */
        {"a@example.org", "O=Example", "a@example.org"},
        {"a@example.org", "-", "a@example.org"},
        {"b@bücher.example", "O=Example", "b@bücher.example"},
        {"a@example.org", "CN=x\r\nEMAIL:m@example.org", "x\xef\xbf\xbd\xef\xbf\xbd" "EMAIL:m@example.org"},
        {"a@example.org", "CN=\xe2\x80\xaegro", "\xef\xbf\xbdgro"},
        {"a@example.org", "CN=soft\xc2\xadhyphen\xe2\x80\x8b", "soft\xef\xbf\xbdhyphen\xef\xbf\xbd"},
        {"a@example.org", "CN=\xd9\x86\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", "\xd9\x86\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae"},
        {"a@example.org", "CN=äöüäöüäöüäöüäöüäöüäöü", "äöüäöüäöüäöüäöüäöüäöü"},
        {"a@example.org", "CN=1äöüäöüäöüäöüäöüäöüäöü", "1äöüäöüäöüäöüäöüäöüäöü"},
    };
    char line[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < FORMATS; k++) {
            char *card = card_of(formats[k], rows[i].mail, rows[i].subject);
            snprintf(line, sizeof(line), "\nFN:%s\nN:;%s;;;\nEMAIL", rows[i].name, rows[i].name);
            if (strstr(card, line) == NULL) {
                fail_msg("row %zu: %s", i, card);
            }
            assert_null(strstr(card, "\nEMAIL:m@"));
            free(card);
        }
    }
}

static void an_address_is_as_normalised(void **state)
{
    (void)state;
    char *card = card_of(FORMAT_VCARD, "\"b,ob\"@bücher.example", "CN=Bob");
    assert_non_null(strstr(card, "\nEMAIL:\"b\\,ob\"@xn--bcher-kva.example\n"));
    free(card);
}

/* Another address would be somebody else's. */
static void an_address_that_cannot_be_shown_is_left_out(void **state)
{
    (void)state;
    for (size_t k = 0; k < FORMATS; k++) {
        char *card = card_of(formats[k], "a\xe2\x80\xae" "b@example.org", "CN=Bob");
        assert_non_null(strstr(card, "\nFN:Bob\n"));
        assert_null(strstr(card, "EMAIL"));
        free(card);
        card = card_of(formats[k], "a\xe2\x80\xae" "b@example.org", "O=Example");
        assert_non_null(strstr(card, "\nFN:a\xef\xbf\xbd" "b@example.org\n"));
        free(card);
    }
}

/* Files that were looked into, for nobody in particular. */
static void without_an_address_the_certificate_names_one(void **state)
{
    static const struct {
        struct made made;
        const char *lines;
    } rows[] = {
        {{.subject = "CN=Bob", .key = MADE_RSA, .names = {{MADE_RFC822, "bob@example.org"}}},
         "\nFN:Bob\nN:;Bob;;;\nEMAIL:bob@example.org\nKEY"},
        {{.subject = "-", .key = MADE_RSA, .names = {{MADE_RFC822, "bob@example.org"}}},
         "\nFN:bob@example.org\nN:;bob@example.org;;;\nEMAIL:bob@example.org\nKEY"},
        {{.subject = "O=Example", .key = MADE_RSA}, "\nFN:O=Example\nN:;O=Example;;;\nKEY"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer *answer = found_as("", &rows[i].made);
        struct buffer out;

        buffer_init(&out, 1 << 16);
        assert_int_equal(render(FORMAT_VCARD, answer, NULL, &out), 0);
        char *card = unfolded(&out);
        if (strstr(card, rows[i].lines) == NULL) {
            fail_msg("row %zu: %s", i, card);
        }
        free(card);
        buffer_free(&out);
        answer_free(&answer);
    }
}

static void cards_without_memory_are_none(void **state)
{
    struct answer *answer = found("alice@example.org", "CN=Alice");
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        struct buffer out;

        buffer_init(&out, 1 << 16);
        scarce_begin(nth);
        int result = render(FORMAT_VCARD, answer, NULL, &out);
        failed = scarce_end();
        assert_int_equal(result, failed ? -1 : 0);
        buffer_free(&out);
    }
    answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_has_name_address_and_key),
        cmocka_unit_test(names_are_what_they_are),
        cmocka_unit_test(an_address_is_as_normalised),
        cmocka_unit_test(an_address_that_cannot_be_shown_is_left_out),
        cmocka_unit_test(without_an_address_the_certificate_names_one),
        cmocka_unit_test(cards_without_memory_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
