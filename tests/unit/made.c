#include "tests/unit/made.h"

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "made: %s\n", what);
        ERR_print_errors_fp(stderr);
        abort();
    }
}

static EVP_PKEY *explicit_curve(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char *)"explicit", 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_params(context, parameters) == 1 &&
             EVP_PKEY_generate(context, &key) == 1,
         "explicit curve");
    EVP_PKEY_CTX_free(context);
    return key;
}

/* DSA and DH keys need parameters first. */
static EVP_PKEY *with_parameters(const char *type, const char *group)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *domain = NULL, *key = NULL;

    if (group != NULL) {
        OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
            OSSL_PARAM_construct_end(),
        };

        must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_params(context, parameters) == 1 &&
                 EVP_PKEY_generate(context, &key) == 1,
             type);
        EVP_PKEY_CTX_free(context);
        return key;
    }
    must(EVP_PKEY_paramgen_init(context) == 1 && EVP_PKEY_generate(context, &domain) == 1, type);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
    must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &key) == 1, type);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(domain);
    return key;
}

static EVP_PKEY *rsa_pss(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;

    must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &key) == 1, "RSA-PSS");
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *key_new(enum made_key which)
{
    switch (which) {
    case MADE_RSA:
    case MADE_RSA_2:
    case MADE_RSA_CA:
    case MADE_RSA_CA_2:
    case MADE_RSA_ROOT: return EVP_RSA_gen(2048);
    case MADE_RSA_1024: return EVP_RSA_gen(1024);
    case MADE_P256: return EVP_EC_gen("P-256");
    case MADE_P384: return EVP_EC_gen("P-384");
    case MADE_P521: return EVP_EC_gen("P-521");
    case MADE_BRAINPOOL: return EVP_EC_gen("brainpoolP256r1");
    case MADE_BRAINPOOL_384: return EVP_EC_gen("brainpoolP384r1");
    case MADE_BRAINPOOL_512: return EVP_EC_gen("brainpoolP512r1");
    case MADE_SECP256K1: return EVP_EC_gen("secp256k1");
    case MADE_P256_EXPLICIT: return explicit_curve();
    case MADE_X25519: return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    case MADE_X448: return EVP_PKEY_Q_keygen(NULL, NULL, "X448");
    case MADE_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case MADE_DSA: return with_parameters("DSA", NULL);
    case MADE_RSA_PSS: return rsa_pss();
    case MADE_DH: return with_parameters("DH", "ffdhe2048");
    case MADE_KEY_COUNT: break;
    }
    return NULL;
}

EVP_PKEY *made_key(enum made_key which)
{
    static EVP_PKEY *keys[MADE_KEY_COUNT];

    if (keys[which] == NULL) {
        keys[which] = key_new(which);
        must(keys[which] != NULL, "key");
    }
    return keys[which];
}

static void set_name(X509_NAME *name, const char *text)
{
    char copy[256], *rest = copy, *part;

    if (strcmp(text, "-") == 0) {
        return;
    }
    snprintf(copy, sizeof(copy), "%s", text);
    while ((part = strsep(&rest, ",")) != NULL) {
        char *value = strchr(part, '=');

        *value++ = '\0';
        must(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (unsigned char *)value, -1, -1, 0) == 1, "name");
    }
}

static ASN1_STRING *string_of(int type, const struct made_name *name)
{
    ASN1_STRING *string = ASN1_STRING_type_new(type);

    must(ASN1_STRING_set(string, name->bytes, (int)(name->size > 0 ? name->size : strlen(name->bytes))) == 1, "string");
    return string;
}

static GENERAL_NAME *general_name(const struct made_name *name)
{
    GENERAL_NAME *general = GENERAL_NAME_new();

    if (name->kind == MADE_RFC822) {
        GENERAL_NAME_set0_value(general, GEN_EMAIL, string_of(V_ASN1_IA5STRING, name));
    } else if (name->kind >= MADE_DNS && name->kind <= MADE_IP) {
        GENERAL_NAME_set0_value(general,
                                name->kind == MADE_DNS ? GEN_DNS : name->kind == MADE_URI ? GEN_URI : GEN_IPADD,
                                string_of(name->kind == MADE_IP ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING, name));
    } else if (name->kind == MADE_UPN) {
        ASN1_TYPE *value = ASN1_TYPE_new();

        ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string_of(V_ASN1_UTF8STRING, name));
        must(GENERAL_NAME_set0_othername(general, OBJ_nid2obj(NID_ms_upn), value) == 1, "otherName");
    } else {
        int type = name->kind == MADE_SMTP_UTF8 ? V_ASN1_UTF8STRING : V_ASN1_IA5STRING;
        ASN1_TYPE *value = ASN1_TYPE_new();

        ASN1_TYPE_set(value, type, string_of(type, name));
        must(GENERAL_NAME_set0_othername(general, OBJ_nid2obj(NID_id_on_SmtpUTF8Mailbox), value) == 1, "otherName");
    }
    return general;
}

