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
#include "x509/notes.h"
#include "x509/trust.h"

/* From the leaf, certs[0], up to and with the anchor. Borrowed. */
struct path {
    const struct cert *certs[MAX_CHAIN];
    size_t count;
};

/* What a search came to. `path` is that of the verdict; empty when no path reached an anchor. */
struct verdict {
    struct finding finding;
    struct revocation revocation;
    struct path path;
    int64_t not_after; /* the earliest of the path; the leaf's without one */
};

#define PATH_POOLS 3

/* Where issuers come from, in this order: the policy, the leaf's own bundle, all bundles. */
struct path_pools {
    const struct issuers *pools[PATH_POOLS];
};

/* What a search may still cost: issuers looked at, signatures checked, complete paths judged. Shared by all searches
 * for one value, so that nobody can buy more work with more certificates in it. */
struct path_budget {
    int looks, checks, paths;
    bool used_up; /* a search was broken off */
};

/* `verdict` starts as refused and ends as the best that was found; REASON_INTERNAL: out of memory. Where the budget
 * broke the search off before that was settled, the detail says so. `notes` get each chain that was tried, and, in the
 * end, the verdict. */
void path_find(const struct policy *policy, const struct cert *leaf, const struct path_pools *pools, int64_t now,
               struct path_budget *budget, struct verdict *verdict, struct notes *notes);

/* Judges one complete path. `notes` get each rule that it breaks, not only the first. */
void path_judge(const struct policy *policy, const struct path *path, int64_t now, struct verdict *verdict,
                struct notes *notes);

#endif
