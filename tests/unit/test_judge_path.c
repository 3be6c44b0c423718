#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"

/* Paths to anchors: what issuers must be, and that a bad one never hides a good one. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define CA "basicConstraints=critical,CA:TRUE"
#define CERT_SIGN "keyUsage=critical,keyCertSign,cRLSign"

/* So that tests/scripts/lsan.supp is found by name: libcrypto has no frame pointers, and a quick look at its stack ends
 * in the first function. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

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

/* root → the intermediate that the case makes → alice. */
static const struct {
    const char *name;
    enum reason want;
    const char *detail;
    struct made intermediate;
    const char *leaf_extension;
} cases[] = {
    {"plain", REASON_USABLE, "", {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN}}},
    {"no keyUsage", REASON_USABLE, "", {.key = MADE_RSA_CA, .extensions = {CA}}},
    {"P-256", REASON_USABLE, "", {.key = MADE_P256, .extensions = {CA, CERT_SIGN}}},
    {"Ed25519", REASON_USABLE, "", {.key = MADE_ED25519, .extensions = {CA, CERT_SIGN}}},
    {"RSASSA-PSS", REASON_USABLE, "", {.key = MADE_RSA_PSS, .extensions = {CA, CERT_SIGN}}},
    {"emailProtection", REASON_USABLE, "",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "extendedKeyUsage=emailProtection"}}},
    {"any usage", REASON_USABLE, "",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "extendedKeyUsage=anyExtendedKeyUsage"}}},
    {"pathlen 0", REASON_USABLE, "",
     {.key = MADE_RSA_CA, .extensions = {"basicConstraints=critical,CA:TRUE,pathlen:0", CERT_SIGN}}},
    {"name constraints that fit", REASON_USABLE, "",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "nameConstraints=critical,permitted;email:example.org"}}},
    {"name constraints of hosts", REASON_USABLE, "",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "nameConstraints=critical,permitted;DNS:example.org"}}},

    {"unknown critical extension", REASON_UNKNOWN_CRITICAL_EXTENSION, "issuer \"CN=Sub\"",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "1.2.3.4=critical,ASN1:NULL"}}},
    {"weak key", REASON_WEAK_KEY, "1024", {.key = MADE_RSA_1024, .extensions = {CA, CERT_SIGN}}},
    {"weak curve", REASON_WEAK_KEY, "secp256k1", {.key = MADE_SECP256K1, .extensions = {CA, CERT_SIGN}}},
    {"DSA", REASON_WEAK_KEY, "DSA", {.key = MADE_DSA, .extensions = {CA, CERT_SIGN}}},
    {"no basicConstraints", REASON_BAD_CHAIN, "6.1.4 (k)", {.key = MADE_RSA_CA, .extensions = {CERT_SIGN}}},
    {"no keyCertSign", REASON_BAD_CHAIN, "keyCertSign", {.key = MADE_RSA_CA, .extensions = {CA, "keyUsage=cRLSign"}}},
    {"not for mail", REASON_BAD_CHAIN, "RFC 8550 4.4.4",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "extendedKeyUsage=serverAuth"}}},
    {"name constraints of another domain", REASON_BAD_CHAIN, "subtree",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "nameConstraints=critical,permitted;email:example.com"}}},
    {"excluded address", REASON_BAD_CHAIN, "subtree",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "nameConstraints=critical,excluded;email:" MADE_ADDRESS}}},
    {"policy that nobody states", REASON_BAD_CHAIN, "policy",
     {.key = MADE_RSA_CA, .extensions = {CA, CERT_SIGN, "policyConstraints=critical,requireExplicitPolicy:0"}}},
    {"forged", REASON_BAD_CHAIN, "6.1.3 (a)(1)",
     {.key = MADE_RSA_CA, .break_signature = true, .extensions = {CA, CERT_SIGN}}},
    {"expired", REASON_CHAIN_EXPIRED, "expired on",
     {.key = MADE_RSA_CA, .from = -20, .until = -10, .extensions = {CA, CERT_SIGN}}},
    {"not yet valid", REASON_CHAIN_EXPIRED, "not valid before",
     {.key = MADE_RSA_CA, .from = 10, .until = 20, .extensions = {CA, CERT_SIGN}}},
};

