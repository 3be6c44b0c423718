#include "gateway/reader.h"

#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/inquiry.h"
#include "gateway/steps.h"

/* So many replies under way are worth to be waited for before other requests are read, which then are as many more for
 * each waking and each write; but no longer than that. */
#define MANY 4
#define MANY_WAIT_MS 1

/* How often the loop is run for the sake of its timers: while replies are owed, and else. */
#define LOOP_MS 50
#define IDLE_LOOP_MS 500

struct reader {
    int fd;                 /* of the requests */
    struct event_base *base;
    struct event *requests; /* these two end a wait, no more */
    struct event *second;
    struct lookup *lookup;
    uint32_t epoch;         /* in which it was connected; see redial() */
    struct shared *shared;
    int64_t looped_ms;
};

static void end_wait(evutil_socket_t fd, short what, void *context)
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

static int watch(struct reader *reader)
{
    const struct timeval second = {.tv_sec = 1};
    reader->requests = event_new(reader->base, reader->fd, EV_READ | EV_PERSIST, end_wait, NULL);
    reader->second = event_new(reader->base, -1, EV_PERSIST, end_wait, NULL);
    return reader->requests != NULL && reader->second != NULL && event_add(reader->requests, NULL) == 0 &&
                   event_add(reader->second, &second) == 0
               ? 0
               : -1;
}

static int dial(struct reader *reader)
{
    reader->epoch = coherence_epoch(reader->lookup->coherence);
    reader->shared = connect_to(reader->lookup, reader->base);
    inquiry_use(reader->lookup, reader->shared, reader->epoch);
    return reader->shared != NULL ? 0 : -1;
}

/* The engine was connected anew, maybe to another server: this one may not be the one any longer that it hears of. So
 * until then inquiry_ask() leaves Redis to the engine. */
static void redial(struct reader *reader)
{
    if (coherence_is_settled(reader->lookup->coherence) &&
        reader->epoch != coherence_epoch(reader->lookup->coherence)) {
        shared_close(&reader->shared);
        if (dial(reader) != 0) {
            reader->epoch = 0; /* out of memory: again at the next turn */
        }
    }
}

struct reader *reader_new(struct lookup *lookup, int fd)
{
    struct reader *reader = lookup->parts.shared != NULL ? calloc(1, sizeof(*reader)) : NULL;
    if (reader == NULL) {
        return NULL;
    }
    reader->fd = fd;
    reader->base = event_base_new();
    reader->lookup = lookup;
    if (reader->base == NULL || watch(reader) != 0 || dial(reader) != 0) {
        reader_free(&reader);
        return NULL;
    }
    log_gather(true);
    return reader;
}

void reader_free(struct reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    shared_close(&(*reader)->shared);
    inquiry_use(NULL, NULL, 0);
    if ((*reader)->requests != NULL) {
        event_free((*reader)->requests);
    }
    if ((*reader)->second != NULL) {
        event_free((*reader)->second);
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
    return reader->shared != NULL && shared_wants_loop(reader->shared);
}

static void wait_in_loop(struct reader *reader, int flags)
{
    reader->looped_ms = clock_mono_ms();
    event_base_loop(reader->base, EVLOOP_ONCE | flags);
}

bool reader_is_owed(const struct reader *reader)
{
    return reader->shared != NULL && shared_is_up(reader->shared) && shared_queued(reader->shared) > 0;
}

/* The way that is gone with every request, past the loop. */
static void wait_for_replies(struct reader *reader, int fd, int32_t patience_ms)
{
    bool many = shared_queued(reader->shared) >= MANY;
    int32_t most_ms = many ? MANY_WAIT_MS : LOOP_MS;
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = many ? -1 : reader->fd, .events = POLLIN}};
    if (poll(fds, 2, patience_ms >= 0 && patience_ms < most_ms ? patience_ms : most_ms) > 0 && fds[0].revents != 0) {
        shared_read(reader->shared);
    }
    if (clock_mono_ms() - reader->looped_ms >= LOOP_MS) {
        wait_in_loop(reader, EVLOOP_NONBLOCK);
    }
}

void reader_wait(struct reader *reader, int32_t patience_ms)
{
    int fd = shared_fd(reader->shared);
    log_flush();
    if (fd >= 0) {
        wait_for_replies(reader, fd, patience_ms);
    } else {
        wait_in_loop(reader, patience_ms < 0 ? 0 : EVLOOP_NONBLOCK);
    }
}

void reader_flush(struct reader *reader)
{
    if (reader->shared != NULL) {
        shared_flush(reader->shared);
    }
    redial(reader);
    if (clock_mono_ms() - reader->looped_ms >= IDLE_LOOP_MS) {
        wait_in_loop(reader, EVLOOP_NONBLOCK);
    }
    log_flush();
}
