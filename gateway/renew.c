/* Flights that nobody waits for: an answer is had anew before somebody has to wait for it. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/steps.h"

#define SECOND_US 1000000
/* A shorter life is not worth it: near the end of a certificate, or of a CRL, each would be half of the one before. */
#define LEAST_LIFE_S 10
/* What was to be renewed and did not come is tried again after this, if it is still asked for. */
#define AGAIN_S 5

/* What keeps renewals from taking the place of those who ask. */
static size_t most_under_way(const struct lookup *lookup)
{
    size_t quarter = (size_t)lookup->world->config->max_flights / 4;
    return quarter > 0 ? quarter : 1;
}

/* An even pace, from which a second's worth may come early: after a pause, as many at once. */
static bool keeps_pace(struct renewals *renewals, int64_t rate)
{
    int64_t now_us = clock_mono_us();
    if (renewals->next_us < now_us) {
        renewals->next_us = now_us;
    }
    if (rate == 0 || renewals->next_us + SECOND_US / rate > now_us + SECOND_US) {
        return false;
    }
    renewals->next_us += SECOND_US / rate;
    return true;
}

static bool may_renew(struct lookup *lookup)
{
    struct renewals *renewals = &lookup->renewals;
    return renewals->under_way < most_under_way(lookup) && keeps_pace(renewals, lookup->world->config->cache.renewals);
}

/* Whoever asked for an answer that has expired would have begun a flight without these limits. */
static bool may_begin(struct lookup *lookup, enum errand errand)
{
    return errand == ERRAND_ASKED || may_renew(lookup);
}

/* Starts a flight on an errand, or joins one. */
static void renew(struct lookup *lookup, const struct address *address, enum errand errand)
{
    if (lookup_is_draining(lookup)) {
        return;
    }
    struct flight *flight = flights_find(lookup->flights, address, lookup->world->generation);
    if (flight != NULL && !flight_is_outdated(flight)) {
        flight->errand = flight->errand > errand ? flight->errand : errand;
        count(COUNT_RENEWALS_JOINED);
        return;
    }
    enum reason why_not;
    flight = may_begin(lookup, errand) ? flight_start(lookup, address, clock_mono_ms(), &why_not) : NULL;
    if (flight == NULL) {
        count(COUNT_RENEWALS_LIMITED);
        return;
    }
    count(COUNT_RENEWALS_STARTED);
    lookup->renewals.under_way++;
    flight->errand = errand;
    flight->renews = true;
    flight_run(flight);
}

void lookup_renew(struct lookup *lookup, const struct address *address)
{
    renew(lookup, address, ERRAND_NOW);
}

void renewal_ended(struct flight *flight)
{
    if (flight->renews) {
        flight->lookup->renewals.under_way--;
        count_add(COUNT_RENEWALS_FAILED, flight->failure != REASON_UNJUDGED);
    }
}

bool wants_newer(const struct flight *flight, const struct answer *answer)
{
    const struct answer *old = flight->old;
    bool is_newer = answer != old && (old == NULL || answer->made_at > old->made_at);
    return flight->errand == ERRAND_NOW || (flight->errand == ERRAND_AHEAD && !is_newer);
}

bool renewal_is_worse(const struct flight *flight)
{
    const struct answer *old = flight->old;
    return flight->renews && flight->verdict->partial && old != NULL && !old->partial &&
           old->outcome == OUTCOME_FOUND && old->generation == flight->world->generation &&
           clock_wall_s() < old->fresh_until && !is_revoked_since(flight->lookup, old);
}

/* Ahead: an answer that is asked for in the last part of its life. */

/* Between ttr and half of it before the end, so that neither answers that came together nor gateways march in step; the
 * hash is another one in each process. That there is none is not renewed: who asks for what is not there would keep us
 * asking. But what has expired, and serves a little longer, is. */
void plan_renewal(const struct world *world, struct answer *answer)
{
    int64_t life_s = answer->fresh_until - answer->made_at;
    int64_t part_s = life_s / 2 < world->config->cache.ttr_s ? life_s / 2 : world->config->cache.ttr_s;
    if (answer->outcome != OUTCOME_FOUND) {
        return;
    }
    if (life_s < LEAST_LIFE_S) {
        part_s = 0;
    }
    uint64_t draw = digest_table_hash(bytes_of(answer->address.text, answer->address.size)) + (uint64_t)answer->made_at;
    int64_t renew_at = answer->fresh_until - part_s + (int64_t)(draw % (uint64_t)(part_s / 2 + 1));
    atomic_store(&answer->standing.renew_at, renew_at);
}

/* An answer on its way to the engine. */
struct due {
    struct task task;
    struct lookup *lookup;
    struct answer *answer;
};

static void renew_due(struct lookup *lookup, const struct answer *answer)
{
    struct address address;
    bool is_ahead = clock_wall_s() < answer->fresh_until;
    /* Another one has taken its place, or the configuration says otherwise now. */
    if (!answer_stands(lookup, answer) || (is_ahead && lookup->world->config->cache.ttr_s == 0)) {
        return;
    }
    if (address_parse(bytes_of(answer->address.text, answer->address.size), &address) == ADDRESS_OK) {
        renew(lookup, &address, is_ahead ? ERRAND_AHEAD : ERRAND_ASKED);
    }
}

static void on_due(struct task *task)
{
    struct due due = *(struct due *)task;
    free(task);
    renew_due(due.lookup, due.answer);
    answer_free(&due.answer);
    atomic_fetch_sub(&due.lookup->due, 1);
}

void renewal_is_due(struct lookup *lookup, struct answer *answer, int64_t now)
{
    int64_t renew_at = atomic_load(&answer->standing.renew_at);
    if (now < renew_at || !atomic_compare_exchange_strong(&answer->standing.renew_at, &renew_at, now + AGAIN_S)) {
        return; /* another thread was first */
    }
    /* Counted first: who drains looks whether it is idle after it said so. */
    atomic_fetch_add(&lookup->due, 1);
    struct due *due = lookup_is_draining(lookup) ? NULL : malloc(sizeof(*due));
    if (due == NULL) {
        atomic_fetch_sub(&lookup->due, 1);
        return;
    }
    *due = (struct due){.task = {.run = on_due}, .lookup = lookup, .answer = answer_ref(answer)};
    engine_post(lookup->parts.engine, &due->task);
}
