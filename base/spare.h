/*
 * A place for one thing that is dear to make and may be used again: whoever
 * needs it takes it, on any thread, and gives it back. Who finds the place empty
 * makes another one.
 */
#ifndef BASE_SPARE_H
#define BASE_SPARE_H

#include <stdatomic.h>
#include <stddef.h>

struct spare {
    _Atomic(void *) thing;
};

static inline void *spare_take(struct spare *spare)
{
    return atomic_exchange(&spare->thing, NULL);
}

/* What the place had already, for the caller to free; NULL: nothing. */
static inline void *spare_give(struct spare *spare, void *thing)
{
    return atomic_exchange(&spare->thing, thing);
}

#endif
