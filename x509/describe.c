#include "x509/describe.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/blob.h"
#include "x509/cert.h"
#include "x509/keys.h"
#include "x509/names.h"
#include "x509/shown.h"

#define MAX_NAME_TEXT_BYTES (512 * 1024)
#define MAX_SERIAL_TEXT_BYTES 136 /* RFC 5280 4.1.2.2 wants 20 octets at most; some have more */

/* RFC 5280 4.2.1.3, in its order. */
static const struct {
    uint32_t bit;
    const char *word;
} key_usages[] = {
    {KU_DIGITAL_SIGNATURE, "digitalSignature"}, {KU_NON_REPUDIATION, "nonRepudiation"},
    {KU_KEY_ENCIPHERMENT, "keyEncipherment"},   {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
    {KU_KEY_AGREEMENT, "keyAgreement"},         {KU_KEY_CERT_SIGN, "keyCertSign"},
    {KU_CRL_SIGN, "cRLSign"},                   {KU_ENCIPHER_ONLY, "encipherOnly"},
    {KU_DECIPHER_ONLY, "decipherOnly"},
};

/* Cut, for whoever made the certificate may have made it long. */
static char *shown_text(struct bytes bytes, size_t max_bytes)
{
    char *text = malloc(max_bytes);

    return text != NULL ? (char *)shown_copy(text, max_bytes, bytes) : NULL;
}

static char *name_text(const X509_NAME *name)
{
    struct buffer buffer;
    char *text = NULL;

    buffer_init(&buffer, MAX_NAME_TEXT_BYTES);
    shown_append_name(&buffer, name);
    if (!buffer.failed) {
        text = shown_text(bytes_of_string(buffer_string(&buffer)), MAX_DN_BYTES);
    }
    buffer_free(&buffer);
    return text;
}

/* -1: out of memory. A name that libcrypto cannot read as what its type says is none. */
static int read_common_name(const X509_NAME *name, struct description *description)
{
    unsigned char *utf8 = NULL;
    int last = -1, size = -1;

    for (int at; (at = X509_NAME_get_index_by_NID(name, NID_commonName, last)) >= 0;) {
        last = at;
    }
    if (last >= 0) {
        size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    }
    if (size >= 0) {
        description->common_name = shown_text(bytes_of(utf8, (size_t)size), MAX_DN_BYTES);
    }
    OPENSSL_free(utf8);
    return size < 0 || description->common_name != NULL ? 0 : -1;
}

static char *serial_text(const X509 *x509)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;
    char *text = hex != NULL ? shown_text(bytes_of_string(hex), MAX_SERIAL_TEXT_BYTES) : NULL;

    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

static void read_key_usage(const X509 *x509, struct description *description)
{
    uint32_t usage = X509_get_key_usage((X509 *)x509);

    description->has_key_usage = (X509_get_extension_flags((X509 *)x509) & EXFLAG_KUSAGE) != 0;
    for (size_t i = 0; i < sizeof(key_usages) / sizeof(key_usages[0]) && description->has_key_usage; i++) {
        if ((usage & key_usages[i].bit) != 0) {
            description->key_usage[description->key_usage_count++] = key_usages[i].word;
        }
    }
}

static int read_extended_key_usage(const X509 *x509, struct description *description)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    char word[128];
    int result = 0;

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && i < DESCRIPTION_LIST_MAX && result == 0; i++) {
        char *copy = strdup(shown_object(sk_ASN1_OBJECT_value(usages, i), word, sizeof(word)));

        if (copy != NULL) {
            description->extended_key_usage[description->extended_key_usage_count++] = copy;
        } else {
            result = -1;
        }
    }
    EXTENDED_KEY_USAGE_free(usages);
    return result;
}

static bool add_address(void *context, struct bytes address, enum name_place place)
{
    struct description *description = context;
    char *text;

    if (place == NAME_ILLEGIBLE) {
        return true;
    }
    text = shown_text(address, MAX_ADDRESS_DISPLAY_BYTES);
    for (size_t i = 0; i < description->address_count && text != NULL; i++) {
        if (strcmp(text, description->addresses[i]) == 0) {
            free(text);
            return true;
        }
    }
    if (text != NULL) {
        description->addresses[description->address_count++] = text;
    }
    return text != NULL && description->address_count < DESCRIPTION_LIST_MAX;
}

static int read_cert(const struct cert *cert, struct description *description)
{
    struct key key;

    key_read(cert->x509, &key);
    snprintf(description->key, sizeof(description->key), "%s", key.algorithm);
    snprintf(description->curve, sizeof(description->curve), "%s", key.curve);
    description->key_bits = key.bits;
    signature_word(cert->x509, description->signature);
    description->not_before = cert->not_before;
    description->not_after = cert->not_after;
    digest_hex(bytes_of(cert->fingerprint.bytes, DIGEST_BYTES), description->fingerprint);
    description->subject = name_text(cert_subject(cert));
    description->issuer = name_text(cert_issuer(cert));
    description->serial = serial_text(cert->x509);
    read_key_usage(cert->x509, description);
    if (description->subject == NULL || description->issuer == NULL || description->serial == NULL ||
        read_common_name(cert_subject(cert), description) != 0 ||
        names_each(cert->x509, add_address, description) < 0) {
        return -1;
    }
    return read_extended_key_usage(cert->x509, description);
}

int description_read(struct bytes der, struct description *description)
{
    struct blob *blob = blob_new(der);
    struct finding finding;
    struct cert cert;
    int result = -1;

    *description = (struct description){0};
    if (blob != NULL && cert_parse_recipient(blob, &cert, &finding)) {
        result = read_cert(&cert, description);
        cert_free(&cert);
    }
    if (result < 0) {
        description_free(description);
    }
    blob_free(&blob);
    ERR_clear_error();
    return result;
}

void description_free(struct description *description)
{
    free(description->subject);
    free(description->common_name);
    free(description->issuer);
    free(description->serial);
    for (size_t i = 0; i < description->extended_key_usage_count; i++) {
        free(description->extended_key_usage[i]);
    }
    for (size_t i = 0; i < description->address_count; i++) {
        free(description->addresses[i]);
    }
    *description = (struct description){0};
}
