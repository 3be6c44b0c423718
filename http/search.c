#include "http/search.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "http/limits.h"
#include "http/lookups.h"
#include "http/respond.h"
#include "http/search_query.h"
#include "x509/search_keys.h"

#define SEARCH_OF(waiter_) ((struct search *)((char *)(waiter_) - offsetof(struct search, naming)))

/* A search by hash or name, under way. */
struct search {
    struct request *request;
    struct search_query query;
    struct name_waiter naming;
    struct named named;             /* what the directories know of the name */
    size_t address_count;
    struct address addresses[MAX_SEARCH_RESULTS];
    size_t question_of[MAX_SEARCH_RESULTS]; /* 0: none */
    bool has_addresses;             /* they are known, and paid for */
    bool has_more;                  /* than there are places */
    size_t paid_for;                /* so many of them may be looked up */
    struct lookups lookups;
    struct parts parts;
    bool waits;                     /* somebody is to be waited for */
    enum reason reason;             /* why it is unknown whether there is more; REASON_UNJUDGED: it is not */
    int64_t retry_after_s;
};

static void search_free(void *work)
{
    struct search *search = work;

    parts_free(&search->parts);
    lookups_free(&search->lookups);
    free(search);
}

static void add_match(struct parts *parts, struct blob *der)
{
    if (!parts_add(parts, (struct search_match){blob_ref(der), digest_sha256(blob_bytes(der))})) {
        count(COUNT_LIMIT_SEARCH_RESULTS);
    }
}

/* What counts of it goes by the outcome; a refusal says nothing else. `reason`: of one that is unknown. That the client
 * may not have more is none. */
static bool may_tell(struct request *request, enum outcome outcome, enum reason reason)
{
    bool may = limits_tell(request, outcome);

    if (may && (outcome != OUTCOME_UNKNOWN || reason != REASON_CLIENT_LIMIT)) {
        count_outcome(outcome);
    }
    return may;
}

/* uri, email */

static enum MHD_Result send_answer(struct request *request, const struct answer *answer)
{
    struct parts parts = {.media_type = "application/pkix-cert"};
    const char *address = answer->address.size > 0 ? answer->address.text : NULL;

    if (!may_tell(request, answer->outcome, answer->reason)) {
        return limits_refuse(request, 1);
    }
    if (answer->outcome == OUTCOME_UNKNOWN) {
        return search_send_unknown(request, answer->reason, answer->retry_after_s, address);
    }
    if (answer->outcome == OUTCOME_NONE) {
        return search_send_none(request, NULL, limits_told_reason(request, answer), address);
    }
    for (size_t i = 0; i < answer->usable_count; i++) {
        add_match(&parts, answer->certificates[i].der);
    }
    enum MHD_Result result = search_send(request, &parts);
    parts_free(&parts);
    return result;
}

static enum MHD_Result answer_address(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;

    if (!limits_may_ask(request, address_domain(&request->address))) {
        request->served = (struct served){.answer = limits_closed_answer(&request->address), .layer = LAYER_DIRECTORY};
        return request->served.answer != NULL ? send_answer(request, request->served.answer)
                                              : request_refuse(request, REASON_OVERLOADED);
    }
    request->served = backend->get(backend->context, &request->address);
    return request->served.answer != NULL ? send_answer(request, request->served.answer)
                                          : request_wait(request, backend->start);
}

/* Hashes and names */

static bool is_known(const struct search *search, const struct address *address)
{
    for (size_t i = 0; i < search->address_count; i++) {
        if (bytes_equal(address_bytes(&search->addresses[i]), address_bytes(address))) {
            return true;
        }
    }
    return false;
}

static void add_address(struct search *search, struct bytes text)
{
    struct address address;

    if (address_parse(text, &address) != ADDRESS_OK || is_known(search, &address) ||
        !limits_may_ask(search->request, address_domain(&address))) {
        return;
    }
    if (search->address_count == MAX_SEARCH_RESULTS) {
        search->has_more = true;
        count(COUNT_LIMIT_SEARCH_RESULTS);
        return;
    }
    address_copy(&search->addresses[search->address_count++], &address);
}

