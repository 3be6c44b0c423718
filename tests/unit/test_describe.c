#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/pkcs7.h>

#include "base/text.h"
#include "tests/unit/made.h"
#include "tests/unit/scarce.h"
#include "x509/describe.h"

static struct blob *der_of(const struct made *made)
{
    X509 *certificate = made_certificate(made);
    struct blob *der = made_blob(certificate);

    X509_free(certificate);
    return der;
}

static void everything_is_named(void **state)
{
    struct blob *der = der_of(&(struct made){
        .subject = "CN=Jürgen,O=Bücher & Söhne",
        .key = MADE_RSA,
        .serial = 0xabcdef,
        .extensions = {"keyUsage=critical,digitalSignature,keyEncipherment",
                       "extendedKeyUsage=emailProtection,clientAuth,1.2.3.4"},
        .names = {{MADE_RFC822, "alice@example.org"},
                  {MADE_SMTP_UTF8, "jürgen@example.org"},
                  {MADE_SUBJECT_IA5, "alice@example.org"}},
    });
    struct description description;

    (void)state;
    assert_int_equal(description_read(blob_bytes(der), &description), 0);
    assert_string_equal(description.subject, "emailAddress=alice@example.org,O=Bücher & Söhne,CN=Jürgen");
    assert_string_equal(description.issuer, description.subject);
    assert_string_equal(description.serial, "ABCDEF");
    assert_int_equal(description.not_before, MADE_NOW - 10 * MADE_DAY);
    assert_int_equal(description.not_after, MADE_NOW + 365 * MADE_DAY);
    assert_string_equal(description.key, "RSA");
    assert_int_equal(description.key_bits, 2048);
    assert_string_equal(description.curve, "");
    assert_string_equal(description.signature, "sha256WithRSAEncryption");
    assert_true(description.has_key_usage);
    assert_int_equal(description.key_usage_count, 2);
    assert_string_equal(description.key_usage[0], "digitalSignature");
    assert_string_equal(description.key_usage[1], "keyEncipherment");
    assert_int_equal(description.extended_key_usage_count, 3);
    assert_string_equal(description.extended_key_usage[0], "emailProtection");
    assert_string_equal(description.extended_key_usage[1], "clientAuth");
    assert_string_equal(description.extended_key_usage[2], "1.2.3.4");
    assert_int_equal(description.address_count, 2);
    assert_string_equal(description.addresses[0], "alice@example.org");
    assert_string_equal(description.addresses[1], "jürgen@example.org");
    assert_int_equal(strlen(description.fingerprint), 64);
    description_free(&description);
    description_free(&description);
    blob_free(&der);
}

static void keys_have_their_names(void **state)
{
    static const struct {
        enum made_key key;
        const char *word, *curve;
        int bits;
    } keys[] = {
        {MADE_RSA_1024, "RSA", "", 1024},
        {MADE_P256, "EC", "P-256", 256},
        {MADE_P384, "EC", "P-384", 384},
        {MADE_P521, "EC", "P-521", 521},
        {MADE_BRAINPOOL, "EC", "brainpoolP256r1", 256},
        {MADE_SECP256K1, "EC", "secp256k1", 256},
        {MADE_P256_EXPLICIT, "EC", "", 256},
        {MADE_X25519, "X25519", "", 253},
        {MADE_ED25519, "Ed25519", "", 256},
        {MADE_RSA_PSS, "RSASSA-PSS", "", 2048},
        {MADE_DSA, "DSA", "", 2048},
    };
    X509 *root = made_root("CN=Root", MADE_RSA_ROOT);

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct blob *der =
            der_of(&(struct made){.key = keys[i].key, .issuer = root, .issuer_key = MADE_RSA_ROOT, .subject = "-"});
        struct description description;

        assert_int_equal(description_read(blob_bytes(der), &description), 0);
        assert_string_equal(description.key, keys[i].word);
        assert_string_equal(description.curve, keys[i].curve);
        if (keys[i].bits != description.key_bits && keys[i].key != MADE_DSA) {
            fail_msg("%s: %d bits", keys[i].word, description.key_bits);
        }
        assert_string_equal(description.subject, "");
        assert_false(description.has_key_usage);
        description_free(&description);
        blob_free(&der);
    }
    X509_free(root);
}

static void what_is_no_certificate_is_not_described(void **state)
{
    static const char *const texts[] = {"", "x", "\x30\x80", "\x30"};
    struct description description;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(description_read(bytes_of_string(texts[i]), &description), -1);
        assert_null(description.subject);
    }
}

static void hostile_contents_are_shown_safely(void **state)
{
    struct made made = {.subject = "CN=\x1b[31m\r\n\xe2\x80\xae,O=\"a\\b",
                        .key = MADE_RSA,
                        .names = {{MADE_RFC822, "a\0\x1b\xff", 4}, {MADE_SMTP_UTF8, "\xff\xfe"}}};
    struct description description;
    struct blob *der = der_of(&made);

    (void)state;
    assert_int_equal(description_read(blob_bytes(der), &description), 0);
    assert_true(text_is_utf8(bytes_of_string(description.subject)));
    assert_null(strchr(description.subject, '\x1b'));
    assert_null(strchr(description.subject, '\n'));
    assert_null(strstr(description.subject, "\xe2\x80\xae"));
    for (size_t i = 0; i < description.address_count; i++) {
        assert_true(text_is_utf8(bytes_of_string(description.addresses[i])));
        assert_null(strchr(description.addresses[i], '\x1b'));
    }
    description_free(&description);
    blob_free(&der);
}

