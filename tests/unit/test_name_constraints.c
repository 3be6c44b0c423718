#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "base/metrics.h"
#include "tests/unit/made.h"

/* Name constraints of an issuer, above all those on mail: RFC 5280 4.2.1.10, RFC 9598 6. */

#define CA "basicConstraints=critical,CA:TRUE"
#define CERT_SIGN "keyUsage=critical,keyCertSign,cRLSign"
#define KEY_ID "subjectKeyIdentifier=hash"
#define ISSUER_KEY_ID "authorityKeyIdentifier=keyid:always"
#define NC "nameConstraints=critical,"

static X509 *root;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    return 0;
}

#define ALICE {MADE_RFC822, "alice@example.org", 0}
#define PERMITTED_HOST NC "permitted;email:example.org"
#define PERMITTED_BELOW NC "permitted;email:.example.org"
#define PERMITTED_ALICE NC "permitted;email:alice@example.org"
#define EXCLUDED_HOST NC "excluded;email:example.org"
#define EXCLUDED_BELOW NC "excluded;email:.example.org"
#define EXCLUDED_ALICE NC "excluded;email:alice@example.org"
#define IDN_ASKED "jürgen@bücher.example"
#define IDN_A {MADE_SMTP_UTF8, "jürgen@xn--bcher-kva.example", 0}
#define IDN_U {MADE_SMTP_UTF8, "jürgen@bücher.example", 0}

/* The certificate always names the asked address. `stricter`: libcrypto may let it pass; `better`: it may refuse it. */
enum libcrypto { AGREES, STRICTER, BETTER };

