#include "gateway/backend.h"

#include <stdio.h>

#include "gateway/purging.h"
#include "gateway/reader.h"
#include "gateway/steps.h"

static struct served get(void *context, const struct address *address)
{
    return lookup_get(context, address);
}

static void expect(void *context, const struct address *address, bool soon)
{
    lookup_expect(context, address, soon);
}

static bool may_serve(void *context, struct answer *answer)
{
    return lookup_may_serve(context, answer);
}

static void start(void *context, const struct address *address, struct waiter *waiter)
{
    lookup_start(context, address, waiter);
}

static void explain(void *context, const struct address *address, struct waiter *waiter)
{
    lookup_explain(context, address, waiter);
}

static int purge(void *context, const struct drop *drop, struct drop_waiter *waiter)
{
    return lookup_purge(context, drop, waiter);
}

static size_t find(void *context, const struct search_key *key, struct answer **answers, size_t most)
{
    return lookup_find(context, key, answers, most);
}

static void name(void *context, struct bytes text, bool only_open, struct name_waiter *waiter)
{
    lookup_name(context, text, only_open, waiter);
}

static size_t name_searches(void *context, bool only_open)
{
    return lookup_name_searches(context, only_open);
}

static size_t crls(void *context, const struct search_key *key, struct search_match *found, size_t most)
{
    return lookup_crls(context, key, found, most);
}

static bool is_ready(void *context, char *why, size_t why_size)
{
    const char *reason = lookup_why_not_ready(context);
    if (reason != NULL) {
        snprintf(why, why_size, "%s", reason);
    }
    return reason == NULL;
}

static void *side_begin(void *context, int fd)
{
    return reader_new(context, fd);
}

static void side_end(void *side)
{
    struct reader *reader = side;
    reader_free(&reader);
}

static bool side_wants_wait(void *side)
{
    return reader_wants_wait(side);
}

static void side_wait(void *side, int32_t patience_ms)
{
    reader_wait(side, patience_ms);
}

static bool side_is_owed(void *side)
{
    return reader_is_owed(side);
}

static void side_flush(void *side)
{
    reader_flush(side);
}

static const struct http_side side = {side_begin, side_end, side_wants_wait, side_wait, side_is_owed, side_flush};

static bool describe(void *context, void (*each)(void *closure, const char *directory), void *closure)
{
    struct lookup *lookup = context;
    struct world *world = lookup_world_ref(lookup);
    for (size_t i = 0; i < world->config->directory_count; i++) {
        each(closure, world->config->directories[i].name);
    }
    world_retire(&world, lookup->parts.background);
    return lookup->parts.shared != NULL;
}

struct http_backend backend_of(struct lookup *lookup)
{
    return (struct http_backend){
        .context = lookup,
        .get = get,
        .expect = expect,
        .may_serve = may_serve,
        .start = start,
        .ready = is_ready,
        .describe = describe,
        .explain = explain,
        .purge = purge,
        .find = find,
        .name = name,
        .name_searches = name_searches,
        .crls = crls,
        .side = &side,
    };
}
