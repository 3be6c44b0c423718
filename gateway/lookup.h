/*
 * The way of one lookup, from an address to an answer. lookup.c reads like the
 * list; this is who may call what from where.
 *
 * lookup_get(), lookup_expect(), lookup_may_serve(), lookup_start() and
 * lookup_explain() are for any thread; everything else, and every step of a
 * flight, runs on the engine thread.
 */
#ifndef GATEWAY_LOOKUP_H
#define GATEWAY_LOOKUP_H

#include "base/named.h"
#include "base/pool.h"
#include "base/search_key.h"
#include "cache/memory.h"
#include "cache/redis.h"
#include "gateway/engine.h"
#include "gateway/evidence_store.h"
#include "gateway/world.h"

struct lookup;
struct following;

/* What a lookup works with; all of it borrowed, and outliving it. */
struct lookup_parts {
    struct engine *engine;
    struct memory *memory;
    struct shared *shared;     /* NULL: no Redis configured */
    struct pool *validators;
    struct pool *background;   /* for what may wait: closing the directories of a world that has gone */
    struct evidence_store *evidence;
    struct following *following; /* of the directories of its worlds */
    size_t alone;              /* with so many flights under way, or fewer, the engine judges; see gateway/alone.h */
    unsigned hedge_after;      /* when so many in a row found nothing in Redis, it and the directories are asked at
                                * once; 0: never; see gateway/hedge.h */
};

/* For the daemon: one flight, and the one before, which is still being stored. */
#define LOOKUP_ALONE 2
#define LOOKUP_HEDGE_AFTER 16

/* Takes a reference of `world`. NULL: out of memory. */
struct lookup *lookup_new(const struct lookup_parts *parts, struct world *world);

/* After lookup_idle() said so. */
void lookup_free(struct lookup **lookup);

/* A fresh answer that is in memory now, or .answer = NULL. Neither waits nor allocates. */
struct served lookup_get(struct lookup *lookup, const struct address *address);

/* That this is to come; see memory_expect(). */
void lookup_expect(struct lookup *lookup, const struct address *address, bool soon);

/* For one who kept a reference to an answer that lookup_get() gave out: whether it would be given out again, now. True:
 * it counts as given out, so serve it. Takes no lock: memory has it still (answer->standing), it is of this generation,
 * fresh, and lately confirmed. */
bool lookup_may_serve(struct lookup *lookup, struct answer *answer);

/* Starts the lookup or joins it; `ready` comes exactly once: at the latest shortly after lookup.deadline. */
void lookup_start(struct lookup *lookup, const struct address *address, struct waiter *waiter);

/* Engine thread. Looks the address up with nobody waiting: past both caches, to have in them what the directories say
 * now. What fails takes the place of nothing. A lookup that is under way is joined. At most cache.renewals in a second,
 * and a quarter of lookup.flights at a time; over it nothing happens, counted. */
void lookup_renew(struct lookup *lookup, const struct address *address);

/* The same for one who wants to know why: what lookup_get() or lookup_start() answer is judged once more, on a
 * validator, and comes with the way of each verdict (certificate.trail). Such an answer is for this one who asks and
 * goes into no cache. Where there is nothing to judge (no value came), the answer is the one that everybody gets. It
 * comes within twice the deadline, because paths that were of no account before are looked for as well. */
void lookup_explain(struct lookup *lookup, const struct address *address, struct waiter *waiter);

/* Any thread. Answers in memory that have a certificate of this key, at most `most`, with a reference each for the
 * caller; how many. Whether any of them may still serve is not looked at: look its address up. */
size_t lookup_find(struct lookup *lookup, const struct search_key *key, struct answer **answers, size_t most);

/* Any thread. Asks directories for the addresses of those whose cn is `name`, valid UTF-8: every one, or `only_open`
 * (world_directories_for_names()). Who asks for an equal name while that is under way gets what comes of it. `ready`
 * comes exactly once, on any thread, at the latest at lookup.deadline. */
void lookup_name(struct lookup *lookup, struct bytes name, bool only_open, struct name_waiter *waiter);

/* Any thread. How many directories that would ask. */
size_t lookup_name_searches(struct lookup *lookup, bool only_open);

/* Any thread. CRLs whose signature we verified and that are current, by iHash or sKIDHash: complete ones first, then
 * the newest; at most `most`, with a reference each for the caller; how many. */
size_t lookup_crls(struct lookup *lookup, const struct search_key *key, struct search_match *crls, size_t most);

/* New lookups begin in this world from now on; takes a reference. */
void lookup_adopt(struct lookup *lookup, struct world *world);
struct world *lookup_world(struct lookup *lookup); /* borrowed */

/* Any thread. Why we are not ready to answer; NULL: we are. */
const char *lookup_why_not_ready(struct lookup *lookup);

/* From now on every new lookup is answered unknown (shutting_down); flights go on. */
void lookup_drain(struct lookup *lookup);
bool lookup_is_draining(struct lookup *lookup);

/* Ends every flight now: unknown (shutting_down), or an older answer where there is one. */
void lookup_end_flights(struct lookup *lookup);

/* Whether no flight is under way and nothing that one started is still to come back. */
bool lookup_idle(const struct lookup *lookup);

#endif
