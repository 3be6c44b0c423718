/*
 * What a CRL is about: issuingDistributionPoint against the certificate (RFC 5280 5.2.5, 6.3.3 (b)).
 */
#ifndef X509_CRL_SCOPE_H
#define X509_CRL_SCOPE_H

#include <openssl/x509v3.h>

#include "x509/cert.h"

/* Whether the certificate is within the scope; NULL is a scope without bounds. */
bool crl_scope_covers(const ISSUING_DIST_POINT *scope, const struct cert *cert);

/* Whether a certificate that the CRL does not list is revoked for no reason at all. */
bool crl_scope_has_all_reasons(const ISSUING_DIST_POINT *scope);

#endif
