/*
 * The inside of judge(): what judge.c, judge_item.c and judge_write.c share.
 *
 *   judge.c        values are taken apart, share what they may spend, and are judged one after the other
 *   judge_item.c   one value: which of its certificates is the recipient's, and its verdict
 *   judge_write.c  the verdicts in their order, as a draft
 */
#ifndef X509_JUDGE_PRIVATE_H
#define X509_JUDGE_PRIVATE_H

#include "x509/judge.h"
#include "x509/order.h"
#include "x509/path.h"
#include "x509/signer.h"
#include "x509/value.h"
#include "x509/wants.h"

/* For the paths of CRL signers, of one value. */
#define SIGNER_BUDGET {.looks = MAX_ISSUERS_TRIED, .checks = MAX_SIGNER_CHECKS, .paths = MAX_SIGNER_PATHS}

/* One distinct value on its way to a verdict. */
struct item {
    const struct candidate *candidate;
    struct value value;
    const struct policy *policy; /* of its directory and the address's domain */
    struct issuers bundle;     /* what the value itself offers */
    struct path_budget budget, signer_budget;
    struct path_budget apart;  /* what explain may spend on paths that no verdict needs */
    struct wants wants;
    const struct cert *leaf;   /* among value.certs; NULL: malformed */
    struct verdict verdict;
    enum reason path_reason;   /* of its path alone; REASON_UNJUDGED: none was looked for */
    enum revocation_status path_status;
    struct rank rank;
    struct trail *trail;       /* of the leaf; NULL: nobody asked */
};

/* One call of judge(). */
struct session {
    const struct judge_request *request;
    struct needs *needs;       /* NULL: nobody wants to know */
    struct item **items;
    size_t count, shown;       /* the latter: each value once, in order; set in the end */
    struct issuers bundles;    /* what all values offer */
    struct path_budget left, left_apart; /* for the values that wait */
    struct signers signers;
};

/* Whether the octets are the same, and read alike: they may be good in one attribute and garbage in another. */
bool are_same_value(const struct candidate *a, const struct candidate *b);

/* -1: out of memory. */
int judge_item(struct session *session, struct item *item);

/* Sorts the items; fills in certificates and counts. -1: out of memory. */
int write_draft(struct session *session, struct answer_draft *draft);

#endif