static void add_names(X509 *certificate, const struct made *made)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();

    for (size_t i = 0; i < MADE_RAW_NAMES && made->names[i].kind != 0; i++) {
        const struct made_name *name = &made->names[i];

        if (name->kind <= MADE_UPN) {
            sk_GENERAL_NAME_push(names, general_name(name));
        } else {
            int type = name->kind == MADE_SUBJECT_IA5    ? V_ASN1_IA5STRING
                       : name->kind == MADE_SUBJECT_UTF8 ? V_ASN1_UTF8STRING
                                                         : V_ASN1_BMPSTRING;

            must(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_pkcs9_emailAddress, type,
                                            (const unsigned char *)name->bytes,
                                            (int)(name->size > 0 ? name->size : strlen(name->bytes)), -1, 0) == 1,
                 "emailAddress");
        }
    }
    if (sk_GENERAL_NAME_num(names) > 0) {
        must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1, "names");
    }
    GENERAL_NAMES_free(names);
}

static X509_EXTENSION *extension_of(X509V3_CTX *context, const char *text)
{
    char copy[512], *value;
    X509_EXTENSION *extension;

    snprintf(copy, sizeof(copy), "%s", text);
    value = strchr(copy, '=');
    *value++ = '\0';
    extension = X509V3_EXT_nconf(NULL, context, copy, value);
    must(extension != NULL, text);
    return extension;
}

/* Some extensions want one, though nothing is in it. */
static CONF *no_settings(void)
{
    static CONF *settings;

    if (settings == NULL) {
        settings = NCONF_new(NULL);
        must(settings != NULL, "settings");
    }
    return settings;
}

static void add_extensions(X509 *certificate, const struct made *made)
{
    X509V3_CTX context = {0};

    X509V3_set_ctx(&context, made->issuer != NULL ? (X509 *)made->issuer : certificate, certificate, NULL, NULL, 0);
    X509V3_set_nconf(&context, no_settings());
    for (size_t i = 0; i < MADE_EXTENSIONS && made->extensions[i] != NULL; i++) {
        X509_EXTENSION *extension = extension_of(&context, made->extensions[i]);

        must(X509_add_ext(certificate, extension, -1) == 1, made->extensions[i]);
        X509_EXTENSION_free(extension);
    }
}

static void sign(X509 *certificate, const struct made *made, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = made->digest != NULL ? made->digest : EVP_sha256();

    if (EVP_PKEY_is_a(key, "ED25519")) {
        digest = NULL;
    }
    must(EVP_DigestSignInit(context, &options, digest, NULL, key) == 1, "sign");
    if (made->pss) {
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1,
             "PSS");
    }
    must(X509_sign_ctx(certificate, context) > 0, "sign");
    EVP_MD_CTX_free(context);
}

/* Behind the headers of Certificate and TBSCertificate. By its own means libcrypto writes 3 over whatever has extensions
 * when it signs. */
static void write_version(uint8_t *der, int version)
{
    must(memcmp(der + 8, "\xa0\x03\x02\x01\x02", 5) == 0, "version");
    der[12] = (uint8_t)(version - 1);
}

/* The very object is parsed anew, so that nothing of its making clings to it. */
static X509 *parsed_anew(X509 *certificate, const struct made *made)
{
    uint8_t *der = NULL;
    int size = i2d_X509(certificate, &der);
    const uint8_t *at = der;
    X509 *anew;

    if (made->version != 0) {
        write_version(der, made->version);
    }
    if (made->break_signature) {
        der[size - 5] ^= 1;
    }
    anew = d2i_X509(NULL, &at, size);
    must(anew != NULL, "certificate");
    OPENSSL_free(der);
    X509_free(certificate);
    return anew;
}

