/* Shutting down. */
#include "gateway/steps.h"

void lookup_drain(struct lookup *lookup)
{
    atomic_store(&lookup->draining, true);
}

bool lookup_is_draining(struct lookup *lookup)
{
    return atomic_load(&lookup->draining);
}

const char *lookup_why_not_ready(struct lookup *lookup)
{
    if (lookup_is_draining(lookup)) {
        return "shutting down";
    }
    return evidence_store_is_ready(lookup->parts.evidence) ? NULL : "the CRLs of the configuration are on their way";
}

void lookup_end_flights(struct lookup *lookup)
{
    inquiries_end(lookup);
    namings_end(lookup);
    for (struct flight *flight; (flight = flights_any(lookup->flights)) != NULL;) {
        flight->open++;
        ask_no_longer(flight);
        fetch_no_longer(flight);
        answer_late(flight, REASON_SHUTTING_DOWN);
        flight_release(flight);
    }
}

bool lookup_idle(const struct lookup *lookup)
{
    return lookup->alive == 0 && atomic_load(&lookup->explaining) == 0 && atomic_load(&lookup->due) == 0 &&
           namings_are_over(lookup->namings);
}
