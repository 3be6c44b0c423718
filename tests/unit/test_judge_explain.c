#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"
#include "tests/unit/scarce.h"
#include "x509/notes.h"

/* What a trail tells. That it never changes a verdict, every test that judges what it made shows (made_explained.c). */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define EMAIL "extendedKeyUsage=emailProtection"
#define USAGE "keyUsage=keyEncipherment"
#define CA "basicConstraints=critical,CA:TRUE"
#define CERT_SIGN "keyUsage=critical,keyCertSign,cRLSign"
#define USER ATTRIBUTE_USER_CERTIFICATE

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

static X509 *root, *sub;
static struct policy *policy;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    policy = made_policy(
        &(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    X509_free(root);
    X509_free(sub);
    return 0;
}

static int explain(struct policy *by, const struct address *address, const struct candidate *candidates, size_t count,
                   struct answer_draft *draft)
{
    struct policies *policies = policies_of(by);
    const struct judge_request request = {
        .policies = policies,
        .address = address,
        .candidates = candidates,
        .count = count,
        .now = MADE_NOW,
        .explain = true,
    };
    int result;

    *draft = (struct answer_draft){0};
    result = policies != NULL ? judge(&request, draft, NULL) : -1;
    policies_free(&policies);
    return result;
}

/* Explains certificates as values of userCertificate; `address` NULL: nobody's. Takes the certificates over. */
static void explain_all(struct policy *by, const char *text, X509 *const *certificates, size_t count,
                        struct answer_draft *draft)
{
    struct candidate candidates[8] = {{0}};
    struct address address;

    if (text != NULL) {
        assert_int_equal(address_parse(bytes_of_string(text), &address), ADDRESS_OK);
    }
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct candidate){.value = made_blob(certificates[i]), .source = {"corp", "", USER, (uint32_t)i}};
        X509_free(certificates[i]);
    }
    assert_int_equal(explain(by, text != NULL ? &address : NULL, candidates, count, draft), 0);
    for (size_t i = 0; i < count; i++) {
        blob_free(&candidates[i].value);
    }
}

static X509 *leaf_of(const X509 *issuer, enum made_key key, const char *usage, const char *extended, const char *name,
                     int64_t from)
{
    return made_certificate(&(struct made){.key = MADE_RSA_2,
                                           .issuer = issuer,
                                           .issuer_key = key,
                                           .from = from,
                                           .until = MADE_DAY * 300,
                                           .extensions = {usage, extended, name}});
}

static void assert_rule(const struct trail_rule *rule, enum reason reason, const char *text, const char *clause)
{
    assert_string_equal(reason_word(rule->reason), reason_word(reason));
    assert_string_equal(rule->text, text);
    assert_string_equal(rule->clause, clause);
}

static void all_broken_rules_of_a_leaf_are_told_and_its_path_is_judged_apart(void **state)
{
    X509 *const bad = leaf_of(sub, MADE_RSA_CA, "keyUsage=digitalSignature", "extendedKeyUsage=serverAuth",
                              "subjectAltName=email:bob@example.org", -MADE_DAY);
    struct answer_draft draft;

    (void)state;
    explain_all(policy, MADE_ADDRESS, &bad, 1, &draft);
    const struct trail *trail = draft.certificates[0].trail;
    assert_int_equal(draft.certificates[0].reason, REASON_ADDRESS_MISMATCH);
    assert_int_equal(trail->rules.count, 3);
    assert_rule(&trail->rules.items[0], REASON_ADDRESS_MISMATCH,
                "the certificate is for <bob@example.org>, not for this address", "RFC 8550 3");
    assert_rule(&trail->rules.items[1], REASON_WRONG_KEY_USAGE, "keyUsage lacks keyEncipherment", "RFC 5280 4.2.1.3");
    assert_rule(&trail->rules.items[2], REASON_WRONG_EXTENDED_KEY_USAGE,
                "extKeyUsage has neither emailProtection nor anyExtendedKeyUsage", "RFC 8550 4.4.4");
    assert_int_equal(trail->path_reason, REASON_USABLE);
    assert_int_equal(trail->chain_count, 1);
    assert_true(trail->chains[0].complete);
    assert_int_equal(trail->chains[0].reason, REASON_USABLE);
    assert_int_equal(trail->chains[0].link_count, 3);
    assert_string_equal(trail->chains[0].subjects[0], "CN=Alice");
    assert_string_equal(trail->chains[0].subjects[2], "CN=Root");
    assert_int_equal(strlen(trail->chains[0].fingerprints[0]), 64);
    assert_string_equal(trail->policy, "");
    assert_string_equal(trail->place, "");
    assert_int_equal(draft.certificates[0].chain_count, 0); /* as without explain */
    answer_draft_free(&draft);
}

