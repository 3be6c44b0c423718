/*
 * A lookup that asks Redis and the directories at the same time (gateway/hedge.h).
 *
 * The directories go first. One nearby has answered before Redis could be of any
 * use, and what Redis does meanwhile only keeps it, and us, from the processor;
 * so Redis has the question a moment later, or when who waits has the answer.
 * Asked it is: what it has says whether it is cold still.
 */
#include <stddef.h>

#include "base/metrics.h"
#include "gateway/steps.h"

#define A_MOMENT_MS 2

/* Nobody may be asked for what rests, or for what memory has an older answer of: that one is weighed against Redis. */
static bool may_hedge(const struct flight *flight)
{
    const struct lookup *lookup = flight->lookup;
    return hedge_is_on(&lookup->hedge, atomic_load(&lookup->alive)) && flight->errand == ERRAND_ASKED &&
           flight->old == NULL && shared_is_up(lookup->parts.shared) && flight_rests_ms(flight) == 0;
}

static void on_moment(struct timer *timer)
{
    struct flight *flight = (struct flight *)((char *)timer - offsetof(struct flight, ask_later));
    flight->asks_later = false;
    flight->open++;
    ask_shared(flight);
    flight_release(flight);
}

static void ask_shared_now(struct flight *flight)
{
    flight->asks_later = false;
    engine_timer_clear(&flight->ask_later);
    ask_shared(flight);
}

void ask_shared_or_both(struct flight *flight)
{
    flight->awaits_record = true;
    flight->hedged = may_hedge(flight) && ask_directories(flight) == 0;
    count_add(COUNT_HEDGED, flight->hedged);
    flight->ask_later.fire = on_moment;
    flight->asks_later = flight->hedged &&
                         engine_timer_set(flight->lookup->parts.engine, &flight->ask_later, A_MOMENT_MS) == 0;
    if (!flight->asks_later) {
        ask_shared(flight);
    }
}

/* One that fails, or is cut off, does not say that there is no more. */
static bool is_whole(const struct flight *flight)
{
    bool whole = true;
    for (size_t i = 0; whole && i < flight->directory_count; i++) {
        const struct ask *ask = &flight->asks[i];
        whole = ask->back && ask->result != NULL && ask->result->result == ASKED_ANSWERED;
    }
    return whole;
}

void hedge_directories_came(struct flight *flight)
{
    if (flight->answered || flight->deadline_passed || !flight->awaits_record) {
        return; /* a record that is being judged comes first */
    }
    if (is_whole(flight)) {
        flight->awaits_record = flight->hedged = false;
        flight_directories_came(flight);
    } else if (flight->asks_later) {
        ask_shared_now(flight);
    }
}

bool hedge_knows_more(struct flight *flight, enum reason failure)
{
    if (!(flight->asks_later || flight->asks_shared) || flight->deadline_passed) {
        return false;
    }
    flight->failure = failure;
    flight->falls_back_on_record = true;
    if (flight->asks_later) {
        ask_shared_now(flight);
    }
    return true;
}

static void on_at_last(struct task *task)
{
    struct flight *flight = (struct flight *)((char *)task - offsetof(struct flight, ask_at_last));
    ask_shared(flight);
    flight_release(flight);
}

/* Before the answer is stored there. At our end nobody wants to know any more. */
static void ask_at_last(struct flight *flight)
{
    if (!lookup_is_draining(flight->lookup)) {
        flight->ask_at_last.run = on_at_last;
        flight->open++;
        engine_post(flight->lookup->parts.engine, &flight->ask_at_last);
    }
}

void hedge_answered(struct flight *flight)
{
    if (flight->asks_later) {
        flight->asks_later = false;
        engine_timer_clear(&flight->ask_later);
        ask_at_last(flight);
    }
    if (flight->hedged) {
        flight->hedged = false;
        count(COUNT_HEDGED_IN_VAIN);
        ask_no_longer(flight);
    }
}
