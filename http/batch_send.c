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

static enum MHD_Result refuse_too_large(const struct batch *batch)
{
    return respond_problem(batch->request, MHD_HTTP_CONTENT_TOO_LARGE,
                           "the answer would be too large: ask for fewer recipients at a time", NULL);
}

/* Never to be kept, and another one for another Accept. */
static enum MHD_Result send_body(struct batch *batch, unsigned status, struct buffer *body, const char *media_type,
                                 struct response_headers *headers)
{
    if (body->failed || !body_hold(&batch->request->body, batch->request->http, body->size)) {
        buffer_free(body);
        return request_refuse(batch->request, REASON_OVERLOADED);
    }
    respond_field(headers, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
    return respond_uncached(batch->request, status, body, media_type, headers);
}

/* All who are told of. */
static enum MHD_Result send_list(struct batch *batch, unsigned status, const char *media_type,
                                 struct response_headers *headers)
{
    if (batch->body.failed && batch->body.size > MAX_RESPONSE_BYTES - 2 * MAX_VALUE_BYTES) { /* it was not memory */
        return refuse_too_large(batch);
    }
    return send_body(batch, status, &batch->body, media_type, headers);
}

/* Of some it cannot be told now. */
static bool lacks_word(const struct batch *batch)
{
    return batch->outcomes[OUTCOME_UNKNOWN] + batch->untold > 0;
}

/* Three outcomes, never mixed: when of one recipient it cannot be told, the bundle may come yet, whoever else has none,
 * and nobody leaves him out. */
static enum MHD_Result refuse_bundle(struct batch *batch)
{
    struct response_headers headers = {0};
    char instance[REQUEST_INSTANCE_BYTES];
    bool unknown = lacks_word(batch);
    unsigned status = unknown ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_CONFLICT;
    const char *detail = unknown ? "of some recipients nobody can tell just now whether they have a certificate"
                         : bundle_count(batch->bundle) > 0
                             ? "to some recipients nobody can encrypt: partial=1 leaves them out"
                             : "to none of the recipients can anybody encrypt";

    request_tell_refusal(batch->request, status, detail);
    buffer_append_format(&batch->body, "],\"type\":\"%s\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"",
                         unknown ? PROBLEM_UNKNOWN : respond_type(status),
                         unknown ? PROBLEM_UNKNOWN_TITLE : respond_title(status), status, detail);
    if (request_instance(batch->request, instance) != NULL) {
        buffer_append_format(&batch->body, ",\"instance\":\"%s\"", instance);
    }
    buffer_append_char(&batch->body, '}');
    respond_id(batch->request, &headers);
    if (unknown) {
        respond_header(&headers, MHD_HTTP_HEADER_RETRY_AFTER, "%lld", (long long)batch->retry_after_s);
    }
    return send_list(batch, status, "application/problem+json", &headers);
}

static bool is_bundle_whole(const struct batch *batch)
{
    return bundle_count(batch->bundle) > 0 && !lacks_word(batch) && (batch->told == 0 || batch->partial);
}

static enum MHD_Result send_bundle(struct batch *batch)
{
    struct response_headers headers = {0};
    struct buffer body;

    if (bundle_bytes(batch->bundle) > MAX_RESPONSE_BYTES) {
        return refuse_too_large(batch);
    }
    buffer_free(&batch->body); /* who was left out is not told of */
    buffer_init(&body, MAX_RESPONSE_BYTES);
    if (bundle_render(batch->bundle, &body) != 0) {
        body.failed = true;
    }
    bundle_free(&batch->bundle); /* the answers are not held as long as somebody reads */
    respond_field(&headers, MHD_HTTP_HEADER_CONTENT_DISPOSITION, "attachment; filename=\"recipients.p7c\"");
    if (batch->told > 0) {
        respond_header(&headers, "Recipients-Left-Out", "%zu", batch->told);
    }
    return send_body(batch, MHD_HTTP_OK, &body, render_formats[FORMAT_P7C].media_type, &headers);
}

enum MHD_Result batch_send(struct batch *batch)
{
    struct response_headers headers = {0};

    count_outcomes(batch);
    if (batch->bundle != NULL) {
        return is_bundle_whole(batch) ? send_bundle(batch) : refuse_bundle(batch);
    }
    buffer_append_string(&batch->body, "]}");
    return send_list(batch, MHD_HTTP_OK, "application/json", &headers);
}
