#include <stdio.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/redis_private.h"

#define NAME "certlookup-listens"
#define REFUSED_REST_MS 60000 /* what was refused may have been allowed meanwhile; nothing tells us */
#define UNREAD_MAX (128 * 1024)
#define ALL_CONFIRMED ((1U << CHANNEL_COUNT) - 1)

static struct listener *listener_of(struct line *line)
{
    return (struct listener *)((char *)line - offsetof(struct listener, line));
}

void listen_tell(struct listener *listener)
{
    const struct shared *shared = listener->shared;
    enum shared_state state = shared->state != WIRE_UP           ? SHARED_AWAY
                              : listener->state == LISTEN_ON ? SHARED_HEARS
                                                             : SHARED_DEAF;

    if (state == listener->told || listener->ears.state == NULL) {
        return;
    }
    listener->told = state;
    gauge_set(GAUGE_REDIS_TRACKING, state == SHARED_HEARS);
    listener->ears.state(listener->ears.context, state);
}

/* One line when we hear nothing for some time, one when we hear again; none for what is over at once. */
static void say(struct listener *listener, const char *why)
{
    if (listener->said || (!listener->refused && listener->rest_ms == REST_MIN_MS)) {
        return;
    }
    listener->said = true;
    log_event(LEVEL_WARNING,
              listener->refused ? "redis does not tell us what other gateways change, and cache.memory-ttl bounds how "
                                  "long that goes unseen: see redis.username"
                                : "redis does not tell us for now what other gateways change",
              LOG_TEXT("server", listener->shared->endpoint.shown), LOG_TEXT("error", why));
}

static void rest(struct listener *listener)
{
    listener->state = LISTEN_RESTING;
    line_rest(&listener->line, listener->refused ? REFUSED_REST_MS : listener->rest_ms);
    listener->rest_ms = line_longer_rest_ms(listener->rest_ms);
}

static void lose(struct listener *listener, const char *why)
{
    count_add(COUNT_REDIS_TRACKING_LOST, listener->state == LISTEN_ON);
    line_detach(&listener->line);
    tracking_stop(listener);
    say(listener, why);
    rest(listener);
    listen_tell(listener);
}

void listen_lost(struct listener *listener, const char *why)
{
    redisAsyncContext *context = listener->line.context;

    lose(listener, why);
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

void listen_refused(struct listener *listener, const char *why)
{
    listener->refused = true;
    listen_lost(listener, why);
}

static void on_changed(const struct listener *listener, const redisReply *keys)
{
    if (keys->type == REDIS_REPLY_NIL) {
        listener->ears.changed(listener->ears.context, bytes_of(NULL, 0));
        return;
    }
    for (size_t i = 0; keys->type == REDIS_REPLY_ARRAY && i < keys->elements; i++) {
        const redisReply *key = keys->element[i];

        if (key->type == REDIS_REPLY_STRING) {
            count(COUNT_REDIS_CHANGES);
            listener->ears.changed(listener->ears.context, bytes_of(key->str, key->len));
        }
    }
}

static bool is_channel(const struct listener *listener, enum channel channel, const redisReply *name)
{
    return name->len == strlen(listener->channels[channel]) &&
           memcmp(name->str, listener->channels[channel], name->len) == 0;
}

/* What comes before tracking is on is old: it is no news then, as everything will be confirmed. */
static void take_message(struct listener *listener, const redisReply *name, const redisReply *content)
{
    if (is_channel(listener, CHANNEL_BEAT, name)) {
        tracking_heard(listener);
    } else if (is_channel(listener, CHANNEL_CHANGED, name)) {
        on_changed(listener, content);
    } else if (is_channel(listener, CHANNEL_SAID, name) && content->type == REDIS_REPLY_STRING) {
        listener->ears.said(listener->ears.context, bytes_of(content->str, content->len));
    }
}

/* redis_guard.c has seen to it that it is made as it should be. */
static void on_push(redisAsyncContext *context, void *pushed, void *private)
{
    const redisReply *reply = pushed;
    struct listener *listener = private;

    if (context->data == NULL || reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        return;
    }
    if (strcmp(reply->element[0]->str, "message") == 0) {
        take_message(listener, reply->element[1], reply->element[2]);
    } else if (listener->line.confirmed == ALL_CONFIRMED && listener->state == LISTEN_SUBSCRIBING) {
        listener->state = LISTEN_TRACKING;
        tracking_start(listener);
    }
}

static bool command(struct listener *listener, redisCallbackFn *done, int argc, const char **argv)
{
    return redisAsyncCommandArgv(listener->line.context, done, listener, argc, argv, NULL) == REDIS_OK;
}

static void on_auth(redisAsyncContext *context, void *reply, void *private)
{
    const redisReply *answer = reply;

    if (context->data != NULL && answer != NULL && answer->type == REDIS_REPLY_ERROR) {
        listen_refused(private, answer->str);
    }
}

/* From here on the server may send what we did not ask for. */
static void subscribe(struct listener *listener)
{
    const char *argv[] = {"SUBSCRIBE", listener->channels[CHANNEL_CHANGED], listener->channels[CHANNEL_SAID],
                          listener->channels[CHANNEL_BEAT]};

    listener->state = LISTEN_SUBSCRIBING;
    listener->line.channels = (const char(*)[CHANNEL_BYTES])listener->channels;
    if (!command(listener, on_push, 4, argv)) {
        line_break(&listener->line, "out of memory");
    }
}

static void on_id(redisAsyncContext *context, void *reply, void *private)
{
    const redisReply *answer = reply;
    struct listener *listener = private;

    if (context->data == NULL || answer == NULL) {
        return;
    }
    if (answer->type == REDIS_REPLY_INTEGER && answer->integer > 0) {
        listener->id = answer->integer;
        subscribe(listener);
    } else {
        listen_refused(listener, answer->type == REDIS_REPLY_ERROR ? answer->str : "it gives no CLIENT ID");
    }
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct line *line = context->data;
    const char *auth[AUTH_WORDS], *name[] = {"CLIENT", "SETNAME", NAME}, *id[] = {"CLIENT", "ID"};

    if (line == NULL) {
        return;
    }
    struct listener *listener = listener_of(line);
    if (status != REDIS_OK) {
        lose(listener, line_fault(line, context));
        return;
    }
    int auth_words = greet_auth(&listener->shared->endpoint, auth);
    listener->state = LISTEN_GREETING;
    if ((auth_words > 0 && !command(listener, on_auth, auth_words, auth)) || !command(listener, NULL, 3, name) ||
        !command(listener, on_id, 2, id)) {
        line_break(line, "out of memory");
    }
}

/* hiredis takes an error that answers SUBSCRIBE for a farewell. */
static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct line *line = context->data;

    (void)status;
    if (line == NULL) {
        return;
    }
    struct listener *listener = listener_of(line);
    const char *why = line_fault(line, context);
    if (strncmp(why, "NOPERM", 6) == 0) {
        listener->refused = true;
    }
    lose(listener, why);
}

