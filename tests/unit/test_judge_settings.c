#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"
#include "x509/trust.h"

/* What the settings of a policy make of one and the same certificate. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define CA "basicConstraints=critical,CA:TRUE"
#define CERT_SIGN "keyUsage=critical,keyCertSign,cRLSign"
#define STRINGS(...) (const char *const[]){__VA_ARGS__}

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

static struct policy *with(const struct policy_config *settings, X509 *sub)
{
    return made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}, .settings = *settings});
}

static enum reason reason_with(const struct policy_config *settings, X509 *sub, const X509 *leaf, char *detail)
{
    struct policy *policy = with(settings, sub);
    enum reason reason = made_reason(policy, leaf, detail);

    policy_free(&policy);
    return reason;
}

static X509 *make_sub(enum made_key key, const char *first, const char *second, const EVP_MD *digest)
{
    return made_certificate(&(struct made){.subject = "CN=Sub",
                                           .key = key,
                                           .issuer = root,
                                           .issuer_key = MADE_RSA_ROOT,
                                           .digest = digest,
                                           .extensions = {CA, CERT_SIGN, first, first != NULL ? second : NULL}});
}

#define A "certificatePolicies=1.2.3.4"
#define B "certificatePolicies=1.2.3.5"
#define ANY "certificatePolicies=2.5.29.32.0"
#define ONLY_A .oids = STRINGS("1.2.3.4"), .oid_count = 1
#define ONLY_B .oids = STRINGS("1.2.3.5"), .oid_count = 1
#define A_AND_B .oids = STRINGS("1.2.3.5", "1.2.3.4"), .oid_count = 2
#define A_OR_ANY .oids = STRINGS("1.2.3.4", "any"), .oid_count = 2
#define EXPLICIT .require_explicit_policy = true

static void policies_are_asked_for(void **state)
{
    const struct {
        const char *name;
        struct policy_config settings;
        const char *sub, *sub_too, *leaf;
        bool good;
    } cases[] = {
        {"nothing asked, nothing stated", {0}, NULL, NULL, NULL, true},
        {"explicit, nothing stated", {EXPLICIT}, NULL, NULL, NULL, false},
        {"explicit, any, stated", {EXPLICIT}, A, NULL, A, true},
        {"explicit, stated by the leaf alone", {EXPLICIT}, NULL, NULL, A, false},
        {"explicit, stated by the issuer alone", {EXPLICIT}, A, NULL, NULL, false},
        {"explicit, two that differ", {EXPLICIT}, A, NULL, B, false},
        {"the right one", {EXPLICIT, ONLY_A}, A, NULL, A, true},
        {"the wrong one", {EXPLICIT, ONLY_B}, A, NULL, A, false},
        {"one of two", {EXPLICIT, A_AND_B}, A, NULL, A, true},
        {"any among others is any", {EXPLICIT, A_OR_ANY}, B, NULL, B, true},
        {"the wrong one, not explicit", {ONLY_B}, A, NULL, A, true},
        {"the wrong one, an issuer asks", {ONLY_B}, A, "policyConstraints=critical,requireExplicitPolicy:0", A, false},
        {"the right one, an issuer asks", {ONLY_A}, A, "policyConstraints=critical,requireExplicitPolicy:0", A, true},
        {"anyPolicy of the issuer", {EXPLICIT, ONLY_A}, ANY, NULL, A, true},
        {"anyPolicy inhibited", {EXPLICIT, ONLY_A, .inhibit_any_policy = true}, ANY, NULL, A, false},
        {"mapped", {EXPLICIT, ONLY_A}, A, "policyMappings=1.2.3.4:1.2.3.5", B, true},
        {"mapped, the other one", {EXPLICIT, ONLY_B}, A, "policyMappings=1.2.3.4:1.2.3.5", B, false},
        {"mapping inhibited", {EXPLICIT, ONLY_A, .inhibit_policy_mapping = true}, A, "policyMappings=1.2.3.4:1.2.3.5",
         B, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *sub = make_sub(MADE_RSA_CA, cases[i].sub, cases[i].sub_too, NULL);
        X509 *leaf = made_certificate(&(struct made){
            .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .extensions = {SAN, cases[i].leaf}});
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason = reason_with(&cases[i].settings, sub, leaf, detail);

        if (reason != (cases[i].good ? REASON_USABLE : REASON_BAD_CHAIN) ||
            (!cases[i].good && strstr(detail, "RFC 5280 6.1.5 (g)") == NULL)) {
            fail_msg("%s: %s (%s)", cases[i].name, reason_word(reason), detail);
        }
        X509_free(leaf);
        X509_free(sub);
    }
}

/* Of the recipient and of issuers. */
static void curves_can_be_chosen(void **state)
{
    static const struct {
        enum made_key key;
        const char *word;
    } keys[] = {{MADE_P256, "P-256"}, {MADE_P384, "P-384"}, {MADE_P521, "P-521"}, {MADE_BRAINPOOL, "brainpoolP256r1"}};
    const struct policy_config all = {0}, one = {.curves = STRINGS("P-384"), .curve_count = 1};
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        X509 *leaf = made_alice(keys[i].key, root, MADE_RSA_ROOT), *sub = make_sub(keys[i].key, NULL, NULL, NULL);
        X509 *below = made_alice(MADE_RSA, sub, keys[i].key);
        bool listed = keys[i].key == MADE_P384;

        assert_int_equal(reason_with(&all, sub, leaf, NULL), REASON_USABLE);
        assert_int_equal(reason_with(&all, sub, below, NULL), REASON_USABLE);
        assert_int_equal(reason_with(&one, sub, leaf, detail), listed ? REASON_USABLE : REASON_WEAK_KEY);
        assert_true(listed || strstr(detail, keys[i].word) != NULL);
        assert_int_equal(reason_with(&one, sub, below, NULL), listed ? REASON_USABLE : REASON_WEAK_KEY);
        X509_free(below);
        X509_free(leaf);
        X509_free(sub);
    }
}

