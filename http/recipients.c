#include "http/recipients.h"

#include <assert.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/cors.h"
#include "http/hot.h"
#include "http/limits.h"
#include "http/respond.h"
#include "http/routes.h"
#include "http/values.h"
#include "http/wanted.h"

/* Reads explain and format from the query, then Accept. False: see refusal. */
static bool read_wish(const struct request *request, struct wish *wish, struct refusal *refusal)
{
    const struct route *route = request->route;
    bool closes = atomic_load(&request->http->draining);

    *wish = (struct wish){.best_only = route->best_only, .by_origin = request->by_origin, .close = closes,
                          .dated = !closes && request->worker->may_write};
    if (!wanted_switch(request, "explain", "explain takes 1 or 0, once", &wish->explain, refusal)) {
        return false;
    }
    return wanted_format(request, &wish->format, refusal);
}

static bool is_not_modified(const struct request *request, const struct reply *reply)
{
    return reply->etag[0] != '\0' && etag_is_known(&request->headers.if_none_match, reply->etag);
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
    const struct wish plain = {.by_origin = request->by_origin, .dated = request->worker->may_write};
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

static void count_hit(const struct request *request, bool stale, enum outcome outcome)
{
    const struct worker *worker = request->worker;

    if (worker->measures) {
        count_hit_time(stale ? BY_STALE : BY_MEMORY, outcome, clock_mono_us() - worker->turn_us);
    }
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
    if (!limits_may_have(request, ready->answer)) {
        return false;
    }
    reply_fetch_ahead(&ready->reply);
    request->is_paid = limits_take(request, 1, 1) == 1;
    if (request->is_paid && !backend->may_serve(backend->context, ready->answer)) {
        hot_drop(hot, &request->key);
        return false;
    }
    request->worker->expects = false;
    request->route = ready->route;
    if (!request->is_paid || !limits_tell(request, ready->answer->outcome)) {
        *result = limits_refuse(request, 1);
        return true;
    }
    count_outcome(ready->answer->outcome);
    enum outcome outcome = ready->answer->outcome;
    *result = send_again(request, hot, ready);
    count_hit(request, false, outcome);
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

/* What nobody can tell is a refusal, and told of as one. That there is none is an answer, which others may be given. */
static enum MHD_Result send_served(struct request *request, struct wish *wish)
{
    const struct served *served = &request->served;
    struct hot *hot = hot_for(request, wish);
    struct spares *spares = hot == NULL && !cors_is_alone(request) ? worker_spares(request->worker) : NULL;
    struct reply reply;
    unsigned status;
    size_t grown;

    count_outcome(served->answer->outcome);
    wish->told = limits_told_reason(request, served->answer);
    if (served->answer->outcome == OUTCOME_UNKNOWN) {
        wish->refused = request;
        enum reason reason = served->answer->reason;
        request_tell_refusal(request, reply_status(OUTCOME_UNKNOWN, reason), reason_text(reason));
    }
    if (reply_make(served, wish, spares, &reply) != 0) {
        return send_out_of_memory(request);
    }
    assert(request->spare == NULL);
    request->spare = reply.spare;
    struct MHD_Response *response = choose(request, served, wish, &reply, &status, &grown);
    cors_allow(request, response);
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

static enum MHD_Result answer_closed(struct request *request, struct wish *wish)
{
    request->served = (struct served){.answer = limits_closed_answer(&request->address), .layer = LAYER_DIRECTORY};
    if (request->served.answer == NULL) {
        return send_out_of_memory(request);
    }
    return limits_tell(request, OUTCOME_NONE) ? send_served(request, wish) : limits_refuse(request, 1);
}

enum MHD_Result recipients_answer(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;
    bool at_once = request->served.answer == NULL;
    struct refusal refusal;
    struct wish wish;

    if (!read_wish(request, &wish, &refusal)) {
        return wanted_refuse(request, &refusal);
    }
    if (wish.explain && !doors_let(request, DOOR_EXPLAIN)) {
        return doors_refuse(request, DOOR_LOOKUP_EXPLAIN);
    }
    if (request->served.answer == NULL) {
        enum address_fault fault = recipients_read_address(request);
        if (fault != ADDRESS_OK) {
            return respond_problem(request, MHD_HTTP_BAD_REQUEST, address_fault_text(fault), NULL);
        }
        if (!request->is_paid && limits_take(request, 1, 1) == 0) {
            return limits_refuse(request, 1);
        }
        if (!limits_may_ask(request, address_domain(&request->address))) {
            return answer_closed(request, &wish);
        }
        if (wish.explain) {
            return request_wait(request, backend->explain); /* what is in memory has no explanation */
        }
        request->served = backend->get(backend->context, &request->address);
        request->worker->expects = request->served.answer != NULL;
    }
    if (request->served.answer == NULL) {
        return request_wait(request, backend->start);
    }
    if (!limits_tell(request, request->served.answer->outcome)) {
        return limits_refuse(request, 1);
    }
    enum MHD_Result result = send_served(request, &wish);
    if (at_once) {
        count_hit(request, request->served.stale, request->served.answer->outcome);
    }
    return result;
}
