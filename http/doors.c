#include "http/doors.h"

#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/access.h"
#include "http/client.h"
#include "http/respond.h"
#include "http/rules.h"
#include "http/credentials.h"

static const struct {
    unsigned scope;
    const char *word, *scopes; /* what for: for people, and as RFC 6750 3 has it */
    enum counter refused;
    const char *without; /* what to do without a token */
} doors[] = {
    [DOOR_LOOKUP] = {SCOPE_LOOKUP, "lookup", "lookup", COUNT_REFUSED_LOOKUP, ""},
    [DOOR_EXPLAIN] = {SCOPE_EXPLAIN, "explain", "explain", COUNT_REFUSED_EXPLAIN,
                      ", or a request from the gateway's machine"},
    [DOOR_ADMIN] = {SCOPE_ADMIN, "admin", "admin", COUNT_REFUSED_ADMIN, ", from the gateway's machine too"},
    [DOOR_LOOKUP_EXPLAIN] = {SCOPE_LOOKUP | SCOPE_EXPLAIN, "lookup and explain", "lookup explain",
                             COUNT_REFUSED_EXPLAIN, ""},
};

/* A page that did not come from here has a browser ask. Its own address is in Host, as the browser knows it. */
static bool is_for_other_page(const struct request *request)
{
    const struct headers *headers = &request->headers;
    struct bytes scheme = bytes_of_string(request->worker->is_tls ? "https://" : "http://");
    struct bytes origin = headers->origin, host = headers->host;

    if (headers->origins == 0) {
        return false;
    }
    return headers->origins > 1 || origin.size <= scheme.size ||
           !bytes_equal(bytes_of(origin.data, scheme.size), scheme) ||
           !bytes_equal(bytes_of(origin.data + scheme.size, origin.size - scheme.size), host);
}