static void signature_hashes_can_be_chosen(void **state)
{
    const struct policy_config all = {0}, one = {.hashes = STRINGS("sha384"), .hash_count = 1};
    X509 *sub = make_sub(MADE_RSA_CA, NULL, NULL, NULL), *sub_384 = make_sub(MADE_RSA_CA, NULL, NULL, EVP_sha384());
    const struct {
        const EVP_MD *digest;
        bool pss;
        enum reason of_all, of_one;
    } hashes[] = {
        {EVP_sha256(), false, REASON_USABLE, REASON_WEAK_SIGNATURE},
        {EVP_sha384(), false, REASON_USABLE, REASON_USABLE},
        {EVP_sha384(), true, REASON_USABLE, REASON_USABLE},
        {EVP_sha256(), true, REASON_USABLE, REASON_WEAK_SIGNATURE},
        {EVP_sha3_256(), false, REASON_USABLE, REASON_WEAK_SIGNATURE},
        {EVP_sha512_256(), true, REASON_USABLE, REASON_WEAK_SIGNATURE}, /* without PSS libcrypto 3.0 does not know it */
        {EVP_sha1(), false, REASON_WEAK_SIGNATURE, REASON_WEAK_SIGNATURE},
        {EVP_sha1(), true, REASON_WEAK_SIGNATURE, REASON_WEAK_SIGNATURE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        X509 *leaf = made_certificate(&(struct made){.key = MADE_RSA,
                                                     .issuer = sub,
                                                     .issuer_key = MADE_RSA_CA,
                                                     .digest = hashes[i].digest,
                                                     .pss = hashes[i].pss,
                                                     .extensions = {SAN}});

        char detail[MAX_DETAIL_BYTES + 1];
        if (reason_with(&all, sub, leaf, detail) != hashes[i].of_all) {
            fail_msg("hash %zu: %s", i, detail);
        }
        assert_int_equal(reason_with(&one, sub_384, leaf, NULL), hashes[i].of_one);
        assert_int_equal(reason_with(&one, sub, leaf, NULL), REASON_WEAK_SIGNATURE);
        X509_free(leaf);
    }
    X509_free(sub);
    X509_free(sub_384);
}

static void ed25519_has_a_hash_of_its_own(void **state)
{
    const struct policy_config one = {.hashes = STRINGS("sha384"), .hash_count = 1};
    X509 *sub = make_sub(MADE_ED25519, NULL, NULL, EVP_sha384()), *leaf = made_alice(MADE_RSA, sub, MADE_ED25519);

    (void)state;
    assert_int_equal(reason_with(&one, sub, leaf, NULL), REASON_USABLE);
    X509_free(leaf);
    X509_free(sub);
}

static void the_smallest_rsa_key_can_be_chosen(void **state)
{
    const struct policy_config more = {.min_rsa_bits = 3072}, less = {.min_rsa_bits = 1024};
    X509 *leaf = made_alice(MADE_P256, root, MADE_RSA_ROOT), *small = made_alice(MADE_RSA_1024, root, MADE_RSA_ROOT);
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(reason_with(&more, NULL, leaf, detail), REASON_WEAK_KEY);
    assert_non_null(strstr(detail, "CN=Root"));
    assert_int_equal(reason_with(&less, NULL, small, NULL), REASON_USABLE);
    X509_free(leaf);
    X509_free(small);
}

static void denied_and_allowed_are_by_fingerprint(void **state)
{
    X509 *sub = make_sub(MADE_RSA_CA, NULL, NULL, NULL), *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    X509 *other = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    X509 *const chain[] = {leaf, sub, root};
    const char *no = made_fingerprint(other);
    const struct policy_config deny_other = {.deny = &no, .deny_count = 1};
    const struct policy_config allow_other = {.allow = &no, .allow_count = 1};
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *const both[] = {no, made_fingerprint(chain[i])};
        const struct policy_config deny = {.deny = both, .deny_count = 2}, allow = {.allow = both, .allow_count = 2};
        const struct policy_config denied_and_allowed = {
            .deny = both, .deny_count = 2, .allow = both, .allow_count = 2};

        assert_int_equal(reason_with(&deny, sub, leaf, detail), REASON_DENIED);
        assert_non_null(strstr(detail, i == 0 ? "CN=Alice" : i == 1 ? "CN=Sub" : "CN=Root"));
        assert_int_equal(reason_with(&allow, sub, leaf, NULL), REASON_USABLE);
        assert_int_equal(reason_with(&denied_and_allowed, sub, leaf, NULL), REASON_DENIED);
    }
    assert_int_equal(reason_with(&deny_other, sub, leaf, NULL), REASON_USABLE);
    assert_int_equal(reason_with(&allow_other, sub, leaf, detail), REASON_DENIED);
    assert_non_null(strstr(detail, "allow list"));
    X509_free(other);
    X509_free(leaf);
    X509_free(sub);
}

