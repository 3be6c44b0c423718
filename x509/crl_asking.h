/*
 * One question to the CRLs, between crl_ask.c, which answers it, and crl_want.c,
 * which says what would answer it better.
 */
#ifndef X509_CRL_ASKING_H
#define X509_CRL_ASKING_H

#include "x509/crl_ask.h"
#include "x509/signer.h"

/* A CRL within whose scope the certificate is. */
struct found {
    const struct crl *crl;
    unsigned reasons;      /* that it covers, over all points that lead to it */
    bool own;              /* by the key that issued the certificate, or one that is for CRLs alone */
    struct signer signer;
    const char *word;      /* what came of it, for explain */
};

/* One question. */
struct asking {
    const struct path_request *request;
    const struct path *path;
    size_t link;
    struct crl_points points;
    struct found found[MAX_CRLS_ASKED]; /* scope by scope, newest first */
    size_t count;
    bool suppose;          /* a signer whose own path is judged may speak for itself */
    unsigned reasons;      /* for which it is known not to be revoked */
    struct crl_answer *answer;
};

static inline const struct cert *asking_cert(const struct asking *asking)
{
    return asking->path->certs[asking->link];
}

/* Whether what it lists counts. */
static inline bool found_speaks(const struct asking *asking, const struct found *found)
{
    return found->signer.word == SIGNER_GOOD || found->signer.word == SIGNER_UNKNOWN ||
           (found->signer.word == SIGNER_ITSELF && asking->suppose);
}

/* Whether it can make a certificate good. */
static inline bool found_vouches(const struct asking *asking, const struct found *found)
{
    return found_speaks(asking, found) && found->signer.word != SIGNER_UNKNOWN;
}

/* Writes to request->wants what is missing, and to the answer whether it may come. */
void crl_want(const struct asking *asking);

#endif
