/*
 * Whom directories know by a name, and who waits for that.
 */
#ifndef BASE_NAMED_H
#define BASE_NAMED_H

#include <stddef.h>

#include "base/limits.h"
#include "base/outcome.h"

struct named {
    enum outcome outcome; /* found; none: every directory answered, and knows nobody; unknown: one could not be asked,
                           * or has more than it told */
    enum reason reason;   /* why there may be more than is here; REASON_UNJUDGED: there is not */
    size_t count;
    char addresses[MAX_SEARCH_RESULTS][MAX_ADDRESS_BYTES + 1]; /* normalised, each once */
};

/* Lives inside the waiter's own struct, who keeps it alive until `ready` was called: exactly once, on any thread, with
 * what is gone when it returns. It must not block. */
struct name_waiter {
    void (*ready)(struct name_waiter *waiter, const struct named *named);
    struct name_waiter *next; /* who waits for the same */
};

#endif
