/*
 * What the parts of the evidence store share. Only gateway/evidence_*.c include
 * this; all runs on the engine thread, but for what says otherwise.
 *
 * A place goes round:
 *
 *   RESTS ─► SHARED ─► ASKED ─► ADDING ─► RESTS        Redis has it: SHARED ─► ADDING; of no use: ─► ASKED
 *
 * While it is under way it holds a reference of the world that it began in, so
 * the fetcher or directory that was asked stays until it has answered.
 */
#ifndef GATEWAY_EVIDENCE_PRIVATE_H
#define GATEWAY_EVIDENCE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "cache/evidence_record.h"
#include "gateway/evidence_store.h"

#define PLACE_BUCKETS 4096    /* a power of two */
#define EVIDENCE_TIDY_S 3600  /* how often what ran out is taken away */

enum place_state {
    PLACE_RESTS,
    PLACE_SHARED, /* Redis is asked */
    PLACE_ASKED,  /* the place itself is */
    PLACE_ADDING  /* what came waits for a validator, or is there */
};

/* What came of asking a place. */
enum evidence_result {
    EVIDENCE_GOOD,
    EVIDENCE_SHARED,  /* good, and from Redis */
    EVIDENCE_BAD,     /* something came, and none of it counts */
    EVIDENCE_FAILED,
    EVIDENCE_REFUSED, /* by our own rules */
    EVIDENCE_RESULT_COUNT
};

LIST_HEAD(evidence_tickets, evidence_ticket);

struct place {
    struct evidence_store *store;
    struct place *next;       /* in its bucket */
    TAILQ_ENTRY(place) order; /* least recently wanted first */
    struct digest key;        /* of need.key and the issuer: what one issuer's certificates say of a URL is not
                               * held against another's */
    struct need need;
    enum place_state state;
    struct evidence_tickets tickets; /* who waits for it */
    int64_t wanted_at;        /* wall seconds; also when it was found to be in use */
    uint64_t configured_in;   /* number of the last world whose configuration names it; 0: none has */
    bool was_tried;           /* ever, with whatever result */
    bool is_refresh;          /* under way without anybody having asked */

    /* What it gave. */
    int64_t fetched_at;       /* wall seconds; 0: nothing that is held, nor known to be empty */
    int64_t refresh_at;       /* wall seconds */
    int64_t expires_at;       /* wall seconds; 0: never */
    bool expiry_was_logged;

    /* What it did not give. */
    bool is_barren;           /* the last time it answered, and had nothing that counts */
    int64_t rest_ms;          /* the last back-off; 0: the last time it gave something, or was never asked */
    int64_t rests_until_ms;   /* mono */
    uint64_t refused_in;      /* number of the world whose rules refuse it; 0: none does */

    /* Under way. */
    struct world *world;
    size_t ring_index;
    char record_key[RECORD_KEY_BYTES];
    struct blob *sealed;          /* what Redis had */
    struct reading *reading;
    struct fetched *fetched;      /* one of these two is written by another thread before `came` is posted */
    struct entry_result *entry;
    struct task came;
    STAILQ_ENTRY(place) arrival;
    size_t arrived_bytes;
};

/* One arrival at a time is verified, upon the newest snapshot; with place NULL, what ran out is taken away. */
struct adding {
    bool is_under_way;
    struct place *place;
    struct world *world;
    struct evidence *before, *after; /* references, until the validator has given them back */
    bool is_stale;                   /* what Redis had is no newer than what we have */
    bool was_judged;                 /* a validator took it */
    int64_t fetched_at;
    struct arrival_report report;
    struct buffer sealed;            /* for Redis; empty: not to be stored */
    struct work work;
    struct task done;
};

struct evidence_store {
    struct evidence_parts parts;
    struct world *world;
    uint64_t world_number;  /* goes on with each adopted world */
    struct evidence *now;   /* read by other threads under `now_lock`; written by the engine alone, under it */
    pthread_mutex_t now_lock;
    uint64_t number;        /* of the snapshot */
    bool is_ended;
    int64_t started_ms;     /* mono */

    struct place *buckets[PLACE_BUCKETS];
    TAILQ_HEAD(places, place) places;
    size_t place_count;
    size_t under_way;       /* places that do not rest */
    size_t refreshing;      /* places under way without anybody having asked */
    bool is_refreshing;     /* looking for what is due, just now */

    STAILQ_HEAD(arrivals, place) arrivals;
    size_t arrived_bytes;   /* of them all; at most MAX_ARRIVED_BYTES, but for a single one */
    struct adding adding;

    struct timer refresh;
    int64_t next_tidy_at;   /* wall seconds */
    struct timer patience;  /* of who waits for readiness */
    atomic_bool is_ready;
};

/* evidence_place.c */
struct place *place_for(struct evidence_store *store, const struct need *need); /* NULL: no room, or memory; counted */
struct place *place_known(struct evidence_store *store, const struct need *need); /* NULL: there is none */
void place_free(struct place *place); /* out of the table already */
void place_note_wanted(struct place *place, int64_t now_s); /* so it goes last for want of room */
bool place_holds(const struct place *place); /* something that counts */
int64_t place_due_at(const struct place *place); /* wall seconds: when what it gave is to be asked for again */
bool place_may_be_asked(const struct place *place);
void place_ask(struct place *place);
const char *place_name(const struct place *place, char out[MAX_SOURCE_BYTES]);

/* evidence_store.c */
void place_rest(struct place *place, bool news);   /* the end of a round: whoever waits is told */
void place_failed(struct place *place, const char *why, int64_t at_least_ms);
void place_refused(struct place *place, const char *why);
int64_t place_take_rest(struct place *place, int64_t at_least_ms); /* twice the last one, or this; returns it */

/* evidence_shared.c: asks Redis; then place_came() or place_fetch(). */
void place_ask_shared(struct place *place);
void place_store_shared(struct place *place, const struct buffer *sealed, int64_t expires_at);

/* evidence_fetch.c */
const char *need_word(enum need_kind kind); /* "crl" "ocsp" "issuer" */
/* Whether this world may ask the place at all, else why not. */
bool place_is_allowed(const struct place *place, const struct world *world, const char **why_not);
/* Asks it; then place_came() or place_failed() or place_refused(). */
void place_fetch(struct place *place);
void place_drop_arrival(struct place *place);
/* Borrowed from what came; on any thread. `objects` has room for MAX_EVIDENCE_OBJECTS. How many. */
size_t place_objects(const struct place *place, struct bytes *objects);

/* evidence_add.c */
void place_came(struct place *place);
void evidence_add_next(struct evidence_store *store);
void evidence_show(const struct evidence_store *store); /* gauges */
void evidence_count_result(enum need_kind kind, enum evidence_result result);

/* evidence_refresh.c */
/* Whether it is kept fresh: the configuration names it, or somebody has wanted or used, lately, what it gave. */
bool place_is_wanted(const struct place *place, int64_t now_s);
void evidence_refresh_start(struct evidence_store *store); /* a world was adopted: marks what it names */
void evidence_refresh(struct evidence_store *store);       /* asks what is due, and sets the timer */

#endif
