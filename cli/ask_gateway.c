#include "cli/ask_gateway.h"

#include <strings.h>

#include "cli/document.h"
#include "fetch/fetch.h"
#include "render/clean.h"

struct question {
    const struct options *options;
    const struct address *address;
    bool explain;
};

/* What the gateway makes is written as it is; of other formats we make our own, from its JSON. */
static bool is_own_document(enum format format)
{
    return render_formats[format].needs_certificate;
}

void gateway_append_base(const struct options *options, struct buffer *url)
{
    size_t size = strlen(options->gateway);

    while (size > 0 && options->gateway[size - 1] == '/') {
        size--;
    }
    buffer_append(url, options->gateway, size);
}

static void build_url(const struct question *question, struct buffer *url)
{
    const struct options *options = question->options;

    gateway_append_base(options, url);
    buffer_append_string(url, "/v1/recipients/");
    fetch_append_segment(url, address_bytes(question->address));
    if (is_own_document(options->format)) {
        buffer_append_format(url, "/certificate?format=%s", render_formats[options->format].name);
    } else if (question->explain) {
        buffer_append_string(url, "?explain=1");
    }
}

static int fetch(const struct question *question, struct fetch_answer *answer, struct error *error)
{
    const struct options *options = question->options;
    struct buffer url;
    int result = -1;

    buffer_init(&url, MAX_URI_BYTES);
    build_url(question, &url);
    if (url.failed) {
        error_set(error, "the URL is longer than %d bytes", MAX_URI_BYTES);
    } else {
        struct fetch_request request = {
            .url = buffer_string(&url),
            .accept = is_own_document(options->format) ? render_formats[options->format].media_type
                                                       : "application/json, application/problem+json;q=0.9",
            .token = options->token.size > 0 ? buffer_string(&options->token) : NULL,
            .ca_file = options->ca_file,
            .timeout_ms = options->timeout_ms,
        };
        result = fetch_exchange(&request, answer, error);
    }
    buffer_free(&url);
    return result;
}

/* "application/json; charset=utf-8" is application/json. */
static bool has_type(const struct fetch_answer *answer, const char *media_type)
{
    size_t size = strcspn(media_type, "; ");
    return strncasecmp(answer->content_type, media_type, size) == 0 &&
           strchr("; \t", answer->content_type[size]) != NULL;
}

/* JSON goes on as the gateway wrote it: it may say more than this version knows. */
static int read_answer(const struct question *question, const struct fetch_answer *answer, struct reply *reply,
                       struct error *error)
{
    struct answer_draft draft;

    if (render_read_json(buffer_bytes(&answer->body), &draft, &reply->stale, error) != 0) {
        return error_prefix(error, "not the answer of a certlookup gateway");
    }
    if (strcmp(draft.address.text, question->address->text) != 0) {
        error_set(error, "the gateway answers for another address: %s", draft.address.text);
    } else if ((reply->answer = answer_make(&draft)) == NULL) {
        error_set(error, "out of memory");
    }
    answer_draft_free(&draft);
    if (reply->answer != NULL && question->options->format == FORMAT_JSON) {
        clean_append_json(&reply->document, buffer_bytes(&answer->body));
    }
    return reply->answer != NULL ? 0 : -1;
}

/* Only a gateway's own words make it "none": any web server says 404. */
static int read_problem(const struct fetch_answer *answer, const struct address *address, struct reply *reply,
                        struct error *error)
{
    struct answer_draft draft = {.address = *address, .outcome = OUTCOME_UNKNOWN};
    struct error words;

    if (render_read_problem(buffer_bytes(&answer->body), &draft.reason, &words) != 0) {
        return error_set(error, "HTTP %ld, and no readable problem: %s", answer->status, words.text);
    }
    if (answer->status < 500 && answer->status != 404) {
        return error_set(error, "HTTP %ld: %s", answer->status, words.text);
    }
    if (draft.reason == REASON_UNJUDGED || draft.reason == REASON_USABLE) {
        return error_set(error, "HTTP %ld: %s", answer->status, words.text);
    }
    if (answer->status == 404) {
        draft.outcome = OUTCOME_NONE;
    }
    reply->answer = answer_make(&draft);
    return reply->answer != NULL ? 0 : error_set(error, "out of memory");
}

static int read_reply(const struct question *question, struct fetch_answer *answer, struct reply *reply,
                      struct error *error)
{
    const struct format_info *format = &render_formats[question->options->format];

    if (has_type(answer, "application/problem+json")) {
        return read_problem(answer, question->address, reply, error);
    }
    if (has_type(answer, "application/json") && !is_own_document(question->options->format)) {
        return read_answer(question, answer, reply, error);
    }
    if (answer->status != 200 || format->media_type == NULL || !has_type(answer, format->media_type)) {
        return error_set(error, "HTTP %ld with \"%s\": not the answer of a certlookup gateway", answer->status,
                         answer->content_type);
    }
    return document_take(question->options->format, buffer_bytes(&answer->body), reply, error);
}

/* To us: a token might open it, or another one. */
static bool is_closed(const struct fetch_answer *answer)
{
    return answer->status == 401 || answer->status == 403;
}

static int ask_once(const struct question *question, struct fetch_answer *answer, struct reply *reply,
                    struct error *error)
{
    if (fetch(question, answer, error) != 0) {
        return -1;
    }
    return is_closed(answer) && question->explain ? -1 : read_reply(question, answer, reply, error);
}

int gateway_ask(const struct options *options, const struct address *address, struct reply *reply, bool *plain,
                struct error *error)
{
    bool values_wanted = options->format == FORMAT_TEXT || options->format == FORMAT_LDIF || options->explain;
    struct question question = {options, address, values_wanted && !is_own_document(options->format)};
    struct fetch_answer answer = {0};

    buffer_init(&answer.body, MAX_JSON_BYTES);
    *plain = false;
    int result = ask_once(&question, &answer, reply, error);
    if (result != 0 && is_closed(&answer) && question.explain) {
        question.explain = false;
        *plain = true;
        buffer_clear(&answer.body);
        result = ask_once(&question, &answer, reply, error);
    }
    buffer_free(&answer.body);
    return result == 0 ? 0 : error_prefix(error, "%.200s", options->gateway);
}
