#include "gateway/reader.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/inquiry.h"
#include "gateway/steps.h"

struct reader {
    struct event_base *base;
    struct event *requests; /* ends a wait, no more */
    struct shared *shared;
};

static void on_requests(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static struct shared *connect_to(struct lookup *lookup, struct event_base *base)
{
    struct world *world = lookup_world_ref(lookup);
    struct shared_config config = world->config->redis;
    struct error error;
    config.is_reader = true;
    struct shared *shared = shared_open(base, &config, &error); /* the engine has one that says what is wrong */
    world_retire(&world, lookup->parts.background);
    return shared;
}

struct reader *reader_new(struct lookup *lookup, int fd)
{
    struct reader *reader = lookup->parts.shared != NULL ? calloc(1, sizeof(*reader)) : NULL;
    if (reader == NULL) {
        return NULL;
    }
    reader->base = event_base_new();
    if (reader->base == NULL ||
        (reader->requests = event_new(reader->base, fd, EV_READ | EV_PERSIST, on_requests, NULL)) == NULL ||
        event_add(reader->requests, NULL) != 0 || (reader->shared = connect_to(lookup, reader->base)) == NULL) {
        reader_free(&reader);
        return NULL;
    }
    inquiry_use(lookup, reader->shared);
    log_gather(true);
    return reader;
}

void reader_free(struct reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    shared_close(&(*reader)->shared);
    inquiry_use(NULL, NULL);
    if ((*reader)->requests != NULL) {
        event_free((*reader)->requests);
    }
    if ((*reader)->base != NULL) {
        event_base_free((*reader)->base);
    }
    free(*reader);
    *reader = NULL;
    log_gather(false);
}

bool reader_wants_wait(const struct reader *reader)
{
    return shared_wants_loop(reader->shared);
}

void reader_wait(struct reader *reader)
{
    log_flush();
    event_base_loop(reader->base, EVLOOP_ONCE);
}

void reader_flush(struct reader *reader)
{
    shared_flush(reader->shared);
    log_flush();
}
