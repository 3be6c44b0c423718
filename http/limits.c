#include "http/limits.h"

#include "base/clock.h"
#include "base/limiter.h"
#include "base/metrics.h"
#include "http/client.h"
#include "http/respond.h"
#include "http/rules.h"

/* Whom the limits of a request count for, and which they are. */
struct subject {
    uint64_t client;
    const struct http_rates *rates;
};

static bool are_off(const struct http_rates *rates)
{
    return rates->lookups.per_minute == 0 && rates->none.per_minute == 0;
}

static uint64_t id_of_address(const struct request *request)
{
    const struct rules *rules = worker_rules(request->worker);
    struct sockaddr_storage address;

    client_address(rules->proxies, rules->proxy_count, request->peer, &request->headers.forwarded_for, &address);
    return client_id_of_address((const struct sockaddr *)&address);
}

/* Once for each request: a batch asks for each of its recipients. */
static void identify(struct request *request)
{
    request->client = doors_holder_id(request, DOOR_LOOKUP);
    if (request->client != 0) {
        request->client_kind = CLIENT_HOLDER;
    } else if (doors_is_local(request)) {
        request->client_kind = CLIENT_LOCAL;
    } else {
        count_add(COUNT_TOKENS_IGNORED, request->headers.authorizations > 0);
        request->client_kind = CLIENT_ADDRESS;
        request->client = id_of_address(request);
    }
}

static void identify_once(struct request *request)
{
    if (request->client_kind == CLIENT_NOT_KNOWN) {
        identify(request);
    }
}

/* As in the rules; NULL: all. */
static const char *open_domains(struct request *request)
{
    if (worker_rules(request->worker)->domains == NULL) {
        return NULL;
    }
    identify_once(request);
    const char *domains = worker_rules(request->worker)->domains; /* only now: to identify looks at the rules as well */
    return request->client_kind == CLIENT_ADDRESS ? domains : NULL;
}

bool limits_may_ask(struct request *request, const char *domain)
{
    const char *pattern = open_domains(request);

    if (pattern == NULL) {
        return true;
    }
    while (*pattern != '\0' && !address_domain_matches(domain, pattern)) {
        pattern += strlen(pattern) + 1;
    }
    return *pattern != '\0';
}

bool limits_close_some(struct request *request)
{
    return open_domains(request) != NULL;
}

bool limits_may_have(struct request *request, const struct answer *answer)
{
    return worker_rules(request->worker)->domains == NULL ||
           limits_may_ask(request, strrchr(answer->address.text, '@') + 1);
}

struct answer *limits_closed_answer(const struct address *address)
{
    struct answer_draft draft;

    answer_draft_begin(&draft, address);
    draft.outcome = OUTCOME_NONE;
    draft.reason = REASON_NO_DIRECTORY;
    draft.made_at = draft.fresh_until = draft.stale_until = clock_wall_s();
    return answer_make(&draft);
}

enum reason limits_told_reason(struct request *request, const struct answer *answer)
{
    if (answer->reason != REASON_NO_DIRECTORY) {
        return answer->reason;
    }
    identify_once(request);
    return request->client_kind == CLIENT_ADDRESS ? REASON_NO_ENTRY : answer->reason;
}

/* False: it has no limits. */
static bool find_subject(struct request *request, struct subject *subject)
{
    const struct http_limits *limits = &worker_rules(request->worker)->limits;

    if (are_off(&limits->clients) && are_off(&limits->tokens)) {
        return false;
    }
    identify_once(request);
    limits = &worker_rules(request->worker)->limits; /* it looked as well: those of before may be gone */
    subject->client = request->client;
    subject->rates = request->client_kind == CLIENT_HOLDER ? &limits->tokens : &limits->clients;
    return request->client_kind != CLIENT_LOCAL && !are_off(subject->rates);
}

size_t limits_take(struct request *request, size_t least, size_t wanted)
{
    const struct http *http = request->http;
    struct subject subject;

    if (!find_subject(request, &subject)) {
        return wanted;
    }
    int64_t now_us = clock_mono_us();

    if (limiter_left(http->none, subject.client, &subject.rates->none, now_us) == 0) {
        count(COUNT_LIMIT_CLIENT_NONE);
        return 0;
    }
    size_t taken = limiter_take(http->lookups, subject.client, &subject.rates->lookups, least, wanted, now_us);

    count_add(COUNT_LIMIT_CLIENT_LOOKUPS, wanted - taken);
    return taken;
}

size_t limits_most(struct request *request)
{
    struct subject subject;

    return find_subject(request, &subject) && subject.rates->lookups.per_minute != 0
               ? (size_t)subject.rates->lookups.burst : SIZE_MAX;
}

bool limits_take_all(struct request *request, size_t cost)
{
    size_t most = limits_most(request), price = cost < most ? cost : most;

    return limits_take(request, price, price) == price;
}

bool limits_tell(struct request *request, enum outcome outcome)
{
    const struct http *http = request->http;
    struct subject subject;

    if (outcome == OUTCOME_UNKNOWN || !find_subject(request, &subject) || subject.rates->none.per_minute == 0) {
        return true;
    }
    const struct rate *none = &subject.rates->none;
    int64_t now_us = clock_mono_us();
    bool may = outcome == OUTCOME_NONE ? limiter_take(http->none, subject.client, none, 1, 1, now_us) == 1
                                       : limiter_left(http->none, subject.client, none, now_us) > 0;

    if (!may) {
        count(COUNT_LIMIT_CLIENT_NONE);
    }
    return may;
}

int64_t limits_wait_s(struct request *request, size_t wanted)
{
    const struct http *http = request->http;
    struct subject subject;
    int64_t wait_s = 1;

    if (find_subject(request, &subject)) {
        int64_t now_us = clock_mono_us();
        int64_t lookups_s = limiter_wait_s(http->lookups, subject.client, &subject.rates->lookups, wanted, now_us);
        int64_t none_s = limiter_wait_s(http->none, subject.client, &subject.rates->none, 1, now_us);

        wait_s = lookups_s > none_s ? lookups_s : none_s;
    }
    return wait_s > 0 ? wait_s : 1;
}

enum MHD_Result limits_refuse(struct request *request, size_t wanted)
{
    struct response_headers headers = {0};

    respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "%lld", (long long)limits_wait_s(request, wanted));
    return respond_problem(request, MHD_HTTP_TOO_MANY_REQUESTS, reason_text(REASON_CLIENT_LIMIT), &headers);
}
