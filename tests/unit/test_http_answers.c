#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/metrics.h"
#include "tests/unit/http_play.h"
#include "tests/unit/scarce.h"

static struct play *play;
static uint16_t port;
static struct buffer response;

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 4 * 1024 * 1024);
    play = play_open(NULL);
    port = play_port(play);
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    play_close(&play);
    buffer_free(&response);
    return 0;
}

static void get(const char *path, const char *fields)
{
    play_request(port, "GET", path, fields, &response);
}

static const char *field(const char *name)
{
    static char value[1024];

    return play_field(&response, name, value, sizeof(value));
}

#define ADDRESS "/v1/recipients/hit@example.org"
#define CERTIFICATE ADDRESS "/certificate"
#define PROBLEM "application/problem+json"

static void test_found(void **state)
{
    (void)state;
    get(CERTIFICATE, "");
    assert_true(bytes_equal(play_body(&response), play_certificate()));
    assert_string_equal(field("Cache-Control"), "private");
    assert_string_equal(field("Vary"), "Accept");
    assert_string_equal(field("Cache-Status"), "certlookup; hit");
    assert_string_equal(field("Content-Disposition"), "attachment; filename=\"hit@example.org.cer\"");
    assert_non_null(field("Expires"));
    assert_non_null(field("ETag"));
    assert_int_equal(strlen(field("ETag")), 34);
    get("/v1/recipients/miss@example.org/certificate", "");
    assert_string_equal(field("Cache-Status"), "certlookup; fwd=miss");
    get("/v1/recipients/redis@example.org/certificate", "");
    assert_string_equal(field("Cache-Status"), "certlookup; hit; detail=shared");
    assert_string_equal(field("Cache-Control"), "private");
    get(ADDRESS "?explain=1", "");
    assert_string_equal(field("Cache-Control"), "no-store");
}

/* What is in memory has no explanation, and what has one goes into no table: each is made for the request. */
static void an_explanation_is_made_for_the_request_alone(void **state)
{
    size_t gets = play->gets, explains = play->explains;
    char etag[64];

    (void)state;
    get(ADDRESS "?explain=1", "");
    assert_int_equal(play_status(&response), 200);
    assert_non_null(strstr(buffer_string(&response), "\"explanation\":{"));
    assert_non_null(strstr(buffer_string(&response), "\"place\":\"the only usable one\""));
    assert_int_equal(play->explains, explains + 1);
    assert_int_equal(play->gets, gets);
    snprintf(etag, sizeof(etag), "If-None-Match: %s\r\n", field("ETag"));
    get(ADDRESS, "");
    assert_null(strstr(buffer_string(&response), "explanation"));
    get(ADDRESS, etag);
    assert_int_equal(play_status(&response), 200);
    get(ADDRESS "?explain=1", etag);
    assert_int_equal(play_status(&response), 304);
    assert_int_equal(play->explains, explains + 2);
}

static void test_stale(void **state)
{
    (void)state;
    get("/v1/recipients/stale@example.org", "");
    assert_string_equal(field("Cache-Control"), "no-store");
    assert_non_null(strstr(field("Cache-Status"), "certlookup; hit; ttl=-10"));
    assert_non_null(strstr(field("Cache-Status"), "; detail=stale"));
    assert_non_null(strstr(buffer_string(&response), "\"stale\":true"));
}

static void test_none_and_unknown(void **state)
{
    (void)state;
    get("/v1/recipients/none@example.org", "");
    assert_non_null(strstr(buffer_string(&response), "\"reason\":\"no_entry\""));
    assert_string_equal(field("Cache-Control"), "private");
    assert_non_null(field("Expires"));
    assert_null(field("ETag"));
    get("/v1/recipients/gone@example.org", "");
    assert_non_null(strstr(buffer_string(&response), "\"reason\":\"expired\""));
    get("/v1/recipients/down@example.org", "");
    assert_non_null(strstr(buffer_string(&response), "\"reason\":\"directory_unavailable\""));
    assert_string_equal(field("Retry-After"), "7");
    assert_string_equal(field("Cache-Control"), "no-store");
    assert_null(field("Expires"));
}

