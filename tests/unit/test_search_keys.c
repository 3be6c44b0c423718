#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "tests/unit/made.h"
#include "x509/search_keys.h"

/* The keys of a certificate, held against what libcrypto makes of the same. */

static X509 *root, *leaf, *odd;

static int setup(void **state)
{
    static const struct made bmp = {
        .subject = "CN=First,O=Example,CN=Second Name", .key = MADE_P256,
        .extensions = {"keyUsage=critical,keyAgreement"}, /* no key identifier */
    };

    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root,O=Example", MADE_RSA_ROOT);
    leaf = made_certificate(&(struct made){
        .subject = "CN=J\xc3\xb6rg  Stra\xc3\x9f" "e,O=Example", .issuer = root, .key = MADE_RSA,
        .issuer_key = MADE_RSA_ROOT, .extensions = {"basicConstraints=critical,CA:FALSE", "subjectKeyIdentifier=hash"},
    });
    odd = made_certificate(&bmp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(leaf);
    X509_free(odd);
    return 0;
}

struct collected {
    size_t count;
    struct search_key keys[SEARCH_ATTRIBUTES + MAX_CERTIFICATE_CNS];
};

static void collect(void *context, const struct search_key *key)
{
    struct collected *collected = context;

    assert_true(collected->count < sizeof(collected->keys) / sizeof(collected->keys[0]));
    collected->keys[collected->count++] = *key;
}

static struct collected keys_of(const X509 *certificate, unsigned attributes)
{
    struct collected collected = {0};
    struct blob *blob = made_blob(certificate);

    search_keys_each(blob_bytes(blob), attributes, collect, &collected);
    blob_free(&blob);
    return collected;
}

static struct search_key key_of_encoded(enum search_attribute attribute, uint8_t *der, int size)
{
    struct search_key key;

    assert_true(size > 0);
    search_key_of_bytes(attribute, bytes_of(der, (size_t)size), &key);
    OPENSSL_free(der);
    return key;
}

static struct search_key key_of_name(enum search_attribute attribute, const X509_NAME *name)
{
    uint8_t *der = NULL;
    int size = i2d_X509_NAME(name, &der);

    return key_of_encoded(attribute, der, size);
}

/* RFC 5652's IssuerAndSerialNumber, as PKCS#7 has it in libcrypto. */
static struct search_key key_of_issuer_and_serial(X509 *certificate)
{
    PKCS7_ISSUER_AND_SERIAL *both = PKCS7_ISSUER_AND_SERIAL_new();
    uint8_t *der = NULL;

    assert_int_equal(X509_NAME_set(&both->issuer, X509_get_issuer_name(certificate)), 1);
    ASN1_INTEGER_free(both->serial);
    both->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(certificate));
    int size = i2d_PKCS7_ISSUER_AND_SERIAL(both, &der);
    PKCS7_ISSUER_AND_SERIAL_free(both);
    return key_of_encoded(SEARCH_I_AND_S_HASH, der, size);
}

static void as_libcrypto_has_them(void **state)
{
    X509 *const certificates[] = {leaf, root};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        X509 *certificate = certificates[i];
        const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(certificate);
        struct collected got = keys_of(certificate, SEARCH_OF_LEAF & ~SEARCH_BIT(SEARCH_NAME));
        uint8_t *der = NULL;
        int size = i2d_X509(certificate, &der);
        struct search_key want[] = {
            key_of_encoded(SEARCH_CERT_HASH, der, size),
            key_of_name(SEARCH_I_HASH, X509_get_issuer_name(certificate)),
            key_of_issuer_and_serial(certificate),
            key_of_name(SEARCH_S_HASH, X509_get_subject_name(certificate)),
            {.attribute = SEARCH_SKID_HASH},
        };

        assert_non_null(id);
        search_key_of_bytes(SEARCH_SKID_HASH, bytes_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)),
                            &want[4]);
        assert_int_equal(got.count, 5);
        for (size_t j = 0; j < 5; j++) {
            assert_true(search_key_equal(&got.keys[j], &want[j]));
            assert_false(search_key_equal(&got.keys[j], &want[(j + 1) % 5]));
        }
    }
}

/* What is not there has no key; each CommonName has one, whatever string it is. */
static void names_and_what_is_not_there(void **state)
{
    struct search_key want;
    struct collected got = keys_of(odd, SEARCH_OF_LEAF);

    (void)state;
    assert_int_equal(got.count, 4 + 2);
    assert_true(search_key_of_name(bytes_of_string("FIRST"), &want));
    assert_true(search_key_equal(&got.keys[4], &want));
    assert_true(search_key_of_name(bytes_of_string("second  name"), &want));
    assert_true(search_key_equal(&got.keys[5], &want));

    got = keys_of(leaf, SEARCH_BIT(SEARCH_NAME));
    assert_int_equal(got.count, 1);
    assert_true(search_key_of_name(bytes_of_string("j\xc3\x96rg strasse"), &want));
    assert_true(search_key_equal(&got.keys[0], &want));
    assert_int_equal(search_key_hash(&got.keys[0]), search_key_hash(&want));
}

