#include "http/routes.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/batch.h"
#include "http/cors.h"
#include "http/negotiate.h"
#include "http/page.h"
#include "http/pages.h"
#include "http/purge.h"
#include "http/recipients.h"
#include "http/respond.h"
#include "http/search.h"
#include "http/wanted.h"

#define READ (METHOD_GET | METHOD_HEAD)

#define RECIPIENTS "/v1/recipients/"
#define CERTIFICATE "/certificate"

/* The first that fits counts; what is asked most stands first. */
const struct route routes[] = {
    {RECIPIENTS "{address}" CERTIFICATE, READ, DOOR_LOOKUP, recipients_answer,
     "the best certificate to encrypt to; ?format=der|pem|p7c|vcard|vcard3|json or Accept",
     FORMAT_BIT(FORMAT_DER) | FORMAT_BIT(FORMAT_PEM) | FORMAT_BIT(FORMAT_P7C) | FORMAT_BIT(FORMAT_VCARD) |
         FORMAT_BIT(FORMAT_VCARD3) | FORMAT_BIT(FORMAT_JSON),
     FORMAT_DER, true, "explain, format", .kind = ROUTE_CERTIFICATE},
    {RECIPIENTS "{address}", READ, DOOR_LOOKUP, recipients_answer,
     "all usable certificates, best first, as JSON; ?explain=1 shows why others are refused (loopback or token)",
     FORMAT_BIT(FORMAT_JSON), FORMAT_JSON, false, "explain, format", .kind = ROUTE_RECIPIENT},
    {"/v1/recipients", METHOD_POST, DOOR_LOOKUP, batch_answer,
     "{\"recipients\": [ADDRESS, ...]}: for each a status and its best certificate, as JSON; ?format=p7c: all "
     "certificates in one",
     FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_P7C), FORMAT_JSON, true, "format, partial", MAX_BATCH_BODY_BYTES,
     ROUTE_BATCH},
    {"/certificates/search.cgi", READ, DOOR_LOOKUP, search_answer_certificates,
     "certificates by one attribute of RFC 4387: certHash, uri, email, iHash, iAndSHash, name, sHash, sKIDHash",
     .kind = ROUTE_SEARCH},
    {"/crls/search.cgi", READ, DOOR_OPEN, search_answer_crls, "current CRLs of an issuer, by iHash or sKIDHash",
     .kind = ROUTE_SEARCH},
    {"/search.cgi", READ, DOOR_OPEN, search_answer_by_host,
     "the same for hosts named certificates.DOMAIN and crls.DOMAIN", .kind = ROUTE_SEARCH},
    {"/healthz", READ, DOOR_OPEN, pages_health, "200 while the process lives"},
    {"/readyz", READ, DOOR_OPEN, pages_readiness,
     "200, or 503 while starting or shutting down; directories that are down do not count"},
    {"/metrics", READ, DOOR_EXPLAIN, pages_metrics, "counters for Prometheus (loopback or token)"},
    {"/v1/status", READ, DOOR_EXPLAIN, pages_status,
     "how it fares, as JSON: lookups, cache, directories (loopback or token)", .parameters = ""},
    {"/openapi.json", READ, DOOR_OPEN, pages_openapi, "this interface, described by OpenAPI 3.1"},
    {"/problems/", READ, DOOR_OPEN, pages_problems, "what types of problems there are"},
    {"/problems/{name}", READ, DOOR_OPEN, pages_problem, "what a type of problem means, and what to do"},
    {"/v1/purge", METHOD_POST, DOOR_ADMIN, purge_answer,
     "{\"address\": ADDRESS}, {\"domain\": DOMAIN} or {\"all\": true}: drops cached answers (token)",
     .parameters = "", .max_body = MAX_PURGE_BODY_BYTES, .kind = ROUTE_PURGE},
    {"/page/{file}", READ, DOOR_OPEN, page_file_answer, "what the page for people is made of"},
    {"/", READ, DOOR_OPEN, pages_index, "this list; to browsers, a page for people"},
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]);

static const struct {
    const char *name;
    unsigned bit;
} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST}};

static const size_t methods_count = sizeof(methods) / sizeof(methods[0]);

/* That nothing here takes. Any other is none that this server knows (RFC 9110 9.1). */
static const char *const methods_besides[] = {"OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"};

