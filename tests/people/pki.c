#include "tests/people/pki.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/dsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S (24 * 60 * 60)

void must(bool held, const char *what)
{
    if (held) {
        return;
    }
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    ERR_print_errors_fp(stderr);
    _exit(1); /* other threads may be at work */
}

struct der der_copy(const void *data, size_t size)
{
    struct der der = {malloc(size > 0 ? size : 1), size};

    must(der.data != NULL, "out of memory");
    memcpy(der.data, data, size);
    return der;
}

/* A key of 2048 bits; of DSA, domain parameters come first. */
static EVP_PKEY *key_from_parameters(const char *algorithm, const char *parameters)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    EVP_PKEY *domain = NULL, *key = NULL;

    must(context != NULL, algorithm);
    if (parameters != NULL) {
        must(EVP_PKEY_paramgen_init(context) == 1 && EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 2048) == 1 &&
                 EVP_PKEY_paramgen(context, &domain) == 1, parameters);
        EVP_PKEY_CTX_free(context);
        context = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
    }
    must(context != NULL && EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &key) == 1, algorithm);
    EVP_PKEY_free(domain);
    EVP_PKEY_CTX_free(context);
    return key;
}

EVP_PKEY *key_new(enum key_kind kind)
{
    EVP_PKEY *key = NULL;

    switch (kind) {
    case KEY_RSA_1024: key = EVP_RSA_gen(1024); break;
    case KEY_RSA_2048: key = EVP_RSA_gen(2048); break;
    case KEY_RSA_3072: key = EVP_RSA_gen(3072); break;
    case KEY_P256: key = EVP_EC_gen("P-256"); break;
    case KEY_P384: key = EVP_EC_gen("P-384"); break;
    case KEY_P521: key = EVP_EC_gen("P-521"); break;
    case KEY_ED25519: key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    case KEY_RSA_PSS: key = key_from_parameters("RSA-PSS", NULL); break;
    case KEY_DSA: key = key_from_parameters("DSA", "DSA"); break;
    case KEY_X25519: key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"); break;
    case KEY_BRAINPOOL256: key = EVP_EC_gen("brainpoolP256r1"); break;
    case KEY_SECP256K1: key = EVP_EC_gen("secp256k1"); break;
    }
    must(key != NULL, "cannot make a key");
    return key;
}

static void set_serial(X509 *certificate)
{
    uint8_t bytes[16];

    must(RAND_bytes(bytes, sizeof(bytes)) == 1, "no random bytes");
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and all of one length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    must(number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL, "serial number");
    BN_free(number);
}

static void add_name(X509_NAME *name, const char *field, const char *value)
{
    if (value != NULL) {
        must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1,
             "name in a certificate");
    }
}

static void set_names(X509 *certificate, const struct certificate_spec *spec)
{
    X509_NAME *subject = X509_get_subject_name(certificate);

    add_name(subject, "C", "XX");
    add_name(subject, "O", "Example");
    add_name(subject, "CN", spec->common_name);
    if (spec->email != NULL) { /* IA5String, as PKCS#9 has it */
        must(X509_NAME_add_entry_by_NID(subject, NID_pkcs9_emailAddress, V_ASN1_IA5STRING,
                                        (const unsigned char *)spec->email, -1, -1, 0) == 1, "emailAddress");
    }
    const X509_NAME *issuer = spec->issuer != NULL ? X509_get_subject_name(spec->issuer->certificate) : subject;
    must(X509_set_issuer_name(certificate, issuer) == 1, "issuer name");
}

X509_EXTENSION *extension_make(X509 *issuer, X509 *subject, const char *sections, const char *name, const char *value)
{
    X509V3_CTX context = {0};
    CONF *conf = NCONF_new(NULL);
    BIO *text = BIO_new_mem_buf(sections != NULL ? sections : "", -1);

    must(conf != NULL && text != NULL && NCONF_load_bio(conf, text, NULL) == 1, "sections of an extension");
    X509V3_set_ctx(&context, issuer, subject, NULL, NULL, 0);
    X509V3_set_nconf(&context, conf);
    X509_EXTENSION *extension = X509V3_EXT_nconf(conf, &context, name, value);
    must(extension != NULL, name);
    BIO_free(text);
    NCONF_free(conf);
    return extension;
}