static void a_key_that_fits_no_keyusage_breaks_no_rule_about_it(void **state)
{
    X509 *const signing = made_certificate(&(struct made){.key = MADE_ED25519,
                                                          .issuer = sub,
                                                          .issuer_key = MADE_RSA_CA,
                                                          .extensions = {"keyUsage=digitalSignature", SAN}});
    struct answer_draft draft;

    (void)state;
    explain_all(policy, MADE_ADDRESS, &signing, 1, &draft);
    assert_int_equal(draft.certificates[0].trail->rules.count, 1);
    assert_int_equal(draft.certificates[0].trail->rules.items[0].reason, REASON_NOT_ENCRYPTION_CAPABLE);
    assert_int_equal(draft.certificates[0].trail->path_reason, REASON_USABLE);
    answer_draft_free(&draft);
}

static void a_chain_that_leads_nowhere_is_told(void **state)
{
    X509 *stranger = made_root("CN=Stranger", MADE_RSA_CA_2);
    X509 *const lost = leaf_of(stranger, MADE_RSA_CA_2, USAGE, EMAIL, SAN, -MADE_DAY);
    X509 *const forged = leaf_of(sub, MADE_RSA_CA_2, USAGE, EMAIL, SAN, -MADE_DAY); /* Sub's name, another's key */
    struct answer_draft draft;

    (void)state;
    explain_all(policy, MADE_ADDRESS, (X509 *const[]){lost, forged}, 2, &draft);
    const struct trail *trail = draft.certificates[1].trail;
    assert_int_equal(trail->path_reason, REASON_UNTRUSTED);
    assert_int_equal(trail->chain_count, 1);
    assert_false(trail->chains[0].complete);
    assert_int_equal(trail->chains[0].link_count, 1);
    assert_int_equal(trail->chains[0].rules.count, 1);
    assert_non_null(strstr(trail->chains[0].text, "no way from there to an anchor"));
    trail = draft.certificates[0].trail;
    assert_int_equal(trail->path_reason, REASON_BAD_CHAIN);
    assert_int_equal(trail->chain_count, 1);
    assert_int_equal(trail->chains[0].link_count, 2);
    assert_string_equal(trail->chains[0].subjects[1], "CN=Sub");
    assert_string_equal(trail->chains[0].rules.items[0].clause, "RFC 5280 6.1.3 (a)(1)");
    answer_draft_free(&draft);
    X509_free(stranger);
}

static void each_broken_rule_of_a_path_is_told(void **state)
{
    X509 *old = made_certificate(
        &(struct made){.subject = "CN=Old",
                       .key = MADE_RSA_CA_2,
                       .issuer = root,
                       .issuer_key = MADE_RSA_ROOT,
                       .from = -MADE_DAY * 20,
                       .until = -MADE_DAY,
                       .extensions = {CA, CERT_SIGN, "extendedKeyUsage=serverAuth", "1.2.3.4=critical,ASN1:NULL"}});
    struct policy *with_old = made_policy(
        &(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){old, NULL}});
    X509 *const leaf = leaf_of(old, MADE_RSA_CA_2, USAGE, EMAIL, SAN, -MADE_DAY);
    struct answer_draft draft;

    (void)state;
    explain_all(with_old, MADE_ADDRESS, &leaf, 1, &draft);
    const struct trail_chain *chain = &draft.certificates[0].trail->chains[0];
    assert_int_equal(draft.certificates[0].reason, REASON_UNKNOWN_CRITICAL_EXTENSION);
    assert_true(chain->complete);
    assert_true(chain->rules.count >= 3);
    assert_rule(&chain->rules.items[0], REASON_UNKNOWN_CRITICAL_EXTENSION,
                "issuer \"CN=Old\": a critical extension is not known", "RFC 5280 4.2");
    bool says_bad = false, says_expired = false;
    for (size_t i = 0; i < chain->rules.count; i++) {
        says_bad = says_bad || strcmp(chain->rules.items[i].clause, "RFC 8550 4.4.4") == 0;
        says_expired = says_expired || chain->rules.items[i].reason == REASON_CHAIN_EXPIRED;
    }
    assert_true(says_bad && says_expired);
    answer_draft_free(&draft);
    policy_free(&with_old);
    X509_free(old);
}

