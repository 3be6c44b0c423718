#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"
#include "fetch/private.h"
#include "fetch/transfer.h"

/* A question on its way. */
struct way {
    const struct question *question;
    struct fetched *fetched;
    struct url url; /* of this step */
    size_t bytes;   /* of all objects */
};

static bool host_fits(const char *host, const char *pattern)
{
    size_t size = strlen(host);

    if (strcmp(pattern, "*") == 0) {
        return true;
    }
    if (strncmp(pattern, "*.", 2) != 0) {
        return text_equal_nocase(host, pattern);
    }
    size_t tail = strlen(pattern) - 1; /* with its dot */

    return size > tail && text_equal_nocase(host + size - tail, pattern + 1);
}

bool question_allows(const struct fetcher_config *config, enum fetch_purpose purpose, const struct url *url,
                     struct error *error)
{
    if (url->scheme == URL_LDAP && (config->read_ldap == NULL || purpose == FETCH_OCSP)) {
        error_set(error, "is an LDAP URL");
        return false;
    }
    for (size_t i = 0; purpose == FETCH_ISSUER && i < config->issuer_host_count; i++) {
        if (host_fits(url->host, config->issuer_hosts[i])) {
            return true;
        }
    }
    if (purpose == FETCH_ISSUER) {
        error_set(error, "%s: is not among the hosts that issuers are fetched from", url->host);
    }
    return purpose != FETCH_ISSUER;
}

static size_t most_bytes(const struct question *question)
{
    static const size_t MOST[] = {
        [FETCH_CRL] = SIZE_MAX,
        [FETCH_OCSP] = MAX_FETCH_OCSP_BYTES,
        [FETCH_ISSUER] = MAX_FETCH_ISSUER_BYTES,
    };
    size_t most = question->fetcher->config.rules.max_bytes;

    return most < MOST[question->purpose] ? most : MOST[question->purpose];
}

static int64_t left_ms(const struct question *question)
{
    return question->deadline_ms - clock_mono_ms();
}

static bool time_is_up(const struct way *way, const char *words)
{
    if (left_ms(way->question) > 0) {
        return false;
    }
    error_set(&way->fetched->error, "%s: %s", way->url.host, words);
    return true;
}

/* Takes `object` over. False: out of memory. */
static bool keep(struct fetched *fetched, struct buffer *object)
{
    struct buffer *objects = realloc(fetched->objects, (fetched->count + 1) * sizeof(*objects));

    if (objects == NULL) {
        return false;
    }
    objects[fetched->count++] = *object;
    fetched->objects = objects;
    buffer_init(object, 0);
    return true;
}

static int take_value(void *context, struct bytes value)
{
    struct way *way = context;
    struct buffer object;

    if (way->fetched->count == MAX_ENTRY_VALUES || value.size > most_bytes(way->question) - way->bytes) {
        return error_set(&way->fetched->error, "the entry holds more than is taken");
    }
    buffer_init(&object, value.size);
    buffer_append_bytes(&object, value);
    if (object.failed || !keep(way->fetched, &object)) {
        buffer_free(&object);
        return error_set(&way->fetched->error, "out of memory");
    }
    way->bytes += value.size;
    return 0;
}

static enum fetch_result read_entry(struct way *way, const char *url)
{
    const struct fetcher_config *config = &way->question->fetcher->config;
    struct network_rules rules = config->rules;
    struct error *error = &way->fetched->error;

    rules.timeout_ms = left_ms(way->question);
    rules.max_bytes = most_bytes(way->question);
    rules.stop = &way->question->fetcher->closing;
    if (config->read_ldap(url, &rules, take_value, way, &way->fetched->refused, error) != 0) {
        error_prefix(error, "%s", way->url.host);
        return way->fetched->refused ? FETCH_REFUSED : FETCH_FAILED;
    }
    if (way->fetched->count == 0) {
        error_set(error, "%s: the entry holds nothing of what was asked for", way->url.host);
        return FETCH_FAILED;
    }
    return FETCH_OK;
}

/* RFC 9110 15.4: 303 turns a POST into a GET, which is no question to an OCSP responder. */
static bool is_redirect(const struct question *question, const struct transfer_answer *answer)
{
    static const long STATUSES[] = {301, 302, 307, 308};
    bool result = answer->status == 303 && question->post == NULL;

    for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++) {
        result = result || answer->status == STATUSES[i];
    }
    return result && answer->redirect != NULL;
}

