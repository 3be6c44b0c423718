#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>

#include "tests/unit/made.h"
#include "x509/capabilities.h"

/* SMIMECapabilities, from signed attributes (RFC 8551 2.5.2) and from the certificate (RFC 4262). */

#define EXTENSION "1.2.840.113549.1.9.15=DER:"
#define AES256 "300b060960864801650304012a" /* aes256-CBC */
#define AES128 "300b0609608648016503040102"
#define SAN "subjectAltName=email:" MADE_ADDRESS

static X509 *root, *alice, *signing, *impostor, *namesake, *stranger;

static X509 *issued(enum made_key key, const char *subject, const char *extension)
{
    return made_certificate(&(struct made){.subject = subject, .key = key, .issuer = root, .issuer_key = MADE_RSA_ROOT,
                                           .extensions = {SAN, extension}});
}

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    alice = issued(MADE_RSA, "CN=Alice", EXTENSION "300d" AES128);
    signing = issued(MADE_P256, "CN=Alice", NULL);
    stranger = issued(MADE_P384, "CN=Stranger", NULL);
    impostor = made_root("CN=Root", MADE_RSA_CA);
    namesake = made_certificate(&(struct made){.subject = "CN=Alice", .key = MADE_P256, .issuer = impostor,
                                               .issuer_key = MADE_RSA_CA, .extensions = {SAN}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(alice);
    X509_free(signing);
    X509_free(stranger);
    X509_free(impostor);
    X509_free(namesake);
    return 0;
}

/* "a, b"; static memory. */
static const char *joined(const struct capabilities *capabilities)
{
    static char text[CAPABILITIES_MAX * (CAPABILITY_BYTES + 2)];

    text[0] = '\0';
    for (size_t i = 0; i < capabilities->count; i++) {
        strcat(strcat(text, i > 0 ? ", " : ""), capabilities->words[i]);
    }
    return text;
}

static void the_extension_is_read(void **state)
{
    static const struct {
        const char *der, *want;
    } rows[] = {
        {"300d" AES256, "aes256-CBC"},
        {"301a" AES256 AES128, "aes256-CBC, aes128-CBC"},
        /* RC2 with the length of its key as Outlook writes it; des without. */
        {"3019300e06082a864886f70d03020202008030070605" "2b0e030207", "rc2-CBC (128), des-CBC"},
        /* Key agreement with the algorithm that wraps the key: RFC 5753 7.1 */
        {"30173015" "06062b8104010b01" "300b" "0609608648016503040105", "dhSinglePass-stdDH-sha256kdf (aes128-wrap)"},
        {"30073005" "06032a0304", "1.2.3.4"},
        {"3009300706032a03040500", "1.2.3.4"},
        {"300a300806032a03040201ff", "1.2.3.4"}, /* a length below 0 */
        {"3000", ""},
        {"3100", ""},
        {"0500", ""},
        {"300d" AES256 "00", ""},
        {"300c" AES256, ""},
        {"30023000", ""},
        {"300530030201" "05", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char extension[256];
        struct capabilities capabilities;

        strcat(strcpy(extension, EXTENSION), rows[i].der);
        X509 *certificate = issued(MADE_RSA, "CN=Alice", extension);
        struct blob *der = made_blob(certificate);
        capabilities_read(blob_bytes(der), bytes_of(NULL, 0), blob_bytes(der), &capabilities);
        if (strcmp(joined(&capabilities), rows[i].want) != 0) {
            fail_msg("%s: %s", rows[i].der, joined(&capabilities));
        }
        assert_int_equal(capabilities.source, rows[i].want[0] != '\0' ? CAPABILITIES_EXTENSION : CAPABILITIES_NONE);
        blob_free(&der);
        X509_free(certificate);
    }
}

/* How a message is made. */
struct message {
    X509 *signer;
    enum made_key key;
    X509 *with;           /* another certificate beside the signer's */
    const char *der;      /* of the attribute; NULL: none */
    const EVP_MD *digest; /* NULL: SHA-256 */
    bool twice;           /* two values of the attribute */
    bool leave_out, content;
};

static void sign(CMS_ContentInfo *cms, const struct message *message)
{
    unsigned flags = CMS_NOSMIMECAP | CMS_PARTIAL | (message->leave_out ? CMS_NOCERTS : 0);
    CMS_SignerInfo *signer = CMS_add1_signer(cms, message->signer, made_key(message->key),
                                             message->digest != NULL ? message->digest : EVP_sha256(), flags);

    assert_non_null(signer);
    if (message->der != NULL) {
        long size = 0;
        unsigned char *der = OPENSSL_hexstr2buf(message->der, &size);
        X509_ATTRIBUTE *attribute =
            X509_ATTRIBUTE_create_by_NID(NULL, NID_SMIMECapabilities, V_ASN1_SEQUENCE, der, (int)size);
        if (message->twice) {
            assert_int_equal(X509_ATTRIBUTE_set1_data(attribute, V_ASN1_SEQUENCE, der, (int)size), 1);
        }
        assert_int_equal(CMS_signed_add1_attr(signer, attribute), 1);
        X509_ATTRIBUTE_free(attribute);
        OPENSSL_free(der);
    }
}

static struct blob *signed_by(const struct message *messages, size_t count)
{
    BIO *content = BIO_new_mem_buf("x", messages[0].content ? 1 : 0);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | (messages[0].content ? 0 : CMS_DETACHED));
    uint8_t *encoded = NULL;

    assert_non_null(cms);
    for (size_t i = 0; i < count; i++) {
        sign(cms, &messages[i]);
        if (messages[i].with != NULL) {
            assert_int_equal(CMS_add1_cert(cms, messages[i].with), 1);
        }
    }
    assert_int_equal(CMS_final(cms, content, NULL, CMS_BINARY), 1);
    int size = i2d_CMS_ContentInfo(cms, &encoded);
    struct blob *blob = blob_new(bytes_of(encoded, (size_t)size));
    OPENSSL_free(encoded);
    CMS_ContentInfo_free(cms);
    BIO_free(content);
    return blob;
}

static void check(const char *name, struct blob *message, enum capabilities_source source, const char *want)
{
    struct blob *leaf = made_blob(alice), *issuer = made_blob(root);
    struct capabilities capabilities;

    capabilities_read(blob_bytes(leaf), blob_bytes(issuer), blob_bytes(message), &capabilities);
    if (capabilities.source != source || strcmp(joined(&capabilities), want) != 0) {
        fail_msg("%s: %s: %s", name, capabilities_word(capabilities.source), joined(&capabilities));
    }
    blob_free(&leaf);
    blob_free(&issuer);
    blob_free(&message);
}

static void signed_attributes_win_when_their_signature_is_the_recipients(void **state)
{
    static const char aes256[] = "300d" AES256;
    const struct {
        const char *name;
        struct message message;
        bool counts;
    } rows[] = {
        {"by the leaf", {alice, MADE_RSA, NULL, aes256}, true},
        {"with a content", {alice, MADE_RSA, NULL, aes256, .content = true}, true},
        {"SHA-1", {alice, MADE_RSA, NULL, aes256, EVP_sha1()}, true},
        {"MD5", {alice, MADE_RSA, NULL, aes256, EVP_md5()}, false},
        {"by her other key", {signing, MADE_P256, alice, aes256}, true},
        {"by a namesake of another issuer", {namesake, MADE_P256, alice, aes256}, false},
        {"by a stranger", {stranger, MADE_P384, alice, aes256}, false},
        {"by whom is not there", {signing, MADE_P256, alice, aes256, .leave_out = true}, false},
        {"no attribute", {alice, MADE_RSA, NULL, NULL}, false},
        {"two values", {alice, MADE_RSA, NULL, aes256, .twice = true}, false},
        {"another list", {alice, MADE_RSA, NULL, "3003020105"}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(rows[i].name, signed_by(&rows[i].message, 1), rows[i].counts ? CAPABILITIES_SIGNED : CAPABILITIES_EXTENSION,
              rows[i].counts ? "aes256-CBC" : "aes128-CBC");
    }
    const struct message two[] = {{stranger, MADE_P384, NULL, "300d" AES128}, {alice, MADE_RSA, NULL, aes256}};
    check("two signers", signed_by(two, 2), CAPABILITIES_SIGNED, "aes256-CBC");
}

/* Whichever byte of what is signed changes, the list counts no more; and nothing worse happens. */
static void a_broken_signature_is_none(void **state)
{
    const struct message message = {alice, MADE_RSA, NULL, "300d" AES256};
    struct blob *whole = signed_by(&message, 1);
    uint8_t *attribute = memmem(whole->data, whole->size, "\x60\x86\x48\x01\x65\x03\x04\x01\x2a", 9);

    (void)state;
    assert_non_null(attribute);
    for (size_t i = 0; i < whole->size; i++) {
        struct blob *changed = blob_new(blob_bytes(whole));
        struct blob *leaf = made_blob(alice);
        struct capabilities capabilities;

        changed->data[i] ^= 1;
        capabilities_read(blob_bytes(leaf), bytes_of(NULL, 0), blob_bytes(changed), &capabilities);
        assert_true(capabilities.source != CAPABILITIES_SIGNED || strcmp(joined(&capabilities), "aes256-CBC") == 0);
        if (whole->data + i >= attribute && whole->data + i < attribute + 9) {
            assert_int_equal(capabilities.source, CAPABILITIES_EXTENSION);
        }
        blob_free(&changed);
        capabilities_read(blob_bytes(leaf), bytes_of(NULL, 0), bytes_of(whole->data, i), &capabilities);
        assert_int_equal(capabilities.source, CAPABILITIES_EXTENSION);
        blob_free(&leaf);
    }
    blob_free(&whole);
}

/* As many as a value can hold: some are shown, soon. */
static void a_bomb_stays_small(void **state)
{
    static char hex[2 * 60000 + 1];
    const struct message message = {alice, MADE_RSA, NULL, hex};
    size_t count = 8000;

    (void)state;
    strcpy(hex, "3082dac0"); /* 56000 octets */
    for (size_t i = 0; i < count; i++) {
        strcpy(hex + 8 + 14 * i, "300506032a0304");
    }
    struct blob *value = signed_by(&message, 1), *leaf = made_blob(alice);
    struct capabilities capabilities;
    assert_true(value->size <= MAX_VALUE_BYTES);
    capabilities_read(blob_bytes(leaf), bytes_of(NULL, 0), blob_bytes(value), &capabilities);
    assert_int_equal(capabilities.count, CAPABILITIES_MAX);
    assert_int_equal(capabilities.source, CAPABILITIES_SIGNED);
    blob_free(&value);
    blob_free(&leaf);
}

static void long_names_are_left_out(void **state)
{
    char extension[512] = EXTENSION "308181" "307f" "067d" "2a";
    struct capabilities capabilities;

    (void)state;
    for (int i = 1; i < 125; i++) {
        strcat(extension, "55");
    }
    X509 *certificate = issued(MADE_RSA, "CN=Alice", extension);
    struct blob *der = made_blob(certificate);
    capabilities_read(blob_bytes(der), bytes_of(NULL, 0), blob_bytes(der), &capabilities);
    assert_int_equal(capabilities.count, 0);
    blob_free(&der);
    X509_free(certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_extension_is_read),
        cmocka_unit_test(signed_attributes_win_when_their_signature_is_the_recipients),
        cmocka_unit_test(a_broken_signature_is_none),
        cmocka_unit_test(a_bomb_stays_small),
        cmocka_unit_test(long_names_are_left_out),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
