#include "gateway/lookup.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/conclude.h"
#include "gateway/following.h"
#include "gateway/steps.h"

/*
 * The way of one lookup. What stands before step 3 runs on the thread that read
 * the request; all else on the engine thread, in callbacks, in this order:
 *
 *   1  address_parse()            the address is normalised by whoever read it
 *   2  lookup_get()               memory: a fresh answer is served at once (serving.c)
 *      lookup_start()             or else the question goes to the engine; where the thread has a connection to Redis
 *                                 of its own, it takes step 4 before (inquiry.c), and mostly that is all
 *   3  begin()                    join the flight that asks the same, or start one
 *   4  ask_shared()               Redis: what another gateway found
 *      flight_record_came()
 *   5  ask_directories()          the directories of this domain, all at once; before 4 while Redis is cold: hedging.c
 *      await_directories()        what they say counts from here on
 *      flight_directories_came()
 *   6  judge_candidates()         verdict per value, on a validator; small ones with little to do here: alone.h
 *      flight_judged()
 *   7  fetch_what_lacks()         CRLs, OCSP answers, issuers that the verdict lacks; then 6 again, a few rounds
 *      flight_has_evidence()
 *   8  store_verdict()            memory
 *      answer_flight()            everybody who waits
 *      share_verdict()            Redis: sealed by a validator, when all have their answer
 *
 * Where there are no directories for the domain, the flight is answered as late
 * as if there were (unserved.c).
 *
 * When the directories fail, fall_back() looks for an older answer that may
 * still serve; without one the outcome is unknown. Either way the lookup rests
 * a while before the directories are asked for this address again. When they
 * take long, an older answer serves meanwhile (meanwhile.c).
 *
 * A flight may run without anybody waiting for it: renew.c begins these. What
 * memory has is found by its certificates, too (locator.c), and addresses by the
 * name that a directory has for them (naming.c); each is then looked up as here.
 */

/* A verdict may come this much after the deadline, when the values came just before it. */
#define JUDGING_GRACE_MS 500

static void take_world(struct lookup *lookup, struct world *world)
{
    pthread_mutex_lock(&lookup->world_lock);
    lookup->world = world_ref(world);
    pthread_mutex_unlock(&lookup->world_lock);
    atomic_store(&lookup->revalidate_s, world->config->cache.revalidate_s);
    atomic_store(&lookup->generation, world->generation);
    gauge_set(GAUGE_GENERATION, (int64_t)world->generation);
    gauge_set(GAUGE_ANCHORS, (int64_t)policies_anchor_count(world->policies));
    gauge_set(GAUGE_CRLS, (int64_t)policies_crl_count(world->policies));
}

struct lookup *lookup_new(const struct lookup_parts *parts, struct world *world)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL) {
        return NULL;
    }
    lookup->parts = *parts;
    lookup->alone.most_flights = parts->alone;
    lookup->hedge.after = parts->hedge_after;
    lookup->hedge.most_flights = LOOKUP_ALONE;
    lookup->flights = flights_new((size_t)world->config->max_flights);
    lookup->backoff = backoff_new();
    lookup->dropped = dropped_new();
    lookup->namings = namings_new();
    lookup->inquiries = parts->shared != NULL ? inquiries_new() : NULL;
    atomic_init(&lookup->all_dropped_at, INT64_MIN);
    pthread_mutex_init(&lookup->world_lock, NULL);
    take_world(lookup, world);
    bool keeps = memory_keeps(parts->memory);
    lookup->locator = keeps ? locator_new((size_t)world->config->cache.memory_bytes) : NULL;
    if (lookup->flights == NULL || lookup->backoff == NULL || lookup->dropped == NULL || lookup->namings == NULL ||
        (keeps && lookup->locator == NULL) ||
        (parts->shared != NULL &&
         (lookup->inquiries == NULL || (lookup->coherence = coherence_new(lookup)) == NULL))) {
        lookup_free(&lookup);
    } else {
        following_begin(lookup->parts.following, lookup);
        following_adopt(lookup->parts.following, world);
    }
    return lookup;
}

