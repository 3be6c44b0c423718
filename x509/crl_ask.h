/*
 * What all CRLs together say of one link of a path: RFC 5280 6.3.3.
 *
 * Within one scope (issuer and issuingDistributionPoint) the newest complete
 * CRL counts, with the deltas that follow it. Scopes add up: one that lists the
 * certificate is enough to revoke it; to be good it must be within the scope of
 * current CRLs that together cover all reasons. What lists a certificate counts
 * past its nextUpdate: what was revoked does not become good by waiting.
 */
#ifndef X509_CRL_ASK_H
#define X509_CRL_ASK_H

#include "x509/crl_scope.h"
#include "x509/path.h"

enum crl_word { CRL_SILENT, CRL_GOOD, CRL_REVOKED };

struct crl_answer {
    enum crl_word word;
    int64_t revoked_at;
    int crl_reason;        /* -1: none stated */
    int64_t this_update;   /* of what decided, the newest; when silent: of a CRL past its nextUpdate, 0: none */
    int64_t next_update;   /* the earliest among what it rests on; when silent: as above */
    bool awaited;          /* silent, but some CRL may come yet */
};

/* Of path->certs[link]. Adds to `verdict` what was looked at, and to request->wants what is missing. */
void crl_ask(const struct path_request *request, const struct path *path, size_t link, struct crl_answer *answer,
             struct verdict *verdict);

/* Of two ends the earlier one; 0: none. */
static inline int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

#endif
