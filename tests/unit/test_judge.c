#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"

/* The rules for the leaf: what its own bytes say. */

static X509 *root;
static struct policy *policy;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    X509_free(root);
    return 0;
}

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define EMAIL "extendedKeyUsage=emailProtection"

static const struct {
    const char *name;
    enum reason want;
    const char *detail; /* what the words must contain */
    struct made made;
} cases[] = {
    {"plain", REASON_USABLE, "", {.key = MADE_RSA, .extensions = {"keyUsage=keyEncipherment", EMAIL, SAN}}},
    {"no keyUsage", REASON_USABLE, "", {.key = MADE_RSA, .extensions = {EMAIL, SAN}}},
    {"no extKeyUsage", REASON_USABLE, "", {.key = MADE_RSA, .extensions = {"keyUsage=keyEncipherment", SAN}}},
    {"no usages at all", REASON_USABLE, "", {.key = MADE_RSA, .extensions = {SAN}}},
    {"anyExtendedKeyUsage", REASON_USABLE, "",
     {.key = MADE_RSA, .extensions = {"extendedKeyUsage=critical,serverAuth,anyExtendedKeyUsage", SAN}}},
    {"all usages", REASON_USABLE, "",
     {.key = MADE_RSA,
      .extensions = {"keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment", SAN}}},
    {"critical subjectAltName", REASON_USABLE, "",
     {.key = MADE_RSA, .extensions = {"subjectAltName=critical,email:" MADE_ADDRESS}}},
    {"P-256", REASON_USABLE, "", {.key = MADE_P256, .extensions = {"keyUsage=keyAgreement", EMAIL, SAN}}},
    {"P-384", REASON_USABLE, "", {.key = MADE_P384, .extensions = {"keyUsage=keyAgreement", EMAIL, SAN}}},
    {"P-521", REASON_USABLE, "", {.key = MADE_P521, .extensions = {"keyUsage=keyAgreement", EMAIL, SAN}}},
    {"brainpool", REASON_USABLE, "", {.key = MADE_BRAINPOOL, .extensions = {"keyUsage=keyAgreement", EMAIL, SAN}}},
    {"decipherOnly", REASON_USABLE, "", {.key = MADE_P256, .extensions = {"keyUsage=keyAgreement,decipherOnly", SAN}}},
    {"signed with PSS", REASON_USABLE, "", {.key = MADE_RSA, .pss = true, .extensions = {EMAIL, SAN}}},
    {"CA that says keyEncipherment", REASON_USABLE, "",
     {.key = MADE_RSA, .extensions = {"basicConstraints=CA:TRUE", "keyUsage=keyEncipherment,keyCertSign", SAN}}},
    {"CA that says emailProtection", REASON_USABLE, "",
     {.key = MADE_RSA, .extensions = {"basicConstraints=CA:TRUE", EMAIL, SAN}}},
    {"last second of its life", REASON_USABLE, "", {.key = MADE_RSA, .from = -10, .until = 0, .extensions = {SAN}}},
    {"first second of its life", REASON_USABLE, "", {.key = MADE_RSA, .from = 0, .until = 10, .extensions = {SAN}}},

    {"extensions in version 1", REASON_MALFORMED, "4.1.2.1", {.key = MADE_RSA, .version = 1, .extensions = {SAN}}},
    {"extensions in version 2", REASON_MALFORMED, "4.1.2.1", {.key = MADE_RSA, .version = 2, .extensions = {SAN}}},
    {"version 4", REASON_MALFORMED, "4.1.2.1", {.key = MADE_RSA, .version = 4}},
    {"version 256", REASON_MALFORMED, "4.1.2.1", {.key = MADE_RSA, .version = 256}},
    {"extension twice", REASON_MALFORMED, "twice",
     {.key = MADE_RSA, .extensions = {SAN, "1.2.3.4=ASN1:NULL", "1.2.3.4=ASN1:NULL"}}},
    {"keyUsage that is none", REASON_MALFORMED, "4.2", {.key = MADE_RSA, .extensions = {SAN, "2.5.29.15=ASN1:NULL"}}},
    {"subjectAltName that is none", REASON_MALFORMED, "4.2", {.key = MADE_RSA, .extensions = {"2.5.29.17=ASN1:NULL"}}},

    {"Ed25519", REASON_NOT_ENCRYPTION_CAPABLE, "Ed25519", {.key = MADE_ED25519, .extensions = {SAN}}},
    {"DSA", REASON_NOT_ENCRYPTION_CAPABLE, "DSA", {.key = MADE_DSA, .extensions = {SAN}}},
    {"RSASSA-PSS key", REASON_NOT_ENCRYPTION_CAPABLE, "RSASSA-PSS", {.key = MADE_RSA_PSS, .extensions = {SAN}}},
    {"Diffie-Hellman", REASON_NOT_ENCRYPTION_CAPABLE, "recipient", {.key = MADE_DH, .extensions = {SAN}}},

    {"other address", REASON_ADDRESS_MISMATCH, "<bob@example.org>",
     {.key = MADE_RSA, .extensions = {"subjectAltName=email:bob@example.org"}}},
    {"no address", REASON_ADDRESS_MISMATCH, "no address", {.key = MADE_RSA}},
    {"a host of that name", REASON_ADDRESS_MISMATCH, "no address",
     {.key = MADE_RSA, .extensions = {"subjectAltName=DNS:example.org"}}},

    {"RSA that only signs", REASON_WRONG_KEY_USAGE, "keyEncipherment",
     {.key = MADE_RSA, .extensions = {"keyUsage=digitalSignature", SAN}}},
    {"RSA with keyAgreement", REASON_WRONG_KEY_USAGE, "keyEncipherment",
     {.key = MADE_RSA, .extensions = {"keyUsage=keyAgreement", SAN}}},
    {"RSA with dataEncipherment", REASON_WRONG_KEY_USAGE, "keyEncipherment",
     {.key = MADE_RSA, .extensions = {"keyUsage=dataEncipherment", SAN}}},
    {"EC that only signs", REASON_WRONG_KEY_USAGE, "keyAgreement",
     {.key = MADE_P256, .extensions = {"keyUsage=digitalSignature", SAN}}},
    {"EC with keyEncipherment", REASON_WRONG_KEY_USAGE, "keyAgreement",
     {.key = MADE_P256, .extensions = {"keyUsage=keyEncipherment", SAN}}},
    {"encipherOnly", REASON_WRONG_KEY_USAGE, "encipherOnly",
     {.key = MADE_P256, .extensions = {"keyUsage=keyAgreement,encipherOnly", SAN}}},
    {"CA without usages", REASON_WRONG_KEY_USAGE, "CA",
     {.key = MADE_RSA, .extensions = {"basicConstraints=CA:TRUE", SAN}}},
    {"CA that signs", REASON_WRONG_KEY_USAGE, "keyEncipherment",
     {.key = MADE_RSA, .extensions = {"basicConstraints=CA:TRUE", "keyUsage=keyCertSign", SAN}}},

    {"serverAuth only", REASON_WRONG_EXTENDED_KEY_USAGE, "emailProtection",
     {.key = MADE_RSA, .extensions = {"extendedKeyUsage=serverAuth", SAN}}},
    {"serverAuth only, critical", REASON_WRONG_EXTENDED_KEY_USAGE, "RFC 8550",
     {.key = MADE_RSA, .extensions = {"extendedKeyUsage=critical,serverAuth", SAN}}},

    {"unknown critical extension", REASON_UNKNOWN_CRITICAL_EXTENSION, "critical",
     {.key = MADE_RSA, .extensions = {"1.2.3.4=critical,ASN1:NULL", SAN}}},

    {"RSA of 1024 bits", REASON_WEAK_KEY, "1024", {.key = MADE_RSA_1024, .extensions = {SAN}}},
    {"secp256k1", REASON_WEAK_KEY, "secp256k1", {.key = MADE_SECP256K1, .extensions = {SAN}}},
    {"curve spelled out", REASON_WEAK_KEY, "EC", {.key = MADE_P256_EXPLICIT, .extensions = {SAN}}},

    {"expired", REASON_EXPIRED, "2027-01-1", {.key = MADE_RSA, .from = -10, .until = -1, .extensions = {SAN}}},
    {"not yet valid", REASON_NOT_YET_VALID, "4.1.2.5", {.key = MADE_RSA, .from = 1, .until = 10, .extensions = {SAN}}},

    {"forged", REASON_BAD_CHAIN, "6.1.3", {.key = MADE_RSA, .break_signature = true, .extensions = {SAN}}},

    /* The first rule broken, in the order of enum reason, names it. */
    {"other address, expired", REASON_ADDRESS_MISMATCH, "", {.key = MADE_RSA, .from = -10, .until = -1}},
    {"only signs, serverAuth", REASON_WRONG_KEY_USAGE, "",
     {.key = MADE_RSA, .extensions = {"keyUsage=digitalSignature", "extendedKeyUsage=serverAuth", SAN}}},
    {"weak, expired", REASON_WEAK_KEY, "", {.key = MADE_RSA_1024, .from = -10, .until = -1, .extensions = {SAN}}},
};

