#include "http/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limiter.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/arrivals.h"
#include "http/request.h"
#include "http/respond.h"
#include "http/socket.h"
#include "http/rules.h"
#include "http/shortage.h"
#include "http/credentials.h"

/* For each connection: a target of MAX_URI_BYTES, header fields, libmicrohttpd's own notes, and the response's header.
 * What does not fit libmicrohttpd refuses by itself, with 414 or 431. It wipes the whole after each request. */
#define CONNECTION_MEMORY_BYTES (16 * 1024)

/* What RFC 9112 lets a server refuse, 1.0 refuses at level 1. 0.9.75 then just hangs up, for instance on a raw space
 * in a target; at level 0 it leaves that to us, who say why. */
#define STRICTNESS (MHD_VERSION >= 0x01000000 ? 1 : 0)

/* Its name from 1.0 on for what 0.9.75 does by itself where it has no thread of its own: nothing is written to wake the
 * loop when a connection is resumed, as the loop's own thread does that. */
#if MHD_VERSION >= 0x01000000
#define ONE_THREAD MHD_USE_NO_THREAD_SAFETY
#else
#define ONE_THREAD 0
#endif

/* How long http_close() waits for requests whose waiters have been called. */
#define RESUME_WAIT_MS 10000

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format, va_list arguments)
{
    struct worker *worker = cls;
    char text[MAX_ERROR_BYTES];

    worker->complained = true;
    worker->is_deaf = shortage_is(errno) || worker->is_deaf; /* errno is that of the call which failed */
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

/* One too many is closed at once: a worker that left it in its socket's queue would leave there what another has room
 * for. While draining every new connection is. MHD_quiesce_daemon() would leave it to the kernel, but it aborts
 * when a thread reaches its connection limit in the same moment. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *peer, socklen_t size)
{
    const struct worker *worker = cls;
    const struct http *http = worker->http;

    (void)peer;
    (void)size;
    if (atomic_load_explicit(worker->connections, memory_order_relaxed) >= http->max_connections) {
        count(COUNT_LIMIT_CONNECTIONS);
        return MHD_NO;
    }
    return atomic_load(&http->draining) ? MHD_NO : MHD_YES;
}

/* Routes split the raw path, and decode each segment with its length. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static unsigned thread_count(int64_t wanted)
{
    cpu_set_t cores;

    if (wanted > 0) {
        return (unsigned)wanted;
    }
    return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}

/* Libmicrohttpd takes the socket over; -1: others give it its connections. The kernel may choose one worker for all:
 * each may have as many. */
static struct MHD_Daemon *start_daemon(struct worker *worker, const struct http_config *config, int socket)
{
    struct http *http = worker->http;
    struct MHD_OptionItem tls[TLS_OPTIONS] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem listen[] = {{MHD_OPTION_LISTEN_SOCKET, socket, NULL}, {MHD_OPTION_END, 0, NULL}};

    if (worker->is_tls) {
        credentials_options(config->tls.priorities, tls);
    }
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | ONE_THREAD |
            (worker->is_tls ? (unsigned)MHD_USE_TLS : 0) | (socket < 0 ? (unsigned)MHD_USE_NO_LISTEN_SOCKET : 0),
        0, on_accept, worker, request_on_call, http,
        MHD_OPTION_ARRAY, tls,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, worker,
        MHD_OPTION_ARRAY, socket >= 0 ? listen : listen + 1,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)config->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, STRICTNESS,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, request_on_target, http,
        MHD_OPTION_NOTIFY_CONNECTION, request_on_connection, worker,
        MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, http,
        MHD_OPTION_END);
}

/* Each worker has a socket to accept from: of one that all shared, the first to wake took most of a burst. The daemon
 * gets a duplicate, as libmicrohttpd closes what it was given at some failures and not at others. */
static int start_worker(struct listener *listener, const struct http_config *config, size_t number)
{
    struct worker *worker = &listener->workers[number];
    bool is_proxied = http_listen_is_proxied(listener->address);
    int duplicate = is_proxied ? -1 : fcntl(listener->sockets[number], F_DUPFD_CLOEXEC, 0);

    worker->daemon = is_proxied || duplicate >= 0 ? start_daemon(worker, config, duplicate) : NULL;
    if (worker->daemon == NULL ||
        (is_proxied && (worker->arrivals = arrivals_new(worker, listener->sockets[number])) == NULL)) {
        return -1;
    }
    return worker_start(worker);
}

static int make_workers(struct http *http, struct listener *listener, const char *address,
                        const struct http_config *config)
{
    size_t count = thread_count(config->threads);

    if (count > (size_t)config->max_connections) {
        count = (size_t)config->max_connections;
    }
    listener->workers = calloc(count, sizeof(*listener->workers));
    listener->sockets = calloc(count, sizeof(*listener->sockets));
    listener->address = strdup(address);
    if (listener->workers == NULL || listener->sockets == NULL || listener->address == NULL) {
        return -1;
    }
    listener->worker_count = count;
    for (size_t i = 0; i < count; i++) {
        worker_init(&listener->workers[i], http, &listener->connections);
    }
    return 0;
}

static int start_workers(struct listener *listener, const struct http_config *config)
{
    int result = 0;

    for (size_t i = 0; i < listener->worker_count && result == 0; i++) {
        result = start_worker(listener, config, i);
    }
    return result;
}

