#include <event2/event.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "cache/redis_private.h"

#define BEAT_MS 1000
#define SILENCE_MAX_MS 3000

static void on_beat(evutil_socket_t fd, short what, void *context);

static void watch(struct listener *listener)
{
    const struct timeval timeout = {BEAT_MS / 1000, BEAT_MS % 1000 * 1000};

    event_add(listener->beat, &timeout);
}

static void hears(struct listener *listener)
{
    event_del(listener->line.timer); /* which was the end of patience */
    listener->state = LISTEN_ON;
    listener->heard_ms = clock_mono_ms();
    listener->rest_ms = listener->rest_ms > 2 * REST_MIN_MS ? listener->rest_ms / 2 : REST_MIN_MS;
    if (listener->said) {
        log_event(LEVEL_NOTICE, "redis tells us again what other gateways change",
                  LOG_TEXT("server", listener->shared->endpoint.shown));
    }
    listener->refused = listener->said = false;
    watch(listener);
    listen_tell(listener);
}

/* What an error means: Redis before 6 knows no tracking, and a user may not be allowed to use it. */
static bool is_refusal(const redisReply *reply)
{
    return refusal_is(reply, "NOPERM") || strncasecmp(reply->str, "ERR unknown", 11) == 0 ||
           strncasecmp(reply->str, "ERR syntax", 10) == 0;
}

static void finish_on(struct shared *shared, struct command *command, const redisReply *reply)
{
    struct listener *listener = &shared->listener;

    if (reply == NULL || listener->state != LISTEN_TRACKING || command->try != listener->try) {
        return; /* the second connection that it was about is gone */
    }
    if (reply->type == REDIS_REPLY_STATUS) {
        hears(listener);
    } else if (reply->type == REDIS_REPLY_ERROR && is_refusal(reply)) {
        listen_refused(listener, reply->str);
    } else {
        listen_lost(listener, reply->type == REDIS_REPLY_ERROR ? reply->str : "it does not answer as Redis does");
    }
}

static void finish_off(struct shared *shared, struct command *command, const redisReply *reply)
{
    (void)shared;
    (void)command;
    (void)reply; /* what it failed to switch off, switching on will complain of */
}

/* Tracking that is on already, for a second connection of before, refuses the same prefix: so it goes off first. */
void tracking_start(struct listener *listener)
{
    struct shared *shared = listener->shared;
    char id[24];
    const char *off[] = {"CLIENT", "TRACKING", "OFF"};
    const char *on[] = {"CLIENT", "TRACKING", "ON",     "REDIRECT",       id,
                        "BCAST",  "NOLOOP",   "PREFIX", listener->prefix};
    const struct command draft_off = {.finish = finish_off};
    const struct command draft_on = {.finish = finish_on, .try = listener->try};

    snprintf(id, sizeof(id), "%lld", listener->id);
    if (listener->beat == NULL) {
        listener->beat = event_new(shared->base, -1, 0, on_beat, listener);
    }
    if (listener->beat == NULL || !command_send(shared, &draft_off, 3, off, NULL) ||
        !command_send(shared, &draft_on, 9, on, NULL)) {
        line_break(&listener->line, "out of memory");
    }
}

void tracking_stop(struct listener *listener)
{
    if (listener->beat != NULL) {
        event_free(listener->beat);
        listener->beat = NULL;
    }
}

void tracking_heard(struct listener *listener)
{
    listener->heard_ms = clock_mono_ms();
}

/* The reply says how many listen: when nobody does, the second connection is gone, and we have not been told. */
static void finish_beat(struct shared *shared, struct command *command, const redisReply *reply)
{
    struct listener *listener = &shared->listener;

    if (reply == NULL || listener->state != LISTEN_ON || command->try != listener->try) {
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR && is_refusal(reply)) {
        listen_refused(listener, reply->str);
    } else if (reply->type != REDIS_REPLY_INTEGER || reply->integer == 0) {
        listen_lost(listener, reply->type == REDIS_REPLY_ERROR ? reply->str : "nobody listens any longer");
    }
}

static void on_beat(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;
    const char *argv[] = {"PUBLISH", listener->channels[CHANNEL_BEAT], "1"};
    const struct command draft = {.finish = finish_beat, .try = listener->try};

    (void)fd;
    (void)what;
    if (clock_mono_ms() - listener->heard_ms > SILENCE_MAX_MS) {
        listen_lost(listener, "its heartbeat does not come back");
        return;
    }
    watch(listener);
    if (!command_send(listener->shared, &draft, 3, argv, NULL)) {
        line_break(&listener->line, "out of memory");
    }
}