static const struct {
    const char *name, *asked, *constraints;
    bool good;
    struct made_name names[MADE_RAW_NAMES];
    enum libcrypto ours;
} rows[] = {
    {"host", MADE_ADDRESS, PERMITTED_HOST, true, {ALICE}},
    {"another host", MADE_ADDRESS, NC "permitted;email:example.com", false, {ALICE}},
    {"not what is below a host", "alice@sub.example.org", PERMITTED_HOST, false,
     {{MADE_RFC822, "alice@sub.example.org", 0}}},
    {"below a domain", "alice@sub.example.org", PERMITTED_BELOW, true, {{MADE_RFC822, "alice@sub.example.org", 0}}},
    {"far below a domain", "alice@a.b.c.example.org", PERMITTED_BELOW, true,
     {{MADE_RFC822, "alice@a.b.c.example.org", 0}}},
    {"the domain is not below itself", MADE_ADDRESS, PERMITTED_BELOW, false, {ALICE}},
    {"the end of a label is not below", "alice@notexample.org", PERMITTED_BELOW, false,
     {{MADE_RFC822, "alice@notexample.org", 0}}},
    {"the end of a host is another host", "alice@notexample.org", PERMITTED_HOST, false,
     {{MADE_RFC822, "alice@notexample.org", 0}}},
    {"top level", MADE_ADDRESS, NC "permitted;email:.org", true, {ALICE}},
    {"mailbox", MADE_ADDRESS, PERMITTED_ALICE, true, {ALICE}},
    {"another mailbox", "bob@example.org", PERMITTED_ALICE, false, {{MADE_RFC822, "bob@example.org", 0}}},
    {"mailbox of another host", "alice@example.com", PERMITTED_ALICE, false, {{MADE_RFC822, "alice@example.com", 0}}},
    {"a longer local part", "malice@example.org", PERMITTED_ALICE, false, {{MADE_RFC822, "malice@example.org", 0}}},
    {"permitted local part with case", MADE_ADDRESS, PERMITTED_ALICE, false, {{MADE_RFC822, "Alice@example.org", 0}}},
    {"mailbox, host without case", MADE_ADDRESS, NC "permitted;email:alice@EXAMPLE.org", true, {ALICE}},
    {"capitals in the base", MADE_ADDRESS, NC "permitted;email:EXAMPLE.ORG", true, {ALICE}},
    {"capitals in the name", MADE_ADDRESS, PERMITTED_HOST, true, {{MADE_RFC822, "alice@EXAMPLE.Org", 0}}},
    {"capitals below a domain", "alice@sub.example.org", NC "permitted;email:.Example.ORG", true,
     {{MADE_RFC822, "alice@SUB.example.org", 0}}},
    {"nothing permits nobody", MADE_ADDRESS, NC "DER:30:06:a0:04:30:02:81:00", false, {ALICE}},
    {"the second base", MADE_ADDRESS, NC "permitted;email:example.com,permitted;email:example.org", true, {ALICE}},
    {"none of three bases", MADE_ADDRESS,
     NC "permitted;email:example.com,permitted;email:.example.org,permitted;email:bob@example.org", false, {ALICE}},
    {"a second name outside", MADE_ADDRESS, PERMITTED_HOST, false, {ALICE, {MADE_RFC822, "alice@example.com", 0}}},
    {"two names within", MADE_ADDRESS, PERMITTED_HOST, true, {ALICE, {MADE_RFC822, "al@example.org", 0}}},

    {"excluded host", MADE_ADDRESS, EXCLUDED_HOST, false, {ALICE}},
    {"excluded host without case", MADE_ADDRESS, NC "excluded;email:EXAMPLE.ORG", false, {ALICE}},
    {"another host excluded", MADE_ADDRESS, NC "excluded;email:example.com", true, {ALICE}},
    {"a host excludes nothing below it", "alice@sub.example.org", EXCLUDED_HOST, true,
     {{MADE_RFC822, "alice@sub.example.org", 0}}},
    {"excluded below a domain", "alice@sub.example.org", EXCLUDED_BELOW, false,
     {{MADE_RFC822, "alice@sub.example.org", 0}}},
    {"below a domain excludes not itself", MADE_ADDRESS, EXCLUDED_BELOW, true, {ALICE}},
    {"excluded mailbox", MADE_ADDRESS, EXCLUDED_ALICE, false, {ALICE}},
    {"another mailbox excluded", "bob@example.org", EXCLUDED_ALICE, true, {{MADE_RFC822, "bob@example.org", 0}}},
    {"excluded mailbox without case", MADE_ADDRESS, EXCLUDED_ALICE, false,
     {{MADE_RFC822, "ALICE@example.org", 0}}, STRICTER},
    {"excluded mailbox in needless quotes", MADE_ADDRESS, EXCLUDED_ALICE, false,
     {{MADE_RFC822, "\"alice\"@example.org", 0}}, STRICTER},
    {"nothing excludes everybody", MADE_ADDRESS, NC "DER:30:06:a1:04:30:02:81:00", false, {ALICE}, STRICTER},
    {"permitted and excluded", MADE_ADDRESS, PERMITTED_HOST ",excluded;email:alice@example.org", false, {ALICE}},
    {"permitted, another excluded", MADE_ADDRESS, PERMITTED_HOST ",excluded;email:bob@example.org", true, {ALICE}},
    {"a second name excluded", MADE_ADDRESS, EXCLUDED_BELOW, false,
     {ALICE, {MADE_RFC822, "alice@sub.example.org", 0}}},

    {"A-label, rfc822Name", "alice@bücher.example", NC "permitted;email:xn--bcher-kva.example", true,
     {{MADE_RFC822, "alice@xn--bcher-kva.example", 0}}},
    {"A-label in capitals", "alice@bücher.example", NC "permitted;email:XN--BCHER-KVA.example", true,
     {{MADE_RFC822, "alice@xn--bcher-kva.example", 0}}},
    {"A-label, SmtpUTF8Mailbox in U-labels", IDN_ASKED, NC "permitted;email:xn--bcher-kva.example", true, {IDN_U},
     BETTER},
    {"A-label, SmtpUTF8Mailbox in A-labels", IDN_ASKED, NC "permitted;email:xn--bcher-kva.example", true, {IDN_A},
     BETTER},
    {"A-label, SmtpUTF8Mailbox in capitals", IDN_ASKED, NC "permitted;email:xn--bcher-kva.example", true,
     {{MADE_SMTP_UTF8, "jürgen@XN--BCHER-KVA.Example", 0}}, BETTER},
    {"A-label, SmtpUTF8Mailbox elsewhere", IDN_ASKED, NC "permitted;email:xn--bcher-kva.example", false,
     {IDN_U, {MADE_SMTP_UTF8, "jürgen@example.org", 0}}, STRICTER},
    {"below an A-label", "jürgen@sub.bücher.example", NC "permitted;email:.xn--bcher-kva.example", true,
     {{MADE_SMTP_UTF8, "jürgen@sub.bücher.example", 0}}, BETTER},
    {"excluded A-label, U-labels", IDN_ASKED, NC "excluded;email:xn--bcher-kva.example", false, {IDN_U}, STRICTER},
    {"excluded A-label, A-labels", IDN_ASKED, NC "excluded;email:xn--bcher-kva.example", false, {IDN_A}, STRICTER},
    {"excluded below an A-label", "jürgen@sub.bücher.example", NC "excluded;email:.xn--bcher-kva.example", false,
     {{MADE_SMTP_UTF8, "jürgen@sub.bücher.example", 0}}, STRICTER},
    {"U-label permits nobody", "alice@bücher.example", NC "permitted;email:bücher.example", false,
     {{MADE_RFC822, "alice@xn--bcher-kva.example", 0}}},
    {"U-label permits no U-label", IDN_ASKED, NC "permitted;email:bücher.example", false, {IDN_U}, STRICTER},
    {"U-label excluded leaves nothing certain", MADE_ADDRESS, NC "excluded;email:bücher.example", false, {ALICE},
     STRICTER},
    {"SmtpUTF8Mailbox of a host", "jürgen@example.org", PERMITTED_HOST, true,
     {{MADE_SMTP_UTF8, "jürgen@EXAMPLE.org", 0}}, BETTER},
    {"SmtpUTF8Mailbox of another host", "jürgen@example.com", PERMITTED_HOST, false,
     {{MADE_SMTP_UTF8, "jürgen@example.com", 0}}, STRICTER},
    {"SmtpUTF8Mailbox of an excluded host", "jürgen@example.org", EXCLUDED_HOST, false,
     {{MADE_SMTP_UTF8, "jürgen@example.org", 0}}, STRICTER},
    {"a mailbox permits no SmtpUTF8Mailbox", "jürgen@example.org", PERMITTED_ALICE, false,
     {{MADE_SMTP_UTF8, "jürgen@example.org", 0}}, STRICTER},
    {"an excluded mailbox, SmtpUTF8Mailbox", MADE_ADDRESS, EXCLUDED_ALICE, false,
     {{MADE_SMTP_UTF8, "alice@example.org", 0}}, STRICTER},
    {"SmtpUTF8Mailbox that is no UTF-8", MADE_ADDRESS, PERMITTED_HOST, false,
     {ALICE, {MADE_SMTP_UTF8, "j\xfcrgen@\xfc.example", 0}}, STRICTER},
    {"SmtpUTF8Mailbox of another type", MADE_ADDRESS, PERMITTED_HOST, false,
     {ALICE, {MADE_SMTP_UTF8_IA5, "alice@example.com", 0}}, STRICTER},

    {"emailAddress within", MADE_ADDRESS, PERMITTED_HOST, true, {{MADE_SUBJECT_IA5, "alice@example.org", 0}}},
    {"emailAddress outside", "alice@example.com", PERMITTED_HOST, false, {{MADE_SUBJECT_IA5, "alice@example.com", 0}}},
    {"emailAddress excluded", MADE_ADDRESS, EXCLUDED_HOST, false, {{MADE_SUBJECT_IA5, "alice@example.org", 0}}},
    {"emailAddress outside beside a name within", MADE_ADDRESS, PERMITTED_HOST, false,
     {ALICE, {MADE_SUBJECT_IA5, "alice@example.com", 0}}},
    {"emailAddress as UTF8String within", MADE_ADDRESS, PERMITTED_HOST, true,
     {{MADE_SUBJECT_UTF8, "alice@example.org", 0}}, BETTER},
    {"emailAddress as UTF8String outside", "alice@example.com", PERMITTED_HOST, false,
     {{MADE_SUBJECT_UTF8, "alice@example.com", 0}}, STRICTER},
    {"emailAddress as UTF8String beside hosts", MADE_ADDRESS, NC "permitted;DNS:example.org", true,
     {{MADE_SUBJECT_UTF8, "alice@example.org", 0}}, BETTER},
    {"emailAddress as BMPString outside", MADE_ADDRESS, PERMITTED_HOST, false,
     {ALICE, {MADE_SUBJECT_BMP, "\0a\0@\0b\0.\0c\0o", 12}}, STRICTER},
    {"second emailAddress outside", MADE_ADDRESS, PERMITTED_HOST, false,
     {{MADE_SUBJECT_IA5, "alice@example.org", 0}, {MADE_SUBJECT_IA5, "alice@example.com", 0}}},

    {"no mailbox at all", MADE_ADDRESS, PERMITTED_HOST, false, {ALICE, {MADE_RFC822, "example.org", 0}}},
    {"a NUL in the host", MADE_ADDRESS, PERMITTED_HOST, false, {ALICE, {MADE_RFC822, "a@example.org\0.com", 18}}},
    {"a NUL in the local part", MADE_ADDRESS, PERMITTED_HOST, false, {ALICE, {MADE_RFC822, "a\0b@example.org", 15}},
     STRICTER},
    {"an empty name", MADE_ADDRESS, PERMITTED_HOST, false, {ALICE, {MADE_RFC822, "@", 1}}},
    {"an address literal", MADE_ADDRESS, EXCLUDED_BELOW, false, {ALICE, {MADE_RFC822, "a@[192.0.2.1]", 0}}, STRICTER},
    {"two at signs", MADE_ADDRESS, EXCLUDED_HOST, false, {{MADE_RFC822, "alice@example.org", 0},
                                                         {MADE_RFC822, "\"a@b.c\"@example.org", 0}}},

    {"hosts say nothing of mail", MADE_ADDRESS, NC "permitted;DNS:example.com", true, {ALICE}},
    {"mail says nothing of hosts", MADE_ADDRESS, PERMITTED_HOST, true, {ALICE, {MADE_DNS, "www.example.com", 0}}},
    {"a host within", MADE_ADDRESS, NC "permitted;DNS:example.org", true, {ALICE, {MADE_DNS, "WWW.example.org", 0}}},
    {"a host outside", MADE_ADDRESS, NC "permitted;DNS:example.org", false, {ALICE, {MADE_DNS, "example.com", 0}}},
    {"the end of a host's label", MADE_ADDRESS, NC "permitted;DNS:example.org", false,
     {ALICE, {MADE_DNS, "notexample.org", 0}}},
    {"an excluded host, below", MADE_ADDRESS, NC "excluded;DNS:example.org", false,
     {ALICE, {MADE_DNS, "a.example.org", 0}}},
    {"a URI within", MADE_ADDRESS, NC "permitted;URI:.example.org", true,
     {ALICE, {MADE_URI, "https://www.example.org:8443/a?b#c", 0}}},
    {"a URI outside", MADE_ADDRESS, NC "permitted;URI:.example.org", false,
     {ALICE, {MADE_URI, "https://a.example.com/", 0}}},
    {"a URI with a user", MADE_ADDRESS, NC "permitted;URI:www.example.org", false,
     {ALICE, {MADE_URI, "https://www.example.org@example.com/", 0}}, STRICTER},
    {"a URI without a host", MADE_ADDRESS, NC "excluded;URI:example.org", false, {ALICE, {MADE_URI, "urn:x", 0}}},
    {"an address within", MADE_ADDRESS, NC "permitted;IP:192.0.2.0/255.255.255.0", true,
     {ALICE, {MADE_IP, "\xc0\0\2\1", 4}}},
    {"an address outside", MADE_ADDRESS, NC "permitted;IP:192.0.2.0/255.255.255.0", false,
     {ALICE, {MADE_IP, "\xc0\0\3\1", 4}}},
    {"an excluded address", MADE_ADDRESS, NC "excluded;IP:192.0.2.0/255.255.255.0", false,
     {ALICE, {MADE_IP, "\xc0\0\2\1", 4}}},
    {"a UPN beside mail", MADE_ADDRESS, PERMITTED_HOST, true, {ALICE, {MADE_UPN, "alice@corp", 0}}},
    {"a UPN that is constrained", MADE_ADDRESS, NC "permitted;otherName:msUPN;UTF8:corp", false,
     {ALICE, {MADE_UPN, "alice@corp", 0}}},
    {"a base of SmtpUTF8Mailbox", MADE_ADDRESS, NC "permitted;otherName:1.3.6.1.5.5.7.8.9;UTF8:example.org", false,
     {ALICE}, STRICTER},
    {"not critical", MADE_ADDRESS, "nameConstraints=permitted;email:example.com", false, {ALICE}},
    {"not critical, excluded", MADE_ADDRESS, "nameConstraints=excluded;email:example.org", false, {ALICE}},
    {"not critical, within", MADE_ADDRESS, "nameConstraints=permitted;email:example.org", true, {ALICE}},
};

