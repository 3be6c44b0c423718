#include "http/recipients.h"

#include <assert.h>

#include "base/metrics.h"
#include "http/hot.h"
#include "http/negotiate.h"
#include "http/respond.h"
#include "http/routes.h"
#include "http/values.h"

/* "1" "true", "0" "false". False: neither. */
static bool parse_switch(struct bytes text, bool *on)
{
    *on = bytes_equal(text, bytes_of("1", 1)) || bytes_equal(text, bytes_of("true", 4));
    return *on || bytes_equal(text, bytes_of("0", 1)) || bytes_equal(text, bytes_of("false", 5));
}

struct refusal {
    const char *why;
    bool list_formats; /* behind it: what is offered */
};

/* Reads explain and format from the query, then Accept. Returns 200, or the status to refuse with. */
static unsigned read_wish(const struct request *request, struct wish *wish, struct refusal *refusal)
{
    const struct route *route = request->route;
    const struct header_list *accept = &request->headers.accept;
    struct bytes value;
    bool closes = atomic_load(&request->http->draining);

    *wish = (struct wish){.format = route->preferred, .best_only = route->best_only, .close = closes,
                          .dated = !closes && request->worker->may_write};
    size_t explains = target_parameter(&request->target, "explain", &value);
    if (explains > 1 || (explains == 1 && !parse_switch(value, &wish->explain))) {
        refusal->why = "explain takes 1 or 0, once";
        return MHD_HTTP_BAD_REQUEST;
    }
    size_t formats = target_parameter(&request->target, "format", &value);
    if (formats > 1 || (formats == 1 && !negotiate_name(value, &wish->format))) {
        *refusal = (struct refusal){"format takes the name of one format, once", true};
        return MHD_HTTP_BAD_REQUEST;
    }
    if (wish->explain && !request_is_privileged(request)) {
        refusal->why = "explain is for requests from this machine or with the token";
        return MHD_HTTP_FORBIDDEN;
    }
    bool offered = formats == 1 ? (route->formats & FORMAT_BIT(wish->format)) != 0
                                : negotiate_accept(accept->values, accept->count, route->formats, route->preferred,
                                                   &wish->format);
    *refusal = (struct refusal){"no format that the request takes", true};
    return offered ? MHD_HTTP_OK : MHD_HTTP_NOT_ACCEPTABLE;
}

static enum MHD_Result refuse_with_formats(struct request *request, unsigned status, const char *why)
{
    struct response_headers headers = {0};
    const char *before = ": this is offered as ";
    struct buffer detail;

    buffer_init(&detail, MAX_ERROR_BYTES);
    buffer_append_string(&detail, why);
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        const struct format_info *info = &render_formats[i];
        if ((request->route->formats & FORMAT_BIT(i)) != 0) {
            buffer_append_format(&detail, "%s%s (?format=%s)", before, info->media_type, info->name);
            before = ", ";
        }
    }
    respond_header(&headers, MHD_HTTP_HEADER_VARY, "%s", MHD_HTTP_HEADER_ACCEPT);
    enum MHD_Result result = respond_problem(request, status, buffer_string(&detail), &headers);
    buffer_free(&detail);
    return result;
}

static bool is_not_modified(const struct request *request, const struct reply *reply)
{
    const struct header_list *list = &request->headers.if_none_match;

    for (size_t i = 0; i < list->count && reply->etag[0] != '\0'; i++) {
        if (etag_listed(list->values[i], reply->etag)) {
            return true;
        }
    }
    return false;
}

/* A response of the reply, and its status; NULL: out of memory. `grown`: what the reply costs more than before. */
static struct MHD_Response *choose(const struct request *request, const struct served *served, const struct wish *wish,
                                   struct reply *reply, unsigned *status, size_t *grown)
{
    *status = reply->status;
    *grown = 0;
    if (!is_not_modified(request, reply)) {
        return reply->full;
    }
    *status = MHD_HTTP_NOT_MODIFIED;
    if (reply->not_modified == NULL) {
        *grown = reply_make_not_modified(served, wish, reply);
    }
    return reply->not_modified;
}

