#include "http/request.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "http/access.h"
#include "http/cors.h"
#include "http/recipients.h"
#include "http/respond.h"
#include "http/routes.h"
#include "http/rules.h"
#include "http/spare.h"
#include "http/credentials.h"

/* Longer targets with their Accept have their replies made each time. */
#define HOT_KEY_BYTES 1024

/* How often a lingering request is given another wait of its thread before its connection is suspended after all. */
#define LINGER_WAITS 8

#define REQUEST_OF(waiter_) ((struct request *)((char *)(waiter_) - offsetof(struct request, waiter)))

static void request_free(struct request *request)
{
    rules_free(&request->greeted_by);
    free(request);
}

static void connection_closed(struct request *request)
{
    if (request != NULL && request->state == REQUEST_LEFT) {
        request->connection = NULL;
    } else if (request != NULL) {
        request_free(request);
    }
}

void *request_tls_session(const struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    return info != NULL ? info->tls_session : NULL;
}

/* With the certificate of now. A connection that comes to nothing here fails in its handshake. */
static void greet(struct request *request)
{
    const struct rules *rules = worker_rules(request->worker);
    void *session = request_tls_session(request);

    if (session != NULL && rules->credentials != NULL && credentials_greet(rules->credentials, session) == 0) {
        request->greeted_by = rules_ref(request->worker->rules);
    }
}

void request_on_connection(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct request *request = *context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        *context = NULL;
        worker_count_connection(cls, -1);
        if (request != NULL) {
            slow_remove(request);
        }
        connection_closed(request);
        return;
    }
    worker_count_connection(cls, 1);
    request = calloc(1, sizeof(*request));
    if (request != NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        request->worker = cls;
        request->http = request->worker->http;
        request->connection = connection;
        request->peer = info != NULL ? info->client_addr : NULL;
        request->loopback = request->worker->arrivals == NULL && access_is_this_machine(request->peer);
        slow_add(request);
        if (request->worker->is_tls) {
            greet(request);
        }
    }
    *context = request;
}

static bool may_have_key(const struct request *request)
{
    return request->http->hot_bytes > 0 && request->target_size <= HOT_KEY_BYTES;
}

static uint64_t key_hash(const struct request *request, uint64_t accept_hash)
{
    return request->target_hash ^ accept_hash;
}

/* Clients mostly take what the last one took: so the place of what is ready-made is known before Accept is. */
static void expect_hot(struct request *request)
{
    const struct hot *hot = request->worker->hot;

    request->target_hash = digest_table_hash(bytes_of(request->text, request->target_size));
    if (hot != NULL) {
        hot_expect(hot, key_hash(request, request->worker->accept_hash));
    }
}

void *request_on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct request *request = info != NULL ? info->socket_context : NULL;

    (void)cls;
    if (request != NULL) {
        worker_look_at_clock(request->worker);
        request->state = REQUEST_NEW;
        request->route = NULL;
        request->client_kind = CLIENT_NOT_KNOWN;
        request->asked_us = 0;
        request->id[0] = '\0';
        request->is_apart = request->has_address = request->is_paid = false;
        request->target_size = strlen(target);
        request->target_end = target + request->target_size;
        if (request->target_size <= sizeof(request->text)) {
            memcpy(request->text, target, request->target_size);
        }
        if (may_have_key(request)) {
            expect_hot(request);
        }
        if (request->worker->expects) {
            routes_expect(request);
        }
    }
    return request;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                   const char *value, size_t value_size)
{
    (void)kind;
    headers_add(cls, bytes_of(name, name_size), bytes_of(value, value_size));
    return MHD_YES;
}

/* The version stands one octet behind the target in the request line, unless the target goes on behind a NUL, where
 * libmicrohttpd's string of it ends. */
static bool is_cut(const struct request *request, const char *version)
{
    return (uintptr_t)version != (uintptr_t)request->target_end + 1;
}

static enum MHD_Result read_headers(struct request *request, const char *method, const char *version)
{
    const struct worker *worker = request->worker;

