#include "http/page.h"

#include "http/embedded.h"
#include "http/etag.h"
#include "http/respond.h"

#define INDEX "index.html"

/* Nothing but our own files, and no text becomes HTML or script: what the page shows comes out of certificates, and so
 * from whoever wrote these. */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " \
               "require-trusted-types-for 'script'; trusted-types 'none'"

static const struct {
    const char *suffix;
    const char *media_type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

static const char *type_of(const char *name)
{
    const char *suffix = strrchr(name, '.');

    for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(suffix, types[i].suffix) == 0) {
            return types[i].media_type;
        }
    }
    return "application/octet-stream";
}

/* A 304 has these too: a browser keeps the file with the policy that came along last (RFC 9111 4.3.4), which may be
 * that of an older gateway though the file is the same. */
static void add_policies(struct response_headers *headers)
{
    respond_field(headers, "Content-Security-Policy", POLICY);
    respond_field(headers, "Referrer-Policy", "no-referrer");
    respond_field(headers, "Cross-Origin-Resource-Policy", "same-origin");
    respond_field(headers, "X-Content-Type-Options", "nosniff");
}

/* Browsers ask again each time, and are mostly told that nothing changed: so that no file of an older gateway is used
 * without asking. */
static enum MHD_Result send_file(struct request *request, const struct embedded_file *file, const char *vary)
{
    struct response_headers headers = {0};
    struct buffer body;

    respond_field(&headers, MHD_HTTP_HEADER_ETAG, file->etag);
    respond_field(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    add_policies(&headers);
    if (vary != NULL) {
        respond_field(&headers, MHD_HTTP_HEADER_VARY, vary);
    }
    if (etag_is_known(&request->headers.if_none_match, file->etag)) {
        return respond_not_modified(request, file->size, &headers);
    }
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(file->name));
    buffer_init(&body, MAX_RESPONSE_BYTES);
    buffer_append(&body, file->data, file->size);
    return respond_own(request, MHD_HTTP_OK, &body, &headers);
}

static enum MHD_Result send_named(struct request *request, struct bytes name, const char *vary)
{
    for (size_t i = 0; i < embedded_web_count; i++) {
        if (bytes_equal(name, bytes_of_string(embedded_web[i].name))) {
            return send_file(request, &embedded_web[i], vary);
        }
    }
    return respond_problem(request, MHD_HTTP_NOT_FOUND, "the page has no such file", NULL);
}

enum MHD_Result page_answer(struct request *request)
{
    return send_named(request, bytes_of(INDEX, sizeof(INDEX) - 1), MHD_HTTP_HEADER_ACCEPT);
}

enum MHD_Result page_file_answer(struct request *request)
{
    return send_named(request, request->captured, NULL);
}