/* A key without a private half cannot sign for itself: those of DH and X25519 never stand alone. */
X509 *made_certificate(const struct made *made)
{
    static int64_t serial = 1000;
    X509 *certificate = X509_new();
    bool default_life = made->from == 0 && made->until == 0;
    X509_NAME *subject = X509_get_subject_name(certificate);

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), made->serial != 0 ? made->serial : ++serial);
    set_name(subject, made->subject != NULL ? made->subject : "CN=Alice");
    ASN1_TIME_set(X509_getm_notBefore(certificate), MADE_NOW + (default_life ? -10 * MADE_DAY : made->from));
    ASN1_TIME_set(X509_getm_notAfter(certificate), MADE_NOW + (default_life ? 365 * MADE_DAY : made->until));
    must(X509_set_pubkey(certificate, made_key(made->key)) == 1, "public key");
    add_names(certificate, made);
    X509_set_issuer_name(certificate, made->issuer != NULL ? X509_get_subject_name(made->issuer) : subject);
    add_extensions(certificate, made);
    sign(certificate, made, made_key(made->issuer != NULL ? made->issuer_key : made->key));
    return parsed_anew(certificate, made);
}

X509 *made_root(const char *subject, enum made_key key)
{
    return made_intermediate(subject, key, NULL, key);
}

X509 *made_intermediate(const char *subject, enum made_key key, const X509 *issuer, enum made_key issuer_key)
{
    return made_certificate(&(struct made){
        .subject = subject,
        .key = key,
        .issuer = issuer,
        .issuer_key = issuer_key,
        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                       "subjectKeyIdentifier=hash", issuer != NULL ? "authorityKeyIdentifier=keyid:always" : NULL},
    });
}

X509 *made_alice(enum made_key key, const X509 *issuer, enum made_key issuer_key)
{
    return made_certificate(&(struct made){
        .key = key,
        .issuer = issuer,
        .issuer_key = issuer_key,
        .extensions = {EVP_PKEY_is_a(made_key(key), "RSA") ? "keyUsage=critical,keyEncipherment"
                                                           : "keyUsage=critical,keyAgreement",
                       "extendedKeyUsage=emailProtection", "subjectAltName=email:" MADE_ADDRESS},
    });
}

static void revoke(X509_CRL *crl, const X509 *certificate, const struct made_crl *made)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, MADE_NOW - 2 * MADE_DAY);

    X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)X509_get0_serialNumber(certificate));
    X509_REVOKED_set_revocationDate(entry, time);
    if (made->crl_reason >= 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

        ASN1_ENUMERATED_set(reason, made->crl_reason);
        must(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1, "reason");
        ASN1_ENUMERATED_free(reason);
    }
    if (made->entry_extension != NULL) {
        X509V3_CTX context = {0};
        X509_EXTENSION *extension = extension_of(&context, made->entry_extension);

        must(X509_REVOKED_add_ext(entry, extension, -1) == 1, "entry extension");
        X509_EXTENSION_free(extension);
    }
    ASN1_TIME_free(time);
    must(X509_CRL_add0_revoked(crl, entry) == 1, "entry");
}

X509_CRL *made_crl(const struct made_crl *made)
{
    X509_CRL *crl = X509_CRL_new(), *anew;
    bool default_life = made->this_update == 0 && made->next_update == 0;
    ASN1_TIME *time = ASN1_TIME_set(NULL, MADE_NOW + (default_life ? -MADE_DAY : made->this_update));
    X509V3_CTX context = {0};
    const uint8_t *at;
    uint8_t *der = NULL;
    int size;

    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(made->issuer));
    X509_CRL_set1_lastUpdate(crl, time);
    if (made->next_update != -1) {
        ASN1_TIME_set(time, MADE_NOW + (default_life ? 7 * MADE_DAY : made->next_update));
        X509_CRL_set1_nextUpdate(crl, time);
    }
    ASN1_TIME_free(time);
    for (size_t i = 0; i < 4 && made->revoked[i] != NULL; i++) {
        revoke(crl, made->revoked[i], made);
    }
    X509V3_set_ctx(&context, (X509 *)made->issuer, NULL, NULL, crl, 0);
    for (size_t i = 0; i < 4 && made->extensions[i] != NULL; i++) {
        X509_EXTENSION *extension = extension_of(&context, made->extensions[i]);

        must(X509_CRL_add_ext(crl, extension, -1) == 1, made->extensions[i]);
        X509_EXTENSION_free(extension);
    }
    X509_CRL_sort(crl);
    must(X509_CRL_sign(crl, made_key(made->key), EVP_sha256()) > 0, "sign CRL");
    size = i2d_X509_CRL(crl, &der);
    at = der;
    anew = d2i_X509_CRL(NULL, &at, size);
    must(anew != NULL, "CRL");
    OPENSSL_free(der);
    X509_CRL_free(crl);
    return anew;
}
