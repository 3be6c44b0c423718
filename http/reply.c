#include "http/reply.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/respond.h"
#include "http/spare.h"
#include "http/values.h"

#define CACHE_LINE 64
#define FETCHED_BYTES 2048 /* of a body: an ordinary certificate */

/* A problem's body, about. */
#define PROBLEM_BYTES 256

unsigned reply_status(enum outcome outcome, enum reason reason)
{
    if (outcome == OUTCOME_FOUND) {
        return MHD_HTTP_OK;
    }
    if (outcome == OUTCOME_NONE) {
        return MHD_HTTP_NOT_FOUND;
    }
    if (reason == REASON_INTERNAL) {
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
    bool late = reason == REASON_DEADLINE || reason == REASON_DIRECTORY_TIMEOUT;
    return late ? MHD_HTTP_GATEWAY_TIMEOUT : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static const bool plain[256] = {
    ['+'] = true, ['-' ... '.'] = true, ['0' ... '9'] = true, ['@' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true,
};

const char *reply_file_name(struct bytes address, const char *ending, char out[REPLY_FILE_NAME_BYTES])
{
    size_t ending_size = strlen(ending), room = REPLY_FILE_NAME_BYTES - ending_size - 2;
    size_t size = address.size < room ? address.size : room;

    memcpy(out, address.data, size);
    for (size_t i = 0; i < size; i++) {
        if (!plain[address.data[i]]) {
            out[i] = '_';
        }
    }
    if (size > 0 && (out[0] == '.' || out[0] == '-')) {
        out[0] = '_';
    }
    out[size] = '.';
    memcpy(out + size + 1, ending, ending_size + 1);
    return out;
}

/* RFC 9211 */
static void add_cache_status(const struct served *served, struct response_headers *headers)
{
    static const char *const words[] = {
        [LAYER_DIRECTORY] = "certlookup; fwd=miss",
        [LAYER_REDIS] = "certlookup; hit; detail=shared",
        [LAYER_MEMORY] = "certlookup; hit",
    };

    if (served->stale) {
        long long left = (long long)(served->answer->fresh_until - clock_wall_s());
        respond_header(headers, "Cache-Status", "certlookup; hit; ttl=%lld; detail=stale", left < 0 ? left : 0);
    } else {
        respond_field(headers, "Cache-Status", words[served->layer]);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whether others may keep it, and since when. */
static void add_keeping(const struct served *served, const struct wish *wish, struct response_headers *headers)
{
    bool keep = served->answer->outcome != OUTCOME_UNKNOWN && !served->stale && !wish->explain;

    if (wish->dated) {
        respond_field_of(headers, MHD_HTTP_HEADER_DATE, values_date(), VALUES_DATE_SIZE);
    }
    respond_field(headers, MHD_HTTP_HEADER_CACHE_CONTROL, keep ? "private" : "no-store");
    respond_field(headers, MHD_HTTP_HEADER_VARY, wish->by_origin ? "Accept, Origin" : MHD_HTTP_HEADER_ACCEPT);
    add_cache_status(served, headers);
    if (wish->refused != NULL) {
        respond_id(wish->refused, headers);
    }
    if (wish->close) {
        respond_field(headers, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

/* How long: as long as we would, and nobody but the one who asked. */
static void add_life(const struct served *served, struct response_headers *headers)
{
    const struct answer *answer = served->answer;
    char date[TEXT_TIME_BYTES];

    if (answer->outcome == OUTCOME_UNKNOWN) {
        long long wait_s = answer->retry_after_s > 1 ? (long long)answer->retry_after_s : 1;
        respond_header(headers, MHD_HTTP_HEADER_RETRY_AFTER, "%lld", wait_s);
    } else {
        int64_t until = served->stale ? earlier(answer->fresh_until, clock_wall_s() - 1) : answer->fresh_until;
        const char *const expires[] = {text_http_date(until, date)};
        respond_joined(headers, MHD_HTTP_HEADER_EXPIRES, expires, 1);
    }
}

/* What is the same for many answers stands first, then what has the same length, which a spare response gains by; see
 * spare.h. `etag` "": none. */
static void add_content(const struct served *served, const struct format_info *info, const char *etag,
                        struct response_headers *headers)
{
    char name[REPLY_FILE_NAME_BYTES];

    respond_field(headers, MHD_HTTP_HEADER_CONTENT_TYPE, info->media_type);
    respond_field(headers, "X-Content-Type-Options", "nosniff");
    add_life(served, headers);
    if (etag[0] != '\0') {
        respond_field(headers, MHD_HTTP_HEADER_ETAG, etag);
    }
    if (info != &render_formats[FORMAT_JSON]) {
        const struct address_text *address = &served->answer->address;
        reply_file_name(bytes_of(address->text, address->size), info->file_ending, name);
        const char *const value[] = {"attachment; filename=\"", name, "\""};
        respond_joined(headers, MHD_HTTP_HEADER_CONTENT_DISPOSITION, value, 3);
    }
}

struct problem reply_problem(enum outcome outcome, enum reason reason, enum reason told, const char *address)
{
    unsigned status = reply_status(outcome, reason);
    bool none = outcome == OUTCOME_NONE, internal = !none && reason == REASON_INTERNAL;

    return (struct problem){
        .type = none ? PROBLEM_NONE : internal ? respond_type(status) : PROBLEM_UNKNOWN,
        .status = (int)status,
        .title = none ? "No usable certificate" : internal ? respond_title(status) : PROBLEM_UNKNOWN_TITLE,
        .detail = reason_text(told),
        .reason = reason_word(told),
        .address = address,
    };
}

static void make_problem(const struct served *served, const struct wish *wish, struct response_headers *headers,
                         struct reply *reply)
{
    const struct answer *answer = served->answer;
    const char *address = answer->address.size > 0 ? answer->address.text : NULL;
    char instance[REQUEST_INSTANCE_BYTES];
    struct problem problem = reply_problem(answer->outcome, answer->reason, wish->told, address);

    problem.instance = wish->refused != NULL ? request_instance(wish->refused, instance) : NULL;
    add_life(served, headers);
    reply->bytes += PROBLEM_BYTES;
    reply->full = respond_make_problem(&problem, headers);
}

static void give_back(void *answer)
{
    struct answer *held = answer;

    answer_free(&held);
}

void reply_fetch_ahead(const struct reply *reply)
{
    for (size_t at = 0; at < reply->body.size && at < FETCHED_BYTES; at += CACHE_LINE) {
        __builtin_prefetch(reply->body.data + at);
    }
}

/* False: it is to be made otherwise. */
static bool make_of_spare(struct spares *spares, struct bytes der, const struct response_headers *headers,
                          struct reply *reply)
{
    if (spares == NULL || der.size > SPARE_BODY_BYTES ||
        (reply->spare = spares_take(spares, der, headers)) == NULL) {
        return false;
    }
    reply->full = spare_response(reply->spare);
    reply->body = bytes_of("", 0); /* it has a copy */
    return true;
}

/* DER: the body is in the answer already, and so is its digest. Most answers are asked for in no other format. */
static void make_der(const struct served *served, struct spares *spares, struct response_headers *headers,
                     struct reply *reply)
{
    struct answer *answer = served->answer;
    struct bytes der = answer->best;

    reply->body = der;
    reply->size = der.size;
    reply_fetch_ahead(reply); /* while its header is made */
    etag_of_digest(answer->best_digest, reply->etag);
    add_content(served, &render_formats[FORMAT_DER], reply->etag, headers);
    if (make_of_spare(spares, der, headers, reply)) {
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        der.size, (void *)(uintptr_t)der.data, give_back, answer_ref(answer));
    if (response == NULL) {
        give_back(answer);
    }
    reply->full = respond_complete(response, headers);
}

static void make_document(const struct served *served, const struct wish *wish, struct spares *spares,
                          struct response_headers *headers, struct reply *reply)
{
    enum format format = wish->explain ? FORMAT_JSON : wish->format;
    struct render_options options = {
        .explain = wish->explain,
        .stale = served->stale,
        .best_only = wish->best_only && !wish->explain,
        .layer = layer_word(served->layer),
    };
    struct buffer body;

    if (format == FORMAT_DER && served->answer->usable_count > 0) {
        make_der(served, spares, headers, reply);
        return;
    }
    buffer_init(&body, MAX_RESPONSE_BYTES);
    if (render(format, served->answer, &options, &body) != 0) {
        buffer_free(&body);
        return;
    }
    reply->size = body.size;
    reply->bytes += body.size;
    if (reply->status == MHD_HTTP_OK) {
        etag_make(buffer_bytes(&body), reply->etag);
    }
    add_content(served, &render_formats[format], reply->etag, headers);
    reply->full = respond_make(&body, headers);
}

int reply_make(const struct served *served, const struct wish *wish, struct spares *spares, struct reply *reply)
{
    struct response_headers headers;

    respond_begin(&headers);
    *reply = (struct reply){.status = reply_status(served->answer->outcome, served->answer->reason)};
    add_keeping(served, wish, &headers);
    if (served->answer->outcome == OUTCOME_FOUND || wish->explain) {
        make_document(served, wish, spares, &headers, reply);
    } else {
        make_problem(served, wish, &headers, reply);
    }
    reply->bytes += reply->spare == NULL ? respond_bytes(&headers) : 0;
    return reply->full != NULL ? 0 : -1;
}

size_t reply_make_not_modified(const struct served *served, const struct wish *wish, struct reply *reply)
{
    struct response_headers headers = {0};

    add_keeping(served, wish, &headers);
    add_life(served, &headers);
    respond_field(&headers, MHD_HTTP_HEADER_ETAG, reply->etag);
    reply->not_modified = respond_make_not_modified(reply->size, &headers);
    return reply->not_modified != NULL ? respond_bytes(&headers) : 0;
}

void reply_free(struct reply *reply)
{
    if (reply->full != NULL && reply->spare == NULL) {
        MHD_destroy_response(reply->full);
    }
    if (reply->not_modified != NULL) {
        MHD_destroy_response(reply->not_modified);
    }
    *reply = (struct reply){0};
}