static X509 *make_sub(const char *constraints)
{
    return made_certificate(&(struct made){.subject = "CN=Sub",
                                           .key = MADE_RSA_CA,
                                           .issuer = root,
                                           .issuer_key = MADE_RSA_ROOT,
                                           .extensions = {CA, CERT_SIGN, constraints}});
}

static X509 *make_leaf(const char *subject, const X509 *issuer, const struct made_name *names)
{
    struct made made = {.subject = subject, .key = MADE_RSA, .issuer = issuer, .issuer_key = MADE_RSA_CA};

    memcpy(made.names, names, sizeof(made.names));
    return made_certificate(&made);
}

static struct policy *policy_of(X509 *anchor, X509 *sub)
{
    return made_policy(
        &(struct made_policy){.anchors = (X509 *[]){anchor, NULL}, .intermediates = (X509 *[]){sub, NULL}});
}

static bool is_good_to_libcrypto(const X509 *sub, X509 *leaf)
{
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(sub, NID_name_constraints, NULL, NULL);
    bool good;

    assert_non_null(constraints);
    X509_check_purpose(leaf, -1, 0); /* reads its names */
    good = NAME_CONSTRAINTS_check(leaf, constraints) == X509_V_OK;
    NAME_CONSTRAINTS_free(constraints);
    return good;
}

