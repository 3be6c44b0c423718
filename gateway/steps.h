/*
 * The steps of a lookup that have files of their own, and what they share. Only
 * lookup.c and they include this; all run on the engine thread, but for what says
 * otherwise.
 */
#ifndef GATEWAY_STEPS_H
#define GATEWAY_STEPS_H

#include <pthread.h>

#include "base/metrics.h"
#include "gateway/alone.h"
#include "gateway/backoff.h"
#include "gateway/coherence.h"
#include "gateway/dropped.h"
#include "gateway/flight.h"
#include "gateway/hedge.h"
#include "gateway/inquiry.h"
#include "gateway/lookup.h"
#include "gateway/nobody.h"

/* How fast and how many renewals may be; engine thread only. */
struct renewals {
    int64_t next_us; /* when the next one is due at an even pace */
    size_t under_way;
};

struct lookup {
    struct lookup_parts parts;
    struct world *world;
    pthread_mutex_t world_lock; /* for lookup_world_ref() on other threads than the engine's, which alone writes it */
    struct flights *flights;
    struct inquiries *inquiries; /* NULL: no Redis */
    struct backoff *backoff;
    struct dropped *dropped;
    struct coherence *coherence; /* NULL: no Redis */
    struct locator *locator;     /* NULL: memory keeps nothing */
    struct namings *namings;     /* directories being asked for names */
    atomic_size_t explaining; /* answers that are judged again for one who wants to know why */
    struct renewals renewals;
    struct alone alone;
    struct hedge hedge;
    struct nobody nobody;
    atomic_size_t due; /* answers that are to be renewed or kept, on their way to the engine */
    atomic_size_t alive; /* written by the engine: flights that are not freed yet, answered or not */
    /* What lookup_get() needs of the world, on any thread. */
    _Atomic uint64_t generation;
    _Atomic int64_t revalidate_s;
    _Atomic int64_t all_dropped_at; /* wall seconds: no answer of then or before is served */
    atomic_size_t sweeps;  /* drops that are still being swept out of memory */
    uint64_t sweeps_began; /* how many drops there were before the first of these; engine thread only */
    atomic_bool draining;
};

/* asking.c: asks every directory of the flight. -1: out of memory, nothing was asked. */
int ask_directories(struct flight *flight);

/* What they say counts from now on: flight_directories_came(), once, with whatever has come; at once if all have. */
void await_directories(struct flight *flight);

/* The deadline, or nobody waits: those that have not answered are not waited for any longer. */
void ask_no_longer(struct flight *flight);

/* Whether none of the directories was asked, because too many searches wait for each. */
bool was_refused(const struct flight *flight);

/* Makes flight->draft and flight->candidates of what each directory did and of the values that came. -1: memory. */
int collect_answers(struct flight *flight);

/* Likewise of an older answer: its values, its directories, its times. -1: memory. */
int collect_from_answer(struct flight *flight, const struct answer *answer);

/* unserved.c: answers a flight for whose domain there is no directory, as late as if there were one. */
void answer_unserved(struct flight *flight);

/* The directories had nobody: notes how long that took. Before the flight is answered. */
void note_nobody(const struct flight *flight);

/* hedging.c: asks Redis, as ask_shared() does; and the directories before, if that is worth it (gateway/hedge.h):
 * go_to_directories() finds them asked. */
void ask_shared_or_both(struct flight *flight);

/* The last of the directories that were asked before Redis has answered. Their whole answer is what the flight comes
 * to; else what Redis has is weighed first. */
void hedge_directories_came(struct flight *flight);

/* The directories' answer came to nothing, and what Redis has is not known yet: then the flight falls back when it
 * is. False: it falls back now. */
bool hedge_knows_more(struct flight *flight, enum reason failure);

/* The flight has answered. What the directories find is not waited for; Redis is asked for whether it is cold still. */
void hedge_answered(struct flight *flight);

/* judging.c: has the flight's candidates judged: by a validator, or, when they are small and the engine has little to
 * do, in its next turn; then flight_judged(). -1: the validators are full, and the verdict before stays. */
int judge_candidates(struct flight *flight, enum judging judging);

