#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "tests/unit/made.h"
#include "x509/cert.h"
#include "x509/keys.h"
#include "x509/rsa_key.h"

#define MODULUS_BYTES 64

/* A certificate whose key has these octets, under this algorithm. */
static X509 *with_octets(int algorithm, int parameters, const uint8_t *octets, size_t size)
{
    X509 *x509 = X509_new();
    uint8_t *copy = OPENSSL_memdup(octets, size);

    assert_non_null(x509);
    assert_non_null(copy);
    assert_int_equal(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x509), OBJ_nid2obj(algorithm), parameters, NULL, copy,
                                            (int)size), 1);
    return x509;
}

/* SEQUENCE { INTEGER modulus, INTEGER exponent } and what is to stand behind, with one octet changed. */
static size_t write_key(uint8_t *out, const char *exponent, size_t exponent_size, size_t change, uint8_t with)
{
    size_t size = 0;

    out[size++] = 0x30;
    out[size++] = (uint8_t)(2 + 1 + MODULUS_BYTES + 2 + exponent_size);
    out[size++] = 0x02;
    out[size++] = 1 + MODULUS_BYTES;
    out[size++] = 0x00;
    memset(out + size, 0xc3, MODULUS_BYTES);
    size += MODULUS_BYTES;
    out[size++] = 0x02;
    out[size++] = (uint8_t)exponent_size;
    memcpy(out + size, exponent, exponent_size);
    size += exponent_size;
    if (change > 0) {
        out[change - 1] = with;
    }
    return size;
}

static void test_octets(void **state)
{
    enum { NONE, SEQUENCE = 1, SIZE, MODULUS, MODULUS_SIZE, MODULUS_FIRST, MODULUS_SECOND };
    static const struct {
        const char *what, *exponent;
        size_t exponent_size, change;
        uint8_t with;
        int exponent_bits; /* 0: not such a key */
    } rows[] = {
        {"65537", "\x01\x00\x01", 3, NONE, 0, 17},
        {"3", "\x03", 1, NONE, 0, 2},
        {"1 is read, and is for others to refuse", "\x01", 1, NONE, 0, 1},
        {"of 64 bits", "\x00\xff\xff\xff\xff\xff\xff\xff\xff", 9, NONE, 0, 64},
        {"of 65 bits", "\x01\xff\xff\xff\xff\xff\xff\xff\xff", 9, NONE, 0, 0},
        {"even", "\x01\x00\x02", 3, NONE, 0, 0},
        {"0", "\x00", 1, NONE, 0, 0},
        {"negative", "\x81", 1, NONE, 0, 0},
        {"a needless zero", "\x00\x01\x00\x01", 4, NONE, 0, 0},
        {"empty", "", 0, NONE, 0, 0},
        {"no SEQUENCE", "\x03", 1, SEQUENCE, 0x31, 0},
        {"a SEQUENCE that is too long", "\x03", 1, SIZE, 0x7f, 0},
        {"a SEQUENCE that ends early", "\x03", 1, SIZE, 0x40, 0},
        {"the modulus is no INTEGER", "\x03", 1, MODULUS, 0x04, 0},
        {"the modulus goes beyond", "\x03", 1, MODULUS_SIZE, 0x7f, 0},
        {"a negative modulus", "\x03", 1, MODULUS_FIRST, 0x80, 0},
        {"a modulus with a needless zero", "\x03", 1, MODULUS_SECOND, 0x43, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t octets[128];
        size_t size = write_key(octets, rows[i].exponent, rows[i].exponent_size, rows[i].change, rows[i].with);
        X509 *x509 = with_octets(NID_rsaEncryption, V_ASN1_NULL, octets, size);
        struct rsa_key key = {0};

        if (rsa_key_read(x509, &key) != (rows[i].exponent_bits != 0) ||
            (rows[i].exponent_bits != 0 &&
             (key.bits != 8 * MODULUS_BYTES || key.exponent_bits != rows[i].exponent_bits))) {
            fail_msg("%s: %d and %d bits", rows[i].what, key.bits, key.exponent_bits);
        }
        X509_free(x509);
    }
}

static void test_around_it(void **state)
{
    uint8_t octets[130];
    size_t size = write_key(octets, "\x03", 1, 0, 0);
    struct rsa_key key;

    (void)state;
    static const struct {
        const char *what;
        int algorithm, parameters;
        size_t more;
        bool good;
    } rows[] = {
        {"as it should be", NID_rsaEncryption, V_ASN1_NULL, 0, true},
        {"without parameters", NID_rsaEncryption, V_ASN1_UNDEF, 0, false},
        {"of another algorithm", NID_rsassaPss, V_ASN1_NULL, 0, false},
        {"something behind it", NID_rsaEncryption, V_ASN1_NULL, 1, false},
    };

    octets[size] = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        X509 *x509 = with_octets(rows[i].algorithm, rows[i].parameters, octets, size + rows[i].more);

        if (rsa_key_read(x509, &key) != rows[i].good) {
            fail_msg("%s", rows[i].what);
        }
        X509_free(x509);
    }
    for (size_t cut = 1; cut < size; cut++) {
        X509 *x509 = with_octets(NID_rsaEncryption, V_ASN1_NULL, octets, cut);

        assert_false(rsa_key_read(x509, &key));
        X509_free(x509);
    }
}

