#include <event2/event.h>

#include "base/digest.h"
#include "cache/redis_private.h"

/* Whatever this calls may close the line. */
static void on_flush(evutil_socket_t fd, short what, void *context)
{
    struct line *line = context;

    (void)fd;
    (void)what;
    if (line->context != NULL) {
        line->is_flushing = true;
        redisAsyncHandleWrite(line->context);
    }
}

void line_flush(struct line *line)
{
    if (line->flush != NULL && event_pending(line->flush, EV_WRITE, NULL)) {
        event_del(line->flush);
        on_flush(-1, EV_WRITE, line);
    }
}

int line_open(struct line *line, struct event_base *base, void (*fire)(evutil_socket_t fd, short what, void *owner),
              void *owner)
{
    line->timer = event_new(base, -1, 0, fire, owner);
    line->flush = event_new(base, -1, 0, on_flush, line);
    return line->timer != NULL && line->flush != NULL ? 0 : -1;
}

void line_close(struct line *line)
{
    redisAsyncContext *context = line_detach(line);

    if (line->timer != NULL) {
        event_free(line->timer);
        line->timer = NULL;
    }
    if (line->flush != NULL) {
        event_free(line->flush);
        line->flush = NULL;
    }
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

void line_watch(struct line *line, int64_t timeout_ms)
{
    const struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    event_del(line->timer); /* also when line_break() has made it due already */
    event_add(line->timer, &timeout);
}

void line_rest(struct line *line, int64_t rest_ms)
{
    uint32_t chance;

    digest_random(&chance, sizeof(chance));
    line_watch(line, rest_ms / 2 + chance % (rest_ms / 2 + 1));
}

int64_t line_longer_rest_ms(int64_t rest_ms)
{
    return rest_ms * 2 < REST_MAX_MS ? rest_ms * 2 : REST_MAX_MS;
}

void line_break(struct line *line, const char *why)
{
    if (line->broken == NULL) {
        line->broken = why;
        event_active(line->timer, EV_TIMEOUT, 1);
    }
}

const char *line_fault(const struct line *line, const redisAsyncContext *context)
{
    if (line->broken != NULL) {
        return line->broken;
    }
    return context->errstr != NULL && *context->errstr != '\0' ? context->errstr : "it closed the connection";
}

redisAsyncContext *line_detach(struct line *line)
{
    redisAsyncContext *context = line->context;

    if (context != NULL) {
        context->data = NULL;
    }
    line->context = NULL;
    line->broken = NULL;
    line->is_flushing = false;
    return context;
}

bool line_dial(struct line *line, const struct shared *shared, const char *address, redisConnectCallback *on_connect,
               redisDisconnectCallback *on_disconnect, struct error *why)
{
    redisAsyncContext *context = *shared->endpoint.path != '\0' ? redisAsyncConnectUnix(shared->endpoint.path)
                                                              : redisAsyncConnect(address, shared->endpoint.port);

    if (context == NULL) {
        error_set(why, "out of memory");
        return false;
    }
    context->data = line;
    if (context->err != 0 || guard_attach(context, shared->base) != 0 ||
        (shared->tls != NULL && tls_start(shared->tls, context) != 0)) {
        error_set(why, "%s", context->c.err != 0 ? context->c.errstr : "out of memory");
        context->data = NULL;
        redisAsyncFree(context);
        return false;
    }
    line->confirmed = 0;
    line->context = context;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    return true;
}
