/*
 * Certificates in a CMS or PKCS#7 SignedData message (RFC 5652 5.1): a bundle.
 */
#ifndef X509_BUNDLE_H
#define X509_BUNDLE_H

#include <openssl/x509.h>

#include "base/bytes.h"

/* The certificates of a SignedData message, DER or BER, with nothing after it; the message's own signatures are not
 * looked at, for they prove nothing about a recipient. The caller frees with sk_X509_pop_free(). NULL: it is none, or
 * it holds no certificate. */
STACK_OF(X509) *bundle_decode(struct bytes message);

#endif
