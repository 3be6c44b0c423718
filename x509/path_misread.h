/*
 * Paths that libcrypto cannot be asked about.
 *
 * It takes a certificate for self-signed that has the same subject and issuer
 * and no authorityKeyIdentifier, and goes no further from there. But a CA that
 * changed its key may have signed the new one's certificate with the old one
 * (RFC 4210 4.4), and old software left the identifier out. What libcrypto
 * would have checked of such a path is checked here, rule by rule (RFC 5280
 * 6.1); all else is checked by x509/path_judge.c as on any other path.
 */
#ifndef X509_PATH_MISREAD_H
#define X509_PATH_MISREAD_H

#include "x509/path.h"

/* Whether a certificate below the anchor looks self-signed. It is not: the next one's key is another, and signed it. */
bool path_is_misread(const struct path *path);

/* Signatures, names, keyCertSign, path lengths and policies. False: the finding says which is broken. */
bool path_check_misread(const struct path *path, const struct initial_policies *initial, struct finding *finding);

#endif
