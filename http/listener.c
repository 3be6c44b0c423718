#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/fragments.h"
#include "http/hot.h"
#include "http/request.h"
#include "http/respond.h"
#include "http/socket.h"

/* For each connection: a target of MAX_URI_BYTES, header fields, libmicrohttpd's own notes, and the response's header.
 * What does not fit libmicrohttpd refuses by itself, with 414 or 431. It wipes the whole after each request. */
#define CONNECTION_MEMORY_BYTES (16 * 1024)

/* What RFC 9112 lets a server refuse, 1.0 refuses at level 1. 0.9.75 then just hangs up, for instance on a raw space
 * in a target; at level 0 it leaves that to us, who say why. */
#define STRICTNESS (MHD_VERSION >= 0x01000000 ? 1 : 0)

/* How long http_close() waits for requests whose waiters have been called. */
#define RESUME_WAIT_MS 10000

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format, va_list arguments)
{
    char text[MAX_ERROR_BYTES];

    (void)cls;
    vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(LEVEL_DEBUG, "libmicrohttpd says", LOG_TEXT("text", text));
}

static void on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
    (void)cls;
    log_event(LEVEL_ERROR, "libmicrohttpd cannot go on", LOG_TEXT("file", file), LOG_NUMBER("line", line),
              LOG_TEXT("reason", reason != NULL ? reason : ""));
    abort();
}

/* While draining a new connection is closed at once. MHD_quiesce_daemon() would leave it to the kernel, but it aborts
 * when a thread reaches its connection limit in the same moment. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *peer, socklen_t size)
{
    const struct http *http = cls;

    (void)peer;
    (void)size;
    return atomic_load(&http->draining) ? MHD_NO : MHD_YES;
}

/* Routes split the raw path, and decode each segment with its length. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static void free_hot(void *hot)
{
    struct hot *table = hot;

    hot_free(&table);
}

struct hot *http_hot(struct http *http)
{
    struct hot *hot = pthread_getspecific(http->hot);

    if (hot == NULL && http->hot_bytes > 0) {
        hot = hot_new(http->hot_bytes);
        if (hot != NULL && pthread_setspecific(http->hot, hot) != 0) {
            hot_free(&hot);
        }
    }
    return hot;
}

static void free_fragments(void *fragments)
{
    struct fragments *table = fragments;

    fragments_free(&table);
}

struct fragments *http_fragments(struct http *http)
{
    struct fragments *fragments = pthread_getspecific(http->fragments);

    if (fragments == NULL && http->hot_bytes > 0) {
        fragments = fragments_new(http->hot_bytes);
        if (fragments != NULL && pthread_setspecific(http->fragments, fragments) != 0) {
            fragments_free(&fragments);
        }
    }
    return fragments;
}

static unsigned thread_count(int64_t wanted)
{
    cpu_set_t cores;

    if (wanted > 0) {
        return (unsigned)wanted;
    }
    return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}

static struct MHD_Daemon *start_daemon(struct http *http, const struct http_config *config, int socket)
{
    unsigned threads = thread_count(config->threads);
    /* A pool of one is an error to libmicrohttpd: its single thread is made without a pool. */
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept, http,
        request_on_call, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, socket,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)config->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, STRICTNESS,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, request_on_target, http,
        MHD_OPTION_NOTIFY_CONNECTION, request_on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, http,
        MHD_OPTION_ARRAY, pool,
        MHD_OPTION_END);
}

static int open_listener(struct http *http, const struct http_config *config, size_t which, struct error *error)
{
    struct listener *listener = &http->listeners[which];

    listener->socket = socket_listen(config->listen[which], error);
    if (listener->socket < 0) {
        return -1;
    }
    int duplicate = fcntl(listener->socket, F_DUPFD_CLOEXEC, 0);
    listener->daemon = duplicate >= 0 ? start_daemon(http, config, duplicate) : NULL;
    if (listener->daemon == NULL) {
        return error_set(error, "\"%s\": cannot start its threads: %s", config->listen[which], strerror(errno));
    }
    log_event(LEVEL_NOTICE, "listening", LOG_TEXT("address", config->listen[which]),
              LOG_NUMBER("port", socket_port(listener->socket)));
    return 0;
}

static struct MHD_Response *make_out_of_memory(void)
{
    struct response_headers headers = {0};
    struct problem problem = {
        .status = MHD_HTTP_SERVICE_UNAVAILABLE,
        .title = respond_title(MHD_HTTP_SERVICE_UNAVAILABLE),
        .detail = "there is not enough memory for an answer",
    };

    respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    respond_header(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return respond_make_problem(&problem, &headers);
}

static struct http *make_http(const struct http_config *config, const struct http_backend *backend)
{
    struct http *http = calloc(1, sizeof(*http) + config->listen_count * sizeof(http->listeners[0]));

    if (http == NULL) {
        return NULL;
    }
    http->backend = *backend;
    http->max_waiting = (size_t)config->max_waiting;
    http->max_recipients = (size_t)config->max_recipients;
    http->max_batch_lookups = (size_t)config->max_batch_lookups;
    http->hot_bytes = (size_t)config->hot_bytes;
    http->count = config->listen_count;
    for (size_t i = 0; i < http->count; i++) {
        http->listeners[i].socket = -1;
    }
    http->token = strdup(config->token);
    http->out_of_memory = make_out_of_memory();
    http->has_hot = pthread_key_create(&http->hot, free_hot) == 0;
    http->has_fragments = pthread_key_create(&http->fragments, free_fragments) == 0;
    if (http->token == NULL || http->out_of_memory == NULL || !http->has_hot || !http->has_fragments) {
        http_close(&http);
    }
    return http;
}

struct http *http_open(const struct http_config *config, const struct http_backend *backend, struct error *error)
{
    struct http *http = make_http(config, backend);

    if (http == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    MHD_set_panic_func(on_panic, NULL);
    for (size_t i = 0; i < http->count; i++) {
        if (open_listener(http, config, i, error) != 0) {
            http_close(&http);
            return NULL;
        }
    }
    return http;
}

uint16_t http_port(const struct http *http, size_t which)
{
    return which < http->count ? socket_port(http->listeners[which].socket) : 0;
}

void http_drain(struct http *http)
{
    atomic_store(&http->draining, true);
}

size_t http_waiting(const struct http *http)
{
    return atomic_load(&http->waiting);
}

/* libmicrohttpd aborts when it is stopped with a connection suspended. */
static void await_resumed(struct http *http)
{
    int64_t end = clock_mono_ms() + RESUME_WAIT_MS;

    while (http_waiting(http) > 0) {
        if (clock_mono_ms() > end) {
            log_event(LEVEL_ERROR, "requests still wait for their lookups", LOG_NUMBER("requests", http_waiting(http)));
            abort();
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void close_listener(struct listener *listener)
{
    if (listener->daemon != NULL) {
        MHD_stop_daemon(listener->daemon);
    }
    if (listener->socket >= 0) {
        close(listener->socket);
    }
}

void http_close(struct http **http)
{
    if (*http == NULL) {
        return;
    }
    struct http *h = *http;

    atomic_store(&h->draining, true);
    await_resumed(h);
    for (size_t i = 0; i < h->count; i++) {
        close_listener(&h->listeners[i]);
    }
    if (h->has_hot) {
        pthread_key_delete(h->hot);
    }
    if (h->has_fragments) {
        pthread_key_delete(h->fragments);
    }
    if (h->out_of_memory != NULL) {
        MHD_destroy_response(h->out_of_memory);
    }
    free(h->token);
    free(h);
    *http = NULL;
}