/* Whether `pattern` goes on with this segment; moves it past. */
static bool fits_segment(const char **pattern, struct bytes segment, struct bytes *captured)
{
    if (**pattern == '{') {
        *captured = segment;
        *pattern = strchr(*pattern, '}') + 1;
        return segment.size > 0;
    }
    /* A segment holds no NUL, so nothing is compared behind the pattern's end; but a '/' perhaps, as %2F. */
    if (strncmp(*pattern, (const char *)segment.data, segment.size) != 0 ||
        (segment.size > 0 && memchr(segment.data, '/', segment.size) != NULL)) {
        return false;
    }
    *pattern += segment.size;
    return **pattern == '/' || **pattern == '\0';
}

static bool fits(const char *pattern, const struct target *target, struct bytes *captured)
{
    size_t at = 0;

    while (*pattern == '/') {
        pattern++;
        if (at == target->segment_count || !fits_segment(&pattern, target->segments[at++], captured)) {
            return false;
        }
    }
    return at == target->segment_count;
}

static const struct route *find(const struct target *target, struct bytes *captured)
{
    for (size_t i = 0; i < routes_count; i++) {
        if (fits(routes[i].pattern, target, captured)) {
            return &routes[i];
        }
    }
    return NULL;
}

static unsigned method_bit(const char *method)
{
    for (size_t i = 0; i < methods_count; i++) {
        if (strcmp(method, methods[i].name) == 0) {
            return methods[i].bit;
        }
    }
    return 0;
}

static bool is_known_method(const char *method)
{
    bool known = method_bit(method) != 0;

    for (size_t i = 0; i < sizeof(methods_besides) / sizeof(methods_besides[0]) && !known; i++) {
        known = strcmp(method, methods_besides[i]) == 0;
    }
    return known;
}

/* What "OPTIONS *" asks for. */
static unsigned methods_of_all(void)
{
    unsigned all = 0;

    for (size_t i = 0; i < routes_count; i++) {
        all |= routes[i].methods;
    }
    return all;
}

const char *routes_method(const struct route *route)
{
    size_t i = 0;

    while ((route->methods & methods[i].bit) == 0) {
        i++;
    }
    return methods[i].name;
}

/* The first route, asked for in the usual way. */
static bool is_usual(struct bytes text, struct target *target, struct bytes *captured)
{
    return target_is_between(text, bytes_of(RECIPIENTS, sizeof(RECIPIENTS) - 1),
                             bytes_of(CERTIFICATE, sizeof(CERTIFICATE) - 1), target, captured);
}

static void take_apart(struct request *request)
{
    struct bytes text = bytes_of(request->text, request->target_size);

    if (request->is_apart) {
        return;
    }
    request->is_apart = true;
    if (is_usual(text, &request->target, &request->captured)) {
        request->target_fault = TARGET_OK;
        request->route = &routes[0];
        return;
    }
    request->target_fault = target_parse(text, &request->target);
    bool findable = request->target_fault == TARGET_OK && !request->target.asterisk;
    request->route = findable ? find(&request->target, &request->captured) : NULL;
}

/* Sets request->route and what its pattern captures; NULL: there is none, or the target cannot be read. */
static void find_route(struct request *request)
{
    take_apart(request);
    if (request->target_fault == TARGET_OK && request->is_cut) {
        request->target_fault = TARGET_CONTROL;
        request->route = NULL;
    }
}

void routes_expect(struct request *request)
{
    take_apart(request);
    if (request->route != NULL && request->route->answer == recipients_answer &&
        recipients_read_address(request) == ADDRESS_OK) {
        request->http->backend.expect(request->http->backend.context, &request->address, false);
    }
}

size_t routes_max_body(struct request *request)
{
    if (strcmp(request->method, MHD_HTTP_METHOD_POST) != 0) {
        return 0;
    }
    find_route(request);
    return request->route != NULL ? request->route->max_body : 0;
}

