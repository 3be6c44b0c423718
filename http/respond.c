#include "http/respond.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/cors.h"
#include "http/routes.h"
#include "http/values.h"

/* What libmicrohttpd and the allocator take for a response, and for a field beside its text: about, by mallinfo2(). */
#define RESPONSE_BYTES 320
#define FIELD_BYTES 84

/* All fields of an answer, and more. */
#define MERGED_BYTES 1024

void respond_header(struct response_headers *headers, const char *name, const char *format, ...)
{
    char *value = headers->texts + headers->used;
    size_t room = sizeof(headers->texts) - headers->used;
    va_list arguments;

    assert(room > 0);
    room = room < RESPOND_VALUE_BYTES ? room : RESPOND_VALUE_BYTES;
    va_start(arguments, format);
    vsnprintf(value, room, format, arguments);
    va_end(arguments);
    size_t size = strlen(value);
    headers->used += size + 1;
    respond_field_of(headers, name, value, size);
}

void respond_joined(struct response_headers *headers, const char *name, const char *const *texts, size_t count)
{
    char *value = headers->texts + headers->used;
    size_t room = sizeof(headers->texts) - headers->used, size = 0;

    assert(room > 0);
    room = room < RESPOND_VALUE_BYTES ? room : RESPOND_VALUE_BYTES;
    for (size_t i = 0; i < count; i++) {
        size_t more = strlen(texts[i]);
        more = more < room - 1 - size ? more : room - 1 - size;
        memcpy(value + size, texts[i], more);
        size += more;
    }
    value[size] = '\0';
    headers->used += size + 1;
    respond_field_of(headers, name, value, size);
}

static size_t text_size(const struct response_headers *headers)
{
    size_t size = 0;

    for (size_t i = 0; i < headers->count; i++) {
        size += strlen(headers->fields[i].name) + 2 + headers->fields[i].size + 2;
    }
    return size;
}

/* Libmicrohttpd must know Connection by its name. */
static bool may_be_merged(const struct response_headers *headers)
{
    bool may = headers->count > 0 && strcmp(headers->fields[0].name, MHD_HTTP_HEADER_DATE) == 0 &&
               text_size(headers) <= MERGED_BYTES;

    for (size_t i = 1; i < headers->count; i++) {
        may = may && strcmp(headers->fields[i].name, MHD_HTTP_HEADER_CONNECTION) != 0;
    }
    return may;
}

size_t respond_bytes(const struct response_headers *headers)
{
    return RESPONSE_BYTES + (may_be_merged(headers) ? 1 : headers->count) * FIELD_BYTES + text_size(headers);
}

static char *append(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}

/* All fields in the value of the first, one behind the other. For each field by itself libmicrohttpd takes three blocks
 * of memory, and reads them each time that the response is sent. Where one field ends and the next begins it is given
 * blanks, and so sees that no other line end is in there; then they are written over. */
static bool add_merged(struct MHD_Response *response, const struct response_headers *headers)
{
    char text[MERGED_BYTES], *ends[RESPOND_HEADERS_MAX], *at = text;
    const char *name = headers->fields[0].name;

    for (size_t i = 0; i < headers->count; i++) {
        const struct response_header *field = &headers->fields[i];
        if (i > 0) {
            ends[i] = at;
            at = append(at, "  ", 2);
            at = append(at, field->name, strlen(field->name));
            at = append(at, ": ", 2);
        }
        at = append(at, field->value, field->size);
    }
    *at = '\0';
    if (MHD_add_response_header(response, name, text) != MHD_YES) {
        return false;
    }
    char *value = values_of(response, name);
    for (size_t i = 1; i < headers->count; i++) {
        memcpy(value + (ends[i] - text), "\r\n", 2);
    }
    return true;
}

static bool add_each(struct MHD_Response *response, const struct response_headers *headers)
{
    size_t added = 0;

    while (added < headers->count && MHD_add_response_header(response, headers->fields[added].name,
                                                             headers->fields[added].value) == MHD_YES) {
        added++;
    }
    return added == headers->count;
}