/* Whether the engine has so little to do that it may work for the flight itself, as it has few and small candidates. */
bool engine_may_work(const struct flight *flight);

/* Works for the flight on the engine, and notes how long that took. */
void engine_work(struct flight *flight, void (*work)(struct flight *flight));

/* lacking.c: fetches what the verdict lacks, if that is worth waiting for. True: the flight goes on with
 * flight_judged() after another judging, or with flight_has_evidence() without. */
bool fetch_what_lacks(struct flight *flight);

/* The deadline, or the end: what has not come is not waited for any longer. */
void fetch_no_longer(struct flight *flight);

/* Judges again if the snapshot went on since the verdict was made. */
bool judge_with_news(struct flight *flight);

/* Any thread. Whether the evidence of today revokes what a usable certificate of the answer rests on. */
bool is_revoked_since(struct lookup *lookup, const struct answer *answer);

/* A verdict none that may be a better one soon is kept for a short while only. */
void shorten_provisional(struct flight *flight);

/* explaining.c: the end of a flight that explains. */
void flight_explained(struct flight *flight);

/* shared.c: any thread. Takes what Redis had under `key` as an answer of ours to the address. Its generation is that of
 * `world` only if the policy of that judged it; else 0. NULL: it is of no use; counted. */
struct answer *take_record(const struct lookup *lookup, const struct world *world, const struct digest *scope,
                           const struct address *address, const char *key, struct bytes value);

/* Any thread. What became of asking Redis counts for whether the directories are asked at the same time. A record that
 * does not open, and an error, say nothing of that. */
void note_record(struct lookup *lookup, enum shared_result result, const struct answer *record);

/* Any thread. Whether an answer of Redis is fresh, and such that memory will give it out: what was found in the very
 * second in which everything was dropped would have a flight each time. */
bool is_current(const struct lookup *lookup, const struct answer *answer);

/* Asks Redis, under each key of the seal ring; then flight_record_came(), with flight->record set if
 * there was something. */
void ask_shared(struct flight *flight);

/* What the flight rests on was dropped since it began, or another gateway came to a newer answer: who waits for it gets
 * what it comes to, but nobody joins it any more, and nothing of it is stored. */
bool flight_is_outdated(const struct flight *flight);

/* Whether what Redis had is what memory has, from before we heard nothing for a while. */
bool record_is_known(const struct flight *flight);

/* Puts an answer into memory, unless it was dropped, or another gateway came to a newer one, since the flight began. */
void keep_answer(struct flight *flight, struct answer *answer);

/* What came of it when the thread that read the question asked Redis, if that was in the flight's own world. */
void take_inquired(struct flight *flight, struct question *question);

/* As keep_answer(), of an answer that the thread which read the question had of Redis. */
void keep_inquired(const struct question *question);

/* Puts the verdict into memory, where it belongs; unless it was dropped meanwhile. */
void store_verdict(struct flight *flight);

/* And into Redis, what directories sent: a validator or the engine seals it, while those who asked have their answer
 * already. */
void share_verdict(struct flight *flight);

/* dropping.c: what memory has of this address may be what was dropped, as it is not all swept out yet. */
bool is_being_swept(const struct lookup *lookup, const struct address *address);

/* dropping.c: what the flight rests on was dropped since it began. It is outdated, and no older answer that it knows
 * may serve. */
bool flight_is_dropped(const struct flight *flight);

/* locator.c: for a memory of so many bytes, beside which it takes a part. NULL: out of memory. */
struct locator *locator_new(size_t memory_bytes);
void locator_free(struct locator **locator);

/* Any thread. The answer, which goes into memory or has just gone there, is found by what its certificates
 * are searched for. */
void make_findable(struct lookup *lookup, const struct answer *answer);

/* naming.c */
struct namings *namings_new(void);
void namings_free(struct namings **namings);
void namings_end(struct lookup *lookup);              /* answers every search for a name that is under way */
bool namings_are_over(const struct namings *namings); /* and what they started has come back */

/* renew.c: says when an answer is to be renewed ahead; before memory has it. */
void plan_renewal(const struct world *world, struct answer *answer);