void lookup_free(struct lookup **lookup)
{
    if (*lookup == NULL) {
        return;
    }
    following_end((*lookup)->parts.following);
    flights_free(&(*lookup)->flights);
    backoff_free(&(*lookup)->backoff);
    coherence_free(&(*lookup)->coherence);
    dropped_free(&(*lookup)->dropped);
    inquiries_free(&(*lookup)->inquiries);
    namings_free(&(*lookup)->namings);
    locator_free(&(*lookup)->locator);
    world_free(&(*lookup)->world);
    pthread_mutex_destroy(&(*lookup)->world_lock);
    free(*lookup);
    *lookup = NULL;
}

struct world *lookup_world(struct lookup *lookup)
{
    return lookup->world;
}

struct world *lookup_world_ref(struct lookup *lookup)
{
    pthread_mutex_lock(&lookup->world_lock);
    struct world *world = world_ref(lookup->world);
    pthread_mutex_unlock(&lookup->world_lock);
    return world;
}

void lookup_adopt(struct lookup *lookup, struct world *world)
{
    struct world *before = lookup->world;
    take_world(lookup, world);
    if (lookup->coherence != NULL) {
        coherence_adopt(lookup->coherence);
    }
    evidence_store_adopt(lookup->parts.evidence, world);
    following_adopt(lookup->parts.following, world);
    world_retire(&before, lookup->parts.background);
}

/* 3: one flight for each key */

static void on_deadline(struct timer *timer);

struct flight *flight_start(struct lookup *lookup, const struct address *address, int64_t asked_ms,
                            enum reason *why_not)
{
    *why_not = REASON_INTERNAL;
    struct flight *flight = flight_new(lookup->flights, lookup, address, lookup->world);
    if (flight == NULL) {
        return NULL;
    }
    flight->started_ms = asked_ms;
    flight->began = dropped_number(lookup->dropped);
    flight->stamp = lookup->coherence != NULL ? coherence_stamp(lookup->coherence) : 0;
    flight->deadline.fire = on_deadline;
    if (flights_add(lookup->flights, flight) != 0) {
        *why_not = REASON_OVERLOADED;
        count(COUNT_LIMIT_FLIGHTS);
        flight_free(lookup->flights, &flight, lookup->parts.background);
    } else if (engine_timer_set(lookup->parts.engine, &flight->deadline,
                                lookup->world->config->deadline_ms - (clock_mono_ms() - asked_ms)) != 0) {
        flights_remove(lookup->flights, flight);
        flight_free(lookup->flights, &flight, lookup->parts.background);
    } else {
        lookup->alive++;
    }
    return flight;
}

void flight_run(struct flight *flight)
{
    struct lookup *lookup = flight->lookup;
    flight->open++;
    if (!is_being_swept(lookup, &flight->address)) {
        flight->old = memory_get_hashed(lookup->parts.memory, address_bytes(&flight->address), flight->address.hash);
    }
    if (flight->directory_count == 0) {
        answer_unserved(flight);
    } else if (lookup->parts.shared != NULL && flight->errand != ERRAND_NOW && !flight->was_inquired) {
        ask_shared_or_both(flight);
    } else {
        flight_record_came(flight);
    }
    flight_release(flight);
}

/* Who asks the same on its way to the engine has it join as well, as long as the flight is in the table. */
static void join(struct flight *flight, struct question **question)
{
    flight_join_all(flight, *question);
    if (flight->question == NULL && (*question)->inquiry.state != INQUIRY_NONE) {
        flight->question = *question;
        *question = NULL;
    }
}

static void begin(struct task *task)
{
    struct question *question = (struct question *)task;
    struct lookup *lookup = question->lookup;
    struct address address;
    enum reason why_not = REASON_SHUTTING_DOWN;
    question_address(question, &address);

    struct served served = lookup_get(lookup, &address); /* it may have come while the question waited */
    struct flight *flight = flights_find(lookup->flights, &address, lookup->world->generation);
    if (served.answer != NULL) {
        count_lookups(known_by(served.layer, served.stale), served.answer->outcome, question->waiter_count - 1);
        waiters_wake(question->waiters, served.answer, served.layer, served.stale);
        answer_free(&served.answer);
    } else if (!lookup_is_draining(lookup) && flight != NULL && !flight_is_outdated(flight)) {
        count(COUNT_LOOKUPS_JOINED);
        join(flight, &question);
        serve_impatient(flight);
    } else if (!lookup_is_draining(lookup) &&
               (flight = flight_start(lookup, &address, question->asked_ms, &why_not)) != NULL) {
        take_inquired(flight, question);
        join(flight, &question);
        flight_run(flight);
    } else {
        tell_plain(lookup, &address, question->waiters, OUTCOME_UNKNOWN, why_not, 1000);
    }
    inquiry_end(&question);
}

