#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "tests/unit/made.h"

/* Certificates as one does not expect them: what is odd and harmless is usable, what is broken is malformed. */

#define SAN "subjectAltName=email:" MADE_ADDRESS

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

static X509 *with(const char *first, const char *second, const char *third)
{
    return made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT, .extensions = {first, second, third}});
}

/* Signs what was changed, and takes it for its bytes alone. */
static X509 *signed_anew(X509 *certificate)
{
    X509 *anew;

    assert_true(X509_sign(certificate, made_key(MADE_RSA_ROOT), EVP_sha256()) > 0);
    anew = X509_dup(certificate);
    X509_free(certificate);
    return anew;
}

static void check(const char *name, X509 *leaf, enum reason want, const char *words)
{
    char detail[MAX_DETAIL_BYTES + 1];
    enum reason reason = made_reason(policy, leaf, detail);

    if (reason != want || strstr(detail, words) == NULL) {
        fail_msg("%s: %s (%s)", name, reason_word(reason), detail);
    }
    X509_free(leaf);
}

/* RFC 5280 4.1.2.2: certificate users should handle them gracefully. */
static void odd_serial_numbers_are_borne_with(void **state)
{
    static const struct {
        const char *name, *hex;
        bool negative;
    } serials[] = {
        {"negative", "01", true},
        {"zero", "00", false},
        {"negative and long", "FFEEDDCCBBAA99887766554433221100FFEEDDCC", true},
        {"21 octets", "FFEEDDCCBBAA99887766554433221100FFEEDDCCBB", false},
        {"100 octets", NULL, false},
    };
    uint8_t octets[100];

    (void)state;
    memset(octets, 0x5a, sizeof(octets));
    for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        BIGNUM *number = NULL;
        X509 *leaf = with(SAN, NULL, NULL);
        ASN1_INTEGER *serial;

        if (serials[i].hex != NULL) {
            BN_hex2bn(&number, serials[i].hex);
        } else {
            number = BN_bin2bn(octets, sizeof(octets), NULL);
        }
        BN_set_negative(number, serials[i].negative);
        serial = BN_to_ASN1_INTEGER(number, NULL);
        X509_set_serialNumber(leaf, serial);
        ASN1_INTEGER_free(serial);
        BN_free(number);
        check(serials[i].name, signed_anew(leaf), REASON_USABLE, "");
    }
}

