#include "gateway/dropping.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/steps.h"

/* What is swept out of memory in the background. */
struct sweeping {
    struct work work;
    struct lookup *lookup;
    struct drop drop;
    struct drop_waiter *waiter; /* NULL: nobody waits */
};

static void tell(struct drop_waiter *waiter, size_t dropped)
{
    if (waiter != NULL) {
        waiter->done(waiter, dropped);
    }
}

static bool is_of_domain(const struct answer *answer, const char *domain)
{
    const char *at = memrchr(answer->address.text, '@', answer->address.size);
    return at != NULL && strcmp(at + 1, domain) == 0;
}

static bool matches(void *context, const struct answer *answer)
{
    const struct drop *drop = context;
    return drop->what == DROP_ALL || is_of_domain(answer, drop->domain);
}

static void run_sweeping(struct work *work)
{
    struct sweeping *sweeping = (struct sweeping *)((char *)work - offsetof(struct sweeping, work));
    size_t dropped = memory_drop_if(sweeping->lookup->parts.memory, matches, &sweeping->drop);
    atomic_fetch_sub(&sweeping->lookup->sweeps, 1);
    tell(sweeping->waiter, dropped);
    free(sweeping);
}

/* Where there is no room in the background, the engine does it: late answers are better than wrong ones. */
static void sweep(struct lookup *lookup, const struct drop *drop, bool at_once, struct drop_waiter *waiter)
{
    struct sweeping *sweeping = at_once ? NULL : malloc(sizeof(*sweeping));
    if (sweeping == NULL) {
        tell(waiter, memory_drop_if(lookup->parts.memory, matches, (void *)drop));
        return;
    }
    *sweeping = (struct sweeping){.work = {.run = run_sweeping}, .lookup = lookup, .drop = *drop, .waiter = waiter};
    atomic_fetch_add(&lookup->sweeps, 1);
    if (!pool_submit(lookup->parts.background, &sweeping->work)) {
        run_sweeping(&sweeping->work);
    }
}

static void drop_address(struct lookup *lookup, const struct address *address, struct drop_waiter *waiter)
{
    struct answer *had = waiter != NULL ? memory_get(lookup->parts.memory, address_bytes(address)) : NULL;
    memory_drop(lookup->parts.memory, address_bytes(address));
    tell(waiter, had != NULL ? 1 : 0);
    answer_free(&had);
}

/* A time that is ahead is of another clock. Records may be of that one, too; but what we find from now on is of ours,
 * and is served. What memory has is swept out at once then, as its times do not tell what was found before. */
static void drop_here(struct lookup *lookup, const struct drop *drop, int64_t at, struct drop_waiter *waiter)
{
    int64_t now = clock_wall_s();
    count(COUNT_DROPS);
    if (atomic_load(&lookup->sweeps) == 0) {
        lookup->sweeps_began = dropped_number(lookup->dropped);
    }
    dropped_note(lookup->dropped, drop, at);
    if (drop->what == DROP_ADDRESS) {
        drop_address(lookup, &drop->address, waiter);
        return;
    }
    int64_t ours = at < now ? at : now;
    if (drop->what == DROP_ALL && ours > atomic_load(&lookup->all_dropped_at)) {
        atomic_store(&lookup->all_dropped_at, ours);
    }
    sweep(lookup, drop, drop->what == DROP_ALL && at > now, waiter);
}

void lookup_drop_here(struct lookup *lookup, const struct drop *drop, int64_t at)
{
    drop_here(lookup, drop, at, NULL);
}

void lookup_drop(struct lookup *lookup, const struct drop *drop, struct drop_waiter *waiter)
{
    /* Told before whoever waits hears that it is done. */
    int64_t at = lookup->coherence != NULL ? coherence_tell(lookup->coherence, drop) : clock_wall_s();
    drop_here(lookup, drop, at, waiter);
}

bool is_being_swept(const struct lookup *lookup, const struct address *address)
{
    return atomic_load(&lookup->sweeps) > 0 && dropped_since(lookup->dropped, address, lookup->sweeps_began);
}

bool flight_is_dropped(const struct flight *flight)
{
    return dropped_since(flight->lookup->dropped, &flight->address, flight->began);
}