void lookup_start(struct lookup *lookup, const struct address *address, struct waiter *waiter)
{
    struct question *question = question_new(lookup, address, waiter, begin);
    if (question == NULL) {
        waiter->ready(waiter, (struct served){.answer = answer_internal_error(), .layer = LAYER_DIRECTORY});
    } else if (!inquiry_ask(question)) {
        engine_post(lookup->parts.engine, &question->task);
    }
}

/* 4: an answer that another gateway, or another policy of ours, came to a while ago */

/* Current, and of the very directories that we would ask. */
static bool spares_the_directories(const struct flight *flight, const struct answer *answer)
{
    return answer != NULL && !wants_newer(flight, answer) && answer->scope == world_scope_number(&flight->scope) &&
           is_current(flight->lookup, answer);
}

static void serve_known(struct flight *flight, struct answer *known)
{
    keep_answer(flight, known);
    make_findable(flight->lookup, known);
    count_add(COUNT_REDIS_CONFIRMED, flight->record != NULL && known == flight->old);
    answer_flight(flight, known, flight->record != NULL ? LAYER_REDIS : LAYER_MEMORY, false);
}

static void go_to_directories(struct flight *flight)
{
    if (!flight->hedged && flight_rests_ms(flight) > 0) {
        fall_back(flight, REASON_BACKING_OFF);
    } else if (!flight->hedged && ask_directories(flight) != 0) {
        fall_back(flight, REASON_INTERNAL);
    } else {
        flight->hedged = false;
        begin_patience(flight);
        await_directories(flight);
    }
}

/* As it is, without being judged again. */
static bool serves_at_once(const struct flight *flight, const struct answer *known)
{
    return spares_the_directories(flight, known) && known->generation == flight->world->generation &&
           !is_revoked_since(flight->lookup, known);
}

/* It serves where what the directories said waits for evidence, or came to nothing. */
void flight_record_came_late(struct flight *flight)
{
    if (flight->answered || flight->deadline_passed) {
        return;
    }
    bool lacks = flight->awaits_evidence && flight->verdict->outcome != OUTCOME_FOUND;
    if (flight->falls_back_on_record) {
        flight->falls_back_on_record = false;
        fall_back(flight, flight->failure);
    } else if (lacks && serves_at_once(flight, flight->record)) {
        fetch_no_longer(flight);
        serve_known(flight, flight->record);
    }
}

void flight_record_came(struct flight *flight)
{
    if (flight->answered || flight->deadline_passed) {
        return;
    }
    struct answer *known = flight->lookup->parts.shared != NULL ? flight->record : flight->old;
    if (record_is_known(flight)) {
        known = flight->old; /* its responses are made already */
    }
    if (!spares_the_directories(flight, known)) {
        serve_meanwhile(flight);
        go_to_directories(flight);
    } else if (serves_at_once(flight, known)) {
        serve_known(flight, known);
    } else if (collect_from_answer(flight, known) != 0 || judge_candidates(flight, JUDGING_RECORD) != 0) {
        go_to_directories(flight);
    }
}

/* 5: what the directories sent goes to a validator */

void flight_directories_came(struct flight *flight)
{
    if (flight->answered) {
        return;
    }
    if (was_refused(flight)) {
        fall_back(flight, REASON_OVERLOADED);
        return;
    }
    if (collect_answers(flight) != 0) {
        fall_back(flight, REASON_INTERNAL);
        return;
    }
    flight->draft.retry_after_s = (flight_next_rest_ms(flight) + 999) / 1000;
    if (judge_candidates(flight, JUDGING_FOUND) != 0) {
        fall_back(flight, REASON_OVERLOADED);
    }
}

/* 6 and 7: the verdict, and what it lacks */