/* Adds Allow, and returns its value. */
static const char *add_allow(unsigned allowed, struct response_headers *headers)
{
    struct buffer list;

    buffer_init(&list, RESPOND_VALUE_BYTES);
    for (size_t i = 0; i < methods_count; i++) {
        if ((allowed & methods[i].bit) != 0) {
            buffer_append_format(&list, "%s, ", methods[i].name);
        }
    }
    respond_header(headers, MHD_HTTP_HEADER_ALLOW, "%sOPTIONS", buffer_string(&list));
    buffer_free(&list);
    return headers->fields[headers->count - 1].value;
}

static enum MHD_Result answer_options(struct request *request, unsigned allowed)
{
    struct response_headers headers = {0};

    cors_add_preflight(request, add_allow(allowed, &headers), &headers);
    return respond_own(request, MHD_HTTP_NO_CONTENT, NULL, &headers);
}

static enum MHD_Result refuse_method(struct request *request, unsigned allowed)
{
    struct response_headers headers = {0};
    char detail[RESPOND_VALUE_BYTES + 32];

    snprintf(detail, sizeof(detail), "this resource takes %s", add_allow(allowed, &headers));
    return respond_problem(request, MHD_HTTP_METHOD_NOT_ALLOWED, detail, &headers);
}

static enum MHD_Result refuse_unknown_method(struct request *request)
{
    char detail[RESPOND_VALUE_BYTES];

    snprintf(detail, sizeof(detail), "no resource here knows the method \"%.32s\"; methods are written in capitals",
             request->method);
    return respond_problem_quoting(request, MHD_HTTP_NOT_IMPLEMENTED, detail, "a method that no resource here knows");
}

enum MHD_Result routes_refuse_framing(struct request *request, enum framing_fault fault, size_t max_body)
{
    struct response_headers headers = {0};
    char detail[RESPOND_VALUE_BYTES];

    if (fault == FRAMING_ENCODED) {
        respond_field(&headers, MHD_HTTP_HEADER_ACCEPT_ENCODING, "identity");
    }
    if (fault != FRAMING_BODY_TOO_LARGE) {
        return respond_problem(request, framing_fault_status(fault), framing_fault_text(fault), &headers);
    }
    snprintf(detail, sizeof(detail), "%s: at most %zu bytes", framing_fault_text(fault),
             max_body > 0 ? max_body : MAX_IGNORED_BODY_BYTES);
    return respond_problem(request, framing_fault_status(fault), detail, &headers);
}

static enum MHD_Result refuse_target(struct request *request, enum target_fault fault)
{
    if (fault == TARGET_TOO_LONG) {
        count(COUNT_LIMIT_URI);
    }
    return respond_problem(request, fault == TARGET_TOO_DEEP ? MHD_HTTP_NOT_FOUND : MHD_HTTP_BAD_REQUEST,
                           target_fault_text(fault), NULL);
}

/* Requests for one recipient aside: for each of these a clock would be read twice more. */
static void begin_timing(struct request *request)
{
    if (request->route == NULL || request->route->answer != recipients_answer) {
        request->asked_us = clock_mono_us();
    }
}

/* The route takes the request: does who asks, and what is asked? */
static enum MHD_Result let_answer(struct request *request)
{
    const struct route *route = request->route;
    struct bytes stranger;

    if (!doors_let(request, route->door)) {
        return doors_refuse(request, wanted_explains(request) ? DOOR_LOOKUP_EXPLAIN : route->door);
    }
    if (wanted_stranger(request, &stranger)) {
        return wanted_refuse_stranger(request, stranger);
    }
    return route->answer(request);
}

enum MHD_Result routes_answer(struct request *request)
{
    bool options = strcmp(request->method, MHD_HTTP_METHOD_OPTIONS) == 0;

    find_route(request);
    begin_timing(request);
    if (request->target_fault != TARGET_OK) {
        return refuse_target(request, request->target_fault);
    }
    if (!is_known_method(request->method)) {
        return refuse_unknown_method(request);
    }
    if (request->target.asterisk) {
        return options ? answer_options(request, methods_of_all()) : refuse_target(request, TARGET_BAD_FORM);
    }
    if (request->route == NULL) {
        return respond_problem(request, MHD_HTTP_NOT_FOUND, target_fault_text(TARGET_TOO_DEEP), NULL);
    }
    if (options) {
        return answer_options(request, request->route->methods);
    }
    if ((request->route->methods & method_bit(request->method)) == 0) {
        return refuse_method(request, request->route->methods);
    }
    return let_answer(request);
}