static void the_evidence_of_each_link_is_told(void **state)
{
    X509_CRL *of_root = made_crl(
        &(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1, .extensions = {"2.5.29.20=ASN1:INTEGER:31"}});
    struct policy *with_crl = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                                .intermediates = (X509 *[]){sub, NULL},
                                                                .crls = (X509_CRL *[]){of_root, NULL},
                                                                .revocation = REVOCATION_MODE_PREFER});
    X509 *const leaf = leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, SAN, -MADE_DAY);
    struct answer_draft draft;

    (void)state;
    explain_all(with_crl, MADE_ADDRESS, &leaf, 1, &draft);
    const struct trail_chain *chain = &draft.certificates[0].trail->chains[0];
    assert_int_equal(draft.certificates[0].reason, REASON_USABLE); /* under prefer */
    assert_int_equal(chain->evidence_count, 1);
    assert_int_equal(chain->evidence[0].link, 1);
    assert_int_equal(chain->evidence[0].kind, EVIDENCE_CRL);
    assert_string_equal(chain->evidence[0].number, "31");
    assert_string_equal(chain->evidence[0].word, "good");
    assert_int_equal(chain->evidence[0].this_update, MADE_NOW - MADE_DAY);
    assert_int_equal(chain->evidence[0].next_update, MADE_NOW + 7 * MADE_DAY);
    assert_true(chain->evidence[0].source[0] != '\0');
    answer_draft_free(&draft);
    policy_free(&with_crl);
    X509_CRL_free(of_root);
}

static void why_each_stands_where_it_does(void **state)
{
    X509 *const leaves[] = {
        leaf_of(sub, MADE_RSA_CA, USAGE, "extendedKeyUsage=anyExtendedKeyUsage", SAN, -MADE_DAY * 3),
        leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, SAN, -MADE_DAY),
        leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, SAN, -MADE_DAY * 2),
    };
    struct answer_draft draft;

    (void)state;
    explain_all(policy, MADE_ADDRESS, leaves, 3, &draft);
    assert_int_equal(draft.usable_count, 3);
    assert_string_equal(draft.certificates[0].trail->place,
                        "first of 3 usable: before the next because its notBefore is newer");
    assert_string_equal(draft.certificates[1].trail->place,
                        "2 of 3 usable: after the one before it because its notBefore is older");
    assert_string_equal(draft.certificates[2].trail->place,
                        "3 of 3 usable: after the one before it because its extKeyUsage does not say emailProtection");
    answer_draft_free(&draft);
}

static void what_is_no_certificate_has_a_rule_and_no_path(void **state)
{
    struct candidate garbage = {.value = blob_new(bytes_of_string("garbage")), .source = {"corp", "", USER, 0}};
    struct address address;
    struct answer_draft draft;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &address), ADDRESS_OK);
    assert_int_equal(explain(policy, &address, &garbage, 1, &draft), 0);
    const struct trail *trail = draft.certificates[0].trail;
    assert_int_equal(trail->rules.count, 1);
    assert_rule(&trail->rules.items[0], REASON_MALFORMED, "not one DER element", "X.690 10.1, RFC 5280 4.1");
    assert_int_equal(trail->path_reason, REASON_UNJUDGED);
    assert_int_equal(trail->chain_count, 0);
    answer_draft_free(&draft);
    blob_free(&garbage.value);
}

static void without_an_address_no_address_is_held_against_it(void **state)
{
    X509 *const leaves[] = {
        leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, "subjectAltName=email:bob@example.org", -MADE_DAY),
        leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, NULL, -MADE_DAY * 2),
        leaf_of(sub, MADE_RSA_CA, "keyUsage=digitalSignature", EMAIL, SAN, -MADE_DAY),
    };
    struct answer_draft draft;

    (void)state;
    explain_all(policy, NULL, leaves, 3, &draft);
    assert_int_equal(draft.usable_count, 2);
    assert_string_equal(draft.certificates[0].detail, "");
    assert_string_equal(draft.certificates[1].detail, "");
    assert_int_equal(draft.certificates[2].reason, REASON_WRONG_KEY_USAGE);
    assert_int_equal(draft.certificates[2].trail->rules.count, 1);
    answer_draft_free(&draft);
}

#define NAMESAKES 40

/* Each bears the name of the leaf's issuer and signed nothing: their number must not push the one chain out of sight. */
static void chains_beyond_the_limit_are_counted_and_the_complete_one_is_kept(void **state)
{
    X509 *intermediates[NAMESAKES + 2] = {NULL};
    X509 *const leaf = leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, "subjectAltName=email:bob@example.org", -MADE_DAY);
    struct answer_draft draft;

    (void)state;
    for (size_t i = 0; i < NAMESAKES; i++) {
        intermediates[i] = made_certificate(&(struct made){.subject = "CN=Sub",
                                                           .key = MADE_RSA_CA_2,
                                                           .issuer = root,
                                                           .issuer_key = MADE_RSA_ROOT,
                                                           .until = MADE_DAY * (500 + (int64_t)i),
                                                           .from = -MADE_DAY,
                                                           .extensions = {CA, CERT_SIGN}});
    }
    intermediates[NAMESAKES] = sub;
    struct policy *crowded =
        made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = intermediates});
    explain_all(crowded, MADE_ADDRESS, &leaf, 1, &draft);
    const struct trail *trail = draft.certificates[0].trail;
    assert_true(trail->chain_count <= MAX_TRAIL_CHAINS);
    assert_true(trail->chains_left_out > 0);
    assert_int_equal(trail->rules.count, 1); /* what is left out is not told of the leaf */
    assert_non_null(strstr(trail->path_text, "search broken off"));
    answer_draft_free(&draft);
    policy_free(&crowded);
    for (size_t i = 0; i < NAMESAKES; i++) {
        X509_free(intermediates[i]);
    }
}