/* A denied issuer does not hide the other way to an anchor; what is wrong before stays the reason. */
static void denied_stands_in_its_place_among_the_reasons(void **state)
{
    X509 *sub = make_sub(MADE_RSA_CA, NULL, NULL, NULL), *again = make_sub(MADE_RSA_CA, NULL, NULL, EVP_sha384());
    X509 *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    X509 *expired = made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .from = -9, .until = -1, .extensions = {SAN}});
    X509 *weak = made_alice(MADE_RSA_1024, sub, MADE_RSA_CA);
    const char *const list[] = {made_fingerprint(sub)};
    struct policy *policy = made_policy(
        &(struct made_policy){.anchors = (X509 *[]){root, NULL},
                              .intermediates = (X509 *[]){sub, again, NULL},
                              .settings = {.deny = list, .deny_count = 1}});

    (void)state;
    assert_int_equal(made_reason(policy, leaf, NULL), REASON_USABLE);
    policy_free(&policy);
    policy = with(&(struct policy_config){.deny = list, .deny_count = 1}, sub);
    assert_int_equal(made_reason(policy, leaf, NULL), REASON_DENIED);
    assert_int_equal(made_reason(policy, expired, NULL), REASON_DENIED);
    assert_int_equal(made_reason(policy, weak, NULL), REASON_WEAK_KEY);
    policy_free(&policy);
    X509_free(weak);
    X509_free(expired);
    X509_free(leaf);
    X509_free(again);
    X509_free(sub);
}

