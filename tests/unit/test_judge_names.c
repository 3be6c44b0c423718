#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "base/metrics.h"
#include "tests/unit/made.h"

/* Which addresses a certificate is for: RFC 8550 3, RFC 9598. */

static X509 *root;
static struct policy *policy, *exact;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}});
    exact = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .exact_local_part = true});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    policy_free(&exact);
    X509_free(root);
    return 0;
}

static const struct {
    const char *name, *asked;
    bool want, want_exact;
    struct made_name names[MADE_RAW_NAMES];
} cases[] = {
    {"rfc822Name", "alice@example.org", true, true, {{MADE_RFC822, "alice@example.org"}}},
    {"domain without case", "alice@example.org", true, true, {{MADE_RFC822, "alice@EXAMPLE.org"}}},
    {"local part without case", "alice@example.org", true, false, {{MADE_RFC822, "Alice@example.org"}}},
    {"asked in capitals", "ALICE@EXAMPLE.ORG", true, true, {{MADE_RFC822, "alice@example.org"}}},
    {"the second name", "alice@example.org", true, true,
     {{MADE_RFC822, "a@example.org"}, {MADE_RFC822, "alice@example.org"}}},
    {"subject emailAddress", "alice@example.org", true, true, {{MADE_SUBJECT_IA5, "alice@example.org"}}},
    {"subject emailAddress as UTF8String", "alice@example.org", true, true, {{MADE_SUBJECT_UTF8, "alice@example.org"}}},
    {"subject beside another rfc822Name", "alice@example.org", true, true,
     {{MADE_RFC822, "bob@example.org"}, {MADE_SUBJECT_IA5, "alice@example.org"}}},
    {"second emailAddress in the subject", "alice@example.org", true, true,
     {{MADE_SUBJECT_IA5, "bob@example.org"}, {MADE_SUBJECT_IA5, "alice@example.org"}}},
    {"IDN as A-label", "alice@bücher.example", true, true, {{MADE_RFC822, "alice@xn--bcher-kva.example"}}},
    {"IDN asked as A-label", "alice@xn--bcher-kva.example", true, true, {{MADE_RFC822, "alice@XN--BCHER-KVA.example"}}},
    {"SmtpUTF8Mailbox", "jürgen@example.org", true, true, {{MADE_SMTP_UTF8, "jürgen@example.org"}}},
    {"SmtpUTF8Mailbox with U-label", "jürgen@bücher.example", true, true, {{MADE_SMTP_UTF8, "jürgen@bücher.example"}}},
    {"SmtpUTF8Mailbox with A-label", "jürgen@bücher.example", true, true,
     {{MADE_SMTP_UTF8, "jürgen@xn--bcher-kva.example"}}},
    {"quoted for no reason", "alice@example.org", true, false, {{MADE_RFC822, "\"alice\"@example.org"}}},
    {"another country's letters keep their case", "Ü@example.org", true, true, {{MADE_SMTP_UTF8, "Ü@example.org"}}},

    {"small letters of Greece", "ω@example.org", true, true, {{MADE_SMTP_UTF8, "ω@EXAMPLE.org"}}},
    {"asked in NFD", "ju\xcc\x88rgen@example.org", true, true, {{MADE_SMTP_UTF8, "jürgen@example.org"}}},
    {"quoted for a reason", "\"a b\"@example.org", true, false, {{MADE_RFC822, "\"A b\"@example.org"}}},
    {"IDN, local part without case", "alice@bücher.example", true, false, {{MADE_SMTP_UTF8, "Alice@bücher.example"}}},

    {"KELVIN SIGN is no k", "kim@example.org", false, false, {{MADE_SMTP_UTF8, "\xe2\x84\xaaim@example.org"}}},
    {"nor within quotes", "kim@example.org", false, false, {{MADE_SMTP_UTF8, "\"\xe2\x84\xaaim\"@example.org"}}},
    {"nor with U-labels", "kim@bücher.example", false, false, {{MADE_SMTP_UTF8, "\xe2\x84\xaaim@bücher.example"}}},
    {"OHM SIGN is no omega", "Ω@example.org", false, false, {{MADE_SMTP_UTF8, "\xe2\x84\xa6@example.org"}}},
    {"NFD is another local part", "jürgen@example.org", false, false,
     {{MADE_SMTP_UTF8, "ju\xcc\x88rgen@example.org"}}},
    {"fullwidth letters are no domain", "alice@example.org", false, false,
     {{MADE_SMTP_UTF8, "alice@\xef\xbd\x85xample.org"}}},
    {"longer local part", "alice@example.org", false, false, {{MADE_RFC822, "malice@example.org"}}},
    {"shorter local part", "alice@example.org", false, false, {{MADE_RFC822, "lice@example.org"}}},
    {"subdomain", "alice@example.org", false, false, {{MADE_RFC822, "alice@sub.example.org"}}},
    {"other top level", "alice@example.org", false, false, {{MADE_RFC822, "alice@example.com"}}},
    {"domain only", "alice@example.org", false, false, {{MADE_RFC822, "example.org"}}},
    {"at and domain", "alice@example.org", false, false, {{MADE_RFC822, "@example.org"}}},
    {"NUL in the middle", "alice@example.org", false, false, {{MADE_RFC822, "alice@example.org\0.evil.example", 31}}},
    {"NUL at the end", "alice@example.org", false, false, {{MADE_RFC822, "alice@example.org\0", 18}}},
    {"NUL in the subject", "alice@example.org", false, false, {{MADE_SUBJECT_IA5, "alice@example.org\0", 18}}},
    {"line end", "alice@example.org", false, false, {{MADE_RFC822, "alice@example.org\n"}}},
    {"display name", "alice@example.org", false, false, {{MADE_RFC822, "Alice <alice@example.org>"}}},
    {"URI", "alice@example.org", false, false, {{MADE_RFC822, "mailto:alice@example.org"}}},
    {"two in one", "alice@example.org", false, false, {{MADE_RFC822, "alice@example.org,bob@example.org"}}},
    {"wildcard", "alice@example.org", false, false, {{MADE_RFC822, "*@example.org"}}},
    {"sharp s is not ss", "strasse@example.org", false, false, {{MADE_SMTP_UTF8, "straße@example.org"}}},
    {"dotless i is not i", "alice@example.org", false, false,
     {{MADE_SMTP_UTF8, "al\xc4\xb1"
                       "ce@example.org"}}},
    {"letters of other countries have case", "ü@example.org", false, false, {{MADE_SMTP_UTF8, "Ü@example.org"}}},
    {"UTF-8 in rfc822Name", "jürgen@example.org", false, false, {{MADE_RFC822, "jürgen@example.org"}}},
    {"Latin-1 in rfc822Name", "jürgen@example.org", false, false, {{MADE_RFC822, "j\xfcrgen@example.org"}}},
    {"Latin-1 in the subject", "jürgen@example.org", false, false, {{MADE_SUBJECT_IA5, "j\xfcrgen@example.org"}}},
    {"BMPString in the subject", "alice@example.org", false, false,
     {{MADE_SUBJECT_BMP, "\0a\0l\0i\0c\0e\0@\0e\0x\0a\0m\0p\0l\0e\0.\0o\0r\0g", 34}}},
    {"bad UTF-8", "alice@example.org", false, false, {{MADE_SMTP_UTF8, "alice\xff@example.org"}}},
    {"SmtpUTF8Mailbox of another type", "alice@example.org", false, false, {{MADE_SMTP_UTF8_IA5, "alice@example.org"}}},
    {"empty", "alice@example.org", false, false, {{MADE_RFC822, "", 0}}},
    {"dot at the end of the local part", "alice@example.org", false, false, {{MADE_RFC822, "alice.@example.org"}}},
    {"literal", "alice@example.org", false, false, {{MADE_RFC822, "alice@[192.0.2.1]"}}},
};

