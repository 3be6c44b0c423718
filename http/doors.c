#include "http/doors.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/access.h"
#include "http/client.h"
#include "http/respond.h"
#include "http/rules.h"

static const struct {
    enum scope scope;
    const char *word;
    enum counter refused;
    const char *without; /* what to do without a token */
} doors[] = {
    [DOOR_LOOKUP] = {SCOPE_LOOKUP, "lookup", COUNT_REFUSED_LOOKUP, ""},
    [DOOR_EXPLAIN] = {SCOPE_EXPLAIN, "explain", COUNT_REFUSED_EXPLAIN, ", or a request from the gateway's machine"},
    [DOOR_ADMIN] = {SCOPE_ADMIN, "admin", COUNT_REFUSED_ADMIN, ", from the gateway's machine too"},
};

bool doors_is_local(const struct request *request)
{
    return request->loopback && !request->headers.forwarded;
}

static bool needs_no_token(const struct request *request)
{
    switch (worker_rules(request->worker)->open_to) {
    case OPEN_TO_ALL:
        return true;
    case OPEN_TO_LOOPBACK:
        return request->worker->is_local || doors_is_local(request);
    case OPEN_TO_NOBODY:
        break;
    }
    return false;
}

/* False: no token was sent, or more than one. */
static bool find_token(const struct request *request, struct bytes *sent)
{
    return request->headers.authorizations == 1 && access_bearer(request->headers.authorization, sent);
}

static bool is_remembered(const struct pass *pass, struct bytes sent, uint64_t number)
{
    return pass->size > 0 && pass->number == number && digest_equal_secrets(bytes_of(pass->text, pass->size), sent);
}

/* What the token opens, expired or not. */
static const struct pass *examine(struct request *request, struct bytes sent)
{
    const struct rules *rules = worker_rules(request->worker);
    struct pass *pass = &request->pass;

    if (is_remembered(pass, sent, rules->number)) {
        return pass;
    }
    const struct token *token = tokens_find(rules->tokens, sent);

    pass->number = rules->number;
    pass->id = token != NULL ? client_id(bytes_of_string(token->name)) : 0;
    pass->scopes = token != NULL ? token->scopes : 0;
    pass->until = token != NULL ? token->until : 0;
    pass->size = sent.size <= sizeof(pass->text) ? sent.size : 0;
    memcpy(pass->text, sent.data, pass->size);
    return pass;
}

uint64_t doors_token_id(struct request *request, enum door door)
{
    struct bytes sent;

    if (!find_token(request, &sent)) {
        return 0;
    }
    const struct pass *pass = examine(request, sent);
    bool opens = (pass->scopes & (unsigned)doors[door].scope) != 0 && clock_wall_s() < pass->until;

    return opens ? pass->id : 0;
}

static bool has_token_for(struct request *request, enum door door)
{
    return doors_token_id(request, door) != 0;
}

bool doors_let(struct request *request, enum door door)
{
    switch (door) {
    case DOOR_OPEN:
        return true;
    case DOOR_LOOKUP:
        return needs_no_token(request) || has_token_for(request, door);
    case DOOR_EXPLAIN:
        return doors_is_local(request) || has_token_for(request, door);
    case DOOR_ADMIN:
        return has_token_for(request, door);
    }
    return false;
}

/* "error" of RFC 6750 3.1; NULL: no token was sent, which is no error. */
static const char *fault_of(struct request *request, const char **detail)
{
    struct bytes sent;

    if (!find_token(request, &sent)) {
        *detail = request->headers.authorizations > 1 ? "there is more than one Authorization" : NULL;
        return NULL;
    }
    const struct pass *pass = examine(request, sent);

    if (pass->scopes == 0) {
        *detail = "the token is none of this gateway's";
        return "invalid_token";
    }
    if (clock_wall_s() >= pass->until) {
        *detail = "the token has expired";
        return "invalid_token";
    }
    *detail = "the token is for something else";
    return "insufficient_scope";
}

enum MHD_Result doors_refuse(struct request *request, enum door door)
{
    struct response_headers headers = {0};
    const char *why, *fault, *word = doors[door].word;
    char detail[200];

    count(doors[door].refused);
    if (tokens_count(worker_rules(request->worker)->tokens) == 0) {
        snprintf(detail, sizeof(detail), "this needs a token for %s%s; the gateway has no tokens", word,
                 doors[door].without);
        return respond_problem(request, MHD_HTTP_FORBIDDEN, detail, NULL);
    }
    fault = fault_of(request, &why);
    snprintf(detail, sizeof(detail), "%s%sthis needs a token for %s%s", why != NULL ? why : "",
             why != NULL ? "; " : "", word, doors[door].without);
    respond_header(&headers, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"certlookup\"%s%s%s, scope=\"%s\"",
                   fault != NULL ? ", error=\"" : "", fault != NULL ? fault : "", fault != NULL ? "\"" : "", word);
    bool may_not = fault != NULL && strcmp(fault, "insufficient_scope") == 0;

    return respond_problem(request, may_not ? MHD_HTTP_FORBIDDEN : MHD_HTTP_UNAUTHORIZED, detail, &headers);
}