/* And where we differ from libcrypto, we know it. */
static void each_constraint_is_held(void **state)
{
    unsigned wrong = 0;

    (void)state;
    assert_true(sizeof(rows) / sizeof(rows[0]) >= 40);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        X509 *sub = make_sub(rows[i].constraints), *leaf = make_leaf("CN=Alice", sub, rows[i].names);
        struct policy *policy = policy_of(root, sub);
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason = made_reason_in_entry(policy, rows[i].asked, leaf, NULL, detail);
        bool theirs = is_good_to_libcrypto(sub, leaf);

        if (reason != (rows[i].good ? REASON_USABLE : REASON_BAD_CHAIN) ||
            (!rows[i].good && (strstr(detail, "RFC 5280") == NULL || strstr(detail, "subtree") == NULL))) {
            print_error("%s: %s (%s)\n", rows[i].name, reason_word(reason), detail);
            wrong++;
        }
        if (theirs != rows[i].good && rows[i].ours != (rows[i].good ? BETTER : STRICTER)) {
            print_error("%s: libcrypto says %s\n", rows[i].name, theirs ? "good" : "bad");
            wrong++;
        }
        policy_free(&policy);
        X509_free(leaf);
        X509_free(sub);
    }
    assert_int_equal(wrong, 0);
}

