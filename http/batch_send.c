#include "base/metrics.h"
#include "http/batch_private.h"
#include "http/respond.h"

static void count_outcomes(const struct batch *batch)
{
    for (size_t outcome = 0; outcome < OUTCOMES; outcome++) {
        for (size_t i = 0; i < batch->outcomes[outcome]; i++) {
            count_outcome((enum outcome)outcome);
        }
    }
}

/* Somebody has no certificate, or nobody: who, and why. */
static enum MHD_Result refuse_bundle(struct batch *batch)
{
    struct response_headers headers = {0};
    struct problem problem = {
        .status = MHD_HTTP_CONFLICT,
        .title = respond_title(MHD_HTTP_CONFLICT),
        .detail = bundle_count(batch->bundle) > 0 ? "to some recipients nobody can encrypt: partial=1 leaves them out"
                                                  : "to none of the recipients can anybody encrypt",
        .recipients = buffer_string(&batch->body),
    };

    return respond_problem_of(batch->request, &problem, &headers);
}

static enum MHD_Result send_bundle(struct batch *batch)
{
    const struct format_info *info = &render_formats[FORMAT_P7C];
    struct response_headers headers = {0};
    struct buffer body;

    if (bundle_count(batch->bundle) == 0 || (batch->told > 0 && !batch->partial)) {
        return refuse_bundle(batch);
    }
    buffer_init(&body, MAX_RESPONSE_BYTES);
    if (bundle_render(batch->bundle, &body) != 0 ||
        !body_hold(&batch->request->body, batch->request->http, body.size)) {
        buffer_free(&body);
        return request_refuse(batch->request, REASON_OVERLOADED);
    }
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_TYPE, info->media_type);
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_DISPOSITION, "attachment; filename=\"recipients.p7c\"");
    respond_field(&headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    respond_field(&headers, "X-Content-Type-Options", "nosniff");
    if (batch->told > 0) {
        respond_header(&headers, "Recipients-Left-Out", "%zu", batch->told);
    }
    return respond_own(batch->request, MHD_HTTP_OK, &body, &headers);
}

enum MHD_Result batch_send(struct batch *batch)
{
    struct request *request = batch->request;
    struct buffer *body = &batch->body;

    count_outcomes(batch);
    if (batch->bundle != NULL && !body->failed) {
        return send_bundle(batch);
    }
    buffer_append_string(body, "]}");
    if (body->failed && body->size > MAX_RESPONSE_BYTES - 2 * MAX_VALUE_BYTES) { /* it was not memory */
        return respond_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
                               "the answer would be too large: ask for fewer recipients at a time", NULL);
    }
    if (body->failed || !body_hold(&request->body, request->http, body->size)) {
        return request_refuse(request, REASON_OVERLOADED);
    }
    return respond_text(request, MHD_HTTP_OK, body, "application/json");
}
