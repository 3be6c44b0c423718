#include "x509/bundle.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>

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

/* A message without content and without signers. */
static PKCS7 *message_new(void)
{
    PKCS7 *message = PKCS7_new();

    if (message != NULL && (PKCS7_set_type(message, NID_pkcs7_signed) != 1 ||
                            (message->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data)) == NULL)) {
        PKCS7_free(message);
        message = NULL;
    }
    return message;
}

static int message_add(PKCS7 *message, struct bytes der)
{
    const uint8_t *at = der.data;
    X509 *certificate = der.size <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.size) : NULL;
    int result = -1;

    if (certificate != NULL && at == der.data + der.size && PKCS7_add_certificate(message, certificate) == 1) {
        result = 0;
    }
    X509_free(certificate);
    return result;
}

int bundle_encode(const struct bytes *certificates, size_t count, struct buffer *out)
{
    PKCS7 *message = message_new();
    uint8_t *encoded = NULL;
    int size, result = -1;

    for (size_t i = 0; i < count && message != NULL; i++) {
        if (message_add(message, certificates[i]) < 0) {
            goto out;
        }
    }
    size = message != NULL ? i2d_PKCS7(message, &encoded) : 0;
    if (size > 0) {
        buffer_append(out, encoded, (size_t)size);
        result = out->failed ? -1 : 0;
    }
out:
    OPENSSL_free(encoded);
    PKCS7_free(message);
    ERR_clear_error();
    return result;
}
