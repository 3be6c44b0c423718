#include "x509/keys_probe.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

static struct probed {
    int nid;
    const char *type;
    bool works;
} probed[] = {
    {NID_X25519, "X25519", false},
    {NID_X448, "X448", false},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Encryption looks at key, issuer and serial number; the signature only makes it a whole certificate. */
static X509 *recipient_new(EVP_PKEY *key)
{
    X509 *recipient = X509_new();
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_NAME *name = recipient != NULL ? X509_get_subject_name(recipient) : NULL;

    if (recipient == NULL || signer == NULL || X509_set_version(recipient, 2) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(recipient), 1) != 1 ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"probe", -1, -1, 0) != 1 ||
        X509_set_issuer_name(recipient, name) != 1 || X509_gmtime_adj(X509_getm_notBefore(recipient), 0) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(recipient), 3600) == NULL || X509_set_pubkey(recipient, key) != 1 ||
        X509_sign(recipient, signer, NULL) == 0) {
        X509_free(recipient);
        recipient = NULL;
    }
    EVP_PKEY_free(signer);
    return recipient;
}

static bool encrypts_to(const char *type)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, type);
    X509 *recipient = key != NULL ? recipient_new(key) : NULL;
    STACK_OF(X509) *recipients = sk_X509_new_null();
    BIO *content = BIO_new_mem_buf("probe", 5);
    CMS_ContentInfo *message = NULL;
    bool works;

    if (recipient != NULL && recipients != NULL && content != NULL && sk_X509_push(recipients, recipient) > 0) {
        message = CMS_encrypt(recipients, content, EVP_aes_128_cbc(), CMS_BINARY);
    }
    works = message != NULL;
    CMS_ContentInfo_free(message);
    BIO_free(content);
    sk_X509_free(recipients);
    X509_free(recipient);
    EVP_PKEY_free(key);
    return works;
}

static void probe(void)
{
    for (size_t i = 0; i < sizeof(probed) / sizeof(probed[0]); i++) {
        probed[i].works = encrypts_to(probed[i].type);
    }
    ERR_clear_error();
}

bool keys_probe_can_encrypt(int nid)
{
    pthread_once(&once, probe);
    for (size_t i = 0; i < sizeof(probed) / sizeof(probed[0]); i++) {
        if (probed[i].nid == nid) {
            return probed[i].works;
        }
    }
    return true;
}
