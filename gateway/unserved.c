/* Questions for domains that no directory is for; see nobody.h. */
#include <stddef.h>

#include "base/clock.h"
#include "gateway/conclude.h"
#include "gateway/steps.h"

/* How long the one who asked has waited; 0: nobody has, or it is not known. */
static int64_t waited_us(const struct flight *flight)
{
    const struct waiter *waiter = flight->waiters;
    return waiter != NULL && waiter->asked_us != 0 ? clock_mono_us() - waiter->asked_us : 0;
}

void note_nobody(const struct flight *flight)
{
    int64_t took_us = flight->waiter_count == 1 ? waited_us(flight) : 0;
    if (took_us > 0) {
        nobody_note(&flight->lookup->nobody, world_scope_number(&flight->scope), took_us);
    }
}

static void answer_now(struct flight *flight)
{
    const struct lives lives = world_lives(flight->world);
    flight->draft = (struct answer_draft){
        .address = flight->address,
        .generation = flight->world->generation,
        .scope = world_scope_number(&flight->scope),
        .made_at = clock_wall_s(),
    };
    conclude(&flight->draft, &lives, false);
    flight->verdict = answer_make(&flight->draft);
    if (flight->verdict == NULL) {
        answer_unknown(flight, REASON_INTERNAL);
        return;
    }
    store_verdict(flight);
    answer_flight(flight, flight->verdict, LAYER_DIRECTORY, false);
}

static void on_time(struct timer *timer)
{
    struct flight *flight = (struct flight *)((char *)timer - offsetof(struct flight, deadline));
    flight->open++;
    if (!flight->answered) {
        answer_now(flight);
    }
    flight_release(flight);
}

void answer_unserved(struct flight *flight)
{
    struct lookup *lookup = flight->lookup;
    uint64_t domain = digest_table_hash(bytes_of_string(address_domain(&flight->address)));
    int64_t left_us = nobody_time_us(&lookup->nobody, domain, flight->address.hash) - waited_us(flight);
    flight->deadline.fire = on_time;
    if (left_us <= 0 || engine_timer_set_us(lookup->parts.engine, &flight->deadline, left_us) != 0) {
        answer_now(flight);
    }
}
