#include "base/clock.h"
#include "gateway/steps.h"

/* The way of one lookup, step 2: what memory has is given out on the thread that read the request. Nothing here locks
 * but memory's own shard, and that only where nobody has the answer at hand. */

bool answer_stands(struct lookup *lookup, const struct answer *answer)
{
    if (!atomic_load(&answer->standing.kept) || answer->generation != atomic_load(&lookup->generation) ||
        answer->made_at <= atomic_load(&lookup->all_dropped_at)) {
        return false;
    }
    return lookup->coherence == NULL || coherence_covers(lookup->coherence, atomic_load(&answer->standing.confirmed));
}

bool lookup_may_serve(struct lookup *lookup, struct answer *answer)
{
    int64_t now = clock_wall_s();
    if (now >= answer->fresh_until || !answer_stands(lookup, answer)) {
        return false;
    }
    if (now >= atomic_load_explicit(&answer->standing.renew_at, memory_order_relaxed)) {
        renewal_is_due(lookup, answer, now);
    }
    answer_asked(answer);
    count_lookups(BY_MEMORY, answer->outcome, 1);
    return true;
}

void lookup_expect(struct lookup *lookup, const struct address *address, bool soon)
{
    memory_expect(lookup->parts.memory, address->hash, soon);
}

struct served lookup_get(struct lookup *lookup, const struct address *address)
{
    struct served served = {.layer = LAYER_MEMORY};
    served.answer = memory_get_hashed(lookup->parts.memory, address_bytes(address), address->hash);
    if (served.answer != NULL && !lookup_may_serve(lookup, served.answer)) {
        served.stale = serve_expired(lookup, served.answer);
        if (!served.stale) {
            answer_free(&served.answer);
        }
    }
    return served;
}