static enum reason reason_of(struct policy *which, const char *asked, const X509 *leaf)
{
    struct blob *value = made_blob(leaf);
    struct answer_draft draft;
    enum reason reason;

    made_judge(which, asked, ATTRIBUTE_USER_CERTIFICATE, &value, 1, &draft);
    reason = draft.certificates[0].reason;
    assert_true(strlen(draft.certificates[0].detail) <= MAX_DETAIL_BYTES);
    answer_draft_free(&draft);
    return reason;
}

static void addresses_match_or_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made made = {.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT};
        X509 *leaf;

        memcpy(made.names, cases[i].names, sizeof(made.names));
        leaf = made_certificate(&made);
        if (reason_of(policy, cases[i].asked, leaf) != (cases[i].want ? REASON_USABLE : REASON_ADDRESS_MISMATCH)) {
            fail_msg("%s", cases[i].name);
        }
        if (reason_of(exact, cases[i].asked, leaf) != (cases[i].want_exact ? REASON_USABLE : REASON_ADDRESS_MISMATCH)) {
            fail_msg("%s, exactly", cases[i].name);
        }
        X509_free(leaf);
    }
}

/* Others first, then the one that is asked for. */
static X509 *with_many_names(int others, const char *in_subject)
{
    char text[64];
    struct made made = {.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT};
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    X509 *leaf, *anew;

    made.names[0] = (struct made_name){in_subject != NULL ? MADE_SUBJECT_IA5 : 0, in_subject, 0};
    leaf = made_certificate(&made);

    for (int i = 0; i <= others; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *string = ASN1_IA5STRING_new();

        snprintf(text, sizeof(text), "u%d@a.bc", i);
        ASN1_STRING_set(string, i < others ? text : MADE_ADDRESS, -1);
        GENERAL_NAME_set0_value(name, GEN_EMAIL, string);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(leaf, made_key(MADE_RSA_ROOT), EVP_sha256());
    anew = X509_dup(leaf);
    X509_free(leaf);
    return anew;
}

/* Each name takes as little as a name can, so that the value stays within its own limit. */
static void names_have_a_limit(void **state)
{
    X509 *many = with_many_names(2000, NULL), *last = with_many_names(MAX_CERTIFICATE_NAMES - 1, NULL);
    X509 *beyond = with_many_names(MAX_CERTIFICATE_NAMES, NULL);
    X509 *subject = with_many_names(MAX_CERTIFICATE_NAMES, MADE_ADDRESS);
    uint64_t before = count_read(COUNT_LIMIT_CERTIFICATE_NAMES);
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason(policy, many, NULL), REASON_USABLE);
    assert_int_equal(made_reason(policy, last, NULL), REASON_USABLE);
    assert_int_equal(made_reason(policy, subject, NULL), REASON_USABLE);
    assert_int_equal(count_read(COUNT_LIMIT_CERTIFICATE_NAMES), before);
    assert_int_equal(made_reason(policy, beyond, detail), REASON_ADDRESS_MISMATCH);
    assert_non_null(strstr(detail, "more than 4096 names"));
    assert_int_equal(count_read(COUNT_LIMIT_CERTIFICATE_NAMES), before + MADE_JUDGINGS);
    X509_free(many);
    X509_free(subject);
    X509_free(last);
    X509_free(beyond);
}

/* What a hostile name may do to the words about it. */
static void hostile_names_are_shown_safely(void **state)
{
    static const struct made_name names[] = {
        {MADE_SUBJECT_UTF8, "\x1b[2J\r\nforged log line", 0},
        {MADE_SMTP_UTF8,
         "\xe2\x80\xae"
         "gro.elpmaxe@ecila",
         0},
        {MADE_RFC822, "a\0b", 3},
        {MADE_SMTP_UTF8, "\xc2\x85\xef\xbb\xbf", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        X509 *leaf =
            made_certificate(&(struct made){.key = MADE_RSA, .subject = "CN=\x1b]0;x\x07", .names = {names[i]}});
        struct blob *value = made_blob(leaf);
        struct answer_draft draft;

        made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, &value, 1, &draft);
        assert_int_equal(draft.certificates[0].reason, REASON_ADDRESS_MISMATCH);
        for (const char *c = draft.certificates[0].detail; *c != '\0'; c++) {
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
        assert_null(strstr(draft.certificates[0].detail, "\xe2\x80\xae"));
        assert_null(strstr(draft.certificates[0].detail, "\xc2\x85"));
        answer_draft_free(&draft);
        X509_free(leaf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_match_or_do_not),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(hostile_names_are_shown_safely),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