#define SIXTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A parameter that is misspelt is none that is not there. */
static const struct {
    const char *target, *words; /* NULL: nothing is wrong with it */
} strangers[] = {
    {CERTIFICATE "?expain=1", "there is no parameter \\\"expain\\\" here: this takes explain, format"},
    {CERTIFICATE "?explain=0&Format=pem", "\\\"Format\\\" here"},
    {CERTIFICATE "?format=pem&x", "\\\"x\\\" here"},
    {CERTIFICATE "?=1", "\\\"\\\" here"},
    {CERTIFICATE "?explain,=1", "\\\"explain,\\\" here"},
    {CERTIFICATE "?partial=1", "\\\"partial\\\" here"},
    {ADDRESS "?" SIXTY "aaa%C3%A9=1", "\\\"" SIXTY "aaa\\\" here"},
    {ADDRESS "?" SIXTY "aa%C3%A9=1", "\\\"" SIXTY "aa\xc3\xa9\\\" here"},
    {ADDRESS "?" SIXTY "aaaaa=1", "\\\"" SIXTY "aaaa\\\" here"},
    {"/v1/status?pretty", "\\\"pretty\\\" here: this takes none"},
    {"/healthz?x=1", NULL},
    {"/?x=1", NULL},
    {"/metrics?x=1", NULL},
    {"/openapi.json?x=1", NULL},
    {"/page/page.js?v=1", NULL},
};

static void test_strangers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        const char *words = strangers[i].words;

        get(strangers[i].target, "");
        if (play_status(&response) != (words != NULL ? 400 : 200) ||
            (words != NULL && strstr(buffer_string(&response), words) == NULL)) {
            fail_msg("%s: %s", strangers[i].target, buffer_string(&response));
        }
        get(strangers[i].target, ""); /* and none is ready-made then */
        assert_int_equal(play_status(&response), words != NULL ? 400 : 200);
    }
}

static void test_allow_and_offers(void **state)
{
    (void)state;
    play_request(port, "OPTIONS", "*", "", &response);
    assert_string_equal(field("Allow"), "GET, HEAD, POST, OPTIONS");
    play_request(port, "BREW", ADDRESS, "", &response);
    assert_non_null(strstr(buffer_string(&response), "no resource here knows the method \\\"BREW\\\""));
    play_request(port, "POST", "/healthz", "Content-Length: 0\r\n", &response);
    assert_string_equal(field("Allow"), "GET, HEAD, OPTIONS");
    assert_non_null(strstr(buffer_string(&response), "this resource takes GET, HEAD, OPTIONS\""));
    play_request(port, "OPTIONS", ADDRESS, "", &response);
    assert_string_equal(field("Allow"), "GET, HEAD, OPTIONS");
    get(CERTIFICATE, "Accept: text/html\r\n");
    assert_non_null(strstr(buffer_string(&response), "application/pkix-cert (?format=der)"));
    assert_non_null(strstr(buffer_string(&response), "application/json (?format=json)"));
    assert_string_equal(field("Vary"), "Accept");
    get(CERTIFICATE "?format=xml", "");
    assert_int_equal(play_status(&response), 400);
    assert_non_null(strstr(buffer_string(&response), "(?format=der), application/pem-certificate-chain (?format=pem)"));
    assert_non_null(strstr(buffer_string(&response), "application/json (?format=json)"));
}

/* Of the request a refusal has the address and the name of a parameter, and is never taken for a page. */
static void test_no_echo(void **state)
{
    static const struct {
        const char *path;
        bool is_quoted;
    } rows[] = {
        {"/%3Cscript%3Ealert(1)%3C/script%3E", false},
        {"/v1/recipients/%3Cscript%3E", false},
        {CERTIFICATE "?format=%3Cscript%3E", false},
        {CERTIFICATE "?%3Cscript%3E=1", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        get(rows[i].path, "Accept: <script>\r\n");
        assert_string_equal(field("Content-Type"), PROBLEM);
        assert_string_equal(field("X-Content-Type-Options"), "nosniff");
        assert_int_equal(strstr(buffer_string(&response), "<script>") != NULL, rows[i].is_quoted);
    }
}

static void strip(struct buffer *buffer, const char *name)
{
    char *at = strstr((char *)buffer->data, name);

    if (at != NULL) {
        char *end = strstr(at, "\r\n");
        memmove(at, end + 2, buffer->size - (size_t)(end + 2 - (char *)buffer->data) + 1);
        buffer->size -= (size_t)(end + 2 - at);
    }
}

static void test_head_is_get_without_body(void **state)
{
    static const char *const paths[] = {
        ADDRESS, CERTIFICATE, CERTIFICATE "?format=pem", "/healthz", "/readyz", "/", "/nothing",
        "/v1/recipients/none@example.org", "/v1/recipients/miss@example.org", "/v1/recipients/down@example.org",
        "/v1/recipients/x", CERTIFICATE "?format=xyz",
    };
    struct buffer whole;

    (void)state;
    buffer_init(&whole, 1024 * 1024);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        play_request(port, "GET", paths[i], "", &whole);
        whole.size -= play_body(&whole).size;
        play_request(port, "HEAD", paths[i], "", &response);
        assert_int_equal(play_body(&response).size, 0);
        strip(&whole, "Date: ");
        strip(&response, "Date: ");
        strip(&whole, "Request-Id: ");
        strip(&response, "Request-Id: ");
        if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&response))) {
            fail_msg("%s:\n%s\n%s", paths[i], buffer_string(&whole), buffer_string(&response));
        }
    }
    buffer_free(&whole);
}

