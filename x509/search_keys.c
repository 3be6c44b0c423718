#include "x509/search_keys.h"

#include <openssl/asn1.h>

#include "x509/der.h"

#define TAG_BOOLEAN 0x01
#define TAG_OCTET_STRING 0x04
#define TAG_SET 0x31
#define TAG_VERSION 0xa0
#define TAG_ISSUER_ID 0x81  /* [1] IMPLICIT BIT STRING */
#define TAG_SUBJECT_ID 0x82
#define TAG_EXTENSIONS 0xa3

/* Of a certificate, with tag and length where a hash has them as well; empty: not there. */
struct parts {
    struct bytes der;
    struct bytes serial, issuer, subject; /* whole elements */
    struct bytes extensions;              /* what is in the SEQUENCE */
};

static struct bytes between(const uint8_t *from, const struct bytes *left)
{
    return bytes_of(from, (size_t)(left->data - from));
}

/* The next element, whole. */
static bool take_whole(struct bytes *left, uint8_t tag, struct bytes *whole)
{
    const uint8_t *from = left->data;
    struct bytes content;

    if (!der_take(left, tag, &content)) {
        return false;
    }
    *whole = between(from, left);
    return true;
}

static void skip(struct bytes *left, uint8_t tag)
{
    struct bytes content;

    (void)der_take(left, tag, &content);
}

/* RFC 5280 4.1: TBSCertificate. */
static bool take_apart(struct bytes der, struct parts *parts)
{
    struct bytes left = der, certificate, tbs, whole, extensions;

    *parts = (struct parts){.der = der};
    if (!der_take(&left, DER_SEQUENCE, &certificate) || left.size > 0 || !der_take(&certificate, DER_SEQUENCE, &tbs)) {
        return false;
    }
    skip(&tbs, TAG_VERSION);
    if (!take_whole(&tbs, DER_INTEGER, &parts->serial) || !take_whole(&tbs, DER_SEQUENCE, &whole) ||
        !take_whole(&tbs, DER_SEQUENCE, &parts->issuer) || !take_whole(&tbs, DER_SEQUENCE, &whole) ||
        !take_whole(&tbs, DER_SEQUENCE, &parts->subject) || !take_whole(&tbs, DER_SEQUENCE, &whole)) {
        return false;
    }
    skip(&tbs, TAG_ISSUER_ID);
    skip(&tbs, TAG_SUBJECT_ID);
    if (der_take(&tbs, TAG_EXTENSIONS, &extensions)) {
        (void)der_take(&extensions, DER_SEQUENCE, &parts->extensions);
    }
    return true;
}

/* RFC 5280 4.2.1.2: the octets of the KeyIdentifier, without tag and length. */
static bool find_key_identifier(const struct parts *parts, struct bytes *octets)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x0e};
    struct bytes left = parts->extensions, extension, id, value;

    while (der_take(&left, DER_SEQUENCE, &extension)) {
        if (!der_take(&extension, DER_OBJECT_IDENTIFIER, &id) || !bytes_equal(id, bytes_of(oid, sizeof(oid)))) {
            continue;
        }
        skip(&extension, TAG_BOOLEAN);
        return der_take(&extension, TAG_OCTET_STRING, &value) && der_take(&value, TAG_OCTET_STRING, octets);
    }
    return false;
}

/* IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber CertificateSerialNumber } */
static bool make_issuer_and_serial(const struct parts *parts, struct buffer *out)
{
    size_t size = parts->issuer.size + parts->serial.size;

    buffer_append_u8(out, DER_SEQUENCE);
    if (size < 0x80) {
        buffer_append_u8(out, (uint8_t)size);
    } else if (size < 0x100) {
        buffer_append_u8(out, 0x81);
        buffer_append_u8(out, (uint8_t)size);
    } else {
        buffer_append_u8(out, 0x82);
        buffer_append_u16(out, (uint16_t)size);
    }
    buffer_append_bytes(out, parts->issuer);
    buffer_append_bytes(out, parts->serial);
    return size <= UINT16_MAX && !out->failed;
}

static bool key_of_issuer_and_serial(const struct parts *parts, struct search_key *key)
{
    struct buffer both;

    buffer_init(&both, MAX_VALUE_BYTES);
    bool made = make_issuer_and_serial(parts, &both);
    if (made) {
        search_key_of_bytes(SEARCH_I_AND_S_HASH, buffer_bytes(&both), key);
    }
    buffer_free(&both);
    return made;
}

