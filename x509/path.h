/*
 * Paths from a leaf to an anchor: found by path_find(), judged by path_judge().
 *
 * We look for the path and libcrypto validates it, rather than leave both to
 * X509_verify_cert(): its builder commits to one issuer for each name, so that a
 * revoked, expired or forged certificate beside the right one can hide it. The
 * search goes deep first over issuers by name whose key made the signature, and
 * takes the first path that nothing speaks against; if there is none, the one
 * that got furthest says why not.
 */
#ifndef X509_PATH_H
#define X509_PATH_H

#include "base/answer.h"
#include "x509/trust.h"

/* From the leaf, certs[0], up to and with the anchor. Borrowed. */
struct path {
    const struct cert *certs[MAX_CHAIN];
    size_t count;
};

/* What was found about the revocation of one link, whether it counted or not. Strings are borrowed from policy and
 * evidence, or constant. */
struct link_evidence {
    uint32_t link;           /* 0: the leaf */
    enum evidence_kind kind;
    const char *source;      /* file, URL, or "corp: cn=CA,dc=example" */
    const char *number;      /* CRL number, decimal; "": none stated */
    int64_t this_update, next_update; /* 0: none stated */
    const char *word;        /* "good" "revoked" "silent", or why it does not count */
};

/* What a search came to. `path` is that of the verdict; empty when no path reached an anchor. */
struct verdict {
    struct finding finding;
    struct revocation revocation;
    struct path path;
    int64_t not_after; /* the earliest of the path; the leaf's without one */
    struct link_evidence evidence[MAX_LINK_EVIDENCE]; /* of its path; what is more is left out */
    size_t evidence_count;
};

#define PATH_POOLS 4
/* Where issuers come from, in this order: the policy, the leaf's own bundle, evidence, all bundles: what stands beside
 * the leaf's value comes last, so that it spends nothing of what the leaf's own issuers need. Ends with NULL. */
struct path_pools {
    const struct issuers *pools[PATH_POOLS + 1];
};

/* What a search may still cost: issuers looked at, signatures checked, complete paths judged. Shared by all searches
 * for one value, so that nobody can buy more work with more certificates in it. */
struct path_budget {
    int looks, checks, paths;
    bool used_up; /* a search was broken off */
};

struct notes;

/* What all searches for one value have in common. All borrowed. */
struct path_request {
    const struct policy *policy;
    const struct evidence *evidence;    /* NULL: none */
    const struct path_pools *pools;
    int64_t now;
    struct path_budget *budget;
    struct path_budget *signer_budget;  /* for the paths of CRL signers */
    struct wants *wants;                /* x509/wants.h */
    struct signers *signers;            /* x509/signer.h: those known already; NULL: none are remembered */

    /* Where the leaf is the signer of a CRL: the anchor that its path must end in, and whose path it is wanted for. */
    const struct cert *anchor;
    const struct signing *signing;

    struct notes *notes;                /* x509/notes.h, for explain; NULL: nobody asked */
};

/* `verdict` starts as refused and ends as the best that was found; REASON_INTERNAL: out of memory. Where the budget
 * broke the search off before that was settled, the detail says so. Notes get each chain that was tried, and, in the
 * end, the verdict. */
void path_find(const struct path_request *request, const struct cert *leaf, struct verdict *verdict);

/* Judges one complete path, each link of which path_find() has tested: names, keyCertSign, signature. Notes get each
 * rule that it breaks, not only the first. */
void path_judge(const struct path_request *request, const struct path *path, struct verdict *verdict);

#endif
