#include "x509/cert.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <time.h>

#include "base/text.h"
#include "x509/der.h"
#include "x509/rsa_key.h"
#include "x509/shown.h"

#define VERSION_1 0
#define VERSION_3 2

/* libcrypto also takes times without seconds, with fractions and with a zone (RFC 5280 4.1.2.5.1, .2). */
static bool is_whole(const ASN1_TIME *time)
{
    int size = ASN1_STRING_length(time);

    return size == (ASN1_STRING_type(time) == V_ASN1_UTCTIME ? (int)strlen("YYMMDDHHMMSSZ")
                                                              : (int)strlen("YYYYMMDDHHMMSSZ")) &&
           ASN1_STRING_get0_data(time)[size - 1] == 'Z';
}

int cert_time(const ASN1_TIME *time, int64_t *wall_s)
{
    struct tm tm;

    if (time == NULL || !is_whole(time) || ASN1_TIME_to_tm(time, &tm) != 1) {
        return -1;
    }
    *wall_s = text_time_from_utc(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return 0;
}

bool cert_is_ca(const struct cert *cert)
{
    return (X509_get_extension_flags(cert->x509) & EXFLAG_CA) != 0;
}

/* What version 1 has not, versions 2 and 3 brought; libcrypto reads it whatever the version. */
static bool check_version(const X509 *x509, struct finding *finding)
{
    const ASN1_BIT_STRING *issuer = NULL, *subject = NULL;
    long version = X509_get_version(x509);

    X509_get0_uids(x509, &issuer, &subject);
    if (version < VERSION_1 || version > VERSION_3) {
        return finding_set(finding, REASON_MALFORMED, "not of version 1, 2 or 3 (RFC 5280 4.1.2.1)");
    }
    if (version == VERSION_1 && (issuer != NULL || subject != NULL)) {
        return finding_set(finding, REASON_MALFORMED, "a unique identifier in a certificate of version 1 "
                           "(RFC 5280 4.1.2.8)");
    }
    if (version != VERSION_3 && X509_get_ext_count(x509) > 0) {
        return finding_set(finding, REASON_MALFORMED, "extensions in a certificate that is not version 3 "
                           "(RFC 5280 4.1.2.1)");
    }
    return true;
}

/* libcrypto notices a second instance only of extensions that it reads itself. */
static bool check_extensions(const X509 *x509, struct finding *finding)
{
    int count = X509_get_ext_count(x509);
    char name[80];

    if (count > MAX_EXTENSIONS) {
        return finding_set(finding, REASON_MALFORMED, "%d extensions, more than %d", count, MAX_EXTENSIONS);
    }
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_get_ext(x509, i));

        if (X509_get_ext_by_OBJ(x509, object, i) >= 0) {
            return finding_set(finding, REASON_MALFORMED, "extension %s stands there twice (RFC 5280 4.2)",
                               shown_object(object, name, sizeof(name)));
        }
    }
    return true;
}

/* Extensions that are judged by rules of our own, and those that libcrypto has no name for: it cannot know what to do
 * with them. Others are name constraints, whose forms libcrypto may know more of, and what mail has no use for:
 * proxies, resources (RFC 3820, 3779), and whatever another libcrypto learns to judge. */
static bool has_plain_extensions(const X509 *x509)
{
    static const int plain[] = {
        NID_undef,
        NID_basic_constraints,
        NID_key_usage,
        NID_ext_key_usage,
        NID_subject_alt_name,
        NID_issuer_alt_name,
        NID_subject_key_identifier,
        NID_authority_key_identifier,
        NID_crl_distribution_points,
        NID_freshest_crl,
        NID_info_access,
        NID_certificate_policies,
        NID_policy_mappings,
        NID_policy_constraints,
        NID_inhibit_any_policy,
        NID_SMIMECapabilities,
    };

    for (int i = 0; i < X509_get_ext_count(x509); i++) {
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(x509, i)));
        size_t k = 0;

        while (k < sizeof(plain) / sizeof(plain[0]) && plain[k] != nid) {
            k++;
        }
        if (k == sizeof(plain) / sizeof(plain[0])) {
            return false;
        }
    }
    return true;
}

/* A curve that is spelled out is for libcrypto to refuse, as is a key that cannot be read. */
static bool has_plain_key(const X509 *x509)
{
    EVP_PKEY *key = X509_get0_pubkey(x509);
    struct rsa_key rsa;
    int is_spelled_out = 0;

    if (rsa_key_read(x509, &rsa)) {
        return true;
    }
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_spelled_out) == 1 &&
               is_spelled_out == 0;
    }
    return key != NULL;
}

static bool check_contents(struct cert *cert, struct finding *finding)
{
    uint32_t flags;

    if (cert_time(X509_get0_notBefore(cert->x509), &cert->not_before) < 0 ||
        cert_time(X509_get0_notAfter(cert->x509), &cert->not_after) < 0) {
        return finding_set(finding, REASON_MALFORMED, "validity is not made of times (RFC 5280 4.1.2.5)");
    }
    if (!check_version(cert->x509, finding) || !check_extensions(cert->x509, finding)) {
        return false;
    }
    flags = X509_get_extension_flags(cert->x509);
    if ((flags & (EXFLAG_INVALID | EXFLAG_NO_FINGERPRINT)) != 0) {
        return finding_set(finding, REASON_MALFORMED, "an extension is not what it has to be (RFC 5280 4.2)");
    }
    cert->critical_unknown = (flags & EXFLAG_CRITICAL) != 0;
    cert->plain = !cert->critical_unknown && has_plain_key(cert->x509) && has_plain_extensions(cert->x509);
    return true;
}

