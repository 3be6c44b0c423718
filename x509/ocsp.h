/*
 * OCSP (RFC 6960): questions about one certificate, and answers, verified.
 *
 * An answer counts when the key of the certificate's issuer signed it, or that
 * of a certificate which that very key issued for OCSPSigning (4.2.2.2); nobody
 * else may, whatever certificates come with it. Its three clocks: thisUpdate and
 * producedAt may be five minutes ahead of ours; nextUpdate ends it, and without
 * one it lives for an hour from thisUpdate.
 *
 * The nonce (RFC 8954), if the answer has one, must be that of the question. An
 * answer without is taken: most responders sign ahead, and its clocks bound how
 * long an old one can be played again.
 *
 * A delegated responder's own status is looked up among the CRLs that are held,
 * unless its certificate has id-pkix-ocsp-nocheck; unknown is no fault, and
 * nothing is fetched for it.
 */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include <stdatomic.h>

#include "base/error.h"
#include "x509/cert.h"
#include "x509/in_use.h"

#define OCSP_NONCE_BYTES 32
#define OCSP_SKEW_S 300
#define OCSP_LIFE_WITHOUT_NEXT_UPDATE_S 3600

enum ocsp_word { OCSP_SAYS_UNKNOWN, OCSP_SAYS_GOOD, OCSP_SAYS_REVOKED };

/* About one certificate. Immutable. */
struct ocsp_answer {
    atomic_uint references;
    struct digest subject;     /* SHA-256 of the certificate that it is about */
    EVP_PKEY *issuer_key;      /* of the issuer that it was verified by */
    struct cert *responder;    /* delegated, and its status not to be left alone; else NULL */
    uint64_t link;             /* link_id() of the certificate */
    enum ocsp_word word;
    int64_t revoked_at;
    int reason;                /* -1: none stated */
    int signature_digest;
    int64_t this_update, next_update; /* the latter is when it ends */
    char *source;
    struct in_use in_use;
};

/* Whether authorityInfoAccess names a responder. */
bool ocsp_is_offered(const struct cert *cert);

/* DER of a question about one certificate, with a fresh nonce. NULL: out of memory. */
struct blob *ocsp_request(const struct cert *cert, const struct cert *issuer);

/* The same question with another nonce: one that was sent before proves nothing of when its answer was made (RFC 8954
 * 2.1). NULL: out of memory, or no question. */
struct blob *ocsp_request_again(const struct blob *request);

/* What was asked, and what came. */
struct ocsp_arrival {
    const struct cert *cert, *issuer;
    struct bytes request;  /* for its nonce; empty: the nonce is not compared, as somebody has done it already */
    struct bytes response; /* DER */
    const char *source;
    int64_t now;
};

/* One reference, the caller's. NULL: it does not count; the words say why. */
struct ocsp_answer *ocsp_read(const struct ocsp_arrival *arrival, struct error *error);
struct ocsp_answer *ocsp_ref(struct ocsp_answer *answer);
void ocsp_free(struct ocsp_answer **answer);

#endif
