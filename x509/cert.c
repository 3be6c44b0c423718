#include "x509/cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/text.h"
#include "x509/der.h"
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
    return true;
}

static bool parse(struct cert *cert, struct finding *finding)
{
    const uint8_t *at = cert->der->data;

    if (!der_is_strict(blob_bytes(cert->der))) {
        return finding_set(finding, REASON_MALFORMED, "not one DER element (X.690 10.1, RFC 5280 4.1)");
    }
    cert->x509 = d2i_X509(NULL, &at, (long)cert->der->size);
    if (cert->x509 == NULL || at != cert->der->data + cert->der->size) {
        return finding_set(finding, REASON_MALFORMED, "not a certificate (RFC 5280 4.1)");
    }
    return check_contents(cert, finding);
}

static bool has_whole_key(const struct cert *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert->x509);

    return key != NULL && EVP_PKEY_get_bits(key) > 0;
}

/* libcrypto drops its words of why it could not read a key or an extension, so that want of memory looks like a bad
 * certificate: what fails is tried once more. */
static bool parse_surely(struct cert *cert, struct finding *finding)
{
    if (parse(cert, finding) && has_whole_key(cert)) {
        return true;
    }
    X509_free(cert->x509);
    cert->x509 = NULL;
    return parse(cert, finding);
}

bool cert_parse(struct blob *der, struct cert *cert, struct finding *finding)
{
    bool parsed;

    *cert = (struct cert){.der = blob_ref(der)};
    ERR_clear_error();
    parsed = parse_surely(cert, finding);
    /* Not digest_sha256(), which ends the process rather than fail. */
    if (finding_was_memory() || (parsed && X509_digest(cert->x509, EVP_sha256(), cert->fingerprint.bytes, NULL) != 1)) {
        parsed = finding_set(finding, REASON_INTERNAL, "out of memory");
    }
    if (!parsed) {
        cert_free(cert);
    }
    return parsed;
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