/* Those in memory first: they have such a certificate. */
static void find_addresses(struct search *search)
{
    const struct http_backend *backend = &search->request->http->backend;
    struct answer *answers[MAX_SEARCH_RESULTS];
    size_t found = backend->find(backend->context, &search->query.key, answers, MAX_SEARCH_RESULTS);

    for (size_t i = 0; i < found; i++) {
        add_address(search, bytes_of(answers[i]->address.text, answers[i]->address.size));
        answer_free(&answers[i]);
    }
    for (size_t i = 0; i < search->named.count; i++) {
        add_address(search, bytes_of_string(search->named.addresses[i]));
    }
    search->has_addresses = true;
}

static void cannot_tell(struct search *search, enum reason reason, int64_t retry_after_s)
{
    if (search->reason == REASON_UNJUDGED) {
        search->reason = reason;
    }
    if (search->retry_after_s < retry_after_s) {
        search->retry_after_s = retry_after_s;
    }
}

static void add_certificate(void *context, struct blob *der)
{
    struct search *search = context;

    add_match(&search->parts, der);
}

static void take(struct search *search, const struct answer *answer)
{
    if (answer->outcome == OUTCOME_FOUND) {
        search_keys_find(answer, &search->query.key, add_certificate, search);
    } else if (answer->outcome == OUTCOME_UNKNOWN) {
        cannot_tell(search, answer->reason, answer->retry_after_s);
    }
}

/* What came to a question of a time before. */
static void take_asked(struct search *search, size_t number)
{
    const struct served *served = lookups_served(&search->lookups, number);

    if (served->answer != NULL) {
        take(search, served->answer);
    } else {
        cannot_tell(search, search->lookups.untold, 1);
    }
}

/* False: out of memory. */
static bool look_up(struct search *search, size_t i)
{
    const struct http_backend *backend = &search->request->http->backend;
    struct served served = backend->get(backend->context, &search->addresses[i]);

    if (served.answer != NULL) {
        take(search, served.answer);
        answer_free(&served.answer);
    } else if (!lookups_may_wait(&search->lookups)) {
        cannot_tell(search, search->lookups.untold, 1);
    } else {
        search->question_of[i] = lookups_ask(&search->lookups, &search->addresses[i]);
        search->waits = true;
        return search->question_of[i] > 0;
    }
    return true;
}

static bool look_all_up(struct search *search)
{
    bool result = true;

    parts_free(&search->parts);
    search->waits = false;
    search->reason = search->named.reason;
    search->retry_after_s = 1;
    if (search->has_more) {
        cannot_tell(search, REASON_DIRECTORY_LIMIT, 1);
    }
    if (search->paid_for < search->address_count) {
        cannot_tell(search, REASON_CLIENT_LIMIT, limits_wait_s(search->request, 1));
    }
    for (size_t i = 0; i < search->paid_for && result; i++) {
        if (search->question_of[i] > 0) {
            take_asked(search, search->question_of[i]);
        } else {
            result = look_up(search, i);
        }
    }
    return result;
}

static enum MHD_Result tell(struct search *search)
{
    struct request *request = search->request;
    bool is_unknown = search->reason != REASON_UNJUDGED;
    enum outcome outcome = search->parts.count > 0 ? OUTCOME_FOUND : is_unknown ? OUTCOME_UNKNOWN : OUTCOME_NONE;

    if (!may_tell(request, outcome, search->reason)) {
        return limits_refuse(request, 1);
    }
    switch (outcome) {
    case OUTCOME_FOUND:
        return search_send(request, &search->parts);
    case OUTCOME_NONE:
        return search_send_none(request,
                                search->query.key.attribute == SEARCH_NAME
                                    ? "no certificate to encrypt to has this common name"
                                    : "no certificate with this hash is among those that were looked up lately",
                                REASON_UNJUDGED, NULL);
    case OUTCOME_UNKNOWN:
        break;
    }
    return search_send_unknown(request, search->reason, search->retry_after_s, NULL);
}

