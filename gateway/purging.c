#include "gateway/purging.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/dropping.h"
#include "gateway/steps.h"

struct purging {
    struct task task;
    struct lookup *lookup;
    struct drop drop;
    struct drop_waiter dropped;
    struct drop_waiter *asker;
};

static void on_dropped(struct drop_waiter *waiter, size_t dropped)
{
    struct purging *purging = (struct purging *)((char *)waiter - offsetof(struct purging, dropped));

    const char *name = drop_text(&purging->drop);
    char shown[LOG_ADDRESS_BYTES];

    if (purging->drop.what == DROP_ADDRESS) {
        name = log_address(bytes_of_string(name), shown);
    }
    log_event(LEVEL_NOTICE, "purged", LOG_TEXT("what", drop_word(purging->drop.what)), LOG_TEXT("name", name),
              LOG_NUMBER("dropped", (int64_t)dropped));
    purging->asker->done(purging->asker, dropped);
    free(purging);
}

static void begin(struct task *task)
{
    struct purging *purging = (struct purging *)((char *)task - offsetof(struct purging, task));
    const struct drop drop = purging->drop; /* on_dropped() frees it, maybe before lookup_drop() is done */

    lookup_drop(purging->lookup, &drop, &purging->dropped);
}

int lookup_purge(struct lookup *lookup, const struct drop *drop, struct drop_waiter *waiter)
{
    struct purging *purging = malloc(sizeof(*purging));

    if (purging == NULL) {
        return -1;
    }
    *purging = (struct purging){
        .task = {.run = begin},
        .lookup = lookup,
        .drop = *drop,
        .dropped = {.done = on_dropped},
        .asker = waiter,
    };
    engine_post(lookup->parts.engine, &purging->task);
    return 0;
}