static void add_extension(X509 *certificate, X509 *issuer, const char *sections, const char *name, const char *value)
{
    X509_EXTENSION *extension = extension_make(issuer, certificate, sections, name, value);

    must(X509_add_ext(certificate, extension, -1) == 1, name);
    X509_EXTENSION_free(extension);
}

/* Not by text as the others: an address may hold a comma. */
static void add_addresses(X509 *certificate, const struct certificate_spec *spec)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();

    must(names != NULL, "out of memory");
    for (size_t i = 0; i < spec->address_count; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        must(name != NULL && text != NULL && ASN1_STRING_set(text, spec->addresses[i], -1) == 1, "out of memory");
        GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
        must(sk_GENERAL_NAME_push(names, name) > 0, "out of memory");
    }
    must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1, "subjectAltName");
    GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *certificate, const struct certificate_spec *spec)
{
    X509 *issuer = spec->issuer != NULL ? spec->issuer->certificate : certificate;

    for (size_t i = 0; i < EXTENSIONS_MAX && spec->extensions[i].name != NULL; i++) {
        if (spec->extensions[i].value != NULL) {
            add_extension(certificate, issuer, spec->sections, spec->extensions[i].name, spec->extensions[i].value);
        }
    }
    add_extension(certificate, issuer, NULL, "subjectKeyIdentifier", "hash");
    if (spec->issuer != NULL) {
        add_extension(certificate, issuer, NULL, "authorityKeyIdentifier", "keyid:always");
    }
    if (spec->hosts != NULL) {
        add_extension(certificate, issuer, NULL, "subjectAltName", spec->hosts);
    }
    if (spec->address_count > 0) {
        add_addresses(certificate, spec);
    }
}

static void sign(X509 *certificate, const struct certificate_spec *spec)
{
    EVP_PKEY *key = spec->issuer != NULL ? spec->issuer->key : spec->key;
    const EVP_MD *digest = spec->digest != NULL ? spec->digest : EVP_sha256();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;

    if (EVP_PKEY_is_a(key, "ED25519")) {
        digest = NULL;
    }
    must(context != NULL && EVP_DigestSignInit(context, &options, digest, NULL, key) == 1, "cannot sign");
    if (spec->pss) {
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1, "cannot sign with RSASSA-PSS");
    }
    must(X509_sign_ctx(certificate, context) > 0, "cannot sign");
    EVP_MD_CTX_free(context);
}

X509 *certificate_issue(const struct certificate_spec *spec)
{
    X509 *certificate = X509_new();
    time_t now = spec->now != 0 ? spec->now : time(NULL);

    must(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1, "out of memory");
    set_serial(certificate);
    set_names(certificate, spec);
    must(X509_time_adj(X509_getm_notBefore(certificate), (long)spec->from_days * DAY_S, &now) != NULL &&
             X509_time_adj(X509_getm_notAfter(certificate), (long)spec->until_days * DAY_S, &now) != NULL, "validity");
    must(X509_set_pubkey(certificate, spec->key) == 1, "public key");
    add_extensions(certificate, spec);
    sign(certificate, spec);
    return certificate;
}

struct der certificate_der(const X509 *certificate)
{
    struct der der = {NULL, 0};
    int size = i2d_X509(certificate, &der.data);

    must(size > 0, "cannot encode a certificate");
    der.size = (size_t)size;
    return der;
}

void authority_new(struct authority *authority, const char *file, enum key_kind kind, struct certificate_spec spec)
{
    authority->file = file;
    authority->key = spec.key = key_new(kind);
    X509 *made = certificate_issue(&spec);

    /* Read back, so that nothing in it is computed later, when several threads issue from it. */
    struct der der = certificate_der(made);
    const uint8_t *at = der.data;
    authority->certificate = d2i_X509(NULL, &at, (long)der.size);
    must(authority->certificate != NULL && X509_check_purpose(authority->certificate, -1, 0) == 1, file);
    free(der.data);
    X509_free(made);
}