/* A library context that knows no keys: what is decoded in it keeps the octets of its key alone. */
static OSSL_LIB_CTX *keyless;
static pthread_once_t keyless_once = PTHREAD_ONCE_INIT;

static void keyless_make(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

    if (context != NULL && OSSL_PROVIDER_load(context, "null") == NULL) {
        OSSL_LIB_CTX_free(context);
        context = NULL;
    }
    keyless = context;
}

static X509 *decode(struct bytes der, size_t *used)
{
    const uint8_t *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.size);

    *used = (size_t)(at - der.data);
    return x509;
}

/* Whether what there is to know of the certificate is known without an object of its key: libcrypto asks for it to say
 * whether a certificate that names itself as issuer is signed by itself. */
static bool is_whole_without_key(const X509 *x509)
{
    struct rsa_key key;

    return rsa_key_read(x509, &key) && X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) != 0;
}

/* NULL: it is to be decoded with its key. */
static X509 *decode_without_key(struct bytes der, size_t *used)
{
    OSSL_LIB_CTX *usual;
    X509 *x509;

    pthread_once(&keyless_once, keyless_make);
    if (keyless == NULL) {
        return NULL;
    }
    usual = OSSL_LIB_CTX_set0_default(keyless);
    x509 = decode(der, used);
    OSSL_LIB_CTX_set0_default(usual);
    if (x509 != NULL && !is_whole_without_key(x509)) {
        X509_free(x509);
        x509 = NULL;
    }
    return x509;
}

static bool parse(struct cert *cert, bool with_key, struct finding *finding)
{
    struct bytes der = blob_bytes(cert->der);
    size_t used = 0;

    if (!der_is_strict(der)) {
        return finding_set(finding, REASON_MALFORMED, "not one DER element (X.690 10.1, RFC 5280 4.1)");
    }
    cert->x509 = with_key ? decode(der, &used) : decode_without_key(der, &used);
    if (cert->x509 == NULL && !with_key) {
        cert->x509 = decode(der, &used);
    }
    if (cert->x509 == NULL || used != der.size) {
        return finding_set(finding, REASON_MALFORMED, "not a certificate (RFC 5280 4.1)");
    }
    return check_contents(cert, finding);
}

static bool has_whole_key(const struct cert *cert, bool with_key)
{
    EVP_PKEY *key = X509_get0_pubkey(cert->x509);

    return (!with_key && is_whole_without_key(cert->x509)) || (key != NULL && EVP_PKEY_get_bits(key) > 0);
}

/* libcrypto drops its words of why it could not read a key or an extension, so that want of memory looks like a bad
 * certificate: what fails is tried once more. */
static bool parse_surely(struct cert *cert, bool with_key, struct finding *finding)
{
    if (parse(cert, with_key, finding) && has_whole_key(cert, with_key)) {
        return true;
    }
    X509_free(cert->x509);
    cert->x509 = NULL;
    return parse(cert, with_key, finding);
}

static bool parse_whole(struct blob *der, bool with_key, struct cert *cert, struct finding *finding)
{
    bool parsed;

    *cert = (struct cert){.der = blob_ref(der)};
    ERR_clear_error();
    parsed = parse_surely(cert, with_key, finding);
    /* Not digest_sha256(), which ends the process rather than fail. */
    if (finding_was_memory() || (parsed && X509_digest(cert->x509, EVP_sha256(), cert->fingerprint.bytes, NULL) != 1)) {
        parsed = finding_set(finding, REASON_INTERNAL, "out of memory");
    }
    if (!parsed) {
        cert_free(cert);
    }
    return parsed;
}

bool cert_parse(struct blob *der, struct cert *cert, struct finding *finding)
{
    return parse_whole(der, true, cert, finding);
}

bool cert_parse_recipient(struct blob *der, struct cert *cert, struct finding *finding)
{
    return parse_whole(der, false, cert, finding);
}

void cert_free(struct cert *cert)
{
    X509_free(cert->x509);
    blob_free(&cert->der);
    *cert = (struct cert){0};
}

bool cert_copy(const X509 *x509, struct cert *cert, struct finding *finding)
{
    uint8_t *encoded = NULL;
    int size = i2d_X509(x509, &encoded);
    struct blob *der = size > 0 ? blob_intern(bytes_of(encoded, (size_t)size)) : NULL;
    bool copied = false;

    *cert = (struct cert){0};
    if (der == NULL) {
        finding_set(finding, REASON_INTERNAL, "out of memory");
    } else {
        copied = cert_parse(der, cert, finding);
    }
    OPENSSL_free(encoded);
    blob_free(&der);
    return copied;
}