/* "nameConstraints=critical,DER:…" of what openssl.cnf cannot say. */
static const char *der_constraints(NAME_CONSTRAINTS *constraints)
{
    static char text[512];
    unsigned char *der = NULL;
    int size = ASN1_item_i2d((ASN1_VALUE *)constraints, &der, ASN1_ITEM_rptr(NAME_CONSTRAINTS));

    assert_true(size > 0 && 3 * (size_t)size + 40 < sizeof(text));
    snprintf(text, sizeof(text), NC "DER:");
    for (int i = 0; i < size; i++) {
        snprintf(text + strlen(text), 4, "%s%02x", i > 0 ? ":" : "", der[i]);
    }
    OPENSSL_free(der);
    NAME_CONSTRAINTS_free(constraints);
    return text;
}

static void subtree_add(STACK_OF(GENERAL_SUBTREE) **list, GENERAL_NAME *base, int64_t minimum)
{
    GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();

    GENERAL_NAME_free(subtree->base);
    subtree->base = base;
    if (minimum > 0) {
        subtree->minimum = ASN1_INTEGER_new();
        ASN1_INTEGER_set_int64(subtree->minimum, minimum);
    }
    *list = *list != NULL ? *list : sk_GENERAL_SUBTREE_new_null();
    sk_GENERAL_SUBTREE_push(*list, subtree);
}

