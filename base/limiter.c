#include "base/limiter.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WAYS 4 /* places that a client may have; one cache line */
#define MINUTE_US ((int64_t)60 * 1000 * 1000)

struct place {
    _Atomic uint64_t client; /* 0: nobody's yet */
    _Atomic int64_t full_us; /* when its bucket will be full again */
};

struct set {
    _Alignas(64) struct place places[WAYS];
};

struct limiter {
    size_t mask;
    struct set *sets;
};

struct limiter *limiter_new(size_t places)
{
    struct limiter *limiter = malloc(sizeof(*limiter));
    size_t sets = 1;

    while (sets * WAYS < places) {
        sets *= 2;
    }
    if (limiter == NULL) {
        return NULL;
    }
    limiter->mask = sets - 1;
    limiter->sets = aligned_alloc(_Alignof(struct set), sets * sizeof(*limiter->sets));
    if (limiter->sets == NULL) {
        free(limiter);
        return NULL;
    }
    for (size_t i = 0; i < sets * WAYS; i++) {
        atomic_init(&limiter->sets[i / WAYS].places[i % WAYS].client, 0);
        atomic_init(&limiter->sets[i / WAYS].places[i % WAYS].full_us, 0);
    }
    return limiter;
}

void limiter_free(struct limiter **limiter)
{
    if (*limiter != NULL) {
        free((*limiter)->sets);
        free(*limiter);
        *limiter = NULL;
    }
}

/* The client's place, or, where it has none, the one that it would take over. */
static struct place *find_place(const struct limiter *limiter, uint64_t client)
{
    struct set *set = &limiter->sets[client & limiter->mask];
    struct place *fullest = &set->places[0];

    for (size_t i = 0; i < WAYS; i++) {
        struct place *place = &set->places[i];

        if (atomic_load_explicit(&place->client, memory_order_relaxed) == client) {
            return place;
        }
        if (atomic_load_explicit(&place->full_us, memory_order_relaxed) <
            atomic_load_explicit(&fullest->full_us, memory_order_relaxed)) {
            fullest = place;
        }
    }
    return fullest;
}

/* How far into the future one takes the bucket. Rounded up: never more than the rate. */
static int64_t interval_us(const struct rate *rate)
{
    return (MINUTE_US + rate->per_minute - 1) / rate->per_minute;
}

/* What a bucket holds that will be full at that time. Where the rate was changed, more may be missing than it could
 * hold. */
static int64_t left_at(int64_t full_us, const struct rate *rate, int64_t now_us)
{
    int64_t missing_us = full_us > now_us ? full_us - now_us : 0;
    int64_t left_us = rate->burst * interval_us(rate) - missing_us;

    return left_us > 0 ? left_us / interval_us(rate) : 0;
}

size_t limiter_take(struct limiter *limiter, uint64_t client, const struct rate *rate, size_t least, size_t wanted,
                    int64_t now_us)
{
    if (rate->per_minute == 0 || wanted == 0) {
        return wanted;
    }
    struct place *place = find_place(limiter, client);
    int64_t full_us = atomic_load(&place->full_us), next_us;
    size_t taken;

    do {
        int64_t left = left_at(full_us, rate, now_us);

        taken = (uint64_t)left < wanted ? (size_t)left : wanted;
        if (taken == 0 || taken < least) {
            return 0;
        }
        next_us = (full_us > now_us ? full_us : now_us) + (int64_t)taken * interval_us(rate);
    } while (!atomic_compare_exchange_weak(&place->full_us, &full_us, next_us));
    atomic_store_explicit(&place->client, client, memory_order_relaxed);
    return taken;
}

size_t limiter_left(const struct limiter *limiter, uint64_t client, const struct rate *rate, int64_t now_us)
{
    if (rate->per_minute == 0) {
        return SIZE_MAX;
    }
    return (size_t)left_at(atomic_load(&find_place(limiter, client)->full_us), rate, now_us);
}

int64_t limiter_wait_s(const struct limiter *limiter, uint64_t client, const struct rate *rate, size_t wanted,
                       int64_t now_us)
{
    size_t burst = (size_t)rate->burst, most = wanted < burst ? wanted : burst;

    if (limiter_left(limiter, client, rate, now_us) >= most) {
        return 0;
    }
    int64_t full_us = atomic_load(&find_place(limiter, client)->full_us);
    int64_t wait_us = full_us - now_us - (int64_t)(burst - most) * interval_us(rate);

    return wait_us > 0 ? (wait_us + 999999) / 1000000 : 1;
}
