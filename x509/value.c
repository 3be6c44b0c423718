#include "x509/value.h"

#include <openssl/err.h>

#include "base/metrics.h"
#include "x509/bundle.h"
#include "x509/der.h"
#include "x509/mapi_value.h"

static void take_certificate(struct blob *bytes, struct value *value)
{
    if (cert_parse_recipient(bytes, &value->certs[0], &value->finding)) {
        value->count = 1;
    }
}

/* As with a certificate by itself, libcrypto may keep to itself that it was memory: what fails is tried once more. */
static STACK_OF(X509) *decode_surely(struct bytes message)
{
    STACK_OF(X509) *certificates = bundle_decode(message);

    return certificates != NULL ? certificates : bundle_decode(message);
}

/* A certificate that cannot be parsed does not spoil the others; all of them together do. */
static void take_message(struct bytes message, struct value *value)
{
    STACK_OF(X509) *certificates;

    ERR_clear_error();
    certificates = decode_surely(message);
    if (certificates == NULL) {
        finding_set(&value->finding, finding_was_memory() ? REASON_INTERNAL : REASON_MALFORMED,
                    "not a SignedData message with certificates (RFC 2798 2.8, RFC 5652 5.1)");
    }
    if (sk_X509_num(certificates) > MAX_BUNDLE_CERTIFICATES) {
        count(COUNT_LIMIT_BUNDLE_CERTIFICATES);
        finding_set(&value->finding, REASON_MALFORMED, "%d certificates in one value, more than %d",
                    sk_X509_num(certificates), MAX_BUNDLE_CERTIFICATES);
        goto out;
    }
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        if (cert_copy(sk_X509_value(certificates, i), &value->certs[value->count], &value->finding)) {
            value->count++;
        } else if (value->finding.reason == REASON_INTERNAL) {
            break;
        }
    }
out:
    sk_X509_pop_free(certificates, X509_free);
}

static void take_bundle(struct blob *bytes, struct value *value)
{
    take_message(blob_bytes(bytes), value);
}

static void add_certificate(struct bytes bytes, struct value *value)
{
    struct blob *der = blob_intern(bytes);

    if (der == NULL) {
        finding_set(&value->finding, REASON_INTERNAL, "out of memory");
    } else if (cert_parse(der, &value->certs[value->count], &value->finding)) {
        value->count++;
    }
    blob_free(&der);
}

/* The setting names the one to encrypt to: of those that come with it, only what can have issued it is of use, and none
 * of them spoils it. */
static void add_chain(const struct mapi_value *from, struct value *value)
{
    for (size_t i = 0; i < from->chain_count && value->count < MAX_BUNDLE_CERTIFICATES; i++) {
        size_t before = value->count;

        add_certificate(from->chain[i], value);
        if (value->finding.reason == REASON_INTERNAL) {
            return;
        }
        if (value->count > before && !cert_is_ca(&value->certs[before])) {
            cert_free(&value->certs[--value->count]);
        }
    }
}

static void take_mapi(struct blob *bytes, struct value *value)
{
    struct mapi_value settings;
    const char *fault = mapi_value_read(blob_bytes(bytes), &settings);

    if (fault != NULL) {
        finding_set(&value->finding, REASON_MALFORMED,
                    "neither SignedData nor a certificate, and in MAPI's form (MS-OXOABK 2.2.4.36) %s", fault);
    } else if (der_inner_tag(settings.key_exchange) == DER_OBJECT_IDENTIFIER) {
        take_message(settings.key_exchange, value);
    } else {
        add_certificate(settings.key_exchange, value);
    }
    if (value->count > 0) {
        add_chain(&settings, value);
    }
}

enum value_form value_form(struct bytes bytes, enum attribute attribute)
{
    if (attribute != ATTRIBUTE_USER_SMIME_CERTIFICATE) {
        return VALUE_CERTIFICATE;
    }
    switch (bytes.size > 0 && bytes.data[0] == DER_SEQUENCE ? der_inner_tag(bytes) : -1) {
    case DER_OBJECT_IDENTIFIER: return VALUE_BUNDLE;
    case DER_SEQUENCE: return VALUE_CERTIFICATE;
    default: return bytes.size > 0 && bytes.data[0] == DER_SEQUENCE ? VALUE_CERTIFICATE : VALUE_MAPI;
    }
}

static void (*const takers[])(struct blob *bytes, struct value *value) = {
    [VALUE_CERTIFICATE] = take_certificate,
    [VALUE_BUNDLE] = take_bundle,
    [VALUE_MAPI] = take_mapi,
};

void value_split(struct blob *bytes, enum attribute attribute, struct value *value)
{
    value->count = 0;
    value->finding = (struct finding){.reason = REASON_UNJUDGED};
    if (bytes->size > MAX_VALUE_BYTES) {
        finding_set(&value->finding, REASON_MALFORMED, "%zu bytes, more than %d", bytes->size, MAX_VALUE_BYTES);
        return;
    }
    takers[value_form(blob_bytes(bytes), attribute)](bytes, value);
    if (value->finding.reason == REASON_INTERNAL) {
        value_free(value);
    }
}

void value_free(struct value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        cert_free(&value->certs[i]);
    }
    value->count = 0;
}