static GENERAL_NAME *directory_name(const char *organisation, const char *unit)
{
    GENERAL_NAME *general = GENERAL_NAME_new();
    X509_NAME *name = X509_NAME_new();

    if (organisation != NULL) {
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)organisation, -1, -1, 0);
    }
    if (unit != NULL) {
        X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const unsigned char *)unit, -1, -1, 0);
    }
    GENERAL_NAME_set0_value(general, GEN_DIRNAME, name);
    return general;
}

static enum reason reason_under(const char *constraints, const char *subject, char *detail)
{
    static const struct made_name names[MADE_RAW_NAMES] = {ALICE};
    X509 *sub = make_sub(constraints), *leaf = make_leaf(subject, sub, names);
    struct policy *policy = policy_of(root, sub);
    enum reason reason = made_reason(policy, leaf, detail);

    policy_free(&policy);
    X509_free(leaf);
    X509_free(sub);
    return reason;
}

static void the_subject_is_held_against_directory_names(void **state)
{
    static const struct {
        const char *subject, *organisation, *unit;
        bool permitted, excluded; /* what such a subtree makes of it */
    } directories[] = {
        {"O=Example,CN=Alice", "Example", NULL, true, false},
        {"O=example,CN=Alice", "EXAMPLE", NULL, true, false},
        {"O=Example,OU=Mail,CN=Alice", "Example", "Mail", true, false},
        {"O=Example", "Example", NULL, true, false},
        {"O=Example", "Example", "Mail", false, true},
        {"O=Example,OU=Post,CN=Alice", "Example", "Mail", false, true},
        {"O=Other,CN=Alice", "Example", NULL, false, true},
        {"CN=Alice,O=Example", "Example", NULL, false, true},
        {"O=Examples,CN=Alice", "Example", NULL, false, true},
        {"O=Other", NULL, NULL, true, false},
        {"-", "Example", NULL, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        for (int excluded = 0; excluded < 2; excluded++) {
            NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
            bool good = excluded ? directories[i].excluded : directories[i].permitted;
            char detail[MAX_DETAIL_BYTES + 1];

            subtree_add(excluded ? &constraints->excludedSubtrees : &constraints->permittedSubtrees,
                        directory_name(directories[i].organisation, directories[i].unit), 0);
            if (reason_under(der_constraints(constraints), directories[i].subject, detail) !=
                (good ? REASON_USABLE : REASON_BAD_CHAIN)) {
                fail_msg("%s under %s, %s: %s", directories[i].subject, directories[i].organisation,
                         excluded ? "excluded" : "permitted", detail);
            }
        }
    }
}

static GENERAL_NAME *mail_name(const char *text)
{
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();

    ASN1_STRING_set(string, text, -1);
    GENERAL_NAME_set0_value(general, GEN_EMAIL, string);
    return general;
}

static void subtrees_with_a_minimum_are_not_understood(void **state)
{
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    subtree_add(&constraints->permittedSubtrees, mail_name("example.org"), 1);
    assert_int_equal(reason_under(der_constraints(constraints), "CN=Alice", detail), REASON_BAD_CHAIN);
    assert_non_null(strstr(detail, "4.2.1.10"));
}

/* Each issuer's constraints hold for all below it, and they add up. */
static void constraints_of_several_issuers_add_up(void **state)
{
    static const struct {
        const char *upper, *lower;
        bool good;
    } both[] = {
        {PERMITTED_HOST, PERMITTED_HOST, true},
        {PERMITTED_HOST, NC "permitted;email:example.com", false},
        {NC "permitted;email:example.com", PERMITTED_HOST, false},
        {EXCLUDED_HOST, PERMITTED_HOST, false},
        {PERMITTED_HOST, EXCLUDED_ALICE, false},
        {NC "permitted;email:.org", PERMITTED_HOST, true},
    };
    static const struct made_name names[MADE_RAW_NAMES] = {ALICE};

    (void)state;
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        X509 *upper = make_sub(both[i].upper);
        X509 *lower = made_certificate(&(struct made){.subject = "CN=Lower",
                                                      .key = MADE_RSA_CA_2,
                                                      .issuer = upper,
                                                      .issuer_key = MADE_RSA_CA,
                                                      .extensions = {CA, CERT_SIGN, both[i].lower}});
        struct made made = {.key = MADE_RSA, .issuer = lower, .issuer_key = MADE_RSA_CA_2};
        struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                                  .intermediates = (X509 *[]){upper, lower, NULL}});
        X509 *leaf;

        memcpy(made.names, names, sizeof(made.names));
        leaf = made_certificate(&made);
        assert_int_equal(made_reason(policy, leaf, NULL), both[i].good ? REASON_USABLE : REASON_BAD_CHAIN);
        policy_free(&policy);
        X509_free(leaf);
        X509_free(lower);
        X509_free(upper);
    }
}

