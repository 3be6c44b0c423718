#include "http/cors.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "http/rules.h"

/* What pages may send besides what any form may. */
#define REQUEST_FIELDS "Authorization, Content-Type, Accept, If-None-Match, X-Request-Id"

/* What they may read of an answer besides what any may: of those that tell more than the body does. */
#define ANSWER_FIELDS "ETag, Retry-After, Request-Id, Content-Disposition, Recipients-Left-Out, WWW-Authenticate"

#define PREFLIGHT_S "600"

static const struct {
    const char *text;
    const char *port; /* which browsers leave out */
} schemes[] = {{"https://", "443"}, {"http://", "80"}};

static const char *fault_of_port(const char *port, const char *usual)
{
    uint16_t number;

    if (!text_parse_port(port, &number) || number == 0) {
        return "has no port from 1 to 65535 behind its colon, and nothing else";
    }
    return strcmp(port, usual) == 0 ? "names the port that its scheme has anyway, which browsers leave out" : NULL;
}

/* "[2001:db8::1]": how long it is; 0: none. */
static size_t literal_size(const char *host)
{
    size_t size = strcspn(host, "]");
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host[0] != '[' || host[size] != ']' || size > sizeof(text)) {
        return 0;
    }
    memcpy(text, host + 1, size - 1);
    text[size - 1] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1 ? size + 1 : 0;
}

static const char *fault_of_host(const char *host, const char *usual_port)
{
    size_t size = host[0] == '[' ? literal_size(host) : strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_");
    const char *end = host + size;

    if (size > 0 && size <= MAX_DOMAIN_BYTES && *end == ':') {
        return fault_of_port(end + 1, usual_port);
    }
    if (size > 0 && (*end == '/' || *end == '?' || *end == '#')) {
        return "goes on behind the host: an origin has no path, and no / at its end";
    }
    return size > 0 && size <= MAX_DOMAIN_BYTES && *end == '\0' ? NULL : "has no host as browsers write it there";
}

static const char *fault_of_origin(const char *text)
{
    if (text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0') {
        return "has capital letters, which browsers never send there";
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i].text);

        if (strncmp(text, schemes[i].text, size) == 0) {
            return fault_of_host(text + size, schemes[i].port);
        }
    }
    return "is neither https://host nor http://host, with or without a port, nor \"*\"";
}

int http_origin_check(const char *text, struct error *error)
{
    const char *fault = strcmp(text, HTTP_ORIGIN_ANY) != 0 ? fault_of_origin(text) : NULL;

    return fault == NULL ? 0 : error_set(error, "\"%.100s\" %s", text, fault);
}

/* What Access-Control-Allow-Origin says to who asks; NULL: nothing. */
static const char *allowed_origin(const struct request *request)
{
    const char *origin = request->by_origin ? worker_rules(request->worker)->origins : NULL;

    if (origin == NULL || request->headers.origins != 1) {
        return NULL;
    }
    while (*origin != '\0' && strcmp(origin, HTTP_ORIGIN_ANY) != 0 &&
           !bytes_equal(request->headers.origin, bytes_of_string(origin))) {
        origin += strlen(origin) + 1;
    }
    return *origin != '\0' ? origin : NULL;
}

/* Where memory is out a field is missing, and the browser keeps the answer from the page. */
void cors_allow(const struct request *request, struct MHD_Response *response)
{
    const char *origin = allowed_origin(request);

    if (origin != NULL && response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_FIELDS);
    }
}

void cors_complete(const struct request *request, struct MHD_Response *response)
{
    if (request->by_origin) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ORIGIN);
        cors_allow(request, response);
    }
}

void cors_add_preflight(const struct request *request, const char *methods, struct response_headers *headers)
{
    if (!request->by_origin) {
        return;
    }
    respond_field(headers, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCESS_CONTROL_REQUEST_METHOD);
    if (request->headers.preflight && allowed_origin(request) != NULL) {
        respond_field(headers, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS, methods);
        respond_field(headers, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_FIELDS);
        respond_field(headers, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE, PREFLIGHT_S);
    }
}
