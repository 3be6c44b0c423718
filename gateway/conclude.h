/*
 * From verdicts to an outcome, and how long it may be kept. Pure functions.
 */
#ifndef GATEWAY_CONCLUDE_H
#define GATEWAY_CONCLUDE_H

#include "gateway/world.h"

/* How long an answer lives, in seconds; see certlookupd.conf(5), cache. */
struct lives {
    int64_t ttl_s;      /* found */
    int64_t negttl_s;   /* none */
    int64_t limitttl_s; /* found, but partial; or waiting for evidence */
    int64_t stale_s;    /* found: how long past its life it may serve while its directory is down */
};

struct lives world_lives(const struct world *world);

/* The draft has its certificates, its asked directories and made_at; this fills in outcome, reason, partial,
 * fresh_until and stale_until. Lives start at made_at, are shortened by up to a tenth (so that what came together
 * does not expire together), and never reach beyond the notAfter of a usable certificate's chain or the nextUpdate
 * that its verdict rests on. `deadline_passed`: an asked directory that did not answer is our deadline's fault. */
void conclude(struct answer_draft *draft, const struct lives *lives, bool deadline_passed);

/* A verdict is as good as it can be now, but what it lacks may still come: it lives no longer than limitttl. */
void conclude_lacking(struct answer_draft *draft, const struct lives *lives);

/* An answer that was concluded before and judged again keeps to its first lives: never longer than `before`. */
void conclude_again(struct answer_draft *draft, const struct lives *lives, const struct answer *before);

/* The same of an answer that is being given: one that is unknown keeps its reason and its time to ask again. */
void conclude_explained(struct answer_draft *draft, const struct lives *lives, const struct answer *before);

#endif