static void an_anchors_constraints_count(void **state)
{
    static const struct made_name names[MADE_RAW_NAMES] = {ALICE};
    const char *const constraints[] = {PERMITTED_HOST, EXCLUDED_HOST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        X509 *anchor = make_sub(constraints[i]), *leaf = make_leaf("CN=Alice", anchor, names);
        struct policy *policy = policy_of(anchor, NULL);

        assert_int_equal(made_reason(policy, leaf, NULL), i == 0 ? REASON_USABLE : REASON_BAD_CHAIN);
        policy_free(&policy);
        X509_free(leaf);
        X509_free(anchor);
    }
}

/* An issuer that renews its key signs a certificate to itself; its own name need not fit (RFC 5280 6.1.3 (b)). */
static void self_issued_certificates_are_left_out(void **state)
{
    static const struct made_name names[MADE_RAW_NAMES] = {ALICE};
    const struct {
        const char *renewed_subject;
        bool good;
    } rows_of[] = {{"O=Example,CN=Sub,emailAddress=ca@example.com", true},
                   {"CN=Other,emailAddress=ca@example.com", false}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        X509 *sub = made_certificate(&(struct made){.subject = "O=Example,CN=Sub,emailAddress=ca@example.com",
                                                    .key = MADE_RSA_CA,
                                                    .issuer = root,
                                                    .issuer_key = MADE_RSA_ROOT,
                                                    .extensions = {CA, CERT_SIGN, PERMITTED_HOST, KEY_ID}});
        X509 *renewed = made_certificate(&(struct made){.subject = rows_of[i].renewed_subject,
                                                        .key = MADE_RSA_CA_2,
                                                        .issuer = sub,
                                                        .issuer_key = MADE_RSA_CA,
                                                        .extensions = {CA, CERT_SIGN, KEY_ID, ISSUER_KEY_ID}});
        struct made made = {.key = MADE_RSA, .issuer = renewed, .issuer_key = MADE_RSA_CA_2};
        struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                                  .intermediates = (X509 *[]){sub, renewed, NULL}});
        char detail[MAX_DETAIL_BYTES + 1];
        X509 *leaf;

        memcpy(made.names, names, sizeof(made.names));
        leaf = made_certificate(&made);
        if (made_reason(policy, leaf, detail) != (rows_of[i].good ? REASON_USABLE : REASON_BAD_CHAIN)) {
            fail_msg("%s: %s", rows_of[i].renewed_subject, detail);
        }
        policy_free(&policy);
        X509_free(leaf);
        X509_free(renewed);
        X509_free(sub);
    }
}