static X509 *named(const char *names)
{
    return made_certificate(
        &(struct made){.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT, .extensions = {names}});
}

/* Found by an alias, the certificate names the primary address only. */
static void an_alias_needs_the_switch(void **state)
{
    X509 *primary = named("subjectAltName=email:a.archer@example.org");
    X509 *foreign = named("subjectAltName=email:bob@example.org");
    struct policy *refuses = with(&(struct policy_config){0}, NULL);
    struct policy *believes = with(&(struct policy_config){.aliases = true}, NULL);
    const char *mails = "no address\nother@example.org\nA.Archer@Example.org\n";
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason_in_entry(refuses, MADE_ADDRESS, primary, mails, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(believes, MADE_ADDRESS, primary, mails, detail), REASON_USABLE);
    assert_non_null(strstr(detail, "another mail address of the same entry"));
    assert_int_equal(made_reason_in_entry(believes, MADE_ADDRESS, primary, NULL, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(believes, MADE_ADDRESS, primary, "", NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(believes, MADE_ADDRESS, primary, "x@example.org\n", NULL),
                     REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(believes, MADE_ADDRESS, foreign, mails, NULL), REASON_ADDRESS_MISMATCH);
    policy_free(&refuses);
    policy_free(&believes);
    X509_free(primary);
    X509_free(foreign);
}

static void a_domain_bound_certificate_needs_the_switch(void **state)
{
    static const struct {
        const char *names, *asked;
        bool good;
    } cases[] = {
        {"subjectAltName=DNS:example.org", MADE_ADDRESS, true},
        {"subjectAltName=DNS:EXAMPLE.Org", MADE_ADDRESS, true},
        {"subjectAltName=DNS:example.com,DNS:example.org", MADE_ADDRESS, true},
        {"subjectAltName=DNS:xn--bcher-kva.example", "alice@bücher.example", true},
        {"subjectAltName=DNS:*.example.org", "alice@sub.example.org", false},
        {"subjectAltName=DNS:*.example.org", MADE_ADDRESS, false},
        {"subjectAltName=DNS:org", MADE_ADDRESS, false},
        {"subjectAltName=DNS:example.org", "alice@sub.example.org", false},
        {"subjectAltName=DNS:sub.example.org", MADE_ADDRESS, false},
        {"subjectAltName=DNS:example.org.", MADE_ADDRESS, false},
        {"subjectAltName=DNS:example.org,email:bob@example.org", MADE_ADDRESS, false},
        {"subjectAltName=URI:https://example.org", MADE_ADDRESS, false},
        {NULL, MADE_ADDRESS, false},
    };
    struct policy *refuses = with(&(struct policy_config){0}, NULL);
    struct policy *believes = with(&(struct policy_config){.domain_certificates = true}, NULL);
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *leaf = named(cases[i].names);
        enum reason reason = made_reason_in_entry(believes, cases[i].asked, leaf, NULL, detail);

        if (reason != (cases[i].good ? REASON_USABLE : REASON_ADDRESS_MISMATCH) ||
            (cases[i].good && strstr(detail, "domain-bound certificate") == NULL)) {
            fail_msg("%s for %s: %s", cases[i].names, cases[i].asked, detail);
        }
        assert_int_equal(made_reason_in_entry(refuses, cases[i].asked, leaf, NULL, NULL), REASON_ADDRESS_MISMATCH);
        X509_free(leaf);
    }
    policy_free(&refuses);
    policy_free(&believes);
}

/* A name that cannot be read is a name: the certificate is somebody's, and nobody else may vouch for it. */
static void an_illegible_name_is_no_absence_of_names(void **state)
{
    static const struct made_name names[] = {
        {MADE_RFC822, "j\xfcrgen@example.org", 0},
        {MADE_SMTP_UTF8_IA5, "alice@example.org", 0},
        {MADE_SUBJECT_IA5, "j\xfcrgen@example.org", 0},
        {MADE_SUBJECT_BMP, "\0a\0l", 4},
    };
    struct policy *policy = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL},
        .addressless = true,
        .settings = {.aliases = true, .domain_certificates = true},
    });

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        X509 *leaf = made_certificate(
            &(struct made){.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT, .names = {names[i]}});
        char detail[MAX_DETAIL_BYTES + 1];

        assert_int_equal(made_reason_in_entry(policy, MADE_ADDRESS, leaf, MADE_ADDRESS "\n", detail),
                         REASON_ADDRESS_MISMATCH);
        assert_non_null(strstr(detail, "cannot be read"));
        X509_free(leaf);
    }
    policy_free(&policy);
}