bool doors_is_local(const struct request *request)
{
    return request->loopback && !request->headers.forwarded && !is_for_other_page(request);
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

static void grant_line(struct grant *grant, const struct token *line, const char *name, uint64_t number)
{
    grant->number = number;
    grant->id = line != NULL ? client_id(bytes_of_string(name)) : 0;
    grant->scopes = line != NULL ? line->scopes : 0;
    grant->until = line != NULL ? line->until : 0;
}

static bool is_remembered(const struct pass *pass, struct bytes sent, uint64_t number)
{
    return pass->size > 0 && pass->grant.number == number &&
           digest_equal_secrets(bytes_of(pass->text, pass->size), sent);
}

/* What the token opens, expired or not. */
static const struct grant *examine(struct request *request, struct bytes sent)
{
    const struct rules *rules = worker_rules(request->worker);
    struct pass *pass = &request->pass;

    if (!is_remembered(pass, sent, rules->number)) {
        const struct token *token = tokens_find(rules->tokens, sent);

        grant_line(&pass->grant, token, token != NULL ? token->name : "", rules->number);
        pass->size = sent.size <= sizeof(pass->text) ? sent.size : 0;
        memcpy(pass->text, sent.data, pass->size);
    }
    return &pass->grant;
}

/* The name that a line is for: an exact one before one that is for all. */
static const struct token *find_line(const struct tokens *tokens, const struct tls_client *client, const char **name)
{
    const struct token *found = NULL;

    for (size_t i = 0; i < client->name_count; i++) {
        const struct token *line = tokens_find_certificate(tokens, client->names[i]);
        bool is_exact = line != NULL && strcasecmp(line->name, client->names[i]) == 0;

        if (is_exact || (line != NULL && found == NULL)) {
            found = line;
            *name = client->names[i];
        }
        if (is_exact) {
            break;
        }
    }
    if (found == NULL && client->is_shown && client->fault == NULL) {
        found = tokens_find_certificate(tokens, ""); /* that for all others */
    }
    return found;
}

/* What the client certificate opens; all but its name is looked at again now and then. NULL: this is not TLS, or no
 * client certificates are wanted. */
static const struct shown *examine_certificate(struct request *request)
{
    const struct rules *rules = worker_rules(request->worker);
    struct shown *shown = &request->shown;
    char fingerprint[DIGEST_HEX_BYTES];
    const char *name = fingerprint;
    struct tls_client client;

    if (request->greeted_by == NULL || rules->credentials == NULL) {
        return NULL;
    }
    if (!shown->is_looked_at || shown->grant.number != rules->number || clock_wall_s() >= shown->look_again) {
        credentials_find_client(rules->credentials, request_tls_session(request), &client);
        const struct token *line = find_line(rules->tokens, &client, &name);

        digest_hex(bytes_of(client.fingerprint.bytes, DIGEST_BYTES), fingerprint);
        grant_line(&shown->grant, line, name, rules->number);
        shown->is_looked_at = true;
        shown->is_there = client.is_shown;
        shown->fault = client.fault;
        shown->look_again = client.is_shown ? client.until : INT64_MAX;
    }
    return shown;
}

static bool opens(const struct grant *grant, enum door door)
{
    return (grant->scopes & doors[door].scope) == doors[door].scope && clock_wall_s() < grant->until;
}

uint64_t doors_holder_id(struct request *request, enum door door)
{
    struct bytes sent;

    if (find_token(request, &sent)) {
        const struct grant *grant = examine(request, sent);

        if (opens(grant, door)) {
            return grant->id;
        }
    }
    const struct shown *shown = examine_certificate(request);

    return shown != NULL && opens(&shown->grant, door) ? shown->grant.id : 0;
}

static bool has_token_for(struct request *request, enum door door)
{
    return doors_holder_id(request, door) != 0;
}

/* Whether a certificate would have to count that does not, or no longer. */
static bool lacks_certificate(struct request *request)
{
    const struct rules *rules = worker_rules(request->worker);

    if (request->greeted_by == NULL || rules->credentials == NULL || !credentials_require(rules->credentials)) {
        return false;
    }
    const struct shown *shown = examine_certificate(request);

    return !shown->is_there || shown->fault != NULL;
}

bool doors_let(struct request *request, enum door door)
{
    if (lacks_certificate(request)) {
        return false;
    }
    switch (door) {
    case DOOR_OPEN:
        return true;
    case DOOR_LOOKUP:
        return needs_no_token(request) || has_token_for(request, door);
    case DOOR_EXPLAIN:
        return doors_is_local(request) || has_token_for(request, door);
    case DOOR_ADMIN:
        return has_token_for(request, door);
    case DOOR_LOOKUP_EXPLAIN:
        return doors_let(request, DOOR_LOOKUP) && doors_let(request, DOOR_EXPLAIN);
    }
    return false;
}

/* Why the certificate that was shown does not open it; NULL: none was. */
static const char *fault_of_certificate(struct request *request)
{
    const struct shown *shown = examine_certificate(request);

    if (shown == NULL || !shown->is_there) {
        return NULL;
    }
    if (shown->fault != NULL) {
        return shown->fault;
    }
    if (shown->grant.scopes == 0) {
        return "it has no line among this gateway's tokens";
    }
    return clock_wall_s() >= shown->grant.until ? "its line has expired" : "it is for something else";
}

/* What is wrong with what was sent (RFC 6750 3.1). */
struct fault {
    unsigned status;
    const char *error;  /* NULL: nothing was sent, which is no error */
    const char *detail; /* NULL: likewise */
};

static struct fault fault_of_token(struct request *request, struct bytes sent)
{
    const struct grant *grant = examine(request, sent);

    if (grant->scopes == 0 && access_is_malformed_bearer(request->headers.authorization)) {
        return (struct fault){MHD_HTTP_BAD_REQUEST, "invalid_request", "Authorization is not Bearer and one token"};
    }
    if (grant->scopes == 0) {
        return (struct fault){MHD_HTTP_UNAUTHORIZED, "invalid_token", "the token is none of this gateway's"};
    }
    if (clock_wall_s() >= grant->until) {
        return (struct fault){MHD_HTTP_UNAUTHORIZED, "invalid_token", "the token has expired"};
    }
    return (struct fault){MHD_HTTP_FORBIDDEN, "insufficient_scope", "the token is for something else"};
}

static struct fault fault_of(struct request *request)
{
    const struct headers *headers = &request->headers;
    struct bytes sent;

    if (find_token(request, &sent)) {
        return fault_of_token(request, sent);
    }
    if (headers->authorizations > 1) {
        return (struct fault){MHD_HTTP_BAD_REQUEST, "invalid_request", "there is more than one Authorization"};
    }
    if (headers->authorizations == 1 && access_is_malformed_bearer(headers->authorization)) {
        return (struct fault){MHD_HTTP_BAD_REQUEST, "invalid_request", "Authorization has no token behind Bearer"};
    }
    return (struct fault){MHD_HTTP_UNAUTHORIZED, NULL, NULL};
}

/* Who would not get through the handshake today. */
static enum MHD_Result refuse_without_certificate(struct request *request, const char *fault)
{
    struct response_headers headers = {0};
    char detail[200];

    count(COUNT_REFUSED_TLS);
    snprintf(detail, sizeof(detail), "this listener wants a client certificate that counts%s%s",
             fault != NULL ? ", and of the one that was shown: " : "", fault != NULL ? fault : "");
    respond_field(&headers, MHD_HTTP_HEADER_CONNECTION, "close");
    return respond_problem(request, MHD_HTTP_FORBIDDEN, detail, &headers);
}

/* Which of the two it is that stays shut; both, where who has a token needs one that is for both. */
static enum door shut_of(struct request *request, enum door door)
{
    if (door != DOOR_LOOKUP_EXPLAIN) {
        return door;
    }
    return needs_no_token(request) ? DOOR_EXPLAIN : doors_is_local(request) ? DOOR_LOOKUP : door;
}

static enum MHD_Result refuse_without_tokens(struct request *request, enum door door)
{
    char detail[200];

    snprintf(detail, sizeof(detail), "this needs a token for %s%s; the gateway has no tokens", doors[door].word,
             doors[door].without);
    return respond_problem(request, MHD_HTTP_FORBIDDEN, detail, NULL);
}

enum MHD_Result doors_refuse(struct request *request, enum door wanted)
{
    struct response_headers headers = {0};
    const char *certificate = fault_of_certificate(request);
    enum door door = shut_of(request, wanted);
    char detail[300];

    if (lacks_certificate(request)) {
        return refuse_without_certificate(request, certificate);
    }
    count(doors[door].refused);
    if (tokens_count(worker_rules(request->worker)->tokens) == 0) {
        return refuse_without_tokens(request, door);
    }
    struct fault fault = fault_of(request);
    snprintf(detail, sizeof(detail), "%s%s%s%s%sthis needs a token for %s%s", fault.detail != NULL ? fault.detail : "",
             fault.detail != NULL ? "; " : "", certificate != NULL ? "of the client certificate: " : "",
             certificate != NULL ? certificate : "", certificate != NULL ? "; " : "", doors[door].word,
             doors[door].without);
    respond_header(&headers, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"certlookup\"%s%s%s, scope=\"%s\"",
                   fault.error != NULL ? ", error=\"" : "", fault.error != NULL ? fault.error : "",
                   fault.error != NULL ? "\"" : "", doors[door].scopes);
    return respond_problem(request, fault.status, detail, &headers);
}