static void each_rule_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made made = cases[i].made;
        char detail[MAX_DETAIL_BYTES + 1];
        enum reason reason;
        X509 *leaf;

        made.issuer = root;
        made.issuer_key = MADE_RSA_ROOT;
        leaf = made_certificate(&made);
        reason = made_reason(policy, leaf, detail);
        if (reason != cases[i].want || strstr(detail, cases[i].detail) == NULL ||
            (reason == REASON_USABLE && detail[0] != '\0')) {
            fail_msg("%s: %s (%s), wanted %s (%s)", cases[i].name, reason_word(reason), detail,
                     reason_word(cases[i].want), cases[i].detail);
        }
        X509_free(leaf);
    }
}

/* Behind the key of a certificate without extensions; both headers before it have two octets of length. */
static struct blob *with_unique_identifier(int version)
{
    static const uint8_t identifier[] = {0x81, 0x02, 0x00, 0x01};
    X509 *plain = made_certificate(&(struct made){.key = MADE_RSA, .version = version});
    struct blob *der = made_blob(plain), *made;
    size_t end = 8 + (size_t)(der->data[6] << 8 | der->data[7]);
    struct buffer buffer;

    buffer_init(&buffer, der->size + sizeof(identifier));
    buffer_append(&buffer, der->data, end);
    buffer_append(&buffer, identifier, sizeof(identifier));
    buffer_append(&buffer, der->data + end, der->size - end);
    made = blob_new(buffer_bytes(&buffer));
    made->data[3] += (uint8_t)sizeof(identifier);
    made->data[7] += (uint8_t)sizeof(identifier);
    buffer_free(&buffer);
    blob_free(&der);
    X509_free(plain);
    return made;
}