static void dial(struct listener *listener)
{
    const struct shared *shared = listener->shared;
    const char *address = shared->addresses.addresses[shared->next_address > 0 ? shared->next_address - 1 : 0];
    struct error why = {""};

    listener->line.channels = NULL;
    listener->try++;
    if (line_dial(&listener->line, shared, address, on_connect, on_disconnect, &why)) {
        listener->state = LISTEN_CONNECTING;
        line_watch(&listener->line, shared->timeout_ms * 2); /* for all that is to do until it is on */
    } else {
        listen_lost(listener, why.text);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)fd;
    (void)what;
    if (listener->line.broken != NULL) {
        listen_lost(listener, listener->line.broken);
    } else if (listener->state == LISTEN_RESTING) {
        dial(listener);
    } else if (listener->state != LISTEN_OFF && listener->state != LISTEN_ON) {
        listen_lost(listener, "it does not answer in time");
    }
}

int listen_open(struct shared *shared)
{
    struct listener *listener = &shared->listener;

    listener->shared = shared;
    listener->told = SHARED_AWAY;
    listener->rest_ms = REST_MIN_MS;
    listener->line.unread_max = UNREAD_MAX;
    return line_open(&listener->line, shared->base, on_timer, listener);
}

void listen_start(struct shared *shared)
{
    struct listener *listener = &shared->listener;

    listen_tell(listener);
    if (listener->ears.state != NULL && listener->state == LISTEN_OFF) {
        listener->refused = false;
        listener->rest_ms = REST_MIN_MS;
        dial(listener);
    }
}

void listen_stop(struct shared *shared)
{
    struct listener *listener = &shared->listener;
    redisAsyncContext *context = line_detach(&listener->line);

    count_add(COUNT_REDIS_TRACKING_LOST, listener->state == LISTEN_ON);
    listener->state = LISTEN_OFF;
    tracking_stop(listener);
    if (context != NULL) {
        redisAsyncFree(context);
    }
    listen_tell(listener);
}

void listen_close(struct shared *shared)
{
    shared->listener.ears = (struct shared_ears){0};
    if (shared->listener.line.timer != NULL) {
        listen_stop(shared);
    }
    line_close(&shared->listener.line);
}

void shared_listen(struct shared *shared, const char *prefix, const struct shared_ears *ears)
{
    struct listener *listener = &shared->listener;
    uint8_t chance[8];
    char tag[2 * sizeof(chance) + 1];

    listen_stop(shared);
    listener->ears = *ears;
    snprintf(listener->prefix, sizeof(listener->prefix), "%s", prefix);
    digest_random(chance, sizeof(chance));
    snprintf(listener->channels[CHANNEL_CHANGED], CHANNEL_BYTES, "__redis__:invalidate");
    snprintf(listener->channels[CHANNEL_SAID], CHANNEL_BYTES, "%ssaid", listener->prefix);
    snprintf(listener->channels[CHANNEL_BEAT], CHANNEL_BYTES, "%sbeat:%s", listener->prefix,
             digest_hex(bytes_of(chance, sizeof(chance)), tag));
    if (shared->state == WIRE_UP) {
        listen_start(shared);
    }
}
