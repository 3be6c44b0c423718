#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/redis_private.h"

#define UNREAD_MAX (MAX_RECORD_BYTES + 64 * 1024)

static void wire_start(struct shared *shared);
static void connect_next(struct shared *shared);

static void say(struct shared *shared, enum wire_fault fault, const char *why)
{
    if (fault <= shared->said || shared->is_reader) {
        return;
    }
    shared->said = fault;
    if (fault == FAULT_REFUSED) {
        log_event(LEVEL_ERROR,
                  "redis refuses us, answers go on without it: see redis.uri, redis.username and redis.password-file",
                  LOG_TEXT("server", shared->endpoint.shown), LOG_TEXT("error", why));
    } else {
        log_event(LEVEL_WARNING, "redis is away, answers go on without it", LOG_TEXT("server", shared->endpoint.shown),
                  LOG_TEXT("error", why));
    }
}

static void is_up(const struct shared *shared, bool up)
{
    if (!shared->is_reader) {
        gauge_set(GAUGE_REDIS_UP, up);
    }
}

static void rest(struct shared *shared)
{
    shared->state = WIRE_RESTING;
    shared->addresses.count = 0;
    line_rest(&shared->line, shared->rest_ms);
    shared->rest_ms = line_longer_rest_ms(shared->rest_ms);
}

/* All that follows from the loss of the connection but the end of hiredis's context, which calls back: and a callback
 * may close `shared`. */
static void lose(struct shared *shared, enum wire_fault fault, const char *why)
{
    bool connecting = shared->state == WIRE_CONNECTING;

    if (shared->state == WIRE_UP) {
        is_up(shared, false);
        if (clock_mono_ms() - shared->up_since_ms >= REST_MAX_MS) {
            shared->rest_ms = REST_MIN_MS;
        }
    }
    line_detach(&shared->line);
    if (connecting && shared->next_address < shared->addresses.count) {
        connect_next(shared);
        return;
    }
    say(shared, fault, why);
    rest(shared);
    listen_stop(shared);
}

