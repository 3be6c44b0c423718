/*
 * What the judging of one value lacks, as needs, and whether it may be had at
 * all. Kept apart until the verdict is known: a value that turns out usable
 * wants no other path, one that is refused for good wants no CRL.
 */
#ifndef X509_WANTS_H
#define X509_WANTS_H

#include "x509/crl_scope.h"
#include "x509/need.h"

struct evidence;

struct wants {
    bool urls, ocsp, issuers;   /* may be asked for CRLs, OCSP answers, issuers by AIA */
    bool configured;            /* the URLs of trust.crls are asked whatever the others say */
    const char *directory;      /* where the value came from, if that may be asked; else NULL */
    const struct evidence *evidence;
    int64_t now;
    struct needs revocation;    /* would make an unknown status known */
    struct needs fresher;       /* deltas to CRLs that are current without them, CRLs that may say more */
    struct needs paths;         /* issuers that may lead to an anchor */
};

void wants_free(struct wants *wants);

/* The CRLs of all points of the certificate, and the certificates of CRL issuers that they name. True: there is a place
 * where one may come from, even if it was asked a moment ago. */
bool wants_crls(struct wants *wants, const struct crl_points *points, const struct cert *issuer);

/* The CRLs at the URLs of trust.crls. True: one of them has not come yet, or is past its nextUpdate. What is current
 * there has been heard, and nothing more is to be had. */
bool wants_configured(struct wants *wants, char *const *urls, size_t count);

/* The same as wants_crls(), where CRLs by another key say that the certificate is good, and the issuer's own may say
 * more. */
void wants_own_crls(struct wants *wants, const struct crl_points *points, const struct cert *issuer);

/* An OCSP answer, by the certificate's AIA. */
bool wants_ocsp(struct wants *wants, const struct cert *cert, const struct cert *issuer);

/* Deltas to this CRL, where freshestCRL of CRL or certificate says (RFC 5280 4.2.1.15, 5.2.6), unless one is held. */
void wants_deltas(struct wants *wants, const struct crl *crl, const struct cert *cert, const struct cert *issuer);

/* The certificate of a CRL's signer; `cert` is whose status it is about. */
bool wants_signer(struct wants *wants, const struct crl *crl, const struct cert *cert);

/* The issuer of a certificate where a path ends: that of a value, or that of a CRL's signer. */
void wants_issuer(struct wants *wants, const struct cert *cert, bool of_signer);

#endif
