#include "gateway/flight.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/question.h"

/* A flight is large for an allocator, and most end soon: so many are kept for the next ones. */
#define SPARE_MAX 64

struct flights {
    size_t max, count, buckets;
    struct flight *spare; /* by their `next` */
    size_t spare_count;
    struct flight *table[];
};

struct flights *flights_new(size_t max)
{
    size_t buckets = 64;
    while (buckets < max) {
        buckets *= 2;
    }
    struct flights *flights = calloc(1, sizeof(*flights) + buckets * sizeof(struct flight *));
    if (flights != NULL) {
        flights->max = max;
        flights->buckets = buckets;
    }
    return flights;
}

void flights_free(struct flights **flights)
{
    for (struct flight *spare = *flights != NULL ? (*flights)->spare : NULL, *next; spare != NULL; spare = next) {
        next = spare->next;
        free(spare);
    }
    free(*flights);
    *flights = NULL;
}

static size_t bucket_of(const struct flights *flights, const struct address *address)
{
    return address->hash & (flights->buckets - 1);
}

struct flight *flights_find(const struct flights *flights, const struct address *address, uint64_t generation)
{
    struct flight *flight = flights->table[bucket_of(flights, address)];
    while (flight != NULL && !(flight->world->generation == generation &&
                               bytes_equal(address_bytes(&flight->address), address_bytes(address)))) {
        flight = flight->next;
    }
    return flight;
}

int flights_add(struct flights *flights, struct flight *flight)
{
    if (flights->count >= flights->max) {
        return -1;
    }
    struct flight **bucket = &flights->table[bucket_of(flights, &flight->address)];
    flight->next = *bucket;
    *bucket = flight;
    gauge_set(GAUGE_FLIGHTS, (int64_t)++flights->count);
    return 0;
}

void flights_remove(struct flights *flights, struct flight *flight)
{
    struct flight **place = &flights->table[bucket_of(flights, &flight->address)];
    while (*place != NULL && *place != flight) {
        place = &(*place)->next;
    }
    if (*place == flight) {
        *place = flight->next;
        gauge_set(GAUGE_FLIGHTS, (int64_t)--flights->count);
    }
}

size_t flights_count(const struct flights *flights)
{
    return flights->count;
}

struct flight *flights_any(const struct flights *flights)
{
    for (size_t i = 0; flights->count > 0 && i < flights->buckets; i++) {
        if (flights->table[i] != NULL) {
            return flights->table[i];
        }
    }
    return NULL;
}

static struct flight *take_spare(struct flights *flights)
{
    struct flight *flight = flights->spare;
    if (flight == NULL) {
        return calloc(1, sizeof(*flight));
    }
    flights->spare = flight->next;
    flights->spare_count--;
    memset(flight, 0, sizeof(*flight));
    return flight;
}

static void give_back(struct flights *flights, struct flight *flight)
{
    if (flights->spare_count == SPARE_MAX) {
        free(flight);
        return;
    }
    flight->next = flights->spare;
    flights->spare = flight;
    flights->spare_count++;
}

struct flight *flight_new(struct flights *flights, struct lookup *lookup, const struct address *address,
                          struct world *world)
{
    struct flight *flight = take_spare(flights);
    if (flight == NULL) {
        return NULL;
    }
    flight->lookup = lookup;
    address_copy(&flight->address, address);
    flight->world = world_ref(world);
    flight->started_ms = clock_mono_ms();
    buffer_init(&flight->sealed, MAX_RECORD_BYTES);
    flight->directory_count = world_directories(world, address_domain(address), flight->directories, &flight->scope);
    return flight;
}

void flight_free(struct flights *flights, struct flight **flight_, struct pool *background)
{
    struct flight *flight = *flight_;
    *flight_ = NULL;
    if (flight == NULL) {
        return;
    }
    for (size_t i = 0; flight->asks != NULL && i < flight->directory_count; i++) {
        search_result_free(&flight->asks[i].result);
    }
    engine_timer_clear(&flight->deadline);
    engine_timer_clear(&flight->patience);
    engine_timer_clear(&flight->ask_later);
    needs_free(&flight->needs);
    answer_draft_free(&flight->draft);
    answer_free(&flight->verdict);
    answer_free(&flight->record);
    answer_free(&flight->old);
    answer_free(&flight->unknown);
    buffer_free(&flight->sealed);
    free(flight->candidates);
    free(flight->asks);
    world_retire(&flight->world, background);
    give_back(flights, flight);
}

void flight_join(struct flight *flight, struct waiter *waiter)
{
    waiter->next = flight->waiters;
    flight->waiters = waiter;
    flight->waiter_count++;
}

void flight_join_all(struct flight *flight, struct question *question)
{
    struct waiter **last = &question->waiters;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = flight->waiters;
    flight->waiters = question->waiters;
    flight->waiter_count += question->waiter_count;
    question->waiters = NULL;
}

void flight_wake(struct flight *flight, struct answer *answer, enum layer layer, bool stale)
{
    struct waiter *waiter = flight->waiters;
    flight->waiters = NULL;
    flight->waiter_count = 0;
    waiters_wake(waiter, answer, layer, stale);
}
