#include "http/reply.h"
#include "http/respond.h"
#include "http/search.h"

enum MHD_Result search_send(struct request *request, const struct parts *parts)
{
    struct response_headers headers = {0};
    char etag[ETAG_BYTES], type[PARTS_TYPE_BYTES];

    parts_etag(parts, etag);
    respond_field(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    respond_field(&headers, MHD_HTTP_HEADER_ETAG, etag);
    struct MHD_Response *response = parts_respond(parts, type);
    if (etag_is_known(&request->headers.if_none_match, etag)) {
        return respond_made(request, MHD_HTTP_NOT_MODIFIED, response, &headers); /* without the body, but its length */
    }
    for (size_t i = 0; i < parts->count; i++) {
        request->slow.bytes += parts->items[i].der->size;
    }
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    respond_field(&headers, "X-Content-Type-Options", "nosniff");
    return respond_made(request, MHD_HTTP_OK, response, &headers);
}

enum MHD_Result search_send_none(struct request *request, const char *detail, enum reason reason, const char *address)
{
    struct response_headers headers = {0};
    struct problem problem = {
        .status = MHD_HTTP_NOT_FOUND,
        .title = "Nothing fits",
        .detail = detail,
        .type = PROBLEM_TYPE("no-match"),
    };

    if (reason != REASON_UNJUDGED) {
        problem = reply_problem(OUTCOME_NONE, reason, reason, address);
    }
    return respond_problem_of(request, &problem, &headers);
}

enum MHD_Result search_send_unknown(struct request *request, enum reason reason, int64_t retry_after_s,
                                    const char *address)
{
    struct response_headers headers = {0};
    const struct problem problem = reply_problem(OUTCOME_UNKNOWN, reason, reason, address);

    respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "%lld", (long long)(retry_after_s > 1 ? retry_after_s : 1));
    return respond_problem_of(request, &problem, &headers);
}
