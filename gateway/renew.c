/* Flights that nobody waits for: an answer is had anew before somebody has to wait for it. */
#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/steps.h"

#define SECOND_US 1000000

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

void renew(struct lookup *lookup, const struct address *address, enum errand errand)
{
    if (lookup_is_draining(lookup)) {
        return;
    }
    struct flight *flight = flights_find(lookup->flights, address, lookup->world->generation);
    if (flight != NULL && !flight_is_dropped(flight)) {
        flight->errand = flight->errand > errand ? flight->errand : errand;
        count(COUNT_RENEWALS_JOINED);
        return;
    }
    enum reason why_not;
    flight = may_renew(lookup) ? flight_start(lookup, address, &why_not) : NULL;
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