void wire_lost(struct shared *shared, enum wire_fault fault, const char *why)
{
    redisAsyncContext *context = shared->line.context;

    lose(shared, fault, why);
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

void wire_gone(struct shared *shared, const redisAsyncContext *context)
{
    if (shared->line.context == context) {
        lose(shared, FAULT_AWAY, line_fault(&shared->line, context));
    }
}

void wire_up(struct shared *shared)
{
    shared->state = WIRE_UP;
    shared->up_since_ms = clock_mono_ms();
    is_up(shared, true);
    if (shared->is_reader) {
        log_event(LEVEL_DEBUG, "redis is connected once more", LOG_TEXT("server", shared->endpoint.shown));
    } else if (shared->said != FAULT_NONE) {
        log_event(LEVEL_NOTICE, "redis is back", LOG_TEXT("server", shared->endpoint.shown));
    } else {
        log_event(LEVEL_INFO, "redis is connected", LOG_TEXT("server", shared->endpoint.shown));
    }
    count_add(COUNT_REDIS_RECONNECTS, shared->was_up && !shared->is_reader);
    shared->was_up = true;
    shared->said = FAULT_NONE;
    line_watch(&shared->line, shared->timeout_ms);
    listen_start(shared);
}

/* hiredis 0.14 does not expect to be freed in here: a fault waits until it is off the stack. */
static void on_connect(const redisAsyncContext *context, int status)
{
    struct shared *shared = context->data; /* its first member is the line */

    if (shared == NULL) {
        return;
    }
    if (status != REDIS_OK) {
        wire_gone(shared, context);
        return;
    }
    if (*shared->endpoint.path == '\0') {
        redisEnableKeepAlive(&shared->line.context->c); /* or who stands between us may forget what is seldom used */
    }
    shared->state = WIRE_GREETING;
    if (!wire_greet(shared)) {
        line_break(&shared->line, "out of memory");
    }
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct shared *shared = context->data;

    (void)status;
    if (shared != NULL) {
        wire_gone(shared, context);
    }
}

static void connect_next(struct shared *shared)
{
    struct error why = {"it has no address"};

    while (shared->next_address < shared->addresses.count) {
        const char *address = shared->addresses.addresses[shared->next_address++];

        if (line_dial(&shared->line, shared, address, on_connect, on_disconnect, &why)) {
            shared->state = WIRE_CONNECTING;
            line_watch(&shared->line, shared->timeout_ms);
            return;
        }
    }
    say(shared, FAULT_AWAY, why.text);
    rest(shared);
}

static void connect_first(struct shared *shared, const struct resolved *addresses)
{
    shared->addresses = *addresses;
    shared->next_address = 0;
    connect_next(shared);
}

static void resolution_end(struct shared *shared)
{
    if (shared->resolved != NULL) {
        event_free(shared->resolved);
        shared->resolved = NULL;
    }
    resolution_free(&shared->resolution);
}

static void on_resolved(evutil_socket_t fd, short what, void *context)
{
    struct shared *shared = context;
    const struct resolved *result = resolution_result(shared->resolution);
    struct resolved resolved;

    (void)fd;
    (void)what;
    if (result == NULL) {
        return;
    }
    resolved = *result;
    resolution_end(shared);
    if (resolved.count > 0) {
        connect_first(shared, &resolved);
    } else {
        say(shared, FAULT_AWAY, resolved.error);
        rest(shared);
    }
}

static void resolve(struct shared *shared)
{
    shared->resolution = resolution_start(shared->endpoint.host);
    if (shared->resolution != NULL) {
        shared->resolved = event_new(shared->base, resolution_fd(shared->resolution), EV_READ | EV_PERSIST,
                                     on_resolved, shared);
    }
    if (shared->resolved == NULL || event_add(shared->resolved, NULL) != 0) {
        resolution_end(shared);
        say(shared, FAULT_AWAY, "no thread to resolve its name");
        rest(shared);
        return;
    }
    shared->state = WIRE_RESOLVING;
    line_watch(&shared->line, shared->timeout_ms);
}

static void wire_start(struct shared *shared)
{
    const char *host = shared->endpoint.host;
    struct resolved numeric = {.count = 1};
    struct in6_addr ignored;

    if (*shared->endpoint.path != '\0' || inet_pton(AF_INET, host, &ignored) == 1 ||
        inet_pton(AF_INET6, host, &ignored) == 1) {
        snprintf(numeric.addresses[0], sizeof(numeric.addresses[0]), "%s", host);
        connect_first(shared, &numeric);
    } else {
        resolve(shared);
    }
}

static void on_oldest(struct shared *shared)
{
    const struct command *oldest = TAILQ_FIRST(&shared->commands);
    int64_t left_ms;

    if (oldest == NULL) {
        return;
    }
    left_ms = oldest->sent_ms + shared->timeout_ms - clock_mono_ms();
    if (left_ms > 0) {
        line_watch(&shared->line, left_ms);
    } else {
        wire_lost(shared, FAULT_AWAY, "it does not answer in time");
    }
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct shared *shared = context;

    (void)fd;
    (void)what;
    if (shared->line.broken != NULL) {
        wire_lost(shared, FAULT_AWAY, shared->line.broken);
        return;
    }
    switch (shared->state) {
    case WIRE_RESTING:
        wire_start(shared);
        break;
    case WIRE_RESOLVING:
        /* The thread cannot be stopped: we go on waiting for it, so that there is never a second one. */
        say(shared, FAULT_AWAY, "its name does not resolve in time");
        break;
    case WIRE_CONNECTING:
    case WIRE_GREETING:
        wire_lost(shared, FAULT_AWAY, shared->state == WIRE_CONNECTING ? "it does not take the connection in time"
                                                                       : "it does not answer in time");
        break;
    case WIRE_UP:
        on_oldest(shared);
        break;
    case WIRE_CLOSED:
        break;
    }
}

int wire_open(struct shared *shared)
{
    shared->rest_ms = REST_MIN_MS;
    shared->line.unread_max = UNREAD_MAX;
    if (line_open(&shared->line, shared->base, on_timer, shared) != 0) {
        return -1;
    }
    line_watch(&shared->line, 0);
    return 0;
}

void wire_close(struct shared *shared)
{
    if (shared->state == WIRE_UP) {
        is_up(shared, false);
    }
    shared->state = WIRE_CLOSED;
    resolution_end(shared);
    line_close(&shared->line);
}
