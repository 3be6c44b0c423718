/*
 * From verdicts to an outcome, and how long it may be kept. Pure functions.
 */
#ifndef GATEWAY_CONCLUDE_H
#define GATEWAY_CONCLUDE_H

#include "base/answer.h"

/* How long an answer lives, in seconds; see certlookupd.conf(5), cache. */
struct lives {
    int64_t ttl_s;      /* found */
    int64_t negttl_s;   /* none */
    int64_t limitttl_s; /* found, but partial */
    int64_t stale_s;    /* found: how long past its life it may serve while its directory is down */
};

/* The draft has its certificates, its asked directories and made_at; this fills in outcome, reason, partial,
 * fresh_until and stale_until. Lives start at made_at, are shortened by up to a tenth (so that what came together
 * does not expire together), and never reach beyond the notAfter of a usable certificate's chain or the nextUpdate
 * that its verdict rests on. `deadline_passed`: an asked directory that did not answer is our deadline's fault. */
void conclude(struct answer_draft *draft, const struct lives *lives, bool deadline_passed);

/* An answer that was concluded before and judged again keeps to its first lives: never longer than `before`. */
void conclude_again(struct answer_draft *draft, const struct lives *lives, const struct answer *before);

#endif
