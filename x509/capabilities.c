#include "x509/capabilities.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/limits.h"
#include "x509/der.h"
#include "x509/keys.h"

#define SIGNERS_MAX 4       /* looked at, in one message */
#define DIGEST_OCTETS 20    /* of SHA-1: MD5 and older sign nothing */
#define OID_BYTES 80

/* Names as the standards write them: RFC 3370, 3565, 5084, 5480, 5753, 5754, 8103, 8418, 8551, 2984, 3657, 4010. */
static const struct {
    const char *oid, *word;
} names[] = {
    {"2.16.840.1.101.3.4.1.46", "aes256-GCM"},
    {"2.16.840.1.101.3.4.1.26", "aes192-GCM"},
    {"2.16.840.1.101.3.4.1.6", "aes128-GCM"},
    {"2.16.840.1.101.3.4.1.47", "aes256-CCM"},
    {"2.16.840.1.101.3.4.1.27", "aes192-CCM"},
    {"2.16.840.1.101.3.4.1.7", "aes128-CCM"},
    {"2.16.840.1.101.3.4.1.42", "aes256-CBC"},
    {"2.16.840.1.101.3.4.1.22", "aes192-CBC"},
    {"2.16.840.1.101.3.4.1.2", "aes128-CBC"},
    {"2.16.840.1.101.3.4.1.45", "aes256-wrap"},
    {"2.16.840.1.101.3.4.1.25", "aes192-wrap"},
    {"2.16.840.1.101.3.4.1.5", "aes128-wrap"},
    {"1.2.840.113549.1.9.16.3.18", "ChaCha20-Poly1305"},
    {"1.2.840.113549.3.7", "des-EDE3-CBC"},
    {"1.2.840.113549.3.2", "rc2-CBC"},
    {"1.2.840.113549.3.4", "rc4"},
    {"1.3.14.3.2.7", "des-CBC"},
    {"1.2.840.113533.7.66.10", "cast5-CBC"},
    {"1.2.392.200011.61.1.1.1.2", "camellia128-CBC"},
    {"1.2.392.200011.61.1.1.1.3", "camellia192-CBC"},
    {"1.2.392.200011.61.1.1.1.4", "camellia256-CBC"},
    {"1.2.410.200004.1.4", "seed-CBC"},
    {"1.2.840.113549.1.9.16.3.6", "CMS3DESwrap"},
    {"1.2.840.113549.1.9.16.3.7", "CMSRC2wrap"},
    {"1.2.840.113549.1.9.16.3.5", "ESDH"},
    {"1.3.133.16.840.63.0.2", "dhSinglePass-stdDH-sha1kdf"},
    {"1.3.132.1.11.0", "dhSinglePass-stdDH-sha224kdf"},
    {"1.3.132.1.11.1", "dhSinglePass-stdDH-sha256kdf"},
    {"1.3.132.1.11.2", "dhSinglePass-stdDH-sha384kdf"},
    {"1.3.132.1.11.3", "dhSinglePass-stdDH-sha512kdf"},
    {"1.3.133.16.840.63.0.3", "dhSinglePass-cofactorDH-sha1kdf"},
    {"1.3.132.1.14.1", "dhSinglePass-cofactorDH-sha256kdf"},
    {"1.3.132.1.14.2", "dhSinglePass-cofactorDH-sha384kdf"},
    {"1.3.132.1.14.3", "dhSinglePass-cofactorDH-sha512kdf"},
    {"1.2.840.113549.1.9.16.3.19", "dhSinglePass-stdDH-hkdf-sha256"},
    {"1.2.840.113549.1.9.16.3.20", "dhSinglePass-stdDH-hkdf-sha384"},
    {"1.2.840.113549.1.9.16.3.21", "dhSinglePass-stdDH-hkdf-sha512"},
    {"1.2.840.113549.1.1.1", "rsaEncryption"},
    {"1.2.840.113549.1.1.7", "RSAES-OAEP"},
    {"1.2.840.113549.1.1.10", "RSASSA-PSS"},
    {"1.2.840.113549.1.1.4", "md5WithRSAEncryption"},
    {"1.2.840.113549.1.1.5", "sha1WithRSAEncryption"},
    {"1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
    {"1.2.840.113549.1.1.12", "sha384WithRSAEncryption"},
    {"1.2.840.113549.1.1.13", "sha512WithRSAEncryption"},
    {"1.2.840.10040.4.3", "dsa-with-sha1"},
    {"1.2.840.10045.4.1", "ecdsa-with-SHA1"},
    {"1.2.840.10045.4.3.2", "ecdsa-with-SHA256"},
    {"1.2.840.10045.4.3.3", "ecdsa-with-SHA384"},
    {"1.2.840.10045.4.3.4", "ecdsa-with-SHA512"},
    {"1.3.101.112", "Ed25519"},
    {"1.3.101.113", "Ed448"},
    {"1.2.840.113549.2.5", "md5"},
    {"1.3.14.3.2.26", "sha1"},
    {"2.16.840.1.101.3.4.2.4", "sha224"},
    {"2.16.840.1.101.3.4.2.1", "sha256"},
    {"2.16.840.1.101.3.4.2.2", "sha384"},
    {"2.16.840.1.101.3.4.2.3", "sha512"},
    {"1.2.840.113549.1.9.16.3.8", "zlibCompress"},
    {"1.2.840.113549.1.9.15.1", "preferSignedData"},
    {"1.2.840.113549.1.9.15.2", "canNotDecryptAny"},
};

/* Whose capabilities they are. */
struct owner {
    X509 *leaf, *issuer; /* the latter may be NULL */
};

const char *capabilities_word(enum capabilities_source source)
{
    static const char *const words[] = {
        [CAPABILITIES_NONE] = "none",
        [CAPABILITIES_SIGNED] = "signed_attributes",
        [CAPABILITIES_EXTENSION] = "extension",
    };

    return words[source];
}

/* False: longer than anybody's. */
static bool object_word(const ASN1_OBJECT *object, char word[OID_BYTES])
{
    int size = OBJ_obj2txt(word, OID_BYTES, object, 1);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(word, names[i].oid) == 0) {
            snprintf(word, OID_BYTES, "%s", names[i].word);
        }
    }
    return size > 0 && size < OID_BYTES;
}

