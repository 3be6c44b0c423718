/*
 * A flight is one lookup on its way, with everybody who waits for it.
 *
 * The key of a flight is all that may change its answer: the normalised address
 * and the generation of the world that it began in. Whoever asks the same while
 * it is under way joins it. A flight lives until it has answered and everything
 * that it started (`open`) has come back; all of it happens on the engine
 * thread, but for judging, which a validator does while the flight waits; or the
 * engine itself, see gateway/alone.h.
 */
#ifndef GATEWAY_FLIGHT_H
#define GATEWAY_FLIGHT_H

#include "base/pool.h"
#include "cache/record.h"
#include "gateway/engine.h"
#include "gateway/evidence_store.h"
#include "gateway/world.h"
#include "x509/judge.h"

struct lookup;
struct question;

/* What is being judged. */
enum judging {
    JUDGING_FOUND,   /* what the directories sent */
    JUDGING_RECORD,  /* what another gateway, or another policy, judged before: not asked for again */
    JUDGING_FALLBACK, /* an older answer, because the directories fail */
    JUDGING_EXPLAINED /* an answer that was given already, for one who wants to know why; the flight is in no table */
};

/* One directory being asked. */
struct ask {
    struct flight *flight;
    struct directory *directory;
    struct search *search;        /* until it is given back */
    struct search_result *result; /* written by the directory's thread before `came` is posted */
    bool back;
    struct task came;
};

/* What a flight is for. */
enum errand {
    ERRAND_ASKED, /* somebody wants an answer that is fresh */
    ERRAND_AHEAD, /* an answer is about to expire: one of another gateway's that is newer does as well */
    ERRAND_NOW    /* what the caches hold is known to be old */
};

struct flight {
    struct lookup *lookup;
    struct flight *next; /* in its bucket */

    struct address address;
    struct world *world;
    struct digest scope;
    enum errand errand;
    bool renews; /* begun without anybody waiting, and counted among the renewals */
    int64_t started_ms;
    int64_t stamp;  /* see coherence_stamp() */
    uint64_t began; /* how many drops there were then; see gateway/dropped.h */
    struct timer deadline;
    bool deadline_passed;
    struct question *question; /* the one that it began with or that joined it, if it is in the table of inquiries */
    struct waiter *waiters;
    size_t waiter_count;
    bool answered; /* for good: it is in the table no more */
    unsigned open; /* callbacks still to come, and steps being taken */

    /* Redis */
    char record_key[RECORD_KEY_BYTES];
    size_t ring_index;     /* which key of the seal ring the record is looked for under */
    struct answer *record; /* what Redis had, whatever its age and policy; NULL: nothing */
    bool lacks_record;     /* Redis answered, and had none */
    bool asks_shared;      /* just now */
    bool awaits_record;    /* it goes on with what Redis has */
    bool was_inquired;     /* the thread that read the question has asked Redis already */

    /* Directories */
    struct directory *directories[MAX_DIRECTORIES];
    size_t directory_count;
    struct ask *asks;
    size_t asks_pending;
    bool asking; /* their answers still count */
    bool hedged; /* asked before Redis has answered: part of an answer does not count yet */
    int64_t asked_at; /* wall seconds: what they say may be of then, however late it comes */

    /* While Redis and the directories are asked at the same time; see hedging.c */
    bool asks_later;           /* Redis: at `ask_later`, or once the flight has its answer */
    struct timer ask_later;
    struct task ask_at_last;
    bool falls_back_on_record; /* the directories' answer came to nothing but `failure`, and Redis is asked still */

    /* Judging: while it is under way the draft belongs to the validator. */
    enum judging judging;
    bool is_judged;     /* just now */
    bool engine_judges; /* and no validator does */
    struct work judge;
    struct task judged;
    bool cut_short; /* by the deadline */
    const struct answer *judged_before; /* the older answer that is judged again; NULL: what directories sent */
    struct candidate *candidates;
    size_t candidate_count;
    struct answer_draft draft;
    struct answer *verdict; /* what the validator made of it; NULL: out of memory */
    bool is_provisional;    /* it may be a better one soon: not for others */

    /* Sealing: while it is under way verdict, seal_key and sealed belong to the validator. */
    char seal_key[RECORD_KEY_BYTES]; /* which the record is stored under: Redis may be asked under another meanwhile */
    struct work seal;
    struct task was_sealed;
    bool engine_seals; /* and no validator does */
    struct buffer sealed; /* the verdict as a record; empty: it cannot be stored */

    /* Evidence */
    struct evidence *evidence; /* a reference for the validator, who gives it back */
    uint64_t evidence_number;  /* of the snapshot that the verdict was made with */
    struct needs needs;        /* what the verdict lacks */
    struct evidence_wait wait;
    bool awaits_evidence;
    unsigned rounds;           /* of fetching and judging again */

    /* When the directories fail */
    struct answer *old;     /* an older answer that may still serve; NULL: none */
    struct answer *unknown; /* what the failing directories said; NULL: only `failure` is known */
    enum reason failure;    /* REASON_UNJUDGED: it has not failed */

    /* While the directories take long */
    struct timer patience;
    bool is_out_of_patience; /* whoever has an older answer to be given waits no longer */

    /* When it explains: how the answer in `old` came. */
    enum layer explained_layer;
    bool explained_stale;
};

struct flights;

struct flights *flights_new(size_t max); /* NULL: out of memory */
void flights_free(struct flights **flights);

struct flight *flights_find(const struct flights *flights, const struct address *address, uint64_t generation);
int flights_add(struct flights *flights, struct flight *flight); /* -1: as many as there may be */
void flights_remove(struct flights *flights, struct flight *flight);
size_t flights_count(const struct flights *flights);

/* Any flight that is in the table, or NULL: for ending them all. */
struct flight *flights_any(const struct flights *flights);

/* NULL: out of memory. Takes a reference of `world`. In no table yet; `flights` may have the memory for it. */
struct flight *flight_new(struct flights *flights, struct lookup *lookup, const struct address *address,
                          struct world *world);
/* `background` closes a world that nobody needs any longer. */
void flight_free(struct flights *flights, struct flight **flight, struct pool *background);

void flight_join(struct flight *flight, struct waiter *waiter);
void flight_join_all(struct flight *flight, struct question *question); /* who waits for the question */

/* Gives everybody who waits a reference to the answer. */
void flight_wake(struct flight *flight, struct answer *answer, enum layer layer, bool stale);

#endif