    if (worker->hot != NULL && may_have_key(request)) {
        hot_expect_soon(worker->hot, key_hash(request, worker->accept_hash));
    }
    if (request->has_address) {
        request->http->backend.expect(request->http->backend.context, &request->address, true);
    }
    request->state = REQUEST_READ;
    slow_step(&request->slow, false);
    request->method = method;
    request->is_cut = is_cut(request, version);
    headers_init(&request->headers);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, take_header, &request->headers);
    request->by_origin = worker_rules(request->worker)->origins != NULL;

    size_t max_body = routes_max_body(request);
    bool host_required = strcmp(version, MHD_HTTP_VERSION_1_0) != 0;
    enum framing_fault fault = headers_check(&request->headers, host_required, max_body);
    if (fault == FRAMING_OK && max_body > 0 && !doors_let(request, request->route->door)) {
        return doors_refuse(request, request->route->door); /* here, so that nothing is kept for who may not ask */
    }
    if (fault == FRAMING_OK) {
        request->body.length = max_body > 0 ? (size_t)request->headers.length : 0;
        return MHD_YES;
    }
    /* Before any of the body is read: libmicrohttpd takes no more of this request then, nor another behind it, and
     * says "Connection: close". */
    return routes_refuse_framing(request, fault, max_body);
}

bool request_make_key(struct request *request)
{
    const struct header_list *accept = &request->headers.accept;
    size_t size = request->target_size;

    request->key = (struct hot_key){.text = bytes_of(request->text, 0)};
    if (request->is_cut || !may_have_key(request) || cors_is_alone(request) ||
        (strcmp(request->method, MHD_HTTP_METHOD_GET) != 0 && strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0)) {
        return false;
    }
    /* No line end is in a target, nor in the value of a field, so no two requests make the same text. */
    for (size_t i = 0; i < accept->count; i++) {
        if (accept->values[i].size >= HOT_KEY_BYTES - size) {
            return false;
        }
        request->text[size] = '\n';
        memcpy(request->text + size + 1, accept->values[i].data, accept->values[i].size);
        size += 1 + accept->values[i].size;
    }
    if (request->by_origin) { /* a reload may have changed what the reply says of that */
        request->text[size++] = '\r';
    }
    struct bytes accepted = bytes_of(request->text + request->target_size, size - request->target_size);
    request->worker->accept_hash = accepted.size > 0 ? digest_table_hash(accepted) : 0;
    request->key.text.size = size;
    request->key.hash = key_hash(request, request->worker->accept_hash);
    return true;
}

static void leave_waiting(struct request *request)
{
    request->state = REQUEST_READ;
    atomic_fetch_sub(&request->http->waiting, 1);
    gauge_add(GAUGE_WAITING, -1);
}

static bool lingers_on(const struct request *request)
{
    const struct worker *worker = request->worker;

    return worker->waits - request->waits_before < LINGER_WAITS && worker_is_owed(worker);
}

static void linger(struct request *request)
{
    request->state = REQUEST_LINGERS;
    request->worker->lingering++;
}

static void linger_no_longer(struct request *request, enum request_state state)
{
    request->state = state;
    request->worker->lingering--;
}

static void suspend(struct request *request)
{
    request->state = REQUEST_WAITING;
    MHD_suspend_connection(request->connection);
}

/* Libmicrohttpd asks in each of its runs whether there is an answer by now. */
static enum MHD_Result not_yet(struct request *request)
{
    if (!lingers_on(request)) {
        linger_no_longer(request, REQUEST_READ);
        suspend(request);
    }
    return MHD_YES;
}