struct MHD_Response *respond_complete(struct MHD_Response *response, const struct response_headers *headers)
{
    if (response == NULL || (may_be_merged(headers) && add_merged(response, headers)) || add_each(response, headers)) {
        return response;
    }
    MHD_destroy_response(response);
    return NULL;
}

struct MHD_Response *respond_make(struct buffer *body, const struct response_headers *headers)
{
    struct MHD_Response *response = NULL;
    size_t size = 0;
    uint8_t *data = NULL;

    if (body != NULL && !body->failed && body->size > 0) {
        data = buffer_take(body, &size);
    }
    if (data != NULL) {
        response = MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
    } else if (body == NULL || (!body->failed && body->size == 0)) {
        response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    }
    if (body != NULL) {
        buffer_free(body);
    }
    if (response == NULL) {
        free(data);
    }
    return respond_complete(response, headers);
}

/* No body goes out with a 304. */
static ssize_t never_read(void *cls, uint64_t at, char *to, size_t most)
{
    (void)cls, (void)at, (void)to, (void)most;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

struct MHD_Response *respond_make_not_modified(size_t size, const struct response_headers *headers)
{
    return respond_complete(MHD_create_response_from_callback(size, 1, never_read, NULL, NULL), headers);
}

static void count_request(const struct request *request, unsigned status)
{
    enum route_kind kind = request->route != NULL ? request->route->kind : ROUTE_OTHER;

    count_response(kind, status);
    if (request->asked_us != 0) {
        count_request_time(kind, clock_mono_us() - request->asked_us);
    }
}

enum MHD_Result respond_shared(struct request *request, unsigned status, struct MHD_Response *response)
{
    count_request(request, status);
    log_event(LEVEL_DEBUG, "request answered", LOG_TEXT("method", request->method),
              LOG_TEXT("route", request->route != NULL ? request->route->pattern : "none"),
              LOG_NUMBER("status", status));
    return MHD_queue_response(request->connection, status, response);
}

static enum MHD_Result respond_and_destroy(struct request *request, unsigned status, struct MHD_Response *response)
{
    if (response == NULL) {
        return respond_shared(request, MHD_HTTP_SERVICE_UNAVAILABLE, request->http->out_of_memory);
    }
    cors_complete(request, response);
    enum MHD_Result result = respond_shared(request, status, response);
    MHD_destroy_response(response);
    return result;
}

static void add_close(const struct request *request, struct response_headers *headers)
{
    if (atomic_load(&request->http->draining)) {
        respond_header(headers, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

enum MHD_Result respond_own(struct request *request, unsigned status, struct buffer *body,
                            struct response_headers *headers)
{
    add_close(request, headers);
    return respond_and_destroy(request, status, respond_make(body, headers));
}

enum MHD_Result respond_not_modified(struct request *request, size_t size, struct response_headers *headers)
{
    add_close(request, headers);
    return respond_and_destroy(request, MHD_HTTP_NOT_MODIFIED, respond_make_not_modified(size, headers));
}

enum MHD_Result respond_made(struct request *request, unsigned status, struct MHD_Response *response,
                             struct response_headers *headers)
{
    add_close(request, headers);
    return respond_and_destroy(request, status, respond_complete(response, headers));
}

static const struct {
    unsigned status;
    const char *title;
    const char *type; /* each has its page in docs/problems/, with the title above it */
} titles[] = {
    {400, "Bad request", PROBLEM_TYPE("bad-request")},
    {401, "Token needed", PROBLEM_TYPE("token-needed")},
    {403, "Forbidden", PROBLEM_TYPE("forbidden")},
    {404, "Not found", PROBLEM_TYPE("not-found")},
    {405, "Method not allowed", PROBLEM_TYPE("method-not-allowed")},
    {406, "Not acceptable", PROBLEM_TYPE("not-acceptable")},
    {409, "Recipients without a certificate", PROBLEM_TYPE("recipients-without-certificate")},
    {411, "Length required", PROBLEM_TYPE("length-required")},
    {413, "Content too large", PROBLEM_TYPE("too-large")},
    {415, "Unsupported media type", PROBLEM_TYPE("not-json")},
    {429, "Too many requests", PROBLEM_TYPE("client-limit")},
    {500, "Internal error", PROBLEM_TYPE("internal-error")},
    {501, "Method not known", PROBLEM_TYPE("not-implemented")},
    {503, "Service unavailable", PROBLEM_TYPE("unavailable")},
    {504, PROBLEM_UNKNOWN_TITLE, PROBLEM_UNKNOWN},
};

static size_t title_of(unsigned status)
{
    size_t i = 0;

    while (i + 1 < sizeof(titles) / sizeof(titles[0]) && titles[i].status != status) {
        i++;
    }
    assert(titles[i].status == status);
    return i;
}

const char *respond_title(unsigned status)
{
    return titles[title_of(status)].title;
}

const char *respond_type(unsigned status)
{
    return titles[title_of(status)].type;
}

void respond_id(struct request *request, struct response_headers *headers)
{
    const char *id = request_id(request);
    bool has_room = request->target_size <= MAX_URI_BYTES; /* a longer one may leave none for fields of the answer */

    if (id[0] != '\0' && has_room) {
        respond_field(headers, "Request-Id", id);
    }
}

struct MHD_Response *respond_make_problem(const struct problem *problem, struct response_headers *headers)
{
    struct buffer body;

    buffer_init(&body, MAX_RESPONSE_BYTES);
    if (render_problem(problem, &body) != 0) {
        buffer_free(&body);
        return NULL;
    }
    respond_header(headers, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
    respond_header(headers, "X-Content-Type-Options", "nosniff");
    return respond_make(&body, headers);
}

/* `why`: what the log says. */
static enum MHD_Result send_problem(struct request *request, const struct problem *problem, const char *why,
                                    struct response_headers *headers)
{
    unsigned status = (unsigned)problem->status;
    char instance[REQUEST_INSTANCE_BYTES];
    struct problem told = *problem;

    add_close(request, headers);
    if (status != MHD_HTTP_NOT_FOUND || problem->type == NULL) {
        told.instance = request_instance(request, instance);
        request_tell_refusal(request, status, why);
        respond_id(request, headers);
    }
    if (problem->type == NULL) {
        told.type = respond_type(status);
    }
    respond_header(headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return respond_and_destroy(request, status, respond_make_problem(&told, headers));
}

enum MHD_Result respond_problem_of(struct request *request, const struct problem *problem,
                                   struct response_headers *headers)
{
    return send_problem(request, problem, problem->detail, headers);
}

enum MHD_Result respond_problem(struct request *request, unsigned status, const char *detail,
                                struct response_headers *headers)
{
    struct response_headers none = {0};
    struct problem problem = {.status = (int)status, .title = respond_title(status), .detail = detail};

    return respond_problem_of(request, &problem, headers != NULL ? headers : &none);
}

enum MHD_Result respond_problem_quoting(struct request *request, unsigned status, const char *detail, const char *why)
{
    struct response_headers headers = {0};
    struct problem problem = {.status = (int)status, .title = respond_title(status), .detail = detail};

    return send_problem(request, &problem, why, &headers);
}

enum MHD_Result respond_uncached(struct request *request, unsigned status, struct buffer *body, const char *media_type,
                                 struct response_headers *headers)
{
    respond_field(headers, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    respond_field(headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    respond_field(headers, "X-Content-Type-Options", "nosniff");
    return respond_own(request, status, body, headers);
}

enum MHD_Result respond_text(struct request *request, unsigned status, struct buffer *text, const char *media_type)
{
    struct response_headers headers = {0};

    return respond_uncached(request, status, text, media_type, &headers);
}