static enum MHD_Result send_out_of_memory(struct request *request)
{
    return respond_shared(request, MHD_HTTP_SERVICE_UNAVAILABLE, request->http->out_of_memory);
}

/* What was made for another request serves this one. */
static enum MHD_Result send_again(struct request *request, struct hot *hot, struct ready *ready)
{
    const struct served served = {.answer = ready->answer, .layer = LAYER_MEMORY};
    const struct wish plain = {.dated = request->worker->may_write};
    unsigned status;
    size_t grown;

    struct MHD_Response *response = choose(request, &served, &plain, &ready->reply, &status, &grown);
    hot_charge(hot, ready, grown);
    if (response == NULL) {
        return send_out_of_memory(request);
    }
    if (plain.dated) {
        values_renew_date(response);
    }
    return respond_shared(request, status, response);
}

bool recipients_answer_again(struct request *request, enum MHD_Result *result)
{
    const struct http_backend *backend = &request->http->backend;
    struct hot *hot = worker_hot(request->worker);
    struct ready *ready = NULL;

    /* While draining every reply is one of its own, which closes the connection. */
    if (hot == NULL || !request_make_key(request) || atomic_load(&request->http->draining) ||
        (ready = hot_get(hot, &request->key)) == NULL) {
        return false;
    }
    reply_fetch_ahead(&ready->reply);
    if (!backend->may_serve(backend->context, ready->answer)) {
        hot_drop(hot, &request->key);
        return false;
    }
    request->worker->expects = false;
    request->route = ready->route;
    count_outcome(ready->answer->outcome);
    *result = send_again(request, hot, ready);
    return true;
}

/* Where the reply is kept: it may be the same for everybody who asks, since who asked wants nothing special, and it is
 * asked for often enough. NULL: it is not kept. */
static struct hot *hot_for(const struct request *request, const struct wish *wish)
{
    bool may = hot_may_keep(&request->served) && !wish->explain && !wish->close && request->key.text.size > 0;
    struct hot *hot = may ? worker_hot(request->worker) : NULL;

    return hot != NULL && hot_wants(hot, &request->key) ? hot : NULL;
}

static enum MHD_Result send_served(struct request *request, const struct wish *wish)
{
    const struct served *served = &request->served;
    struct hot *hot = hot_for(request, wish);
    struct spares *spares = hot == NULL ? worker_spares(request->worker) : NULL;
    struct reply reply;
    unsigned status;
    size_t grown;

    count_outcome(served->answer->outcome);
    if (reply_make(served, wish, spares, &reply) != 0) {
        return send_out_of_memory(request);
    }
    assert(request->spare == NULL);
    request->spare = reply.spare;
    struct MHD_Response *response = choose(request, served, wish, &reply, &status, &grown);
    enum MHD_Result result =
        response != NULL ? respond_shared(request, status, response) : send_out_of_memory(request);
    reply.bytes += grown;
    if (hot == NULL || !hot_put(hot, &request->key, served->answer, request->route, &reply)) {
        reply_free(&reply);
    }
    return result;
}

enum address_fault recipients_read_address(struct request *request)
{
    enum address_fault fault = ADDRESS_OK;

    if (!request->has_address) {
        fault = address_parse(request->captured, &request->address);
        request->has_address = fault == ADDRESS_OK;
    }
    return fault;
}

enum MHD_Result recipients_answer(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;
    struct refusal refusal = {NULL, false};
    struct wish wish;

    unsigned status = read_wish(request, &wish, &refusal);
    if (status != MHD_HTTP_OK) {
        return refusal.list_formats ? refuse_with_formats(request, status, refusal.why)
                                    : respond_problem(request, status, refusal.why, NULL);
    }
    if (request->served.answer == NULL) {
        enum address_fault fault = recipients_read_address(request);
        if (fault != ADDRESS_OK) {
            return respond_problem(request, MHD_HTTP_BAD_REQUEST, address_fault_text(fault), NULL);
        }
        if (wish.explain) {
            return request_wait(request, backend->explain); /* what is in memory has no explanation */
        }
        request->served = backend->get(backend->context, &request->address);
        request->worker->expects = request->served.answer != NULL;
    }
    return request->served.answer != NULL ? send_served(request, &wish) : request_wait(request, backend->start);
}
