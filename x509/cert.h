/*
 * One certificate, parsed: the object that rules and paths work on.
 *
 * Immutable after cert_parse(), which also makes libcrypto work out all that it
 * would otherwise work out at first use, so that threads may share it.
 */
#ifndef X509_CERT_H
#define X509_CERT_H

#include <openssl/x509.h>

#include "base/blob.h"
#include "base/digest.h"
#include "x509/finding.h"

struct cert {
    X509 *x509;
    struct blob *der;
    struct digest fingerprint; /* SHA-256 of the DER */
    int64_t not_before, not_after; /* wall seconds */
    bool anchor;
    bool plain;                /* nothing in it that libcrypto's path validation knows more of than ours */
    bool critical_unknown;     /* an extension that is critical and that we do not know, RFC 5280 4.2 */
};

/* Exactly one certificate in DER, and nothing after it. On success the struct holds a reference to `der`. False: the
 * finding is REASON_MALFORMED, or REASON_INTERNAL when memory is out; the struct is empty. */
bool cert_parse(struct blob *der, struct cert *cert, struct finding *finding);
void cert_free(struct cert *cert);

/* The same for the certificate of a recipient, who signs no other: of an RSA key libcrypto then makes no object, which
 * costs more than all the rest. X509_get0_pubkey() gives NULL; x509/keys.h reads such a key from its octets. Keys of
 * other kinds, and of certificates that name themselves as issuer, are there as ever. */
bool cert_parse_recipient(struct blob *der, struct cert *cert, struct finding *finding);

/* The certificate that libcrypto holds already, as its DER says it, in a struct of its own. */
bool cert_copy(const X509 *x509, struct cert *cert, struct finding *finding);

static inline const X509_NAME *cert_subject(const struct cert *cert)
{
    return X509_get_subject_name(cert->x509);
}

static inline const X509_NAME *cert_issuer(const struct cert *cert)
{
    return X509_get_issuer_name(cert->x509);
}

/* Whether basicConstraints calls it a CA (RFC 5280 4.2.1.9). */
bool cert_is_ca(const struct cert *cert);

/* RFC 5280 4.1.2.5. -1: not a time. */
int cert_time(const ASN1_TIME *time, int64_t *wall_s);

#endif