static void critical_name_constraints_are_understood(void **state)
{
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(reason_under(PERMITTED_HOST, "CN=Alice", detail), REASON_USABLE);
    assert_string_equal(detail, "");
}

/* A CA with `bases` constraints, a certificate with `names` addresses, the last of them the asked one. */
static X509 *with_many_constraints(int bases)
{
    X509 *sub = make_sub(PERMITTED_HOST), *anew;
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    char text[64];

    for (int i = 0; i < bases; i++) {
        snprintf(text, sizeof(text), i % 2 ? "u%d@example.org" : ".d%d.example.com", i);
        subtree_add(&constraints->excludedSubtrees, mail_name(text), 0);
    }
    X509_add1_ext_i2d(sub, NID_name_constraints, constraints, 1, X509V3_ADD_REPLACE);
    NAME_CONSTRAINTS_free(constraints);
    X509_sign(sub, made_key(MADE_RSA_ROOT), EVP_sha256());
    anew = X509_dup(sub);
    X509_free(sub);
    return anew;
}

static X509 *with_many_names(int count, const X509 *issuer)
{
    X509 *leaf = made_certificate(&(struct made){.key = MADE_RSA, .issuer = issuer, .issuer_key = MADE_RSA_CA}), *anew;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    char text[64];

    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "\"n%d\"@example.org", i);
        sk_GENERAL_NAME_push(names, mail_name(i + 1 < count ? text : MADE_ADDRESS));
    }
    X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(leaf, made_key(MADE_RSA_CA), EVP_sha256());
    anew = X509_dup(leaf);
    X509_free(leaf);
    return anew;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void many_names_and_many_constraints_take_bounded_time(void **state)
{
    static const struct {
        int names, bases;
        enum reason want;
    } sizes[] = {
        {117, 20, REASON_USABLE},
        {2000, 1, REASON_USABLE},
        {117, 1000, REASON_BAD_CHAIN},
        {2000, 2000, REASON_BAD_CHAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        X509 *sub = with_many_constraints(sizes[i].bases), *leaf = with_many_names(sizes[i].names, sub);
        struct policy *policy = policy_of(root, sub);
        uint64_t before = count_read(COUNT_LIMIT_NAME_COMPARISONS);
        char detail[MAX_DETAIL_BYTES + 1];
        double started = seconds();

        assert_int_equal(made_reason(policy, leaf, detail), sizes[i].want);
        assert_true(seconds() - started < 5);
        if (sizes[i].want == REASON_BAD_CHAIN) {
            assert_non_null(strstr(detail, "262144"));
            assert_int_equal(count_read(COUNT_LIMIT_NAME_COMPARISONS), before + 2); /* made_reason() asks twice */
        }
        policy_free(&policy);
        X509_free(leaf);
        X509_free(sub);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_constraint_is_held),
        cmocka_unit_test(the_subject_is_held_against_directory_names),
        cmocka_unit_test(subtrees_with_a_minimum_are_not_understood),
        cmocka_unit_test(constraints_of_several_issuers_add_up),
        cmocka_unit_test(an_anchors_constraints_count),
        cmocka_unit_test(self_issued_certificates_are_left_out),
        cmocka_unit_test(critical_name_constraints_are_understood),
        cmocka_unit_test(many_names_and_many_constraints_take_bounded_time),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
