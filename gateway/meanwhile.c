/* An older answer serves while a newer one is on its way: one that has only just expired at once (RFC 5861 3), one that
 * is older still after a short while (RFC 8767 5). */
#include <stddef.h>

#include "base/clock.h"
#include "gateway/steps.h"

/* For no longer than half of the life that it had. */
static bool has_only_just_expired(struct lookup *lookup, const struct answer *answer, int64_t now)
{
    int64_t expired_s = now - answer->fresh_until;
    return answer->outcome == OUTCOME_FOUND && now < answer->stale_until && expired_s >= 0 &&
           expired_s < atomic_load(&lookup->revalidate_s) &&
           expired_s <= (answer->fresh_until - answer->made_at) / 2;
}

bool serve_expired(struct lookup *lookup, struct answer *answer)
{
    int64_t now = clock_wall_s();
    if (!has_only_just_expired(lookup, answer, now) || !answer_stands(lookup, answer)) {
        return false;
    }
    if (now >= atomic_load_explicit(&answer->standing.renew_at, memory_order_relaxed)) {
        renewal_is_due(lookup, answer, now);
    }
    answer_asked(answer);
    count_lookups(BY_STALE, answer->outcome, 1);
    count(COUNT_STALE_RENEWING);
    return true;
}

/* What Redis had last is confirmed by it. */
void serve_meanwhile(struct flight *flight)
{
    struct answer *old = flight->waiters != NULL && flight->record != NULL ? find_older(flight) : NULL;
    if (old != NULL && old->made_at == flight->record->made_at &&
        has_only_just_expired(flight->lookup, old, clock_wall_s())) {
        keep_answer(flight, old); /* for who asks next */
        answer_meanwhile(flight, old, COUNT_STALE_RENEWING);
    }
}

/* What is gone from Redis may have been dropped for a reason: it serves only when the directories fail. */
static struct answer *find_undisputed(struct flight *flight)
{
    return flight->lacks_record ? NULL : find_older(flight);
}

void serve_impatient(struct flight *flight)
{
    struct answer *old = flight->is_out_of_patience && flight->waiters != NULL ? find_undisputed(flight) : NULL;
    if (old != NULL) {
        answer_meanwhile(flight, old, COUNT_STALE_SLOW);
    }
}

static void on_impatient(struct timer *timer)
{
    struct flight *flight = (struct flight *)((char *)timer - offsetof(struct flight, patience));
    flight->is_out_of_patience = true;
    serve_impatient(flight);
}

/* With directories that failed the last time, enough to see that they are back. Out of memory: it has no end. */
void begin_patience(struct flight *flight)
{
    if (flight->answered || find_undisputed(flight) == NULL) {
        return;
    }
    int64_t patience_ms = flight->world->config->cache.patience_ms;
    flight->patience.fire = on_impatient;
    engine_timer_set(flight->lookup->parts.engine, &flight->patience,
                     flight_failed_lately(flight) ? patience_ms / 10 : patience_ms);
}