static X509 *make_intermediate(const struct made *how, const EVP_MD *digest)
{
    struct made made = *how;

    made.subject = "CN=Sub";
    made.issuer = root;
    made.issuer_key = MADE_RSA_ROOT;
    made.digest = digest;
    return made_certificate(&made);
}

static struct policy *policy_of(X509 *anchor, X509 *intermediate, X509 *other)
{
    return made_policy(&(struct made_policy){.anchors = (X509 *[]){anchor, NULL},
                                             .intermediates = (X509 *[]){intermediate, other, NULL}});
}

static void each_fault_of_an_issuer_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *sub = make_intermediate(&cases[i].intermediate, NULL);
        X509 *leaf = made_alice(MADE_RSA, sub, cases[i].intermediate.key);
        struct policy *policy = policy_of(root, sub, NULL);
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason = made_reason(policy, leaf, detail);

        if (reason != cases[i].want || strstr(detail, cases[i].detail) == NULL) {
            fail_msg("%s: %s (%s), wanted %s (%s)", cases[i].name, reason_word(reason), detail,
                     reason_word(cases[i].want), cases[i].detail);
        }
        policy_free(&policy);
        X509_free(leaf);
        X509_free(sub);
    }
}

static void sha1_of_an_issuer_is_weak_but_not_of_an_anchor(void **state)
{
    X509 *sub = make_intermediate(&cases[0].intermediate, EVP_sha1()), *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    struct policy *below = policy_of(root, sub, NULL), *as_anchor = policy_of(sub, NULL, NULL);

    (void)state;
    assert_int_equal(made_reason(below, leaf, NULL), REASON_WEAK_SIGNATURE);
    assert_int_equal(made_reason(as_anchor, leaf, NULL), REASON_USABLE);
    policy_free(&below);
    policy_free(&as_anchor);
    X509_free(leaf);
    X509_free(sub);
}

static void no_way_to_an_anchor_is_untrusted(void **state)
{
    X509 *other_root = made_root("CN=Other root", MADE_RSA_CA_2),
         *sub = make_intermediate(&cases[0].intermediate, NULL);
    X509 *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA), *self = made_alice(MADE_RSA, NULL, MADE_RSA);
    struct policy *none = made_policy(&(struct made_policy){0}), *other = policy_of(other_root, sub, NULL);
    struct policy *gap = policy_of(root, NULL, NULL);
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason(none, leaf, NULL), REASON_UNTRUSTED);
    assert_int_equal(made_reason(other, leaf, detail), REASON_UNTRUSTED);
    assert_non_null(strstr(detail, "\"CN=Sub\", issued by \"CN=Root\""));
    assert_int_equal(made_reason(gap, leaf, detail), REASON_UNTRUSTED);
    assert_non_null(strstr(detail, "\"CN=Alice\", issued by \"CN=Sub\""));
    assert_int_equal(made_reason(gap, self, detail), REASON_UNTRUSTED);
    assert_non_null(strstr(detail, "self-signed"));
    policy_free(&none);
    policy_free(&other);
    policy_free(&gap);
    X509_free(self);
    X509_free(leaf);
    X509_free(sub);
    X509_free(other_root);
}

/* An expired leaf is `expired` only if nothing else is wrong with it. */
static void expired_and_untrusted_is_untrusted(void **state)
{
    X509 *leaf = made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT, .from = -10, .until = -1, .extensions = {SAN}});
    struct policy *none = made_policy(&(struct made_policy){0}), *good = policy_of(root, NULL, NULL);

    (void)state;
    assert_int_equal(made_reason(none, leaf, NULL), REASON_UNTRUSTED);
    assert_int_equal(made_reason(good, leaf, NULL), REASON_EXPIRED);
    policy_free(&none);
    policy_free(&good);
    X509_free(leaf);
}

static void an_intermediate_may_be_the_anchor(void **state)
{
    X509 *sub = make_intermediate(&cases[0].intermediate, NULL), *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    struct policy *policy = policy_of(sub, NULL, NULL);
    struct blob *value = made_blob(leaf);
    struct answer_draft draft;

    (void)state;
    made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, &value, 1, &draft);
    assert_int_equal(draft.usable_count, 1);
    assert_int_equal(draft.certificates[0].chain_count, 1);
    answer_draft_free(&draft);
    policy_free(&policy);
    X509_free(leaf);
    X509_free(sub);
}