static void short_of_memory_there_is_no_explanation_and_no_leak(void **state)
{
    X509 *leaves[] = {
        leaf_of(sub, MADE_RSA_CA, USAGE, EMAIL, SAN, -MADE_DAY),
        leaf_of(sub, MADE_RSA_CA, "keyUsage=digitalSignature", EMAIL, SAN, -MADE_DAY),
    };
    struct candidate candidates[2];
    struct address address;
    bool failed = true;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &address), ADDRESS_OK);
    for (size_t i = 0; i < 2; i++) {
        candidates[i] = (struct candidate){.value = made_blob(leaves[i]), .source = {"corp", "", USER, (uint32_t)i}};
        X509_free(leaves[i]);
    }
    for (int nth = 1; failed; nth++) {
        struct answer_draft draft;
        scarce_begin(nth);
        int result = explain(policy, &address, candidates, 2, &draft);
        failed = scarce_end();
        if (result == 0) {
            assert_int_equal(draft.certificate_count, 2);
            assert_int_equal(draft.certificates[0].trail->chain_count, 1);
            assert_int_equal(draft.certificates[1].trail->rules.count, 1);
        } else {
            assert_true(failed);
            assert_null(draft.certificates);
        }
        answer_draft_free(&draft);
    }
    blob_free(&candidates[0].value);
    blob_free(&candidates[1].value);
}

static void details_part_into_text_and_clause(void **state)
{
    static const struct {
        const char *detail, *text, *clause;
    } rows[] = {
        {"", "", ""},
        {"keyUsage lacks keyAgreement (RFC 5280 4.2.1.3)", "keyUsage lacks keyAgreement", "RFC 5280 4.2.1.3"},
        {"not signed (RFC 5280 6.1.3 (a)(1))", "not signed", "RFC 5280 6.1.3 (a)(1)"},
        {"not DER (X.690 10.1, RFC 5280 4.1)", "not DER", "X.690 10.1, RFC 5280 4.1"},
        {"signed with md5WithRSAEncryption", "signed with md5WithRSAEncryption", ""},
        {"issuer \"CN=A (RFC 1)\": late", "issuer \"CN=A (RFC 1)\": late", ""},
        {"issuer \"CN=A (RFC 1)\": late (RFC 2)", "issuer \"CN=A (RFC 1)\": late", "RFC 2"},
        {"issuer \"CN=)))(\": late (RFC 2 (b))", "issuer \"CN=)))(\": late", "RFC 2 (b)"},
        {"some brackets (of nothing)", "some brackets (of nothing)", ""},
        {"(RFC 5280 1)", "(RFC 5280 1)", ""},
        {"unopened)", "unopened)", ""},
        {")", ")", ""},
        {"cut short (RFC 5280 6.\xe2\x80\xa6", "cut short (RFC 5280 6.\xe2\x80\xa6", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct detail_parts parts;
        detail_part(rows[i].detail, &parts);
        assert_string_equal(parts.text, rows[i].text);
        assert_string_equal(parts.clause, rows[i].clause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_broken_rules_of_a_leaf_are_told_and_its_path_is_judged_apart),
        cmocka_unit_test(a_key_that_fits_no_keyusage_breaks_no_rule_about_it),
        cmocka_unit_test(a_chain_that_leads_nowhere_is_told),
        cmocka_unit_test(each_broken_rule_of_a_path_is_told),
        cmocka_unit_test(the_evidence_of_each_link_is_told),
        cmocka_unit_test(why_each_stands_where_it_does),
        cmocka_unit_test(what_is_no_certificate_has_a_rule_and_no_path),
        cmocka_unit_test(without_an_address_no_address_is_held_against_it),
        cmocka_unit_test(chains_beyond_the_limit_are_counted_and_the_complete_one_is_kept),
        cmocka_unit_test(short_of_memory_there_is_no_explanation_and_no_leak),
        cmocka_unit_test(details_part_into_text_and_clause),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
