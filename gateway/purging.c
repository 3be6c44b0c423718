#include "gateway/purging.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/dropping.h"
#include "gateway/steps.h"

struct purging {
    struct task task;
    struct lookup *lookup;
    struct purge purge;
    struct drop_waiter dropped;
    struct purge_waiter *asker;
};

static struct drop drop_of(const struct purge *purge)
{
    static const enum drop_what whats[PURGE_COUNT] = {
        [PURGE_ADDRESS] = DROP_ADDRESS, [PURGE_DOMAIN] = DROP_DOMAIN, [PURGE_ALL] = DROP_ALL};
    struct drop drop = {.what = whats[purge->what], .address = purge->address};

    memcpy(drop.domain, purge->domain, sizeof(drop.domain));
    return drop;
}

static void on_dropped(struct drop_waiter *waiter, size_t dropped)
{
    struct purging *purging = (struct purging *)((char *)waiter - offsetof(struct purging, dropped));

    log_event(LEVEL_NOTICE, "purged", LOG_TEXT("what", purge_word(purging->purge.what)),
              LOG_TEXT("name", purge_text(&purging->purge)), LOG_NUMBER("dropped", (int64_t)dropped));
    purging->asker->done(purging->asker, dropped);
    free(purging);
}

static void begin(struct task *task)
{
    struct purging *purging = (struct purging *)((char *)task - offsetof(struct purging, task));
    struct drop drop = drop_of(&purging->purge);

    lookup_drop_and_tell(purging->lookup, &drop, &purging->dropped);
}

int lookup_purge(struct lookup *lookup, const struct purge *purge, struct purge_waiter *waiter)
{
    struct purging *purging = malloc(sizeof(*purging));

    if (purging == NULL) {
        return -1;
    }
    *purging = (struct purging){
        .task = {.run = begin},
        .lookup = lookup,
        .purge = *purge,
        .dropped = {.done = on_dropped},
        .asker = waiter,
    };
    engine_post(lookup->parts.engine, &purging->task);
    return 0;
}