static void absurd_dates_have_their_reason(void **state)
{
    static const struct {
        const char *name;
        int from_type;
        const char *from;
        int until_type;
        const char *until;
        enum reason want;
        const char *words;
    } dates[] = {
        {"no end (RFC 5280 4.1.2.5)", V_ASN1_UTCTIME, "260101000000Z", V_ASN1_GENERALIZEDTIME, "99991231235959Z",
         REASON_USABLE, ""},
        {"from the beginning", V_ASN1_GENERALIZEDTIME, "00000101000000Z", V_ASN1_UTCTIME, "491231235959Z",
         REASON_USABLE, ""},
        {"last century", V_ASN1_UTCTIME, "500101000000Z", V_ASN1_UTCTIME, "491231235959Z", REASON_USABLE, ""},
        {"GeneralizedTime before 2050", V_ASN1_GENERALIZEDTIME, "20260101000000Z", V_ASN1_GENERALIZEDTIME,
         "20300101000000Z", REASON_USABLE, ""},
        {"ends before it begins, both past", V_ASN1_UTCTIME, "250101000000Z", V_ASN1_UTCTIME, "240101000000Z",
         REASON_EXPIRED, "2024"},
        {"ends before it begins, both to come", V_ASN1_UTCTIME, "400101000000Z", V_ASN1_UTCTIME, "390101000000Z",
         REASON_NOT_YET_VALID, "2040"},
        {"ends before it begins, around now", V_ASN1_UTCTIME, "400101000000Z", V_ASN1_UTCTIME, "200101000000Z",
         REASON_NOT_YET_VALID, "2040"},
        {"month 13", V_ASN1_UTCTIME, "261301000000Z", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "4.1.2.5"},
        {"31 February", V_ASN1_UTCTIME, "260231000000Z", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "4.1.2.5"},
        {"hour 24", V_ASN1_UTCTIME, "260101240000Z", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "4.1.2.5"},
        /* What is too short for a time, later versions of libcrypto refuse as they read the certificate. */
        {"no seconds", V_ASN1_UTCTIME, "2601010000Z", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "RFC 5280 4.1"},
        {"a zone", V_ASN1_UTCTIME, "260101000000+0100", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "4.1.2.5"},
        {"a fraction", V_ASN1_UTCTIME, "260101000000Z", V_ASN1_GENERALIZEDTIME, "20300101000000.5Z", REASON_MALFORMED,
         "4.1.2.5"},
        {"local time", V_ASN1_UTCTIME, "260101000000Z", V_ASN1_GENERALIZEDTIME, "20300101000000", REASON_MALFORMED,
         "RFC 5280 4.1"},
        {"letters", V_ASN1_UTCTIME, "tomorrow-ishZ", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "4.1.2.5"},
        {"nothing", V_ASN1_UTCTIME, "", V_ASN1_UTCTIME, "300101000000Z", REASON_MALFORMED, "RFC 5280 4.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        X509 *leaf = with(SAN, NULL, NULL);
        ASN1_TIME *from = X509_getm_notBefore(leaf), *until = X509_getm_notAfter(leaf);

        from->type = dates[i].from_type;
        until->type = dates[i].until_type;
        ASN1_STRING_set(from, dates[i].from, -1);
        ASN1_STRING_set(until, dates[i].until, -1);
        assert_true(X509_sign(leaf, made_key(MADE_RSA_ROOT), EVP_sha256()) > 0);
        check(dates[i].name, leaf, dates[i].want, dates[i].words);
    }
}

static void an_extension_that_stands_twice_is_malformed(void **state)
{
    static const char *const twice[][2] = {
        {SAN, "subjectAltName=email:bob@example.org"},
        {SAN, SAN},
        {"keyUsage=keyEncipherment", "keyUsage=keyEncipherment"},
        {"keyUsage=digitalSignature", "keyUsage=keyEncipherment"},
        {"extendedKeyUsage=emailProtection", "extendedKeyUsage=serverAuth"},
        {"basicConstraints=CA:FALSE", "basicConstraints=CA:TRUE"},
        {"nameConstraints=permitted;email:example.org", "nameConstraints=permitted;email:example.com"},
        {"1.2.3.4=ASN1:NULL", "1.2.3.4=critical,ASN1:NULL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
        check(twice[i][0], with(twice[i][0], twice[i][1], i > 1 ? SAN : NULL), REASON_MALFORMED, "twice");
    }
}

static void critical_subject_alternative_names_are_understood(void **state)
{
    (void)state;
    check("mail", with("subjectAltName=critical,email:" MADE_ADDRESS, NULL, NULL), REASON_USABLE, "");
    check("others", with("subjectAltName=critical,email:" MADE_ADDRESS ",DNS:example.org,RID:1.2.3,URI:urn:x", NULL,
                         NULL), REASON_USABLE, "");
    check("another", with("subjectAltName=critical,email:bob@example.org", NULL, NULL), REASON_ADDRESS_MISMATCH, "bob");
}

/* On the leaf they constrain nobody. */
static void critical_name_constraints_of_a_leaf_are_understood(void **state)
{
    (void)state;
    check("leaf", with("nameConstraints=critical,permitted;email:example.com", SAN, NULL), REASON_USABLE, "");
}

static void a_chain_signed_with_rsassa_pss_is_usable(void **state)
{
    X509 *sub = made_certificate(&(struct made){
        .subject = "CN=Sub",
        .key = MADE_RSA_CA,
        .issuer = root,
        .issuer_key = MADE_RSA_ROOT,
        .pss = true,
        .digest = EVP_sha384(),
        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"}});
    X509 *leaf = made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = sub, .issuer_key = MADE_RSA_CA, .pss = true, .extensions = {SAN}});
    X509 *forged = made_certificate(&(struct made){.key = MADE_RSA,
                                                   .issuer = sub,
                                                   .issuer_key = MADE_RSA_CA,
                                                   .pss = true,
                                                   .break_signature = true,
                                                   .extensions = {SAN}});
    struct policy *both = made_policy(
        &(struct made_policy){.anchors = (X509 *[]){root, NULL}, .intermediates = (X509 *[]){sub, NULL}});

    (void)state;
    assert_int_equal(made_reason(both, leaf, NULL), REASON_USABLE);
    assert_int_equal(made_reason(both, forged, NULL), REASON_BAD_CHAIN);
    policy_free(&both);
    X509_free(leaf);
    X509_free(forged);
    X509_free(sub);
}

static void every_listed_curve_is_usable_for_recipients_and_issuers(void **state)
{
    static const enum made_key keys[] = {MADE_P256,      MADE_P384,          MADE_P521,
                                         MADE_BRAINPOOL, MADE_BRAINPOOL_384, MADE_BRAINPOOL_512};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        X509 *anchor = made_root("CN=Anchor", keys[i]), *leaf = made_alice(keys[i], anchor, keys[i]);
        struct policy *own = made_policy(&(struct made_policy){.anchors = (X509 *[]){anchor, NULL}});

        assert_int_equal(made_reason(own, leaf, NULL), REASON_USABLE);
        policy_free(&own);
        X509_free(leaf);
        X509_free(anchor);
    }
}

/* OpenSSL 3.0 cannot encrypt to them; where it can, the usages count as they do for EC. */
static void x25519_and_x448_are_usable_where_cms_can_use_them(void **state)
{
    static const struct {
        enum made_key key;
        const char *word;
    } keys[] = {{MADE_X25519, "X25519"}, {MADE_X448, "X448"}};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (int fits = 0; fits < 2; fits++) {
            X509 *leaf = made_certificate(
                &(struct made){.key = keys[i].key,
                               .issuer = root,
                               .issuer_key = MADE_RSA_ROOT,
                               .extensions = {fits ? "keyUsage=keyAgreement" : "keyUsage=keyEncipherment", SAN}});
            char detail[MAX_DETAIL_BYTES + 1];
            enum reason reason = made_reason(policy, leaf, detail);

            if (reason == REASON_NOT_ENCRYPTION_CAPABLE) {
                assert_non_null(strstr(detail, keys[i].word));
            } else {
                assert_int_equal(reason, fits ? REASON_USABLE : REASON_WRONG_KEY_USAGE);
            }
            X509_free(leaf);
        }
    }
}

