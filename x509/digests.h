/*
 * The digest within a signature on a CRL or an OCSP answer; certificates' own are judged in x509/keys.h.
 */
#ifndef X509_DIGESTS_H
#define X509_DIGESTS_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "x509/keys.h"

#define DIGEST_WITHIN 0 /* the algorithm brings its own: Ed25519, Ed448. It is no NID but that of "undefined" */
#define DIGEST_UNKNOWN (-1)

/* NID, or one of these two. */
int digest_of_signature(const X509_ALGOR *algorithm);

/* Listed, or within. */
bool digest_is_strong(int digest, const struct strength *strength);

#endif
