#include "http/pages.h"

#include <stdio.h>

#include "base/metrics.h"
#include "http/embedded.h"
#include "http/etag.h"
#include "http/negotiate.h"
#include "http/page.h"
#include "http/respond.h"
#include "http/routes.h"
#include "render/status.h"

#define PLAIN "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

enum MHD_Result pages_health(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append_string(&text, "ok\n");
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}

/* False: `why` says why not. */
static bool is_ready(const struct http *http, char why[MAX_ERROR_BYTES])
{
    snprintf(why, MAX_ERROR_BYTES, "the gateway is shutting down");
    return !atomic_load(&http->draining) && http->backend.ready(http->backend.context, why, MAX_ERROR_BYTES);
}

enum MHD_Result pages_readiness(struct request *request)
{
    char why[MAX_ERROR_BYTES];
    struct response_headers headers = {0};
    struct buffer text;

    if (!is_ready(request->http, why)) {
        respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        return respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, why, &headers);
    }
    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append_string(&text, "ready\n");
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}

enum MHD_Result pages_metrics(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    metrics_write(&text);
    return respond_text(request, MHD_HTTP_OK, &text, PROMETHEUS);
}

struct names {
    const char *names[MAX_DIRECTORIES];
    size_t count;
    struct buffer text; /* each with its NUL */
};

/* Where it stands is only told once the buffer does not grow any more. */
static void add_name(void *closure, const char *directory)
{
    struct names *names = closure;

    if (names->count < MAX_DIRECTORIES) {
        buffer_append(&names->text, directory, strlen(directory) + 1);
        names->count++;
    }
}

static void point_at_names(struct names *names)
{
    const char *at = buffer_string(&names->text);

    if (names->text.failed) { /* memory is out: less is told */
        names->count = 0;
    }
    for (size_t i = 0; i < names->count; i++) {
        names->names[i] = at;
        at += strlen(at) + 1;
    }
}

enum MHD_Result pages_status(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;
    char why[MAX_ERROR_BYTES];
    struct names names = {.count = 0};
    struct buffer text;

    buffer_init(&names.text, MAX_RESPONSE_BYTES);
    buffer_init(&text, MAX_RESPONSE_BYTES);
    bool ready = is_ready(request->http, why);
    bool has_redis = backend->describe(backend->context, add_name, &names);
    point_at_names(&names);
    const struct status status = {ready ? NULL : why, has_redis, names.names, names.count};
    text.failed = render_status(&status, &text) != 0;
    buffer_free(&names.text);
    return respond_text(request, MHD_HTTP_OK, &text, "application/json");
}

/* "client-limit" and "client-limit.md" */
static bool is_called(const struct embedded_file *file, struct bytes name)
{
    return strlen(file->name) == name.size + strlen(".md") && memcmp(file->name, name.data, name.size) == 0;
}

enum MHD_Result pages_problem(struct request *request)
{
    struct buffer text;
    size_t i = 0;

    while (i < embedded_problems_count && !is_called(&embedded_problems[i], request->captured)) {
        i++;
    }
    if (i == embedded_problems_count) {
        return respond_problem(request, MHD_HTTP_NOT_FOUND, "there is no such type of problem", NULL);
    }
    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append(&text, embedded_problems[i].data, embedded_problems[i].size);
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}

/* "client-limit  Too many requests (429)", of the file's name and its first line, "# Too many requests (429)". */
static void add_problem(const struct embedded_file *file, struct buffer *text)
{
    const char *title = (const char *)file->data;
    int name_size = (int)(strlen(file->name) - strlen(".md"));

    buffer_append_format(text, "/problems/%-32.*s %.*s\n", name_size, file->name,
                         (int)(strcspn(title, "\n") - strlen("# ")), title + strlen("# "));
}

enum MHD_Result pages_problems(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    for (size_t i = 0; i < embedded_problems_count; i++) {
        add_problem(&embedded_problems[i], &text);
    }
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}

enum MHD_Result pages_openapi(struct request *request)
{
    struct response_headers headers = {0};

    respond_field(&headers, MHD_HTTP_HEADER_ETAG, embedded_openapi_etag);
    respond_field(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    if (etag_is_known(&request->headers.if_none_match, embedded_openapi_etag)) {
        return respond_not_modified(request, embedded_openapi_size, &headers);
    }
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    respond_field(&headers, "X-Content-Type-Options", "nosniff");
    return respond_made(request, MHD_HTTP_OK,
                        MHD_create_response_from_buffer(embedded_openapi_size, (void *)(uintptr_t)embedded_openapi,
                                                        MHD_RESPMEM_PERSISTENT), &headers);
}

static enum MHD_Result send_list(struct request *request)
{
    struct response_headers headers = {0};
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append_string(&text, "certlookup " VERSION ": which certificate may I encrypt to, for this address?\n\n");
    for (size_t i = 0; i < routes_count; i++) {
        buffer_append_format(&text, "%-4s %-38s %s\n", routes_method(&routes[i]), routes[i].pattern, routes[i].help);
    }
    respond_field(&headers, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
    return respond_uncached(request, MHD_HTTP_OK, &text, PLAIN, &headers);
}

enum MHD_Result pages_index(struct request *request)
{
    static const char *const offered[] = {"text/plain", "text/html"};
    const struct header_list *accept = &request->headers.accept;

    return negotiate_type(accept->values, accept->count, offered, 2) == 0 ? send_list(request) : page_answer(request);
}