static void found_was_judged(struct flight *flight)
{
    if (flight->verdict->outcome != OUTCOME_UNKNOWN && renewal_is_worse(flight)) {
        if (!flight->answered) {
            fall_back(flight, REASON_DIRECTORY_UNAVAILABLE);
        }
    } else if (flight->verdict->outcome != OUTCOME_UNKNOWN) {
        flight_succeeded(flight);
        shorten_provisional(flight);
        store_verdict(flight);
        if (!flight->answered && flight->verdict->outcome == OUTCOME_NONE) {
            note_nobody(flight);
        }
        if (!flight->answered) {
            answer_flight(flight, flight->verdict, LAYER_DIRECTORY, false);
        }
        share_verdict(flight);
    } else if (!flight->answered) {
        flight->unknown = answer_ref(flight->verdict);
        fall_back(flight, flight->verdict->reason);
    }
}

static void record_was_judged(struct flight *flight)
{
    if (flight->answered) {
        return;
    }
    const struct answer *verdict = flight->verdict;
    bool lacks = verdict->outcome != OUTCOME_FOUND && flight->needs.count > 0;
    bool serves = verdict->outcome != OUTCOME_UNKNOWN && !lacks && flight->errand != ERRAND_NOW;
    if (!serves || clock_wall_s() >= verdict->fresh_until) {
        go_to_directories(flight);
        return;
    }
    store_verdict(flight);
    answer_flight(flight, flight->verdict, flight->record != NULL ? LAYER_REDIS : LAYER_MEMORY, false);
}

static void fallback_was_judged(struct flight *flight)
{
    if (flight->answered) {
        return;
    }
    const struct answer *verdict = flight->verdict;
    int64_t now = clock_wall_s();
    bool fresh = now < verdict->fresh_until, found = verdict->outcome == OUTCOME_FOUND;
    if (found ? now < verdict->stale_until : verdict->outcome == OUTCOME_NONE && fresh) {
        answer_flight(flight, flight->verdict, LAYER_MEMORY, !fresh || is_doubtful(flight, flight->judged_before));
    } else {
        answer_unknown(flight, flight->failure);
    }
}

/* A verdict that a snapshot after its own revokes is never given out, nor kept. */
static bool is_overtaken(struct flight *flight)
{
    return evidence_store_number(flight->lookup->parts.evidence) != flight->evidence_number &&
           is_revoked_since(flight->lookup, flight->verdict);
}

void flight_has_evidence(struct flight *flight)
{
    static void (*const next[])(struct flight *flight) = {
        [JUDGING_FOUND] = found_was_judged,
        [JUDGING_RECORD] = record_was_judged,
        [JUDGING_FALLBACK] = fallback_was_judged,
        [JUDGING_EXPLAINED] = flight_explained,
    };
    if (flight->judging == JUDGING_EXPLAINED || !is_overtaken(flight)) {
        next[flight->judging](flight);
    } else if (!judge_with_news(flight) && !flight->answered) {
        answer_unknown(flight, REASON_OVERLOADED);
    }
}

void flight_judged(struct flight *flight)
{
    if (flight->verdict == NULL) {
        if (flight->judging == JUDGING_EXPLAINED) {
            flight_explained(flight);
        } else if (!flight->answered) {
            answer_unknown(flight, REASON_INTERNAL);
        }
    } else if (!fetch_what_lacks(flight)) {
        flight_has_evidence(flight);
    }
}

/* The flight owns its deadline: no library decides how long a client waits. What has come by then is judged, or an
 * older answer, within the grace. */
static void on_deadline(struct timer *timer)
{
    struct flight *flight = (struct flight *)((char *)timer - offsetof(struct flight, deadline));
    bool is_first = !flight->deadline_passed;
    flight->deadline_passed = true;
    flight->open++;
    if (!is_first || engine_timer_set(flight->lookup->parts.engine, timer, JUDGING_GRACE_MS) != 0) {
        answer_late(flight, REASON_DEADLINE);
    } else if (flight->asking || (flight->hedged && !flight->is_judged)) {
        flight->hedged = false;
        ask_no_longer(flight);
        flight_directories_came(flight);
    } else if (flight->awaits_evidence) {
        fetch_no_longer(flight);
        if (!judge_with_news(flight)) {
            flight_has_evidence(flight);
        }
    } else if (!flight->is_judged) {
        fall_back(flight, REASON_DEADLINE);
    }
    flight_release(flight);
}