/* What is read from octets is what libcrypto reads. */
static void test_like_libcrypto(void **state)
{
    static const enum made_key kinds[] = {MADE_RSA, MADE_RSA_1024, MADE_RSA_PSS, MADE_P256, MADE_ED25519, MADE_X25519};

    X509 *root = made_certificate(&(struct made){.subject = "CN=Root", .key = MADE_RSA_ROOT});

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        X509 *x509 = made_certificate(&(struct made){.issuer = root, .key = kinds[i], .issuer_key = MADE_RSA_ROOT});
        bool is_rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(x509)) == EVP_PKEY_RSA;
        BIGNUM *exponent = NULL;
        struct rsa_key key;

        assert_int_equal(rsa_key_read(x509, &key), is_rsa);
        if (is_rsa) {
            assert_int_equal(EVP_PKEY_get_bn_param(X509_get0_pubkey(x509), OSSL_PKEY_PARAM_RSA_E, &exponent), 1);
            assert_int_equal(key.bits, EVP_PKEY_get_bits(X509_get0_pubkey(x509)));
            assert_int_equal(key.exponent_bits, BN_num_bits(exponent));
        }
        BN_free(exponent);
        X509_free(x509);
    }
    X509_free(root);
}

static struct blob *der_of(X509 *x509)
{
    uint8_t *octets = NULL;
    int size = i2d_X509(x509, &octets);
    struct blob *blob = blob_new(bytes_of(octets, (size_t)size));

    assert_non_null(blob);
    OPENSSL_free(octets);
    return blob;
}

/* A recipient's certificate says the same of itself without an object of its key; what needs one has it. */
static void test_recipient(void **state)
{
    X509 *root = made_certificate(&(struct made){.subject = "CN=Root", .key = MADE_RSA_ROOT,
                                                 .extensions = {"basicConstraints=critical,CA:TRUE"}});
    const struct {
        struct made made;
        bool has_object;
    } rows[] = {
        {{.subject = "CN=Alice", .issuer = root, .key = MADE_RSA, .issuer_key = MADE_RSA_ROOT}, false},
        {{.subject = "CN=Alice", .issuer = root, .key = MADE_P256, .issuer_key = MADE_RSA_ROOT}, true},
        {{.subject = "CN=Alice", .issuer = root, .key = MADE_RSA_PSS, .issuer_key = MADE_RSA_ROOT}, true},
        {{.subject = "CN=Root", .issuer = root, .key = MADE_RSA, .issuer_key = MADE_RSA_ROOT}, true},
        {{.subject = "CN=Alice", .key = MADE_RSA}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        X509 *x509 = made_certificate(&rows[i].made);
        struct blob *der = der_of(x509);
        struct cert whole, recipient;
        struct finding finding;
        struct key a, b;

        assert_true(cert_parse(der, &whole, &finding));
        assert_true(cert_parse_recipient(der, &recipient, &finding));
        assert_non_null(X509_get0_pubkey(whole.x509));
        assert_int_equal(X509_get0_pubkey(recipient.x509) != NULL, rows[i].has_object);
        key_read(whole.x509, &a);
        key_read(recipient.x509, &b);
        assert_memory_equal(&a, &b, sizeof(a));
        assert_int_equal(X509_get_extension_flags(whole.x509), X509_get_extension_flags(recipient.x509));
        assert_true(digest_equal(&whole.fingerprint, &recipient.fingerprint));
        assert_int_equal(whole.plain, recipient.plain);
        assert_int_equal(X509_verify(recipient.x509, X509_get0_pubkey(i == 4 ? whole.x509 : root)), 1);
        assert_int_equal(rsa_key_is_same(recipient.x509, whole.x509), rows[i].made.key == MADE_RSA);
        assert_false(rsa_key_is_same(recipient.x509, root));
        cert_free(&whole);
        cert_free(&recipient);
        blob_free(&der);
        X509_free(x509);
    }
    X509_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_around_it),
        cmocka_unit_test(test_like_libcrypto),
        cmocka_unit_test(test_recipient),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