/* How a parameter is said: an INTEGER is the length of a key (RFC 3370 5.2), a SEQUENCE an algorithm with its own
 * parameters (RFC 5753 7.1). False: neither. */
static bool parameter_word(const ASN1_TYPE *parameter, char word[OID_BYTES])
{
    int type = parameter != NULL ? ASN1_TYPE_get(parameter) : V_ASN1_NULL;
    int64_t bits = 0;
    bool known = false;

    if (type == V_ASN1_INTEGER && ASN1_INTEGER_get_int64(&bits, parameter->value.integer) == 1 && bits > 0) {
        snprintf(word, OID_BYTES, "%lld", (long long)bits);
        known = true;
    } else if (type == V_ASN1_SEQUENCE) {
        X509_ALGOR *inner = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), parameter);

        known = inner != NULL && object_word(inner->algorithm, word);
        X509_ALGOR_free(inner);
    }
    return known;
}

static void add_capability(const X509_ALGOR *capability, struct capabilities *capabilities)
{
    char *word = capabilities->words[capabilities->count];
    char name[OID_BYTES], parameter[OID_BYTES];

    if (!object_word(capability->algorithm, name)) {
        return;
    }
    if (parameter_word(capability->parameter, parameter)) {
        snprintf(word, CAPABILITY_BYTES, "%s (%.*s)", name, OID_BYTES - 5, parameter);
    } else {
        snprintf(word, CAPABILITY_BYTES, "%s", name);
    }
    capabilities->count++;
}

/* A SMIMECapability is built as an AlgorithmIdentifier is. Adds nothing where there is no list of them. */
static void add_all(struct bytes der, enum capabilities_source source, struct capabilities *capabilities)
{
    const uint8_t *at = der.data;
    X509_ALGORS *list = der.size <= MAX_VALUE_BYTES ? d2i_X509_ALGORS(NULL, &at, (long)der.size) : NULL;
    bool whole = list != NULL && at == der.data + der.size;

    for (int i = 0; i < sk_X509_ALGOR_num(list) && whole && capabilities->count < CAPABILITIES_MAX; i++) {
        add_capability(sk_X509_ALGOR_value(list, i), capabilities);
    }
    sk_X509_ALGOR_pop_free(list, X509_ALGOR_free);
    if (capabilities->count > 0) {
        capabilities->source = source;
    }
}

static void read_extension(const X509 *leaf, struct capabilities *capabilities)
{
    int index = X509_get_ext_by_NID(leaf, NID_SMIMECapabilities, -1);
    const ASN1_OCTET_STRING *value = index >= 0 ? X509_EXTENSION_get_data(X509_get_ext(leaf, index)) : NULL;

    if (value != NULL) {
        add_all(bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), CAPABILITIES_EXTENSION,
                capabilities);
    }
}

static bool digest_is_sound(CMS_SignerInfo *signer)
{
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR *digest = NULL;

    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
    X509_ALGOR_get0(&object, NULL, NULL, digest);
    const EVP_MD *known = EVP_get_digestbyobj(object);
    return known != NULL && EVP_MD_get_size(known) >= DIGEST_OCTETS;
}

/* Or too costly to ask. */
static bool is_worth_a_check(const X509 *certificate)
{
    static const struct strength strength = {.min_rsa_bits = 1024, .curves = UINT32_MAX};
    char weakness[KEY_WEAKNESS_BYTES];

    return key_is_strong(certificate, &strength, weakness);
}

