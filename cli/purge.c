#include "cli/purge.h"

#include <stdio.h>
#include <string.h>

#include "cli/ask_gateway.h"
#include "cli/show.h"
#include "fetch/fetch.h"
#include "render/clean.h"
#include "render/purge.h"

static int send_purge(const struct options *options, struct fetch_answer *answer, struct error *error)
{
    struct buffer url, body;
    int result = -1;

    buffer_init(&url, MAX_URI_BYTES);
    buffer_init(&body, MAX_PURGE_BODY_BYTES);
    gateway_append_base(options, &url);
    buffer_append_string(&url, "/v1/purge");
    if (url.failed) {
        error_set(error, "the URL is longer than %d bytes", MAX_URI_BYTES);
    } else if (render_purge(&options->purge, &body) != 0) {
        error_set(error, "out of memory");
    } else {
        struct fetch_request request = {
            .url = buffer_string(&url),
            .accept = "application/json, application/problem+json;q=0.9",
            .token = buffer_string(&options->token),
            .ca_file = options->ca_file,
            .timeout_ms = options->timeout_ms,
            .post = buffer_bytes(&body),
            .post_type = "application/json",
        };
        result = fetch_exchange(&request, answer, error);
    }
    buffer_free(&url);
    buffer_free(&body);
    return result;
}

/* Always -1. */
static int explain_refusal(const struct fetch_answer *answer, struct error *error)
{
    struct error words;
    enum reason reason;
    bool readable = render_read_problem(buffer_bytes(&answer->body), &reason, &words) == 0;

    if (answer->status == 404 || answer->status == 405) {
        return error_set(error, "HTTP %ld: this is no gateway, or one that is too old to purge", answer->status);
    }
    if (!readable) {
        return error_set(error, "HTTP %ld: not the answer of a certlookup gateway", answer->status);
    }
    bool closed = answer->status == 401 || answer->status == 403;

    return error_set(error, "%sHTTP %ld: %s", closed ? "the token does not open this: " : "", answer->status,
                     words.text);
}

static int read_answer(const struct fetch_answer *answer, int64_t *dropped, struct error *error)
{
    if (answer->status != 200) {
        return explain_refusal(answer, error);
    }
    return render_read_purged(buffer_bytes(&answer->body), dropped, error) == 0
               ? 0
               : error_prefix(error, "not the answer of a certlookup gateway");
}

/* JSON goes on as the gateway wrote it. */
static int show(const struct options *options, const struct fetch_answer *answer, int64_t dropped)
{
    const char *name = options->purge.what == DROP_ALL ? drop_word(DROP_ALL) : drop_text(&options->purge);
    struct buffer out;
    int result;

    buffer_init(&out, MAX_JSON_BYTES);
    if (options->format == FORMAT_JSON) {
        clean_append_json(&out, buffer_bytes(&answer->body));
        buffer_append_char(&out, '\n');
    } else {
        buffer_append_format(&out, "%s: purged; %lld answer%s in this gateway's memory\n", name, (long long)dropped,
                             dropped == 1 ? " was" : "s were");
    }
    result = show_bytes(&out);
    buffer_free(&out);
    return result;
}

int gateway_purge(const struct options *options)
{
    struct fetch_answer answer = {0};
    int status = STATUS_UNKNOWN;
    int64_t dropped = 0;
    struct error error;

    buffer_init(&answer.body, MAX_JSON_BYTES);
    if (send_purge(options, &answer, &error) != 0 || read_answer(&answer, &dropped, &error) != 0) {
        complain("%.200s: not purged: %s", options->gateway, error.text);
    } else {
        status = show(options, &answer, dropped) == 0 ? STATUS_FOUND : STATUS_IO;
    }
    buffer_free(&answer.body);
    return status;
}
