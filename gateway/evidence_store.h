/*
 * The evidence that this gateway holds now, and how it comes by more.
 *
 * Everything here runs on the engine thread. A flight whose verdicts lack
 * something hands in the needs; the store asks each place once however many
 * flights want it, first Redis (what another gateway fetched, verified here
 * again), then the place itself; what came is verified on a validator and a new
 * snapshot takes the place of the current one. Evidence is fetched again before
 * it runs out, at its own time, so that no lookup waits for it twice.
 *
 * A place that gave nothing usable is left alone until its back-off ends, or,
 * if it gave a bad CRL, until that would have expired (bounded): a lookup never
 * fetches what is known to be bad. A new CRL that revokes what an answer in
 * memory rests on drops that answer.
 */
#ifndef GATEWAY_EVIDENCE_STORE_H
#define GATEWAY_EVIDENCE_STORE_H

#include "base/pool.h"
#include "cache/memory.h"
#include "cache/redis.h"
#include "fetch/fetcher.h"
#include "gateway/engine.h"
#include "gateway/world.h"
#include "x509/evidence.h"

struct evidence_store;

struct evidence_parts {
    struct engine *engine;
    struct memory *memory;
    struct shared *shared;   /* NULL: no Redis */
    struct pool *validators;
};

/* NULL: out of memory. */
struct evidence_store *evidence_store_new(const struct evidence_parts *parts, struct world *world);
void evidence_store_free(struct evidence_store **store); /* after evidence_store_idle() */

/* A new world: its policies verify what comes, its directories are asked, its fetcher fetches. What is held stays; it
 * is evidence whatever the policy. */
void evidence_store_adopt(struct evidence_store *store, struct world *world);

/* The current snapshot, with a reference for the caller. */
struct evidence *evidence_store_now(struct evidence_store *store);

/* Somebody who waits for needs; lives inside a flight. */
struct evidence_wait {
    void (*ready)(struct evidence_wait *wait, bool news); /* on the engine thread; news: the snapshot is another one */
    size_t pending;
};

/* Asks for all of them; `ready` comes once, when each has come or failed, perhaps from within: when all are in back-off.
 * Sets wait->pending to how many are under way. */
void evidence_store_want(struct evidence_store *store, const struct needs *needs, struct evidence_wait *wait);

/* The flight does not wait any longer: `ready` will not be called. What is under way goes on for others. */
void evidence_store_forget(struct evidence_store *store, struct evidence_wait *wait);

bool evidence_store_idle(const struct evidence_store *store);
void evidence_store_end(struct evidence_store *store); /* shutting down: nothing new is fetched */

#endif