/* Any thread. The answer was given out at `now`, and its renewal is due: one of those who see that has it renewed. */
void renewal_is_due(struct lookup *lookup, struct answer *answer, int64_t now);

/* Whether the flight's errand is to bring something newer than this, which a cache has. */
bool wants_newer(const struct flight *flight, const struct answer *answer);

/* Whether what a renewal brought is less than the whole answer that there is, because a directory was down: then it
 * takes the place of nothing. */
bool renewal_is_worse(const struct flight *flight);

/* The flight has answered. */
void renewal_ended(struct flight *flight);

/* meanwhile.c: any thread. Whether memory's answer that may not serve as fresh has only just expired (RFC 5861 3) and
 * serves as stale; then it is counted, and renewed. */
bool serve_expired(struct lookup *lookup, struct answer *answer);

/* The same of what Redis or memory had for this flight: it goes to everybody who waits, and the flight goes on. */
void serve_meanwhile(struct flight *flight);

/* The directories were asked. When they take long, an older answer serves meanwhile: to those who wait by then, and at
 * once to who joins later, which serve_impatient() sees to. */
void begin_patience(struct flight *flight);
void serve_impatient(struct flight *flight);

/* answering.c: the end of a flight. Everybody who waits gets the answer; the flight leaves the table. */
void answer_flight(struct flight *flight, struct answer *answer, enum layer layer, bool stale);
void answer_plain(struct flight *flight, enum outcome outcome, enum reason reason, int64_t retry_after_ms);

/* Any thread. Counts and logs what is answered without a flight. */
void answer_inquired(const struct question *question, const struct answer *answer);

/* What the failing directories said, if that is known, or only why. */
void answer_unknown(struct flight *flight, enum reason reason);

/* The directories fail, or may not be asked: an older answer that may still serve does; one of another policy is
 * judged again before. Otherwise unknown. */
void fall_back(struct flight *flight, enum reason failure);

/* Whether this is what memory had, and Redis, which is away, may know better: it serves as stale only. */
bool is_doubtful(const struct flight *flight, const struct answer *old);

/* What fall_back() would answer with, as it is; NULL: nothing, or nothing without being judged again. */
struct answer *find_older(struct flight *flight);

/* Everybody who waits gets it; the flight goes on. `why`: COUNT_STALE_*, if it has expired. */
void answer_meanwhile(struct flight *flight, struct answer *old, enum counter why);

/* As fall_back(), but at once, without judging anything. Nothing happens when the flight has answered. */
void answer_late(struct flight *flight, enum reason failure);

/* Whether it failed the last time, a short while ago. */
bool flight_failed_lately(const struct flight *flight);

/* How long the lookup is still to rest, how long it would if it failed now, and that it did not. */
int64_t flight_rests_ms(const struct flight *flight);
int64_t flight_next_rest_ms(const struct flight *flight);
void flight_succeeded(const struct flight *flight);

/* Those who wait for no flight get an answer without certificates. */
void tell_plain(struct lookup *lookup, const struct address *address, struct waiter *waiters, enum outcome outcome,
                enum reason reason, int64_t retry_after_ms);

/* A step that counted itself in flight->open ends: frees the flight when it was the last and the flight has
 * answered. */
void flight_release(struct flight *flight);

/* serving.c: any thread. Whether memory's answer is of now, whatever its age: kept, of this generation, confirmed. */
bool answer_stands(struct lookup *lookup, const struct answer *answer);

/* lookup.c: any thread. With a reference for the caller. */
struct world *lookup_world_ref(struct lookup *lookup);

/* Begins a flight for who asked then (mono); NULL: why not. Whoever waits joins it before it runs. */
struct flight *flight_start(struct lookup *lookup, const struct address *address, int64_t asked_ms,
                            enum reason *why_not);
void flight_run(struct flight *flight);

/* lookup.c: where these steps lead. */
void flight_record_came(struct flight *flight);
void flight_record_came_late(struct flight *flight); /* the directories had answered before */
void flight_directories_came(struct flight *flight);
void flight_judged(struct flight *flight);
void flight_has_evidence(struct flight *flight);

#endif
