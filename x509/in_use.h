/*
 * Whether a certificate was held against evidence since its place was asked last:
 * as long as some are, the place is kept fresh. All else in a snapshot stays as
 * it is.
 */
#ifndef X509_IN_USE_H
#define X509_IN_USE_H

#include <stdatomic.h>
#include <stdbool.h>

struct in_use {
    atomic_bool noted;
    atomic_bool *at; /* that one: who asks has evidence as const */
};

static inline void in_use_init(struct in_use *in_use)
{
    atomic_init(&in_use->noted, false);
    in_use->at = &in_use->noted;
}

/* Any thread. Mostly it is noted already, and nothing is written. */
static inline void in_use_note(const struct in_use *in_use)
{
    if (!atomic_load_explicit(in_use->at, memory_order_relaxed)) {
        atomic_store_explicit(in_use->at, true, memory_order_relaxed);
    }
}

/* And from now on it has not. */
static inline bool in_use_take(const struct in_use *in_use)
{
    return atomic_exchange_explicit(in_use->at, false, memory_order_relaxed);
}

#endif