static int open_listener(struct http *http, const struct http_config *config, size_t which, struct error *error)
{
    struct listener *listener = &http->listeners[which];

    if (make_workers(http, listener, config->listen[which], config) != 0) {
        return error_set(error, "\"%s\": out of memory", config->listen[which]);
    }
    if (socket_listen(config->listen[which], listener->sockets, listener->worker_count, error) != 0) {
        return -1;
    }
    listener->is_bound = true;
    for (size_t i = 0; i < listener->worker_count; i++) {
        listener->workers[i].is_local = !http_listen_is_proxied(config->listen[which]) &&
                                        socket_is_local(listener->sockets[i]);
        listener->workers[i].is_tls = http_listen_is_tls(config->listen[which]);
    }
    if (start_workers(listener, config) != 0) {
        return error_set(error, "\"%s\": cannot start its threads: %s", config->listen[which], strerror(errno));
    }
    log_event(LEVEL_NOTICE, "listening", LOG_TEXT("address", config->listen[which]),
              LOG_NUMBER("port", http_port(http, which)));
    return 0;
}

static struct MHD_Response *make_out_of_memory(void)
{
    struct response_headers headers = {0};
    struct problem problem = {
        .status = MHD_HTTP_SERVICE_UNAVAILABLE,
        .title = respond_title(MHD_HTTP_SERVICE_UNAVAILABLE),
        .detail = "there is not enough memory for an answer",
        .type = respond_type(MHD_HTTP_SERVICE_UNAVAILABLE),
    };

    respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    respond_header(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return respond_make_problem(&problem, &headers);
}

static struct http *make_http(const struct http_config *config, const struct http_backend *backend, struct error *error)
{
    struct http *http = calloc(1, sizeof(*http) + config->listen_count * sizeof(http->listeners[0]));

    if (http == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    http->backend = *backend;
    http->max_connections = (size_t)config->max_connections;
    http->max_waiting = (size_t)config->max_waiting;
    http->max_recipients = (size_t)config->max_recipients;
    http->max_batch_lookups = (size_t)config->max_batch_lookups;
    http->hot_bytes = (size_t)config->hot_bytes;
    http->idle_timeout_s = config->idle_timeout_s;
    for (size_t i = 0; i < config->listen_count; i++) {
        http->speaks_tls = http->speaks_tls || http_listen_is_tls(config->listen[i]);
    }
    http->count = config->listen_count;
    pthread_mutex_init(&http->rules_lock, NULL);
    http->lookups = limiter_new((size_t)config->limits.places);
    http->none = limiter_new((size_t)config->limits.places);
    http->out_of_memory = make_out_of_memory();
    bool has_all = http->out_of_memory != NULL && http->lookups != NULL && http->none != NULL;
    if (!has_all) {
        error_set(error, "out of memory");
    }
    if (!has_all || http_adopt(http, config, error) != 0) {
        http_close(&http);
    }
    return http;
}

int http_adopt(struct http *http, const struct http_config *config, struct error *error)
{
    struct rules *rules = config->rules != NULL ? rules_ref(config->rules) : rules_make(config, error), *before;

    if (rules == NULL) {
        return -1;
    }
    if (http->speaks_tls && rules->credentials == NULL) { /* listen is as it was until the restart */
        rules_free(&rules);
        return error_set(error, "tls.certificate-file: a listener speaks TLS still, until the restart");
    }
    assert(rules->number == 0); /* nobody has them yet */
    pthread_mutex_lock(&http->rules_lock);
    before = http->rules;
    rules->number = atomic_load(&http->rules_number) + 1;
    http->rules = rules;
    atomic_store(&http->rules_number, rules->number);
    pthread_mutex_unlock(&http->rules_lock);
    rules_free(&before);
    credentials_tell(rules->credentials);
    return 0;
}

struct http *http_open(const struct http_config *config, const struct http_backend *backend, struct error *error)
{
    struct http *http = make_http(config, backend, error);

    if (http == NULL) {
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
    return which < http->count && http->listeners[which].is_bound ? socket_port(http->listeners[which].sockets[0]) : 0;
}

void http_drain(struct http *http)
{
    atomic_store(&http->draining, true);
}

size_t http_waiting(const struct http *http)
{
    return atomic_load(&http->waiting);
}

/* Whether a request waits, or some thread has yet to leave the worker to which it brought one back. */
static bool is_anybody_waiting(const struct http *http)
{
    bool result = http_waiting(http) > 0;

    for (size_t i = 0; i < http->count; i++) {
        for (size_t j = 0; j < http->listeners[i].worker_count; j++) {
            result = result || worker_is_handed(&http->listeners[i].workers[j]);
        }
    }
    return result;
}

/* libmicrohttpd aborts when it is stopped with a connection suspended. */
static void await_resumed(struct http *http)
{
    int64_t end = clock_mono_ms() + RESUME_WAIT_MS;

    while (is_anybody_waiting(http)) {
        if (clock_mono_ms() > end) {
            log_event(LEVEL_ERROR, "requests still wait for their lookups", LOG_NUMBER("requests", http_waiting(http)));
            abort();
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void close_listener(struct listener *listener)
{
    for (size_t i = 0; i < listener->worker_count; i++) {
        worker_stop(&listener->workers[i]);
    }
    if (listener->is_bound) {
        socket_close_all(listener->address, listener->sockets, listener->worker_count);
    }
    free(listener->address);
    free(listener->sockets);
    free(listener->workers);
}

void http_close(struct http **http)
{
    if (*http == NULL) {
        return;
    }
    struct http *h = *http;

    atomic_store(&h->draining, true);
    http_wake(); /* whom this thread has put off */
    await_resumed(h);
    for (size_t i = 0; i < h->count; i++) {
        close_listener(&h->listeners[i]);
    }
    if (h->out_of_memory != NULL) {
        MHD_destroy_response(h->out_of_memory);
    }
    rules_free(&h->rules);
    limiter_free(&h->lookups);
    limiter_free(&h->none);
    pthread_mutex_destroy(&h->rules_lock);
    free(h);
    *http = NULL;
}