/* What was signed is ignored (RFC 2798 2.8), and mostly absent: the signature is over the attributes. */
static bool is_signed_by(CMS_SignerInfo *signer, X509 *certificate)
{
    if (!is_worth_a_check(certificate)) {
        return false;
    }
    CMS_SignerInfo_set1_signer_cert(signer, certificate);
    return CMS_SignerInfo_verify(signer) == 1;
}

/* Names anybody can write; whoever may write to the entry must not be able to talk senders into a weak cipher. */
static bool speaks_for(X509 *certificate, const struct owner *owner)
{
    if (X509_cmp(certificate, owner->leaf) == 0) {
        return true;
    }
    return owner->issuer != NULL && is_worth_a_check(owner->issuer) &&
           X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_subject_name(owner->leaf)) == 0 &&
           X509_check_issued(owner->issuer, certificate) == X509_V_OK &&
           X509_verify(certificate, X509_get0_pubkey(owner->issuer)) == 1;
}

static X509 *find_certificate(CMS_SignerInfo *signer, STACK_OF(X509) *certificates,
                              const struct owner *owner)
{
    for (int i = 0; i < sk_X509_num(certificates) && i < MAX_BUNDLE_CERTIFICATES; i++) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (CMS_SignerInfo_cert_cmp(signer, certificate) == 0 && speaks_for(certificate, owner)) {
            return certificate;
        }
    }
    return NULL;
}

/* The one value of the one attribute; more of either would leave open which is meant (RFC 8551 2.5.2). */
static const ASN1_STRING *attribute_of(CMS_SignerInfo *signer)
{
    int index = CMS_signed_get_attr_by_NID(signer, NID_SMIMECapabilities, -1);

    if (index < 0 || CMS_signed_get_attr_by_NID(signer, NID_SMIMECapabilities, index) >= 0) {
        return NULL;
    }
    X509_ATTRIBUTE *attribute = CMS_signed_get_attr(signer, index);
    return X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_data(attribute, 0, V_ASN1_SEQUENCE, NULL) : NULL;
}

/* True: this is the signer whose word counts, good or bad: no message costs more than one verification. */
static bool read_signer(CMS_SignerInfo *signer, STACK_OF(X509) *certificates,
                        const struct owner *owner, struct capabilities *capabilities)
{
    const ASN1_STRING *value = attribute_of(signer);
    X509 *certificate = value != NULL && digest_is_sound(signer) ? find_certificate(signer, certificates, owner) : NULL;

    if (certificate != NULL && is_signed_by(signer, certificate)) {
        add_all(bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), CAPABILITIES_SIGNED,
                capabilities);
    }
    return certificate != NULL;
}

static void read_message(struct bytes message, const struct owner *owner, struct capabilities *capabilities)
{
    const uint8_t *at = message.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)message.size);
    bool is_message = cms != NULL && at == message.data + message.size &&
                      OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed;
    STACK_OF(X509) *certificates = is_message ? CMS_get1_certs(cms) : NULL;
    STACK_OF(CMS_SignerInfo) *signers = is_message ? CMS_get0_SignerInfos(cms) : NULL;

    for (int i = 0; i < sk_CMS_SignerInfo_num(signers) && i < SIGNERS_MAX; i++) {
        if (read_signer(sk_CMS_SignerInfo_value(signers, i), certificates, owner, capabilities)) {
            break;
        }
    }
    sk_X509_pop_free(certificates, X509_free);
    CMS_ContentInfo_free(cms);
}

static bool is_message(struct bytes value)
{
    return value.size > 0 && value.size <= MAX_VALUE_BYTES && value.data[0] == DER_SEQUENCE &&
           der_inner_tag(value) == DER_OBJECT_IDENTIFIER;
}

static X509 *decode(struct bytes der)
{
    const uint8_t *at = der.data;

    return der.data != NULL && der.size <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.size) : NULL;
}

void capabilities_read(struct bytes leaf, struct bytes issuer, struct bytes value, struct capabilities *capabilities)
{
    struct owner owner = {decode(leaf), decode(issuer)};

    capabilities->source = CAPABILITIES_NONE;
    capabilities->count = 0;
    if (owner.leaf != NULL && is_message(value)) {
        read_message(value, &owner, capabilities);
    }
    if (owner.leaf != NULL && capabilities->count == 0) {
        read_extension(owner.leaf, capabilities);
    }
    X509_free(owner.leaf);
    X509_free(owner.issuer);
    ERR_clear_error();
}

void capabilities_of(const struct certificate *certificate, struct capabilities *capabilities)
{
    struct bytes issuer = certificate->chain_count > 0 ? blob_bytes(certificate->chain[0]) : bytes_of(NULL, 0);

    capabilities_read(blob_bytes(certificate->der), issuer, blob_bytes(certificate->value), capabilities);
}
