/*
 * The evidence that this gateway holds now, and how it comes by more.
 *
 * Everything here runs on the engine thread. A flight whose verdicts lack
 * something hands in the needs; the store asks each place once however many
 * flights want it, first Redis (what another gateway fetched, verified here
 * again), then the place itself; what came is verified on a validator, one
 * arrival after the other, and a new snapshot takes the place of the current
 * one. Evidence is fetched again before it runs out, at its own time, so that no
 * lookup waits for it twice.
 *
 * A place that gave nothing usable is left alone until its back-off ends, or,
 * if it gave a bad CRL, for longer (bounded): a lookup never fetches what is
 * known to be bad. A new CRL that revokes what an answer in memory rests on
 * drops that answer.
 *
 *   evidence_store.c    who waits for places, and the order of the steps
 *   evidence_place.c    the places
 *   evidence_fetch.c    a place is asked: fetcher or directory
 *   evidence_shared.c   Redis: names, records, their lives
 *   evidence_add.c      arrivals, one after the other, on a validator; what follows from a new snapshot
 *   evidence_refresh.c  the timer: what is fetched again, what is forgotten
 */
#ifndef GATEWAY_EVIDENCE_STORE_H
#define GATEWAY_EVIDENCE_STORE_H

#include <sys/queue.h>

#include "base/pool.h"
#include "cache/memory.h"
#include "cache/redis.h"
#include "gateway/engine.h"
#include "gateway/world.h"
#include "x509/evidence.h"

struct evidence_store;

struct evidence_parts {
    struct engine *engine;
    struct memory *memory;
    struct shared *shared;   /* NULL: no Redis */
    struct pool *validators;
    struct pool *background; /* closes a world that nobody needs any longer */
};

/* Takes a reference of `world`, and begins to fetch what its configuration names. NULL: out of memory. */
struct evidence_store *evidence_store_new(const struct evidence_parts *parts, struct world *world);
void evidence_store_free(struct evidence_store **store); /* after evidence_store_idle() */

/* A new world: its policies verify what comes, its directories are asked, its fetcher fetches. What is held stays; it
 * is evidence whatever the policy. */
void evidence_store_adopt(struct evidence_store *store, struct world *world);

/* The current snapshot, with a reference for the caller; a larger number is a later snapshot. */
struct evidence *evidence_store_now(struct evidence_store *store, uint64_t *number);
struct evidence *evidence_store_ref(struct evidence_store *store); /* the same, for any thread */
uint64_t evidence_store_number(const struct evidence_store *store);

/* Any thread. Whether the current snapshot revokes one of these links. */
bool evidence_store_revokes(struct evidence_store *store, const uint64_t *links, size_t count);

/* One place that somebody waits for. The store's. */
struct evidence_ticket {
    LIST_ENTRY(evidence_ticket) entry;
    struct evidence_wait *wait; /* NULL: not in use */
};

/* Somebody who waits for needs; lives inside a flight. */
struct evidence_wait {
    void (*ready)(struct evidence_wait *wait); /* on the engine thread, once */
    bool for_all;    /* ready when each has come or failed; else at the first that brings a new snapshot, too */
    bool is_patient; /* waits for places as well that failed the last time */
    bool holds_back; /* the store's: something is asked for only if what is under way brings nothing */
    size_t pending;  /* the store's: places under way that it waits for; 0: it waits for nothing */
    struct evidence_ticket tickets[MAX_NEEDS];
};

/* Asks for all of them, but for issuers by AIA while a directory is asked for one. wait->pending says how many are
 * under way and waited for; 0: none, `ready` will not be called. `wait` may be NULL: nobody waits, what comes is for
 * those who ask later. */
void evidence_store_want(struct evidence_store *store, const struct needs *needs, struct evidence_wait *wait);

/* Whether one of these may still come: it is under way, or failed for a reason that passes. */
bool evidence_store_may_come(struct evidence_store *store, const struct needs *needs);

/* The flight does not wait any longer: `ready` will not be called. What is under way goes on for others. */
void evidence_store_forget(struct evidence_store *store, struct evidence_wait *wait);

/* Any thread. Whether what the configuration names (trust.crls that are URLs) has come, or failed, or had its time. */
bool evidence_store_is_ready(const struct evidence_store *store);

/* Shutting down: nothing new is asked for, and what is under way is broken off, which may wait up to a second. After
 * it, and once Redis and validators have given back what they have, the store is idle. */
void evidence_store_end(struct evidence_store *store);
bool evidence_store_idle(const struct evidence_store *store);

#endif