/* Captive portals, and servers that have moved on, answer 200 with words for people. */
static bool is_page(const char *content_type)
{
    static const char HTML[] = "text/html";

    return strncasecmp(content_type, HTML, sizeof(HTML) - 1) == 0;
}

/* The answer at the end of the redirects. */
static enum fetch_result take_answer(struct way *way, struct transfer_answer *answer)
{
    struct error *error = &way->fetched->error;

    if (answer->status != 200) {
        way->fetched->retry_after_s = answer->retry_after_s;
        error_set(error, "%s: HTTP status %ld", way->url.host, answer->status);
    } else if (is_page(answer->content_type)) {
        error_set(error, "%s: the answer is an HTML page", way->url.host);
    } else if (answer->body.size == 0) {
        error_set(error, "%s: the answer is empty", way->url.host);
    } else if (!keep(way->fetched, &answer->body)) {
        error_set(error, "%s: out of memory", way->url.host);
    } else {
        return FETCH_OK;
    }
    return FETCH_FAILED;
}

/* Where the redirect leads, if we go there. */
static enum fetch_result turn(struct way *way, const char *to)
{
    const struct question *question = way->question;
    const struct fetcher_config *config = &question->fetcher->config;
    struct error *error = &way->fetched->error;
    struct url next;

    if (url_parse(to, &next, error) != 0 || !question_allows(config, question->purpose, &next, error)) {
        error_prefix(error, "%s: redirects to a URL that", way->url.host);
        return FETCH_REFUSED;
    }
    if (next.scheme == URL_LDAP || (way->url.scheme == URL_HTTPS && next.scheme == URL_HTTP)) {
        error_set(error, "%s: redirects from %s", way->url.host,
                  next.scheme == URL_LDAP ? "HTTP to LDAP" : "https to http");
        return FETCH_REFUSED;
    }
    way->url = next;
    return fetcher_take(question->fetcher, next.host, way->fetched) ? FETCH_OK : FETCH_LIMIT;
}

/* One request. */
static enum fetch_result step(struct way *way, const char *url, struct transfer_answer *answer)
{
    const struct question *question = way->question;
    const struct fetcher_config *config = &question->fetcher->config;
    const struct transfer_request request = {
        .url = url,
        .ca_file = config->ca_file[0] != '\0' ? config->ca_file : NULL,
        .timeout_ms = left_ms(question),
        .post = bytes_of(question->post, question->post_size),
        .post_type = "application/ocsp-request",
        .networks = config->rules.networks,
        .network_count = config->rules.network_count,
        .stop = &question->fetcher->closing,
    };

    if (time_is_up(way, "no time is left")) {
        return FETCH_FAILED;
    }
    buffer_init(&answer->body, most_bytes(question));
    if (transfer_run(&request, answer, &way->fetched->error) != 0) {
        error_prefix(&way->fetched->error, "%s", way->url.host);
        return answer->refused ? FETCH_REFUSED : FETCH_FAILED;
    }
    return FETCH_OK;
}

static enum fetch_result follow(struct way *way)
{
    struct transfer_answer answer = {0};
    char *url = NULL;
    enum fetch_result result = step(way, way->question->url, &answer);

    way->fetched->refused = result == FETCH_REFUSED;
    for (unsigned redirects = 0; result == FETCH_OK && is_redirect(way->question, &answer); redirects++) {
        free(url);
        url = answer.redirect;
        answer.redirect = NULL;
        transfer_clear(&answer);
        answer = (struct transfer_answer){0};
        if (redirects == MAX_FETCH_REDIRECTS) {
            error_set(&way->fetched->error, "%s: more than %d redirects", way->url.host, MAX_FETCH_REDIRECTS);
            result = FETCH_FAILED;
            break;
        }
        result = turn(way, url);
        if (result == FETCH_OK) {
            result = step(way, url, &answer);
        }
    }
    if (result == FETCH_OK) {
        result = take_answer(way, &answer);
    }
    free(url);
    transfer_clear(&answer);
    return result;
}

enum fetch_result question_follow(const struct question *question)
{
    struct fetched *fetched = question->fetched;
    struct way way = {.question = question, .fetched = fetched, .url = question->parsed};

    if (time_is_up(&way, "no thread was free in time")) {
        return FETCH_FAILED;
    }
    enum fetch_result result = question->parsed.scheme == URL_LDAP ? read_entry(&way, question->url) : follow(&way);

    fetched->ok = result == FETCH_OK;
    for (size_t i = 0; fetched->ok && i < fetched->count; i++) {
        count_add(COUNT_FETCHED_BYTES, fetched->objects[i].size);
    }
    return result;
}