/* An ML-KEM key (FIPS 203) of `octets`, made up: no libcrypto can be relied on to make one. */
static X509 *with_ml_kem(const char *oid, int octets)
{
    X509 *leaf = with("keyUsage=keyEncipherment", SAN, NULL);
    unsigned char *key = OPENSSL_zalloc((size_t)octets);

    assert_int_equal(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(leaf), OBJ_txt2obj(oid, 1), V_ASN1_UNDEF, NULL, key,
                                            octets), 1);
    return signed_anew(leaf);
}

/* By name where libcrypto knows it, by OID where it does not; never usable before this CMS can use it. */
static void ml_kem_keys_are_recognised(void **state)
{
    static const struct {
        const char *oid;
        int octets;
    } kinds[] = {{"2.16.840.1.101.3.4.4.1", 800}, {"2.16.840.1.101.3.4.4.2", 1184}, {"2.16.840.1.101.3.4.4.3", 1568}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        X509 *leaf = with_ml_kem(kinds[i].oid, kinds[i].octets);
        char detail[MAX_DETAIL_BYTES + 1];

        assert_int_equal(made_reason(policy, leaf, detail), REASON_NOT_ENCRYPTION_CAPABLE);
        assert_true(strstr(detail, kinds[i].oid) != NULL || strcasestr(detail, "ml-kem") != NULL);
        X509_free(leaf);
    }
}

