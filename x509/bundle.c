#include "x509/bundle.h"

#include <limits.h>
#include <openssl/cms.h>

#include "x509/der.h"
#include "x509/describe.h"

STACK_OF(X509) *bundle_decode(struct bytes message)
{
    const uint8_t *at = message.data;
    CMS_ContentInfo *cms = message.size <= LONG_MAX ? d2i_CMS_ContentInfo(NULL, &at, (long)message.size) : NULL;
    STACK_OF(X509) *certificates = NULL;

    if (cms != NULL && at == message.data + message.size && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed) {
        certificates = CMS_get1_certs(cms);
    }
    CMS_ContentInfo_free(cms);
    if (certificates != NULL && sk_X509_num(certificates) == 0) {
        sk_X509_free(certificates);
        certificates = NULL;
    }
    return certificates;
}

/* Encoding. The bytes of the certificates go out as they came, so they need not be parsed; all around them is known but
 * for its lengths. */

#define CERTIFICATES 0xa0 /* SignedData.certificates, [0] IMPLICIT */
#define CONTENT 0xa0      /* ContentInfo.content, [0] EXPLICIT */

/* RFC 5652 3 and 5.1: id-signedData; then version 1, no digest algorithm, and id-data without content; no signer. */
static const uint8_t signed_data_type[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t signed_data_head[] = {0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06, 0x09,
                                           0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t no_signers[] = {0x31, 0x00};

/* How many octets a length has behind its first one (X.690 8.1.3); 0: that one says it. */
static size_t length_octets(size_t length)
{
    size_t octets = 0;

    for (; length >= 0x80 && octets < sizeof(length) && length >> (8 * octets) > 0; octets++) {
    }
    return octets;
}

static size_t element_size(size_t content)
{
    return 2 + length_octets(content) + content;
}

static void append_head(struct buffer *out, uint8_t tag, size_t length)
{
    size_t octets = length_octets(length);

    buffer_append_u8(out, tag);
    buffer_append_u8(out, octets > 0 ? (uint8_t)(0x80 | octets) : (uint8_t)length);
    while (octets > 0) {
        octets--;
        buffer_append_u8(out, (uint8_t)(length >> (8 * octets)));
    }
}

/* Whether it is one SEQUENCE and nothing more, so that the next one begins where it ends. */
static bool is_whole(struct bytes certificate)
{
    struct bytes content;

    return der_take(&certificate, DER_SEQUENCE, &content) && certificate.size == 0;
}

int bundle_encode(const struct bytes *certificates, size_t count, struct buffer *out)
{
    size_t all = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_whole(certificates[i]) || certificates[i].size > out->max_bytes - all) {
            return -1;
        }
        all += certificates[i].size;
    }
    size_t signed_data = sizeof(signed_data_head) + (count > 0 ? element_size(all) : 0) + sizeof(no_signers);
    append_head(out, DER_SEQUENCE, sizeof(signed_data_type) + element_size(element_size(signed_data)));
    buffer_append(out, signed_data_type, sizeof(signed_data_type));
    append_head(out, CONTENT, element_size(signed_data));
    append_head(out, DER_SEQUENCE, signed_data);
    buffer_append(out, signed_data_head, sizeof(signed_data_head));
    if (count > 0) {
        append_head(out, CERTIFICATES, all);
    }
    for (size_t i = 0; i < count; i++) {
        buffer_append_bytes(out, certificates[i]);
    }
    buffer_append(out, no_signers, sizeof(no_signers));
    return out->failed ? -1 : 0;
}
