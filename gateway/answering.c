#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/steps.h"

static struct answer *make_plain(const struct lookup *lookup, const struct address *address, enum outcome outcome,
                                 enum reason reason, int64_t retry_after_ms)
{
    int64_t now = clock_wall_s();
    struct answer_draft draft = {
        .address = *address,
        .outcome = outcome,
        .reason = reason,
        .generation = lookup->world->generation,
        .made_at = now,
        .fresh_until = now,
        .stale_until = now,
        .retry_after_s = (retry_after_ms + 999) / 1000,
    };
    struct answer *answer = answer_make(&draft);
    return answer != NULL ? answer : answer_internal_error();
}

void tell_plain(struct lookup *lookup, const struct address *address, struct waiter *waiters,
                enum outcome outcome, enum reason reason, int64_t retry_after_ms)
{
    struct answer *answer = make_plain(lookup, address, outcome, reason, retry_after_ms);
    for (const struct waiter *waiter = waiters; waiter != NULL; waiter = waiter->next) {
        count_lookups(BY_DIRECTORY, outcome, 1);
    }
    waiters_wake(waiters, answer, LAYER_DIRECTORY, false);
    answer_free(&answer);
}

/* What a cache answers is no news. */
static void log_lookup(struct bytes address, const struct answer *answer, enum layer layer, bool stale, size_t waiters,
                       int64_t took_ms)
{
    enum log_level level = layer == LAYER_DIRECTORY || stale ? LEVEL_INFO : LEVEL_DEBUG;
    char shown[LOG_ADDRESS_BYTES];

    if (!log_enabled(level)) {
        return;
    }
    log_event(level, "lookup", LOG_TEXT("address", log_address(address, shown)),
              LOG_TEXT("outcome", outcome_word(answer->outcome)), LOG_TEXT("reason", reason_word(answer->reason)),
              LOG_TEXT("layer", stale ? "stale" : layer_word(layer)),
              LOG_NUMBER("usable", (int64_t)answer->usable_count),
              LOG_NUMBER("values", (int64_t)answer->certificate_count),
              LOG_NUMBER("directories", (int64_t)answer->asked_count),
              LOG_NUMBER("waiters", (int64_t)waiters), LOG_NUMBER("ms", took_ms));
}

static void count_waiters(const struct flight *flight, const struct answer *answer, enum layer layer, bool stale,
                          enum counter why)
{
    count_lookups(known_by(layer, stale), answer->outcome, flight->waiter_count);
    if (stale) {
        count_add(why, flight->waiter_count);
    }
}

void answer_flight(struct flight *flight, struct answer *answer, enum layer layer, bool stale)
{
    flight->answered = true;
    flights_remove(flight->lookup->flights, flight);
    renewal_ended(flight);
    engine_timer_clear(&flight->deadline);
    engine_timer_clear(&flight->patience);
    count_waiters(flight, answer, layer, stale, COUNT_STALE_FAILING);
    int64_t took_ms = clock_mono_ms() - flight->started_ms;
    log_lookup(address_bytes(&flight->address), answer, layer, stale, flight->waiter_count, took_ms);
    inquiry_end(&flight->question);
    flight_wake(flight, answer, layer, stale);
    hedge_answered(flight);
}

void answer_inquired(const struct question *question, const struct answer *answer)
{
    int64_t took_ms = clock_mono_ms() - question->asked_ms;
    count_lookups(BY_REDIS, answer->outcome, question->waiter_count);
    log_lookup(question_text(question), answer, LAYER_REDIS, false, question->waiter_count, took_ms);
}

void answer_plain(struct flight *flight, enum outcome outcome, enum reason reason, int64_t retry_after_ms)
{
    struct answer *answer = make_plain(flight->lookup, &flight->address, outcome, reason, retry_after_ms);
    answer_flight(flight, answer, LAYER_DIRECTORY, false);
    answer_free(&answer);
}

void answer_unknown(struct flight *flight, enum reason reason)
{
    flight->failure = reason;
    if (flight->unknown != NULL) {
        answer_flight(flight, flight->unknown, LAYER_DIRECTORY, false);
        return;
    }
    int64_t rests_ms = flight_rests_ms(flight);
    answer_plain(flight, OUTCOME_UNKNOWN, reason, rests_ms > 0 ? rests_ms : 1000);
}

void flight_release(struct flight *flight)
{
    if (--flight->open == 0 && flight->answered) {
        struct lookup *lookup = flight->lookup;
        lookup->alive--;
        flight_free(lookup->flights, &flight, lookup->parts.background);
    }
}

