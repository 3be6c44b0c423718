/*
 * The digest within a signature on a CRL or an OCSP answer; certificates' own are judged in x509/keys.h.
 */
#ifndef X509_DIGESTS_H
#define X509_DIGESTS_H

#include <openssl/x509.h>
#include <stdbool.h>

#define DIGEST_WITHIN 0 /* the algorithm brings its own: Ed25519, Ed448. It is no NID but that of "undefined" */
#define DIGEST_UNKNOWN (-1)

/* NID, or one of these two. */
int digest_of_signature(const X509_ALGOR *algorithm);

/* SHA-2, SHA-3, or within; SHA-1 if that is allowed. */
bool digest_is_strong(int digest, bool allow_sha1);

#endif
