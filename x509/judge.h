/*
 * Values in, verdicts out: which of these may one encrypt to, for this address?
 *
 * judge() walks the values: split (a userSMIMECertificate may hold a bundle) →
 * parse → our own rules for the leaf (address, usages, key) → path to an anchor
 * → dates → revocation of every link. Each value starts as refused and ends
 * with one reason; the first rule broken, in the order of enum reason, names it.
 * Certificates that came in bundles help to build paths, for all values.
 *
 * No I/O, no lock, no state but policies and evidence: any number of threads at once.
 */
#ifndef X509_JUDGE_H
#define X509_JUDGE_H

#include "base/answer.h"
#include "x509/evidence.h"
#include "x509/need.h"
#include "x509/policies.h"

/* One attribute value of one entry, as the directories sent it. All pointers borrowed. */
struct candidate {
    struct blob *value;
    struct source source;
    bool closed; /* its directory is not to be asked for anything more */
};

/* One question to the judge. All borrowed. */
struct judge_request {
    const struct policies *policies;   /* each value is judged by the one of its directory and the address's domain */
    const struct evidence *evidence;   /* what came while we run; NULL: nothing */
    const struct address *address;     /* NULL: whose certificates they are is not asked, nor held against them */
    const struct candidate *candidates;
    size_t count;
    int64_t now;                       /* wall seconds */
    bool explain;                      /* writes down the way: struct trail. No verdict changes by it */
    bool ask_urls;                     /* CRLs may be asked for at URLs that certificates name; needs are written */
    bool ask_directories;              /* and in the candidate's directory, issuers' certificates as well */
    bool ask_ocsp;                     /* OCSP responders, where the policy has ocsp */
    bool ask_issuers;                  /* issuers' certificates at URLs (AIA) */
};

/* Fills draft->certificates (malloc()ed, usable first, best first, the order of the docs; then the refused, nearest to
 * usable first), certificate_count and usable_count; every string and blob in it is the draft's own, freed by
 * answer_draft_free(). Also sets draft->policy. Duplicate values (same bytes, read alike) are judged once for each
 * policy, and shown once, where they fare best, of equals at their first source. Adds to `needs` (NULL: nobody wants to
 * know) what would make an unknown verdict known, or lead on from where a path ends. -1: out of memory; the draft then
 * holds nothing. */
int judge(const struct judge_request *request, struct answer_draft *draft, struct needs *needs);

#endif
