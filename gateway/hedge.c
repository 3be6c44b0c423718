#include "gateway/hedge.h"

bool hedge_is_on(const struct hedge *hedge, size_t flights)
{
    return hedge->after > 0 && flights <= hedge->most_flights &&
           atomic_load_explicit(&hedge->misses, memory_order_relaxed) >= hedge->after;
}

/* Every thread that asks Redis comes here: what would change nothing is not written. Of two at once one may be lost. */
void hedge_note(struct hedge *hedge, bool had_one)
{
    unsigned misses = atomic_load_explicit(&hedge->misses, memory_order_relaxed);
    unsigned now = had_one ? 0 : misses < hedge->after ? misses + 1 : misses;
    if (now != misses) {
        atomic_store_explicit(&hedge->misses, now, memory_order_relaxed);
    }
}