/* What is longer than a name needs to be is cut between two characters. */
static void long_names_are_cut(void **state)
{
    char subject[250] = "CN=x";
    struct made made = {.subject = subject, .key = MADE_RSA};
    struct description description;
    struct blob *der;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(subject + strlen(subject), sizeof(subject) - strlen(subject), ",OU=ü%020d", 7);
    }
    for (size_t i = 0; i < MADE_RAW_NAMES; i++) {
        static char name[1201];

        memset(name, 'a', sizeof(name) - 1);
        made.names[i] = (struct made_name){MADE_SMTP_UTF8, name, 0};
    }
    der = der_of(&made);
    assert_int_equal(description_read(blob_bytes(der), &description), 0);
    assert_int_equal(description.address_count, 1);
    assert_true(strlen(description.addresses[0]) < MAX_ADDRESS_DISPLAY_BYTES);
    assert_true(text_is_utf8(bytes_of_string(description.addresses[0])));
    assert_non_null(strstr(description.subject, "OU=ü"));
    description_free(&description);
    blob_free(&der);
}

static void descriptions_without_memory_hold_nothing(void **state)
{
    struct blob *der = der_of(&(struct made){
        .key = MADE_RSA, .extensions = {"extendedKeyUsage=emailProtection", "subjectAltName=email:a@b.c"}});
    struct description description;
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        int result;

        scarce_begin(nth);
        result = description_read(blob_bytes(der), &description);
        failed = scarce_end();
        if (result < 0) {
            assert_null(description.subject);
            assert_int_equal(description.address_count, 0);
        }
        description_free(&description);
    }
    blob_free(&der);
}

static void bundles_hold_the_very_bytes(void **state)
{
    X509 *root = made_root("CN=Root", MADE_RSA_ROOT), *alice = made_alice(MADE_RSA, root, MADE_RSA_ROOT);
    struct blob *ders[] = {made_blob(alice), made_blob(root)};
    const struct bytes bytes[] = {blob_bytes(ders[0]), blob_bytes(ders[1])}, garbage = bytes_of_string("garbage");
    struct buffer out;
    const uint8_t *at;
    PKCS7 *message;

    (void)state;
    buffer_init(&out, 1024 * 1024);
    assert_int_equal(bundle_encode(bytes, 2, &out), 0);
    at = out.data;
    message = d2i_PKCS7(NULL, &at, (long)out.size);
    assert_non_null(message);
    assert_ptr_equal(at, out.data + out.size);
    assert_true(PKCS7_type_is_signed(message));
    assert_int_equal(sk_X509_num(message->d.sign->cert), 2);
    assert_non_null(memmem(out.data, out.size, bytes[0].data, bytes[0].size));
    assert_non_null(memmem(out.data, out.size, bytes[1].data, bytes[1].size));
    PKCS7_free(message);
    buffer_clear(&out);
    assert_int_equal(bundle_encode(&garbage, 1, &out), -1);
    assert_int_equal(bundle_encode(bytes, 0, &out), 0);
    buffer_free(&out);
    buffer_init(&out, 100);
    assert_int_equal(bundle_encode(bytes, 2, &out), -1);
    buffer_free(&out);
    blob_free(&ders[0]);
    blob_free(&ders[1]);
    X509_free(alice);
    X509_free(root);
}

/* What libcrypto makes of them. */
static struct blob *bundle_of_libcrypto(X509 *const *certificates, size_t count)
{
    PKCS7 *message = PKCS7_new();
    uint8_t *encoded = NULL;

    assert_int_equal(PKCS7_set_type(message, NID_pkcs7_signed), 1);
    message->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(PKCS7_add_certificate(message, certificates[i]), 1);
    }
    int size = i2d_PKCS7(message, &encoded);
    assert_true(size > 0);
    struct blob *blob = blob_new(bytes_of(encoded, (size_t)size));
    OPENSSL_free(encoded);
    PKCS7_free(message);
    return blob;
}

/* Up to lengths of four octets: over 16 MiB. */
static void bundles_are_those_of_libcrypto(void **state)
{
    enum { MOST = 40000 };
    X509 *alice = made_certificate(&(struct made){.key = MADE_RSA});
    X509 *bob = made_certificate(&(struct made){.key = MADE_P256});
    struct blob *ders[] = {made_blob(alice), made_blob(bob)};
    static X509 *certificates[MOST];
    static struct bytes bytes[MOST];

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        certificates[i] = i % 2 == 0 ? alice : bob;
        bytes[i] = blob_bytes(ders[i % 2]);
    }
    for (size_t count = 0; count <= MOST; count += count < 120 ? 1 : MOST - 120) {
        struct blob *wanted = bundle_of_libcrypto(certificates, count);
        struct buffer out;

        buffer_init(&out, 64 * 1024 * 1024);
        assert_int_equal(bundle_encode(bytes, count, &out), 0);
        assert_true(count < MOST || out.size > 1 << 24);
        assert_true(bytes_equal(buffer_bytes(&out), blob_bytes(wanted)));
        buffer_free(&out);
        blob_free(&wanted);
    }
    blob_free(&ders[0]);
    blob_free(&ders[1]);
    X509_free(alice);
    X509_free(bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_named),
        cmocka_unit_test(keys_have_their_names),
        cmocka_unit_test(what_is_no_certificate_is_not_described),
        cmocka_unit_test(hostile_contents_are_shown_safely),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(descriptions_without_memory_hold_nothing),
        cmocka_unit_test(bundles_hold_the_very_bytes),
        cmocka_unit_test(bundles_are_those_of_libcrypto),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
