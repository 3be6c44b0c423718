/*
 * Gives back to the system, every 20 seconds, what the allocator holds and nobody
 * uses. Answers are made on several threads, each with an arena of its own; as
 * work moves between them, one arena keeps free pages that the others cannot
 * have: after millions of lookups a tenth of the cache and more.
 *
 * On a thread that may compute; an arena is locked for the moment that its free
 * pages take, and a hit asks no arena for anything.
 */
#ifndef GATEWAY_TRIMMING_H
#define GATEWAY_TRIMMING_H

#include <stdatomic.h>

#include "base/pool.h"
#include "gateway/engine.h"

/* Lives in its owner's struct, which outlives `background`. */
struct trimming {
    struct engine *engine;
    struct pool *background;
    struct timer timer;
    struct work work;
    atomic_bool under_way;
};

/* Engine thread, or before it runs. */
void trimming_begin(struct trimming *trimming, struct engine *engine, struct pool *background);
void trimming_end(struct trimming *trimming); /* nothing happens if it never began */

#endif
