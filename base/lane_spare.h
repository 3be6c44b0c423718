/*
 * A place for one thing that is dear to make and may be used again: whoever
 * needs it takes it, on any thread, and gives it back. Who finds the place empty
 * makes another one.
 *
 * Each lane has its place, so a thread mostly gets what it gave back itself, and
 * what it wrote there is in its own processor's cache still.
 */
#ifndef BASE_LANE_SPARE_H
#define BASE_LANE_SPARE_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/lane.h"

struct lane_spare {
    struct {
        _Atomic(void *) thing;
        char apart[LANE_BYTES - sizeof(void *)];
    } places[LANES];
};

static inline void *lane_spare_take(struct lane_spare *spare)
{
    return atomic_exchange(&spare->places[lane()].thing, NULL);
}

/* What the place had already, for the caller to free; NULL: nothing. */
static inline void *lane_spare_give(struct lane_spare *spare, void *thing)
{
    return atomic_exchange(&spare->places[lane()].thing, thing);
}

/* Gives `end` what is left in all places, when nobody takes or gives any more. */
static inline void lane_spare_end(struct lane_spare *spare, void (*end)(void *thing))
{
    for (size_t i = 0; i < LANES; i++) {
        void *thing = atomic_exchange(&spare->places[i].thing, NULL);
        if (thing != NULL) {
            end(thing);
        }
    }
}

#endif
