#include "x509/value.h"

#include <openssl/err.h>

#include "base/metrics.h"
#include "x509/bundle.h"
#include "x509/der.h"

static void take_certificate(struct blob *bytes, struct value *value)
{
    if (cert_parse(bytes, &value->certs[0], &value->finding)) {
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
static void take_bundle(struct blob *bytes, struct value *value)
{
    STACK_OF(X509) *certificates;

    ERR_clear_error();
    certificates = decode_surely(blob_bytes(bytes));
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

static void take_neither(struct blob *bytes, struct value *value)
{
    (void)bytes;
    finding_set(&value->finding, REASON_MALFORMED,
                "neither SignedData nor a certificate; MAPI's form (MS-OXOABK 2.2.4.36) is not supported");
}

enum value_form value_form(struct bytes bytes, enum attribute attribute)
{
    if (attribute != ATTRIBUTE_USER_SMIME_CERTIFICATE) {
        return VALUE_CERTIFICATE;
    }
    switch (bytes.size > 0 && bytes.data[0] == DER_SEQUENCE ? der_inner_tag(bytes) : -1) {
    case DER_OBJECT_IDENTIFIER: return VALUE_BUNDLE;
    case DER_SEQUENCE: return VALUE_CERTIFICATE;
    default: return VALUE_NEITHER;
    }
}

static void (*const takers[])(struct blob *bytes, struct value *value) = {
    [VALUE_CERTIFICATE] = take_certificate,
    [VALUE_BUNDLE] = take_bundle,
    [VALUE_NEITHER] = take_neither,
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
