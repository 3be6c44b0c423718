/*
 * Values in, verdicts out: which of these may one encrypt to, for this address?
 *
 * judge() walks the values: split (a userSMIMECertificate may hold a bundle) →
 * parse → our own rules for the leaf (address, usages, key) → path to an anchor
 * → dates → revocation of every link. Each value starts as refused and ends
 * with one reason; the first rule broken, in the order of enum reason, names it.
 * Certificates that came in bundles help to build paths, for all values.
 *
 * No I/O, no lock, no state but the policy: any number of threads at once.
 */
#ifndef X509_JUDGE_H
#define X509_JUDGE_H

#include "base/answer.h"
#include "x509/policy.h"

/* One attribute value of one entry, as the directories sent it. All pointers borrowed. */
struct candidate {
    struct blob *value;
    struct source source;
};

/* Fills draft->certificates (malloc()ed, usable first, best first, the order of the docs; then the refused, nearest to
 * usable first), certificate_count and usable_count; every string and blob in it is the draft's own, freed by
 * answer_draft_free(). Also sets draft->policy. Duplicate values (same bytes, read alike) are judged once and shown
 * once, at their first source. `now` is wall seconds. -1: out of memory; the draft then holds nothing. */
int judge(const struct policy *policy, const struct address *address, const struct candidate *candidates, size_t count,
          int64_t now, struct answer_draft *draft);

#endif