static void a_leaf_may_be_its_own_anchor(void **state)
{
    X509 *self = made_alice(MADE_RSA, NULL, MADE_RSA), *issued = made_alice(MADE_RSA_2, root, MADE_RSA_ROOT);
    X509 *other =
        made_certificate(&(struct made){.key = MADE_RSA, .extensions = {"subjectAltName=email:bob@example.org"}});
    X509 *sha1 = made_certificate(&(struct made){.key = MADE_RSA, .digest = EVP_sha1(), .extensions = {SAN}});
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){self, issued, other, sha1, NULL},
                                                              .revocation = REVOCATION_MODE_REQUIRE});

    (void)state;
    assert_int_equal(made_reason(policy, self, NULL), REASON_USABLE);
    assert_int_equal(made_reason(policy, issued, NULL), REASON_USABLE);
    assert_int_equal(made_reason(policy, other, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason(policy, sha1, NULL), REASON_USABLE);
    policy_free(&policy);
    X509_free(self);
    X509_free(issued);
    X509_free(other);
    X509_free(sha1);
}

/* Each neighbour has the name of the good intermediate, and stands beside it in every order. */
static void a_bad_neighbour_does_not_break_the_path(void **state)
{
    X509 *good = make_intermediate(&cases[0].intermediate, NULL), *leaf = made_alice(MADE_RSA, good, MADE_RSA_CA);
    X509 *other_root = made_root("CN=Root", MADE_RSA_CA_2);
    const struct made bad[] = {
        {.key = MADE_RSA_CA, .from = -20, .until = -10, .extensions = {CA, CERT_SIGN}}, /* expired, same key */
        {.key = MADE_RSA_CA,
         .from = -20,
         .until = 900 * MADE_DAY,
         .extensions = {CA, CERT_SIGN, "1.2.3.4=critical,ASN1:NULL"}},
        {.key = MADE_RSA_CA_2, .from = -20, .until = 900 * MADE_DAY, .extensions = {CA, CERT_SIGN}}, /* other key */
        {.key = MADE_RSA_CA,
         .from = -20,
         .until = 900 * MADE_DAY,
         .break_signature = true,
         .extensions = {CA, CERT_SIGN}},
        {.key = MADE_RSA_CA,
         .from = -20,
         .until = 900 * MADE_DAY,
         .extensions = {CA, CERT_SIGN, "extendedKeyUsage=serverAuth"}},
        {.key = MADE_RSA_CA, .from = -20, .until = 900 * MADE_DAY, .extensions = {CERT_SIGN}},
        {.key = MADE_RSA_CA, .from = -20, .until = 900 * MADE_DAY, .extensions = {CA, "keyUsage=cRLSign"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        X509 *neighbour = make_intermediate(&bad[i], NULL);
        struct policy *first = policy_of(root, neighbour, good), *last = policy_of(root, good, neighbour);
        struct policy *roots = made_policy(&(struct made_policy){.anchors = (X509 *[]){other_root, root, NULL},
                                                                 .intermediates = (X509 *[]){neighbour, good, NULL}});

        assert_int_equal(made_reason(first, leaf, NULL), REASON_USABLE);
        assert_int_equal(made_reason(last, leaf, NULL), REASON_USABLE);
        assert_int_equal(made_reason(roots, leaf, NULL), REASON_USABLE);
        policy_free(&first);
        policy_free(&last);
        policy_free(&roots);
        X509_free(neighbour);
    }
    X509_free(leaf);
    X509_free(good);
    X509_free(other_root);
}

static void the_other_way_of_a_cross_signed_issuer_is_found(void **state)
{
    X509 *gone = made_root("CN=Gone", MADE_RSA_CA_2), *sub = make_intermediate(&cases[0].intermediate, NULL);
    X509 *cross = made_intermediate("CN=Sub", MADE_RSA_CA, gone, MADE_RSA_CA_2),
         *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    struct policy *one = policy_of(root, cross, sub), *other = policy_of(gone, sub, cross);

    (void)state;
    assert_int_equal(made_reason(one, leaf, NULL), REASON_USABLE);
    assert_int_equal(made_reason(other, leaf, NULL), REASON_USABLE);
    policy_free(&one);
    policy_free(&other);
    X509_free(gone);
    X509_free(sub);
    X509_free(cross);
    X509_free(leaf);
}

/* A CA's new key, certified by its old one, without authorityKeyIdentifier: libcrypto takes that for self-signed. */
static void a_new_key_is_found_by_the_old_one(void **state)
{
    static const struct {
        const char *name, *more;
        enum made_key signed_by;
        bool with_sub, explicit_policy;
        enum reason want;
        const char *detail;
    } rows[] = {
        {"leaf", NULL, MADE_RSA_ROOT, false, false, REASON_USABLE, ""},
        {"issuer and leaf", NULL, MADE_RSA_ROOT, true, false, REASON_USABLE, ""},
        {"with the identifier", "authorityKeyIdentifier=keyid:always", MADE_RSA_ROOT, true, false, REASON_USABLE, ""},
        {"path length", "basicConstraints=critical,CA:TRUE,pathlen:0", MADE_RSA_ROOT, true, false, REASON_BAD_CHAIN,
         "6.1.4 (m)"},
        {"path length that suffices", "basicConstraints=critical,CA:TRUE,pathlen:0", MADE_RSA_ROOT, false, false,
         REASON_USABLE, ""},
        {"policy", NULL, MADE_RSA_ROOT, false, true, REASON_BAD_CHAIN, "6.1.5 (g)"},
        {"no CA", "basicConstraints=critical,CA:FALSE", MADE_RSA_ROOT, false, false, REASON_BAD_CHAIN, "6.1.4 (k)"},
        {"name constraints", "nameConstraints=excluded;email:example.org", MADE_RSA_ROOT, false, false,
         REASON_BAD_CHAIN, "6.1.3 (c)"},
        {"by itself", NULL, MADE_RSA_CA, false, false, REASON_BAD_CHAIN, "6.1.3 (a)(1)"},
        {"by another", NULL, MADE_RSA_2, false, false, REASON_BAD_CHAIN, "6.1.3 (a)(1)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool own_basics = rows[i].more != NULL && strncmp(rows[i].more, "basic", 5) == 0;
        X509 *renewed = made_certificate(&(struct made){
            .subject = "CN=Root", .key = MADE_RSA_CA, .issuer = root, .issuer_key = rows[i].signed_by,
            .extensions = {own_basics ? rows[i].more : CA, CERT_SIGN, "subjectKeyIdentifier=hash",
                           own_basics ? NULL : rows[i].more}});
        X509 *sub = made_intermediate("CN=Sub", MADE_RSA_CA_2, renewed, MADE_RSA_CA);
        X509 *leaf = rows[i].with_sub ? made_alice(MADE_RSA, sub, MADE_RSA_CA_2)
                                      : made_alice(MADE_RSA, renewed, MADE_RSA_CA);
        struct policy *policy = made_policy(&(struct made_policy){
            .anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){renewed, sub, NULL},
            .settings = {.require_explicit_policy = rows[i].explicit_policy}});
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason = made_reason(policy, leaf, detail);

        if (reason != rows[i].want || strstr(detail, rows[i].detail) == NULL) {
            fail_msg("%s: %s, %s", rows[i].name, reason_word(reason), detail);
        }
        policy_free(&policy);
        X509_free(renewed);
        X509_free(sub);
        X509_free(leaf);
    }
}

static void path_lengths_are_kept(void **state)
{
    X509 *top = made_certificate(&(struct made){
        .subject = "CN=Top",
        .key = MADE_RSA_CA,
        .issuer = root,
        .issuer_key = MADE_RSA_ROOT,
        .extensions = {"basicConstraints=critical,CA:TRUE,pathlen:0", CERT_SIGN, "subjectKeyIdentifier=hash"}});
    X509 *below = made_intermediate("CN=Below", MADE_RSA_CA_2, top, MADE_RSA_CA),
         *leaf = made_alice(MADE_RSA, below, MADE_RSA_CA_2);
    struct policy *policy = policy_of(root, top, below);
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason(policy, leaf, detail), REASON_BAD_CHAIN);
    assert_non_null(strstr(detail, "path length"));
    policy_free(&policy);
    X509_free(top);
    X509_free(below);
    X509_free(leaf);
}

#define LINKS (MAX_CHAIN + 1)

/* MAX_CHAIN certificates, leaf and anchor included, and one more. */
static void chains_have_a_limit(void **state)
{
    X509 *links[LINKS + 1] = {root}, *leaf;
    struct policy *policy;
    char name[32], detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    for (int i = 1; i < LINKS; i++) {
        snprintf(name, sizeof(name), "CN=Link %d", i);
        links[i] = made_intermediate(name, MADE_RSA_CA, links[i - 1], i == 1 ? MADE_RSA_ROOT : MADE_RSA_CA);
    }
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = links + 1});
    leaf = made_alice(MADE_RSA, links[MAX_CHAIN - 2], MADE_RSA_CA);
    assert_int_equal(made_reason(policy, leaf, NULL), REASON_USABLE);
    X509_free(leaf);
    leaf = made_alice(MADE_RSA, links[MAX_CHAIN - 1], MADE_RSA_CA);
    assert_int_equal(made_reason(policy, leaf, detail), REASON_BAD_CHAIN);
    assert_non_null(strstr(detail, "too long"));
    X509_free(leaf);
    policy_free(&policy);
    for (int i = 1; i < LINKS; i++) {
        X509_free(links[i]);
    }
}