/* "domain-bound as fallback", and in the order of enum leaf_claim. */
static void what_names_the_address_stands_first(void **state)
{
    static const char *const names[] = {SAN, "subjectAltName=email:al@example.org", "subjectAltName=DNS:example.org",
                                        "1.2.3.4=ASN1:NULL"};
    struct policy *policy = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL},
        .addressless = true,
        .settings = {.aliases = true, .domain_certificates = true},
    });
    const char *mails = "al@example.org\n" MADE_ADDRESS "\n";
    struct candidate candidates[4];
    struct answer_draft draft;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        X509 *leaf = named(names[i]);

        candidates[3 - i] = (struct candidate){
            made_blob(leaf), {.directory = "corp", .index = (uint32_t)i, .mails = mails}};
        X509_free(leaf);
    }
    made_judge_candidates(policy, MADE_ADDRESS, candidates, 4, &draft);
    assert_int_equal(draft.usable_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(draft.certificates[i].source.index, i);
        blob_free(&candidates[i].value);
    }
    answer_draft_free(&draft);
    policy_free(&policy);
}

/* A remark of the leaf's rules and one of its path both stand in the detail. */
static void remarks_add_up(void **state)
{
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                                              .revocation = REVOCATION_MODE_PREFER,
                                                              .settings = {.domain_certificates = true}});
    X509 *leaf = named("subjectAltName=DNS:example.org");
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason(policy, leaf, detail), REASON_USABLE);
    assert_non_null(strstr(detail, "domain-bound certificate"));
    assert_non_null(strstr(detail, "; "));
    X509_free(leaf);
    policy_free(&policy);
}

static void every_setting_is_in_the_fingerprint(void **state)
{
    const char *const oids[] = {"1.2.3"}, *const curves[] = {"P-256"}, *const hashes[] = {"sha256"};
    const char *const print[] = {made_fingerprint(root)};
    const struct policy_config different[] = {
        {0},
        {.oids = oids, .oid_count = 1},
        {.require_explicit_policy = true},
        {.inhibit_policy_mapping = true},
        {.inhibit_any_policy = true},
        {.curves = curves, .curve_count = 1},
        {.hashes = hashes, .hash_count = 1},
        {.deny = print, .deny_count = 1},
        {.allow = print, .allow_count = 1},
        {.aliases = true},
        {.domain_certificates = true},
        {.min_rsa_bits = 3072},
    };
    enum { COUNT = sizeof(different) / sizeof(different[0]) };
    struct digest digests[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct policy *policy = with(&different[i], NULL);

        digests[i] = policy_fingerprint(policy);
        for (size_t k = 0; k < i; k++) {
            assert_false(digest_equal(&digests[i], &digests[k]));
        }
        policy_free(&policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_asked_for),
        cmocka_unit_test(curves_can_be_chosen),
        cmocka_unit_test(signature_hashes_can_be_chosen),
        cmocka_unit_test(ed25519_has_a_hash_of_its_own),
        cmocka_unit_test(the_smallest_rsa_key_can_be_chosen),
        cmocka_unit_test(denied_and_allowed_are_by_fingerprint),
        cmocka_unit_test(denied_stands_in_its_place_among_the_reasons),
        cmocka_unit_test(an_alias_needs_the_switch),
        cmocka_unit_test(a_domain_bound_certificate_needs_the_switch),
        cmocka_unit_test(an_illegible_name_is_no_absence_of_names),
        cmocka_unit_test(what_names_the_address_stands_first),
        cmocka_unit_test(remarks_add_up),
        cmocka_unit_test(every_setting_is_in_the_fingerprint),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
