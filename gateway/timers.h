/*
 * The timers of an engine in the order in which they are due: a heap of pointers
 * to them. To set one that is due after all others, as most are, and to clear it
 * again, costs next to nothing and allocates nothing.
 */
#ifndef GATEWAY_TIMERS_H
#define GATEWAY_TIMERS_H

#include <stddef.h>

#include "gateway/engine.h"

/* Zeroed: none is set. */
struct timers {
    struct timer **heap; /* from 1: the parent of the one at `place` is at place / 2 */
    size_t count, capacity;
};

void timers_close(struct timers *timers);

/* It is not set yet. -1: out of memory. */
int timers_add(struct timers *timers, struct timer *timer, int64_t due_us);
void timers_remove(struct timers *timers, struct timer *timer); /* it is set */

/* The one that is due first; NULL: none is set. */
struct timer *timers_first(const struct timers *timers);

#endif