/* The search itself has paid for the first. For those that the client may not have any more nobody can tell. */
static void pay(struct search *search)
{
    size_t more = search->address_count > 1 ? search->address_count - 1 : 0;

    search->paid_for = search->address_count - more + (more > 0 ? limits_take(search->request, 1, more) : 0);
}

static enum MHD_Result answer_found(struct search *search)
{
    if (!search->has_addresses) {
        find_addresses(search);
        pay(search);
    }
    do {
        if (!look_all_up(search)) {
            return request_refuse(search->request, REASON_OVERLOADED);
        }
        if (!search->waits) {
            return tell(search);
        }
    } while (!lookups_wait(&search->lookups));
    return MHD_YES;
}

static void on_named(struct name_waiter *waiter, const struct named *named)
{
    struct search *search = SEARCH_OF(waiter);

    search->named = *named;
    request_resume(search->request); /* the search may be gone now */
}

static enum MHD_Result ask_directories(struct search *search)
{
    struct request *request = search->request;
    const struct http_backend *backend = &request->http->backend;
    enum reason why;

    if (!request_suspend(request, &why)) {
        return request_refuse(request, why);
    }
    search->naming.ready = on_named;
    backend->name(backend->context, search->query.name, limits_close_some(request), &search->naming);
    return MHD_YES;
}

static enum MHD_Result begin_search(struct request *request, const struct search_query *query)
{
    struct search *search = calloc(1, sizeof(*search));

    if (search == NULL) {
        return request_refuse(request, REASON_OVERLOADED);
    }
    search->request = request;
    search->query = *query;
    search->parts.media_type = "application/pkix-cert";
    lookups_init(&search->lookups, request, MAX_SEARCH_RESULTS);
    request->work = search;
    request->work_free = search_free;
    return query->key.attribute == SEARCH_NAME ? ask_directories(search) : answer_found(search);
}

/* In lookups: a name is asked of all the directories that an address is asked of one or a few of. */
static size_t cost_of(struct request *request, const struct search_query *query)
{
    const struct http_backend *backend = &request->http->backend;
    size_t cost = query->key.attribute == SEARCH_NAME
                      ? backend->name_searches(backend->context, limits_close_some(request)) : 1;

    return cost > 0 ? cost : 1;
}

static enum MHD_Result begin(struct request *request)
{
    struct search_query query;

    const char *fault = search_query_parse(&request->target, STORE_CERTIFICATES, &query);
    if (fault != NULL) {
        return respond_problem(request, MHD_HTTP_BAD_REQUEST, fault, NULL);
    }
    if (query.key.attribute == SEARCH_I_HASH && !doors_let(request, DOOR_EXPLAIN)) {
        return doors_refuse(request, DOOR_EXPLAIN); /* whose certificates were asked for last is not for everybody */
    }
    size_t cost = cost_of(request, &query);
    if (!limits_take_all(request, cost)) {
        return limits_refuse(request, cost);
    }
    if (query.key.attribute != SEARCH_URI) {
        return begin_search(request, &query);
    }
    address_copy(&request->address, &query.address);
    return answer_address(request);
}

enum MHD_Result search_answer_certificates(struct request *request)
{
    if (request->served.answer != NULL) {
        return send_answer(request, request->served.answer);
    }
    return request->work != NULL ? answer_found(request->work) : begin(request);
}

enum MHD_Result search_answer_by_host(struct request *request)
{
    bool has_begun = request->served.answer != NULL || request->work != NULL;

    if (!has_begun && search_query_store(request->headers.host) == STORE_CRLS) {
        return search_answer_crls(request);
    }
    /* The door is open for the sake of CRLs. */
    return doors_let(request, DOOR_LOOKUP) ? search_answer_certificates(request) : doors_refuse(request, DOOR_LOOKUP);
}