static void a_hundred_and_seventeen_addresses_are_read(void **state)
{
    X509 *leaf = with("keyUsage=keyEncipherment", NULL, NULL);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    char text[64];

    (void)state;
    for (int i = 0; i < 117; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *string = ASN1_IA5STRING_new();

        snprintf(text, sizeof(text), "alias-number-%d-of-alice@example.org", i);
        ASN1_STRING_set(string, i == 116 ? MADE_ADDRESS : text, -1);
        GENERAL_NAME_set0_value(name, GEN_EMAIL, string);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    check("117 addresses", signed_anew(leaf), REASON_USABLE, "");
}

/* Tag and length of a SEQUENCE of `inner` octets, to end before `end`. Returns where it begins. */
static uint8_t *put_sequence(uint8_t *end, size_t inner)
{
    *--end = (uint8_t)inner;
    if (inner > 0xff) {
        *--end = (uint8_t)(inner >> 8);
    }
    if (inner > 0x7f) {
        *--end = inner > 0xff ? 0x82 : 0x81;
    }
    *--end = 0x30;
    return end;
}

/* Sequences in sequences, as deep as a value may be long. */
static void deeply_nested_values_are_malformed(void **state)
{
    static uint8_t der[MAX_VALUE_BYTES];
    uint8_t *const end = der + sizeof(der), *at = end;

    (void)state;
    while (at - der >= 4) {
        at = put_sequence(at, (size_t)(end - at));
    }
    for (int attribute = 0; attribute < 2; attribute++) {
        struct blob *value = blob_new(bytes_of(at, (size_t)(end - at)));
        struct answer_draft draft;

        made_judge(policy, MADE_ADDRESS, (enum attribute)attribute, &value, 1, &draft);
        assert_int_equal(draft.certificates[0].reason, REASON_MALFORMED);
        answer_draft_free(&draft);
    }
}

/* A certificate with an extension of these octets, whatever they are. */
static X509 *with_octets(const char *oid, const char *octets, size_t size, bool critical, const char *beside)
{
    X509 *leaf = with(beside, NULL, NULL);
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 0);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    ASN1_OCTET_STRING_set(value, (const uint8_t *)octets, (int)size);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
    assert_true(extension != NULL && X509_add_ext(leaf, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
    return signed_anew(leaf);
}

/* Extensions without content, and with an empty list in it. What is empty is not what is absent. */
static void zero_length_values_have_their_reason(void **state)
{
    static const struct {
        const char *oid, *octets;
        size_t size;
        bool critical;
        const char *beside;
        enum reason want;
    } empty[] = {
        {"subjectAltName", "", 0, false, NULL, REASON_MALFORMED},
        {"subjectAltName", "\x30\x00", 2, false, NULL, REASON_ADDRESS_MISMATCH},
        {"subjectAltName", "\x30\x02\x81\x00", 4, false, NULL, REASON_ADDRESS_MISMATCH},
        {"keyUsage", "", 0, true, SAN, REASON_MALFORMED},
        {"keyUsage", "\x03\x00", 2, true, SAN, REASON_MALFORMED},
        {"keyUsage", "\x03\x01\x00", 3, true, SAN, REASON_MALFORMED}, /* RFC 5280 4.2.1.3: at least one bit */
        {"extendedKeyUsage", "", 0, false, SAN, REASON_MALFORMED},
        {"extendedKeyUsage", "\x30\x00", 2, false, SAN, REASON_WRONG_EXTENDED_KEY_USAGE},
        {"basicConstraints", "", 0, true, SAN, REASON_MALFORMED},
        {"basicConstraints", "\x30\x00", 2, true, SAN, REASON_USABLE},
        {"nameConstraints", "", 0, true, SAN, REASON_MALFORMED},
        {"certificatePolicies", "", 0, false, SAN, REASON_BAD_CHAIN},
        {"crlDistributionPoints", "", 0, false, SAN, REASON_MALFORMED},
        {"authorityKeyIdentifier", "", 0, false, SAN, REASON_MALFORMED},
        {"1.2.3.4", "", 0, false, SAN, REASON_USABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        char name[60];

        snprintf(name, sizeof(name), "%s of %zu octets", empty[i].oid, empty[i].size);
        check(name, with_octets(empty[i].oid, empty[i].octets, empty[i].size, empty[i].critical, empty[i].beside),
              empty[i].want, "");
    }
}

/* What opens and opens and never closes, or says that it goes on: of whole values, in bounded time. */
static void bombs_of_pkcs7_are_malformed(void **state)
{
    static const char signed_data[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"
                                      "\x02\x01\x01\x31\x00"
                                      "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80";
    static const struct {
        const char *name, *unit;
        size_t size;
        bool inside; /* of SignedData's content */
    } bombs[] = {
        {"indefinite SEQUENCEs", "\x30\x80", 2, false},
        {"indefinite SETs", "\x31\x80", 2, false},
        {"indefinite OCTET STRINGs", "\x24\x80", 2, false},
        {"indefinite [0]s", "\xa0\x80", 2, false},
        {"ends of contents", "\0\0", 2, false},
        {"OCTET STRINGs in the content", "\x24\x80", 2, true},
        {"empty OCTET STRINGs in the content", "\x24\x80\x04\x00\x00\x00", 6, true},
        {"SEQUENCEs in the content", "\x30\x80", 2, true},
        {"lengths of 4 GiB in the content", "\x04\x84\xff\xff\xff\xff", 6, true},
    };
    int64_t began_ms = clock_mono_ms();

    (void)state;
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        static uint8_t octets[MAX_VALUE_BYTES];
        size_t used = bombs[i].inside ? sizeof(signed_data) - 1 : 0;
        struct answer_draft draft;

        memcpy(octets, signed_data, used);
        for (; used + bombs[i].size <= sizeof(octets); used += bombs[i].size) {
            memcpy(octets + used, bombs[i].unit, bombs[i].size);
        }
        struct blob *value = blob_new(bytes_of(octets, used));
        made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_SMIME_CERTIFICATE, &value, 1, &draft);
        if (draft.certificates[0].reason != REASON_MALFORMED) {
            fail_msg("%s: %s", bombs[i].name, reason_word(draft.certificates[0].reason));
        }
        answer_draft_free(&draft);
    }
    assert_true(clock_mono_ms() - began_ms < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_serial_numbers_are_borne_with),
        cmocka_unit_test(absurd_dates_have_their_reason),
        cmocka_unit_test(an_extension_that_stands_twice_is_malformed),
        cmocka_unit_test(critical_subject_alternative_names_are_understood),
        cmocka_unit_test(critical_name_constraints_of_a_leaf_are_understood),
        cmocka_unit_test(a_chain_signed_with_rsassa_pss_is_usable),
        cmocka_unit_test(every_listed_curve_is_usable_for_recipients_and_issuers),
        cmocka_unit_test(x25519_and_x448_are_usable_where_cms_can_use_them),
        cmocka_unit_test(ml_kem_keys_are_recognised),
        cmocka_unit_test(a_hundred_and_seventeen_addresses_are_read),
        cmocka_unit_test(deeply_nested_values_are_malformed),
        cmocka_unit_test(zero_length_values_have_their_reason),
        cmocka_unit_test(bombs_of_pkcs7_are_malformed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