enum MHD_Result request_on_call(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct request *request = *context;

    (void)cls;
    (void)connection;
    (void)url;
    if (request == NULL) {
        return MHD_NO;
    }
    worker_look_at_clock(request->worker);
    if (request->state == REQUEST_NEW) {
        return read_headers(request, method, version);
    }
    if (*upload_size > 0) {
        body_take(&request->body, request->http, bytes_of(upload, *upload_size));
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->state == REQUEST_LINGERS) {
        return not_yet(request);
    }
    slow_step(&request->slow, true);
    if (request->state == REQUEST_BACK) {
        leave_waiting(request);
        request->worker->answered_late = true;
        return request->route->answer(request);
    }
    if (request->body.lost) {
        return request_refuse(request, REASON_OVERLOADED);
    }
    /* Who must not ask at all is not given what is ready-made; the route says so. */
    enum MHD_Result result;
    bool may = doors_let(request, DOOR_LOOKUP);
    return may && recipients_answer_again(request, &result) ? result : routes_answer(request);
}

void request_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode code)
{
    struct request *request = *context;

    (void)cls;
    (void)connection;
    if (request == NULL) {
        return;
    }
    *context = NULL;
    if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) { /* silence, in a body or behind an answer that nobody takes */
        count(COUNT_LIMIT_SLOW);
    }
    slow_step(&request->slow, false);
    if (request->state == REQUEST_LINGERS) { /* its connection closes, but the waiter stands in a lookup */
        linger_no_longer(request, REQUEST_LEFT);
    } else {
        if (request->state == REQUEST_BACK) {
            leave_waiting(request);
        }
        answer_free(&request->served.answer);
    }
    body_free(&request->body, request->http);
    if (request->work != NULL) {
        request->work_free(request->work);
        request->work = NULL;
    }
    if (request->spare != NULL) {
        spares_give_back(request->worker->spares, &request->spare);
    }
}

void request_resume(struct request *request)
{
    worker_hand_back(request);
}

/* What it waited for came too late. A connection that timed out is closed one run of libmicrohttpd after its request
 * was completed; whoever comes second, that or this, frees the struct. */
static void end_left(struct request *request)
{
    leave_waiting(request);
    answer_free(&request->served.answer);
    if (request->connection == NULL) {
        request_free(request);
    }
}

void request_take_back(struct request *request)
{
    switch (request->state) {
    case REQUEST_WAITING:
        request->state = REQUEST_BACK;
        MHD_resume_connection(request->connection);
        break;
    case REQUEST_LINGERS:
        linger_no_longer(request, REQUEST_BACK);
        break;
    case REQUEST_LEFT:
        end_left(request);
        break;
    case REQUEST_NEW:
    case REQUEST_READ:
    case REQUEST_BACK:
        break;
    }
}

static void on_ready(struct waiter *waiter, struct served served)
{
    struct request *request = REQUEST_OF(waiter);

    request->served = served;
    request_resume(request);
}

enum MHD_Result request_refuse(struct request *request, enum reason why)
{
    struct response_headers headers = {0};

    respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, reason_text(why), &headers);
}

static bool take_place(struct request *request, enum reason *why)
{
    struct http *http = request->http;

    /* The place first, the question after: http_close() sets draining, then looks at the places. One sees the other. */
    size_t before = atomic_fetch_add(&http->waiting, 1);
    bool draining = atomic_load(&http->draining);
    if (draining || before >= http->max_waiting) {
        atomic_fetch_sub(&http->waiting, 1);
        if (!draining) {
            count(COUNT_LIMIT_WAITING);
        }
        *why = draining ? REASON_SHUTTING_DOWN : REASON_OVERLOADED;
        return false;
    }
    gauge_add(GAUGE_WAITING, 1);
    return true;
}

bool request_suspend(struct request *request, enum reason *why)
{
    if (!take_place(request, why)) {
        return false;
    }
    suspend(request);
    return true;
}

enum MHD_Result request_wait(struct request *request,
                             void (*start)(void *context, const struct address *address, struct waiter *waiter))
{
    enum reason why;

    request->waiter = (struct waiter){.ready = on_ready};
    if (!take_place(request, &why)) {
        return request_refuse(request, why);
    }
    start(request->http->backend.context, &request->address, &request->waiter);
    request->waits_before = request->worker->waits;
    if (lingers_on(request)) {
        linger(request);
    } else {
        suspend(request);
    }
    return MHD_YES;
}