static bool key_of_hash(const struct parts *parts, enum search_attribute attribute, struct search_key *key)
{
    struct bytes hashed = parts->der;

    if (attribute == SEARCH_I_AND_S_HASH) {
        return key_of_issuer_and_serial(parts, key);
    }
    if (attribute == SEARCH_SKID_HASH && !find_key_identifier(parts, &hashed)) {
        return false;
    }
    if (attribute == SEARCH_I_HASH || attribute == SEARCH_S_HASH) {
        hashed = attribute == SEARCH_I_HASH ? parts->issuer : parts->subject;
    }
    search_key_of_bytes(attribute, hashed, key);
    return true;
}

/* A DirectoryString as UTF-8. */
static bool key_of_string(uint8_t tag, struct bytes text, struct search_key *key)
{
    ASN1_STRING *string = text.size <= MAX_VALUE_BYTES ? ASN1_STRING_type_new(tag) : NULL;
    uint8_t *utf8 = NULL;
    bool result = false;

    if (tag == V_ASN1_UTF8STRING || tag == V_ASN1_PRINTABLESTRING) {
        result = search_key_of_name(text, key);
    } else if (string != NULL && ASN1_STRING_set(string, text.data, (int)text.size) == 1) {
        int size = ASN1_STRING_to_UTF8(&utf8, string);
        result = size > 0 && search_key_of_name(bytes_of(utf8, (size_t)size), key);
    }
    OPENSSL_free(utf8);
    ASN1_STRING_free(string);
    return result;
}

static bool key_of_attribute(struct bytes attribute, struct search_key *key)
{
    static const uint8_t common_name[] = {0x55, 0x04, 0x03};
    struct bytes id, text;

    if (!der_take(&attribute, DER_OBJECT_IDENTIFIER, &id) ||
        !bytes_equal(id, bytes_of(common_name, sizeof(common_name))) || attribute.size == 0) {
        return false;
    }
    uint8_t tag = attribute.data[0];
    return der_take(&attribute, tag, &text) && key_of_string(tag, text, key);
}

static void visit_names(const struct parts *parts, void (*visit)(void *context, const struct search_key *key),
                        void *context)
{
    struct bytes left = parts->subject, name, set, attribute;
    struct search_key key;
    size_t count = 0;

    if (!der_take(&left, DER_SEQUENCE, &name)) {
        return;
    }
    while (der_take(&name, TAG_SET, &set)) {
        while (der_take(&set, DER_SEQUENCE, &attribute)) {
            if (key_of_attribute(attribute, &key) && count++ < MAX_CERTIFICATE_CNS) {
                visit(context, &key);
            }
        }
    }
}

void search_keys_each(struct bytes der, unsigned attributes, void (*visit)(void *context, const struct search_key *key),
                     void *context)
{
    struct search_key key;
    struct parts parts;

    if (!take_apart(der, &parts)) {
        return;
    }
    for (enum search_attribute i = SEARCH_CERT_HASH; i <= SEARCH_SKID_HASH; i++) {
        if ((attributes & SEARCH_BIT(i)) != 0 && key_of_hash(&parts, i, &key)) {
            visit(context, &key);
        }
    }
    if ((attributes & SEARCH_BIT(SEARCH_NAME)) != 0) {
        visit_names(&parts, visit, context);
    }
}

struct comparison {
    const struct search_key *key;
    bool is_equal;
};

static void compare(void *context, const struct search_key *key)
{
    struct comparison *comparison = context;

    comparison->is_equal = comparison->is_equal || search_key_equal(comparison->key, key);
}

bool search_keys_have(struct bytes der, const struct search_key *key)
{
    struct comparison comparison = {key, false};

    search_keys_each(der, SEARCH_BIT(key->attribute), compare, &comparison);
    return comparison.is_equal;
}

void search_keys_find(const struct answer *answer, const struct search_key *key,
                   void (*visit)(void *context, struct blob *der), void *context)
{
    bool of_issuers = (SEARCH_OF_ISSUER & SEARCH_BIT(key->attribute)) != 0;

    for (size_t i = 0; i < answer->usable_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        if (search_keys_have(blob_bytes(certificate->der), key)) {
            visit(context, certificate->der);
        }
        for (size_t j = 0; of_issuers && j < certificate->chain_count; j++) {
            if (search_keys_have(blob_bytes(certificate->chain[j]), key)) {
                visit(context, certificate->chain[j]);
            }
        }
    }
}