/* Back-off: a lookup is tried again only after a rest. */

int64_t flight_rests_ms(const struct flight *flight)
{
    return backoff_remaining_ms(flight->lookup->backoff, address_bytes(&flight->address), flight->world->generation,
                                evidence_store_number(flight->lookup->parts.evidence), clock_mono_ms());
}

bool flight_failed_lately(const struct flight *flight)
{
    return backoff_failed_lately(flight->lookup->backoff, address_bytes(&flight->address), flight->world->generation,
                                 clock_mono_ms());
}

int64_t flight_next_rest_ms(const struct flight *flight)
{
    return backoff_next_ms(flight->lookup->backoff, address_bytes(&flight->address), flight->world->generation,
                           clock_mono_ms());
}

void flight_succeeded(const struct flight *flight)
{
    backoff_clear(flight->lookup->backoff, address_bytes(&flight->address), flight->world->generation);
}

static void note_failure(const struct flight *flight, enum reason failure)
{
    bool is_ours = failure == REASON_BACKING_OFF || failure == REASON_OVERLOADED || failure == REASON_INTERNAL ||
                   failure == REASON_SHUTTING_DOWN;
    if (!is_ours) {
        uint64_t awaits = failure == REASON_REVOCATION_UNKNOWN ? flight->evidence_number : 0;
        backoff_fail(flight->lookup->backoff, address_bytes(&flight->address), flight->world->generation, awaits,
                     clock_mono_ms());
    }
}

/* The newest older answer of the same directories that its own times still let serve; NULL: none. */
static struct answer *find_fallback(struct flight *flight)
{
    if (flight->record != NULL && (flight->old == NULL || flight->old->made_at < flight->record->made_at)) {
        answer_free(&flight->old);
        flight->old = answer_ref(flight->record);
    }
    struct answer *old = flight->old;
    int64_t now = clock_wall_s();
    bool serves = old != NULL && !flight_is_dropped(flight) && old->scope == world_scope_number(&flight->scope) &&
                  (now < old->fresh_until || (old->outcome == OUTCOME_FOUND && now < old->stale_until));
    return serves ? old : NULL;
}

/* One that our own policy judged serves as it is: its times end with the evidence that it rests on. Unless that was
 * overtaken. */
static bool serves_as_it_is(const struct flight *flight, const struct answer *old)
{
    return old != NULL && old->generation == flight->world->generation && !is_revoked_since(flight->lookup, old);
}

bool is_doubtful(const struct flight *flight, const struct answer *old)
{
    const struct coherence *coherence = flight->lookup->coherence;
    return coherence != NULL && old == flight->old && old != flight->record &&
           !coherence_covers(coherence, atomic_load(&old->standing.confirmed));
}

/* Past its life, or what Redis may know better. */
static bool is_stale(const struct flight *flight, const struct answer *old)
{
    return clock_wall_s() >= old->fresh_until || is_doubtful(flight, old);
}

static enum layer layer_of(const struct flight *flight, const struct answer *old)
{
    return old == flight->record ? LAYER_REDIS : LAYER_MEMORY;
}

static void answer_with_older(struct flight *flight, struct answer *old)
{
    answer_flight(flight, old, layer_of(flight, old), is_stale(flight, old));
}

struct answer *find_older(struct flight *flight)
{
    struct answer *old = find_fallback(flight);
    return serves_as_it_is(flight, old) ? old : NULL;
}

void answer_meanwhile(struct flight *flight, struct answer *old, enum counter why)
{
    enum layer layer = layer_of(flight, old);
    bool stale = is_stale(flight, old);
    count_waiters(flight, old, layer, stale, why);
    flight_wake(flight, old, layer, stale);
}

void fall_back(struct flight *flight, enum reason failure)
{
    if (hedge_knows_more(flight, failure)) {
        return;
    }
    flight->failure = failure;
    note_failure(flight, failure);
    struct answer *old = find_fallback(flight);
    if (serves_as_it_is(flight, old)) {
        answer_with_older(flight, old);
    } else if (old == NULL || collect_from_answer(flight, old) != 0 ||
               judge_candidates(flight, JUDGING_FALLBACK) != 0) {
        answer_unknown(flight, failure);
    }
}

void answer_late(struct flight *flight, enum reason failure)
{
    if (flight->answered) {
        return;
    }
    flight->failure = failure;
    note_failure(flight, failure);
    struct answer *old = find_fallback(flight);
    if (serves_as_it_is(flight, old)) {
        answer_with_older(flight, old);
    } else {
        answer_unknown(flight, failure);
    }
}