static void test_conditional(void **state)
{
    char etag[64], fields[256];

    (void)state;
    for (int explain = 0; explain <= 1; explain++) {
        const char *path = explain ? ADDRESS "?explain=1" : CERTIFICATE;
        get(path, "");
        snprintf(etag, sizeof(etag), "%s", field("ETag"));
        size_t full_size = play_body(&response).size;
        static const char *const formats[] = {
            "If-None-Match: %s\r\n",
            "If-None-Match: W/%s\r\n",
            "If-None-Match: \"x\", %s\r\n",
            "If-None-Match: \"x\"\r\nIf-None-Match: %s\r\n",
        };
        for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
            size_t head = strcspn(formats[i], "%");
            snprintf(fields, sizeof(fields), "%.*s%s%s", (int)head, formats[i], etag, formats[i] + head + 2);
            get(path, fields);
            assert_int_equal(play_status(&response), 304);
            assert_int_equal(play_body(&response).size, 0);
            assert_int_equal(strtoul(field("Content-Length"), NULL, 10), full_size);
            assert_string_equal(field("ETag"), etag);
            assert_non_null(field("Cache-Control"));
            assert_string_equal(field("Vary"), "Accept");
            assert_non_null(field("Expires"));
        }
        get(path, "If-None-Match: *\r\n");
        assert_int_equal(play_status(&response), 304);
        get(path, "If-None-Match: \"x\"\r\n");
        assert_int_equal(play_status(&response), 200);
        assert_string_equal(field("ETag"), etag);
    }
    get("/v1/recipients/none@example.org", "If-None-Match: *\r\n");
    assert_int_equal(play_status(&response), 404);
    get(CERTIFICATE "?format=pem", "");
    assert_string_not_equal(field("ETag"), etag);
}

/* The ready-made response follows the answer: a new one in memory is served at once, on every thread. */
static void test_hot_follows_memory(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        char mark[16];
        snprintf(mark, sizeof(mark), "%d", round);
        play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, mark, 3600));
        for (int i = 0; i < 6; i++) {
            get(CERTIFICATE, "");
            struct bytes body = play_body(&response);
            assert_int_equal(body.size, play_certificate().size + 1);
            assert_int_equal(body.data[body.size - 1], mark[0]);
        }
    }
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_NONE, REASON_REVOKED, "", 3600));
    get(CERTIFICATE, "");
    assert_int_equal(play_status(&response), 404);
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
    get(CERTIFICATE, "");
    assert_int_equal(play_status(&response), 200);
}

/* One answer, once expired and once not: the ready-made response is neither made of it stale, nor sent for it stale. */
static void test_hot_knows_nothing_stale(void **state)
{
    (void)state;
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
    for (int round = 0; round < 4; round++) {
        play->hit_is_stale = round % 2 == 0;
        for (int i = 0; i < 6; i++) { /* on every thread */
            get(CERTIFICATE, "");
            assert_string_equal(field("Cache-Control"), play->hit_is_stale ? "no-store" : "private");
            assert_int_equal(strstr(field("Cache-Status"), "detail=stale") != NULL, play->hit_is_stale);
        }
    }
    play->hit_is_stale = false;
}

static void test_many_on_one_connection(void **state)
{
    static const char *const paths[] = {CERTIFICATE, "/v1/recipients/miss@example.org/certificate", "/nothing",
                                        "/v1/recipients/inline@example.org/certificate"};
    static const int statuses[] = {200, 200, 404, 200};
    char request[256];
    int fd = play_connect(port);

    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i % 4]);
        assert_true(play_send(fd, request, strlen(request)));
        buffer_clear(&response);
        assert_true(play_read_response(fd, false, &response));
        assert_int_equal(play_status(&response), statuses[i % 4]);
    }
    close(fd);
}

