/*
 * What a CRL is about: issuingDistributionPoint against the distribution points
 * of a certificate (RFC 5280 5.2.5, 6.3.3 (b) to (d)).
 */
#ifndef X509_CRL_SCOPE_H
#define X509_CRL_SCOPE_H

#include "x509/crl.h"

/* Reasons as a set, RFC 5280 4.2.1.13: bit n is that of ReasonFlags, from keyCompromise (1) to aACompromise (8). */
#define REASONS_ALL 0x1feU

/* The points of one certificate, and the one that is implied: its issuer's own CRL (RFC 5280 6.3.3, at the end). */
struct crl_points {
    STACK_OF(DIST_POINT) *stated;  /* relative names made whole */
    GENERAL_NAMES *issuer_names;   /* issuerAltName */
    const struct cert *cert;
    size_t count;                  /* the stated ones, at most MAX_CRL_POINTS, and then the implied one */
};

/* False: out of memory, or an extension that cert_parse() would have refused. */
bool crl_points_read(struct crl_points *points, const struct cert *cert);
void crl_points_free(struct crl_points *points);

/* NULL: the implied one. */
const DIST_POINT *crl_points_get(const struct crl_points *points, size_t index);

/* Whose CRL is looked for at the point: its cRLIssuer's, or the certificate's issuer's. NULL: no more. */
const X509_NAME *crl_points_issuer(const struct crl_points *points, size_t index, size_t which);

/* Whether the CRL, found for that point, is about the certificate; and for which reasons the certificate is not revoked
 * if it does not list it. */
bool crl_scope_covers(const struct crl *crl, const struct crl_points *points, size_t index, unsigned *reasons);

#endif