/* A subject of one CommonName, of that type and these octets, in a certificate that has nothing else of use. */
static void other_strings(void **state)
{
    static const struct {
        uint8_t tag;
        const char *octets;
        size_t size;
        const char *want; /* NULL: no name */
    } rows[] = {
        {0x0c, "J\xc3\xb6rg", 5, "j\xc3\xb6rg"}, {0x13, "Joerg", 5, "joerg"}, {0x16, "Joerg", 5, "joerg"},
        {0x14, "J\xf6rg", 4, "j\xc3\xb6rg"}, {0x1e, "\0J\0\xf6\0r\0g", 8, "j\xc3\xb6rg"},
        {0x1c, "\0\0\0J\0\0\0\xf6", 8, "j\xc3\xb6"}, {0x0c, "J\xf6rg", 4, NULL}, {0x0c, "", 0, NULL},
        {0x1e, "\0J\0", 3, NULL}, {0x02, "\1", 1, NULL}, {0x30, "\2\1\1", 3, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer cn, certificate;
        struct collected got = {0};
        struct search_key want;
        uint8_t size = (uint8_t)rows[i].size;
        const uint8_t head[] = {0x30, (uint8_t)(11 + size), 0x31, (uint8_t)(9 + size), 0x30, (uint8_t)(7 + size),
                                0x06, 3, 0x55, 4, 3, rows[i].tag, size};
        static const uint8_t before[] = {0x02, 1, 1, 0x30, 0, 0x30, 0, 0x30, 0}, behind[] = {0x30, 0};

        buffer_init(&cn, 256);
        buffer_init(&certificate, 256);
        buffer_append(&cn, head, sizeof(head));
        buffer_append(&cn, rows[i].octets, rows[i].size);
        const uint8_t frame[] = {0x30, (uint8_t)(13 + cn.size), 0x30, (uint8_t)(11 + cn.size)};
        buffer_append(&certificate, frame, sizeof(frame));
        buffer_append(&certificate, before, sizeof(before));
        buffer_append_bytes(&certificate, buffer_bytes(&cn));
        buffer_append(&certificate, behind, sizeof(behind));
        search_keys_each(buffer_bytes(&certificate), SEARCH_BIT(SEARCH_NAME), collect, &got);
        if (got.count != (rows[i].want != NULL)) {
            fail_msg("row %zu: %zu names", i, got.count);
        }
        if (rows[i].want != NULL) {
            assert_true(search_key_of_name(bytes_of_string(rows[i].want), &want));
            assert_true(search_key_equal(&got.keys[0], &want));
        }
        buffer_free(&cn);
        buffer_free(&certificate);
    }
}

/* Cut off anywhere, or with an octet too many, it is no certificate. */
static void what_is_none(void **state)
{
    struct blob *blob = made_blob(leaf);
    struct collected got = {0};

    (void)state;
    for (size_t size = 0; size < blob->size; size++) {
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, blob->data, size);
        search_keys_each(bytes_of(copy, size), SEARCH_OF_LEAF, collect, &got);
        free(copy);
    }
    uint8_t *longer = calloc(1, blob->size + 1);
    memcpy(longer, blob->data, blob->size);
    search_keys_each(bytes_of(longer, blob->size + 1), SEARCH_OF_LEAF, collect, &got);
    free(longer);
    assert_int_equal(got.count, 0);
    blob_free(&blob);
}

static void note(void *context, struct blob *der)
{
    *(struct blob **)context = der;
}

/* Issuers by what leads to them, and nobody who is refused. */
static void of_an_answer(void **state)
{
    static const struct {
        enum search_attribute attribute;
        bool issuer, found;
    } rows[] = {
        {SEARCH_CERT_HASH, false, true}, {SEARCH_I_HASH, false, true}, {SEARCH_I_AND_S_HASH, false, true},
        {SEARCH_S_HASH, false, true}, {SEARCH_SKID_HASH, false, true}, {SEARCH_NAME, false, true},
        {SEARCH_CERT_HASH, true, true}, {SEARCH_S_HASH, true, true}, {SEARCH_SKID_HASH, true, true},
        {SEARCH_I_AND_S_HASH, true, false}, {SEARCH_NAME, true, false},
    };
    struct blob *chain[] = {made_blob(root)}, *der = made_blob(leaf), *refused = made_blob(odd);
    struct certificate certificates[] = {
        {.value = der, .der = der, .chain = chain, .chain_count = 1, .reason = REASON_USABLE, .detail = ""},
        {.value = refused, .der = refused, .reason = REASON_EXPIRED, .detail = ""},
    };
    struct answer_draft draft = {.outcome = OUTCOME_FOUND, .certificates = certificates, .certificate_count = 2,
                                 .usable_count = 1};

    (void)state;
    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &draft.address), ADDRESS_OK);
    struct answer *answer = answer_make(&draft);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct blob *found = NULL;
        struct collected key = keys_of(rows[i].issuer ? root : leaf, SEARCH_BIT(rows[i].attribute));
        search_keys_find(answer, &key.keys[0], note, &found);
        if ((found != NULL) != rows[i].found ||
            (found != NULL && !bytes_equal(blob_bytes(found), blob_bytes(rows[i].issuer ? chain[0] : der)))) {
            fail_msg("row %zu", i);
        }
    }
    struct blob *found = NULL;
    struct collected key = keys_of(odd, SEARCH_BIT(SEARCH_CERT_HASH));
    search_keys_find(answer, &key.keys[0], note, &found);
    assert_null(found);
    answer_free(&answer);
    blob_free(&chain[0]);
    blob_free(&der);
    blob_free(&refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_libcrypto_has_them), cmocka_unit_test(names_and_what_is_not_there),
        cmocka_unit_test(other_strings),         cmocka_unit_test(what_is_none),
        cmocka_unit_test(of_an_answer),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