static void circles_end(void **state)
{
    X509 *a = made_intermediate("CN=A", MADE_RSA_CA, root, MADE_RSA_ROOT), *b;
    X509 *a_by_b, *leaf;
    struct policy *policy;

    (void)state;
    b = made_intermediate("CN=B", MADE_RSA_CA_2, a, MADE_RSA_CA);
    a_by_b = made_intermediate("CN=A", MADE_RSA_CA, b, MADE_RSA_CA_2);
    leaf = made_alice(MADE_RSA, a, MADE_RSA_CA);
    policy = made_policy(&(struct made_policy){.intermediates = (X509 *[]){a_by_b, b, NULL}});
    assert_int_equal(made_reason(policy, leaf, NULL), REASON_UNTRUSTED);
    policy_free(&policy);
    policy = policy_of(root, a_by_b, b);
    assert_int_equal(made_reason(policy, leaf, NULL), REASON_UNTRUSTED);
    policy_free(&policy);
    X509_free(a);
    X509_free(b);
    X509_free(a_by_b);
    X509_free(leaf);
}

static void the_answer_ends_with_the_first_of_the_chain(void **state)
{
    X509 *sub = make_intermediate(
        &(struct made){.key = MADE_RSA_CA, .from = -20, .until = 5 * MADE_DAY, .extensions = {CA, CERT_SIGN}}, NULL);
    X509 *leaf = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    struct policy *policy = policy_of(root, sub, NULL);
    struct blob *values[] = {made_blob(leaf)}, *value = blob_ref(values[0]), *root_der = made_blob(root);
    struct answer_draft draft;

    (void)state;
    made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, values, 1, &draft);
    assert_int_equal(draft.usable_count, 1);
    assert_int_equal(draft.certificates[0].not_after, MADE_NOW + 5 * MADE_DAY);
    assert_int_equal(draft.certificates[0].chain_count, 2);
    assert_true(bytes_equal(blob_bytes(draft.certificates[0].chain[1]), blob_bytes(root_der)));
    assert_ptr_equal(draft.certificates[0].value, value);
    assert_ptr_equal(draft.certificates[0].der, value);
    answer_draft_free(&draft);
    blob_free(&value);
    blob_free(&root_der);
    policy_free(&policy);
    X509_free(leaf);
    X509_free(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_an_issuer_has_its_reason),
        cmocka_unit_test(sha1_of_an_issuer_is_weak_but_not_of_an_anchor),
        cmocka_unit_test(no_way_to_an_anchor_is_untrusted),
        cmocka_unit_test(expired_and_untrusted_is_untrusted),
        cmocka_unit_test(an_intermediate_may_be_the_anchor),
        cmocka_unit_test(a_leaf_may_be_its_own_anchor),
        cmocka_unit_test(a_bad_neighbour_does_not_break_the_path),
        cmocka_unit_test(the_other_way_of_a_cross_signed_issuer_is_found),
        cmocka_unit_test(a_new_key_is_found_by_the_old_one),
        cmocka_unit_test(path_lengths_are_kept),
        cmocka_unit_test(chains_have_a_limit),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(the_answer_ends_with_the_first_of_the_chain),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