void authority_free(struct authority *authority)
{
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    *authority = (struct authority){0};
}

static void add_revoked(X509_CRL *crl, const struct revoked_serial *revoked)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    ASN1_TIME *when = X509_gmtime_adj(NULL, -2 * DAY_S);

    must(entry != NULL && reason != NULL && when != NULL && ASN1_ENUMERATED_set(reason, revoked->crl_reason) == 1 &&
             X509_REVOKED_set_serialNumber(entry, revoked->serial) == 1 &&
             X509_REVOKED_set_revocationDate(entry, when) == 1 &&
             X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1 &&
             X509_CRL_add0_revoked(crl, entry) == 1, "entry of a CRL");
    ASN1_TIME_free(when);
    ASN1_ENUMERATED_free(reason);
}

static void add_crl_extensions(X509_CRL *crl, X509 *issuer)
{
    X509V3_CTX context = {0};
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *key_id = X509V3_EXT_conf(NULL, &context, "authorityKeyIdentifier", "keyid:always");
    must(key_id != NULL && X509_CRL_add_ext(crl, key_id, -1) == 1 && number != NULL &&
             ASN1_INTEGER_set_uint64(number, (uint64_t)time(NULL)) == 1 &&
             X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1, "extensions of a CRL");
    X509_EXTENSION_free(key_id);
    ASN1_INTEGER_free(number);
}

X509_CRL *crl_issue(const struct authority *issuer, const struct revoked_serial *revoked, size_t count, int until_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -DAY_S);
    ASN1_TIME *until = X509_gmtime_adj(NULL, (long)until_days * DAY_S);

    must(crl != NULL && from != NULL && until != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)) == 1 &&
             X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1,
         "cannot make a CRL");
    for (size_t i = 0; i < count; i++) {
        if (revoked[i].issuer == issuer) {
            add_revoked(crl, &revoked[i]);
        }
    }
    add_crl_extensions(crl, issuer->certificate);
    must(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0, "cannot sign a CRL");
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return crl;
}

/* What each form is to CMS_sign(). OpenSSL streams only what has content: an empty line there. */
static const struct {
    unsigned flags;
    const char *content;
    bool is_signed;
} bundle_forms[] = {
    [BUNDLE_SIGNED] = {CMS_BINARY | CMS_DETACHED, "", true},
    [BUNDLE_STREAMED] = {CMS_BINARY | CMS_STREAM, "\n", true},
    [BUNDLE_CERTS_ONLY] = {CMS_BINARY | CMS_DETACHED | CMS_PARTIAL, "", false},
};

struct der bundle_make(enum bundle_form form, X509 *leaf, EVP_PKEY *key, X509 *const *chain, size_t chain_count)
{
    unsigned flags = bundle_forms[form].flags;
    bool is_signed = bundle_forms[form].is_signed;
    STACK_OF(X509) *certificates = sk_X509_new_null();
    BIO *content = BIO_new_mem_buf(bundle_forms[form].content, -1);
    BIO *out = BIO_new(BIO_s_mem());
    char *data = NULL;

    must(certificates != NULL && content != NULL && out != NULL, "out of memory");
    must(is_signed || sk_X509_push(certificates, leaf) > 0, "out of memory");
    for (size_t i = 0; i < chain_count; i++) {
        must(sk_X509_push(certificates, chain[i]) > 0, "out of memory");
    }
    CMS_ContentInfo *bundle = CMS_sign(is_signed ? leaf : NULL, is_signed ? key : NULL, certificates, content, flags);
    must(bundle != NULL && i2d_CMS_bio_stream(out, bundle, content, (int)flags) == 1, "cannot make a bundle");
    long size = BIO_get_mem_data(out, &data);
    struct der der = der_copy(data, (size_t)size);
    CMS_ContentInfo_free(bundle);
    BIO_free(out);
    BIO_free(content);
    sk_X509_free(certificates);
    return der;
}
