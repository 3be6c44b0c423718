#include "http/pages.h"

#include "base/metrics.h"
#include "http/embedded.h"
#include "http/respond.h"
#include "http/routes.h"

#define PLAIN "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

enum MHD_Result pages_health(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append_string(&text, "ok\n");
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}

enum MHD_Result pages_readiness(struct request *request)
{
    const struct http *http = request->http;
    char why[MAX_ERROR_BYTES] = "the gateway is shutting down";
    struct response_headers headers = {0};
    struct buffer text;

    if (atomic_load(&http->draining) || !http->backend.ready(http->backend.context, why, sizeof(why))) {
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

enum MHD_Result pages_openapi(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append(&text, embedded_openapi, embedded_openapi_size);
    return respond_text(request, MHD_HTTP_OK, &text, "application/json");
}

enum MHD_Result pages_index(struct request *request)
{
    struct buffer text;

    buffer_init(&text, MAX_RESPONSE_BYTES);
    buffer_append_string(&text, "certlookup " VERSION ": which certificate may I encrypt to, for this address?\n\n");
    for (size_t i = 0; i < routes_count; i++) {
        buffer_append_format(&text, "%-4s %-38s %s\n", routes_method(&routes[i]), routes[i].pattern, routes[i].help);
    }
    return respond_text(request, MHD_HTTP_OK, &text, PLAIN);
}