static void unique_identifiers_need_version_2(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        struct blob *value = with_unique_identifier(version);
        struct answer_draft draft;

        made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, &value, 1, &draft);
        assert_int_equal(draft.certificates[0].reason, version == 1 ? REASON_MALFORMED : REASON_ADDRESS_MISMATCH);
        assert_int_equal(strstr(draft.certificates[0].detail, "4.1.2.8") != NULL, version == 1);
        answer_draft_free(&draft);
    }
}

static void weak_digests_are_refused_below_the_anchor(void **state)
{
    static const struct {
        const EVP_MD *(*digest)(void);
        enum reason want, with_sha1;
    } digests[] = {
        {EVP_md5, REASON_WEAK_SIGNATURE, REASON_WEAK_SIGNATURE},
        {EVP_sha1, REASON_WEAK_SIGNATURE, REASON_USABLE},
        {EVP_ripemd160, REASON_WEAK_SIGNATURE, REASON_WEAK_SIGNATURE},
        {EVP_sha224, REASON_USABLE, REASON_USABLE},
        {EVP_sha384, REASON_USABLE, REASON_USABLE},
        {EVP_sha512, REASON_USABLE, REASON_USABLE},
    };
    struct policy *lax = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .allow_sha1 = true});

    (void)state;
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        X509 *leaf = made_certificate(&(struct made){.key = MADE_RSA,
                                                     .issuer = root,
                                                     .issuer_key = MADE_RSA_ROOT,
                                                     .digest = digests[i].digest(),
                                                     .extensions = {SAN}});

        assert_int_equal(made_reason(policy, leaf, NULL), digests[i].want);
        assert_int_equal(made_reason(lax, leaf, NULL), digests[i].with_sha1);
        X509_free(leaf);
    }
    policy_free(&lax);
}

/* OpenSSL 3.0 cannot encrypt to X25519; where it can, the certificate is usable. */
static void x25519_is_usable_where_cms_can_use_it(void **state)
{
    X509 *leaf = made_certificate(&(struct made){
        .key = MADE_X25519, .issuer = root, .issuer_key = MADE_RSA_ROOT, .extensions = {"keyUsage=keyAgreement", SAN}});
    enum reason reason = made_reason(policy, leaf, NULL);

    (void)state;
    assert_true(reason == REASON_USABLE || reason == REASON_NOT_ENCRYPTION_CAPABLE);
    X509_free(leaf);
}

static void a_certificate_without_address_needs_the_switch(void **state)
{
    struct policy *lax = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}, .addressless = true});
    X509 *nameless = made_certificate(&(struct made){.key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT});
    X509 *other = made_certificate(&(struct made){.key = MADE_RSA,
                                                  .issuer = root,
                                                  .issuer_key = MADE_RSA_ROOT,
                                                  .extensions = {"subjectAltName=email:bob@example.org"}});
    const char *own = "al@example.org\n" MADE_ADDRESS "\n", *others = "bob@example.org\nal@example.org\n";
    char detail[MAX_DETAIL_BYTES + 1];

    (void)state;
    assert_int_equal(made_reason_in_entry(policy, MADE_ADDRESS, nameless, own, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(lax, MADE_ADDRESS, nameless, own, detail), REASON_USABLE);
    assert_non_null(strstr(detail, "the directory vouches for it"));
    assert_int_equal(made_reason_in_entry(lax, MADE_ADDRESS, other, own, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(lax, MADE_ADDRESS, nameless, others, detail), REASON_ADDRESS_MISMATCH);
    assert_non_null(strstr(detail, "own mail"));
    assert_int_equal(made_reason_in_entry(lax, MADE_ADDRESS, nameless, NULL, NULL), REASON_ADDRESS_MISMATCH);
    assert_int_equal(made_reason_in_entry(lax, MADE_ADDRESS, nameless, "", NULL), REASON_ADDRESS_MISMATCH);
    X509_free(nameless);
    X509_free(other);
    policy_free(&lax);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(unique_identifiers_need_version_2),
        cmocka_unit_test(weak_digests_are_refused_below_the_anchor),
        cmocka_unit_test(x25519_is_usable_where_cms_can_use_it),
        cmocka_unit_test(a_certificate_without_address_needs_the_switch),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