static size_t count_responses(const struct buffer *all)
{
    const char *at = buffer_string(all), *end = at + all->size;
    size_t found = 0;

    for (; (at = memmem(at, (size_t)(end - at), "HTTP/1.1 ", 9)) != NULL; at++) {
        found++;
    }
    return found;
}

static void test_pipelined(void **state)
{
    static const char two[] = "GET /v1/recipients/miss@example.org/certificate HTTP/1.1\r\nHost: a\r\n\r\n"
                              "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    (void)state;
    play_exchange(port, two, strlen(two), &response);
    assert_int_equal(count_responses(&response), 2);
    assert_memory_equal(response.data + response.size - 3, "ok\n", 3);
}

static void test_readiness(void **state)
{
    (void)state;
    play->not_ready = true;
    get("/readyz", "");
    assert_int_equal(play_status(&response), 503);
    assert_non_null(strstr(buffer_string(&response), "no directory was reached yet"));
    get("/healthz", "");
    assert_int_equal(play_status(&response), 200);
    get("/v1/status", "");
    assert_int_equal(play_status(&response), 200);
    assert_non_null(strstr(buffer_string(&response), "\"ready\":false,\"why_not\":\"no directory was reached yet"));
    assert_non_null(strstr(buffer_string(&response), "{\"name\":\"corp\","));
    assert_non_null(strstr(buffer_string(&response), "{\"name\":\"partner \\\"x\\\"\","));
    play->not_ready = false;
    get("/readyz", "");
    assert_int_equal(play_status(&response), 200);
}

static void test_counters(void **state)
{
    uint64_t ok = count_responses_read(2), found = count_read(COUNT_OUTCOME_FOUND);
    uint64_t refused = count_responses_read(4), none = count_read(COUNT_OUTCOME_NONE);
    uint64_t failed = count_responses_read(5), unknown = count_read(COUNT_OUTCOME_UNKNOWN);
    uint64_t overlong = count_read(COUNT_LIMIT_URI);
    char path[5001] = "/";

    (void)state;
    memset(path + 1, 'a', sizeof(path) - 2);
    get(CERTIFICATE, "");
    get("/v1/recipients/none@example.org", "");
    get("/v1/recipients/down@example.org", "");
    get(path, "");
    assert_int_equal(count_responses_read(2) - ok, 1);
    assert_int_equal(count_responses_read(4) - refused, 2);
    assert_int_equal(count_responses_read(5) - failed, 1);
    assert_int_equal(count_read(COUNT_OUTCOME_FOUND) - found, 1);
    assert_int_equal(count_read(COUNT_OUTCOME_NONE) - none, 1);
    assert_int_equal(count_read(COUNT_OUTCOME_UNKNOWN) - unknown, 1);
    assert_int_equal(count_read(COUNT_LIMIT_URI) - overlong, 1);
}

/* With any one allocation failing, a request gets its answer, a 503, or its connection closed; then all is well. */
static void test_out_of_memory(void **state)
{
    static const char *const paths[] = {CERTIFICATE "?format=pem", "/v1/recipients/miss@example.org",
                                        "/v1/recipients/none@example.org", "/nothing", ADDRESS "?explain=1"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char request[256];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", paths[i]);
        bool failed = true;
        for (int nth = 1; failed && nth < 200; nth++) {
            buffer_clear(&response);
            int fd = play_connect(port);
            scarce_begin(nth);
            play_send(fd, request, strlen(request));
            assert_true(play_read_all(fd, &response));
            failed = scarce_end();
            close(fd);
            int status = play_status(&response);
            if (status != 0 && status != 200 && status != 404 && status != 503) {
                fail_msg("%s, allocation %d: %s", paths[i], nth, buffer_string(&response));
            }
        }
        get("/healthz", "");
        assert_int_equal(play_status(&response), 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(an_explanation_is_made_for_the_request_alone),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_none_and_unknown),
        cmocka_unit_test(test_allow_and_offers), cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_no_echo),
        cmocka_unit_test(test_head_is_get_without_body),
        cmocka_unit_test(test_conditional),
        cmocka_unit_test(test_hot_follows_memory),
        cmocka_unit_test(test_hot_knows_nothing_stale),
        cmocka_unit_test(test_many_on_one_connection),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_readiness),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
