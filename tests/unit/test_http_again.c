/* What is asked again: the reply that is ready goes out, unless anything is different this time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/metrics.h"
#include "tests/unit/http_play.h"
#include "tests/unit/scarce.h"

#define CERTIFICATE "/v1/recipients/hit@example.org/certificate"
#define HOST " HTTP/1.1\r\nHost: a\r\n"

static struct play *play;
static struct buffer response;
static int fd; /* one connection, so one thread and one table */

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 4 * 1024 * 1024);
    play = play_open(NULL);
    fd = play_connect(play_port(play));
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    close(fd);
    play_close(&play);
    buffer_free(&response);
    return 0;
}

static void ask_raw(const char *request, size_t size, bool head)
{
    buffer_clear(&response);
    assert_true(play_send(fd, request, size));
    assert_true(play_read_response(fd, head, &response));
}

/* Whether the reply was ready. */
static bool ask(const char *method, const char *target, const char *fields)
{
    char request[8192];
    size_t again = play->served_again;

    snprintf(request, sizeof(request), "%s %s" HOST "%s\r\n", method, target, fields);
    ask_raw(request, strlen(request), strcmp(method, "HEAD") == 0);
    return play->served_again > again;
}

static bool get(const char *target)
{
    return ask("GET", target, "");
}

static const char *field(const char *name)
{
    static char value[1024];

    return play_field(&response, name, value, sizeof(value));
}

/* Until it is ready: what is asked once is not kept. */
static void make_ready(const char *target, const char *fields)
{
    ask("GET", target, fields);
    ask("GET", target, fields);
    assert_true(ask("GET", target, fields));
}

static void kept_when_asked_twice(void **state)
{
    (void)state;
    assert_false(get(CERTIFICATE "?&"));
    assert_false(get(CERTIFICATE "?&"));
    size_t gets = play->gets;
    uint64_t found = count_read(COUNT_OUTCOME_FOUND), ok = count_responses_read(2);
    for (int i = 0; i < 3; i++) {
        assert_true(get(CERTIFICATE "?&"));
        assert_int_equal(play_status(&response), 200);
        assert_true(bytes_equal(play_body(&response), play_certificate()));
        assert_string_equal(field("Cache-Status"), "certlookup; hit");
        assert_string_equal(field("Content-Disposition"), "attachment; filename=\"hit@example.org.cer\"");
    }
    assert_int_equal(play->gets, gets);
    assert_int_equal(count_read(COUNT_OUTCOME_FOUND) - found, 3);
    assert_int_equal(count_responses_read(2) - ok, 3);
}

/* While nothing is ready-made, the backend hears of each address before it is asked; of no other request. */
static void the_next_is_expected(void **state)
{
    static const char *const others[] = {"/healthz", "/v1/recipients", "/v1/recipients/nobody/certificate",
                                         "/v1/recipients/a%00@example.org", "/v1/recipients/%", "*"};
    (void)state;
    get(CERTIFICATE "?&&");
    size_t before = play->expectations, soon = play->soon, gets = play->gets;
    assert_false(get("/v1/recipients/None@Example.org"));
    assert_int_equal(play_status(&response), 404);
    assert_string_equal(play->expected.text, "none@example.org");
    assert_int_equal(play->expectations, before + 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(get(others[i]));
    }
    assert_int_equal(play->expectations, before + 1);
    assert_false(get(CERTIFICATE "?&&"));
    assert_int_equal(play_status(&response), 200);
    assert_string_equal(play->expected.text, "hit@example.org");
    assert_int_equal(play->expectations, before + 2);
    assert_int_equal(play->soon, soon + 2);
    assert_int_equal(play->gets, gets + 2);
}

static void what_is_ready_made_is_not_expected(void **state)
{
    (void)state;
    make_ready(CERTIFICATE "?&&&", "");
    size_t before = play->expectations;
    for (int i = 0; i < 3; i++) {
        assert_true(get(CERTIFICATE "?&&&"));
    }
    assert_false(get(CERTIFICATE "?&&&&"));
    assert_int_equal(play->expectations, before);
    assert_false(get(CERTIFICATE "?&&&&&"));
    assert_int_equal(play->expectations, before + 1);
}

/* The same refusals for a request whose target was taken apart before its header fields were read. */
static void refusals_are_the_same_when_expected(void **state)
{
    static const char cut[] = "GET /v1/recipients/hit@example.org\0x HTTP/1.1\r\nHost: a\r\n\r\n";
    static const struct {
        const char *method, *target, *fields;
        int status;
    } refused[] = {
        {"DELETE", CERTIFICATE, "", 405},
        {"GET", CERTIFICATE "?format=gif", "", 400},
        {"OPTIONS", CERTIFICATE, "", 204},
        {"GET", CERTIFICATE "?explain=1", "X-Forwarded-For: b\r\n", 401},
    };

    (void)state;
    for (int expects = 0; expects < 2; expects++) {
        const char *first = expects ? "/v1/recipients/none@example.org?&" : CERTIFICATE "?&&&";
        assert_int_equal(get(first), !expects);
        buffer_clear(&response);
        assert_true(play_send(fd, cut, sizeof(cut) - 1));
        if (play_read_response(fd, false, &response)) {
            assert_int_equal(play_status(&response), 400);
        } else { /* libmicrohttpd 1.0 closes the connection by itself */
            assert_int_equal(response.size, 0);
            close(fd);
            fd = play_connect(play_port(play));
        }
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
            get(first);
            ask(refused[i].method, refused[i].target, refused[i].fields);
            assert_int_equal(play_status(&response), refused[i].status);
        }
    }
}

static void none_is_kept_as_well(void **state)
{
    (void)state;
    make_ready("/v1/recipients/none@example.org", "");
    assert_int_equal(play_status(&response), 404);
    assert_non_null(strstr(buffer_string(&response), "\"reason\":\"no_entry\""));
}

/* What took time to find out goes out for this once; the next one asks memory. */
static void nothing_but_hits_is_kept(void **state)
{
    static const char *const kinds[] = {"miss", "redis", "stale", "inline", "gone", "down", "late", "broken"};
    char target[128];

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        snprintf(target, sizeof(target), "/v1/recipients/%s@example.org", kinds[i]);
        for (int round = 0; round < 4; round++) {
            assert_false(get(target));
        }
    }
}

static void a_superseded_answer_is_not_given_out(void **state)
{
    (void)state;
    make_ready(CERTIFICATE, "");
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "new", 3600));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(get(CERTIFICATE), i > 0);
        struct bytes body = play_body(&response);
        assert_int_equal(body.size, play_certificate().size + 3);
        assert_memory_equal(body.data + play_certificate().size, "new", 3);
    }
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_NONE, REASON_REVOKED, "", 3600));
    assert_false(get(CERTIFICATE));
    assert_int_equal(play_status(&response), 404);
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
    make_ready(CERTIFICATE, "");
    play->hit_is_stale = true;
    assert_false(get(CERTIFICATE));
    assert_string_equal(field("Cache-Control"), "no-store");
    play->hit_is_stale = false;
}

static void another_spelling_is_another_entry(void **state)
{
    static const struct {
        const char *target, *fields;
        int status;
        const char *type;
    } rows[] = {
        {"/v1/recipients/%68it@example.org/certificate", "", 200, "application/pkix-cert"},
        {"/v1/recipients/hit@EXAMPLE.org/certificate", "", 200, "application/pkix-cert"},
        {"http://b" CERTIFICATE, "", 200, "application/pkix-cert"},
        {CERTIFICATE "?format=pem", "", 200, "application/pem-certificate-chain"},
        {CERTIFICATE "?format=json&format=pem", "", 400, "application/problem+json"},
        {CERTIFICATE, "Accept: application/json\r\n", 200, "application/json"},
        {CERTIFICATE, "Accept: application/json;q=0.5\r\nAccept: application/pkix-cert\r\n", 200,
         "application/pkix-cert"},
        {CERTIFICATE, "Accept: image/png\r\n", 406, "application/problem+json"},
        {CERTIFICATE "/", "", 404, "application/problem+json"},
        {"/v1/recipients/none@example.org/certificate", "", 404, "application/problem+json"},
        {"/v1/recipients/hit@example.org", "", 200, "application/json"},
    };

    (void)state;
    make_ready(CERTIFICATE, "");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            ask("GET", rows[i].target, rows[i].fields);
            if (play_status(&response) != rows[i].status || strcmp(field("Content-Type"), rows[i].type) != 0) {
                fail_msg("%s %s: %d %s", rows[i].target, rows[i].fields, play_status(&response),
                         field("Content-Type"));
            }
        }
    }
}

static void head_and_get_share(void **state)
{
    char etag[64];

    (void)state;
    make_ready(CERTIFICATE, "");
    snprintf(etag, sizeof(etag), "%s", field("ETag"));
    assert_true(ask("HEAD", CERTIFICATE, ""));
    assert_int_equal(play_status(&response), 200);
    assert_string_equal(field("ETag"), etag);
    assert_int_equal(play_body(&response).size, 0);
    assert_true(get(CERTIFICATE));
    assert_true(bytes_equal(play_body(&response), play_certificate()));
}

static void conditions_are_looked_at(void **state)
{
    char fields[128];

    (void)state;
    make_ready(CERTIFICATE, "");
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\", %s\r\n", field("ETag"));
    for (int i = 0; i < 3; i++) {
        assert_true(ask("GET", CERTIFICATE, fields));
        assert_int_equal(play_status(&response), 304);
        assert_string_equal(field("Cache-Control"), "private");
        assert_non_null(field("Expires"));
        assert_non_null(strstr(fields, field("ETag")));
        assert_null(field("Content-Disposition"));
    }
    assert_true(ask("GET", CERTIFICATE, "If-None-Match: \"x\"\r\n"));
    assert_int_equal(play_status(&response), 200);
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "other", 3600));
    assert_false(ask("GET", CERTIFICATE, fields));
    assert_int_equal(play_status(&response), 200);
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
}

static void other_methods_get_nothing_of_it(void **state)
{
    (void)state;
    make_ready(CERTIFICATE, "");
    assert_false(ask("POST", CERTIFICATE, "Content-Length: 0\r\n"));
    assert_int_equal(play_status(&response), 405);
    assert_false(ask("OPTIONS", CERTIFICATE, "Content-Length: 0\r\n"));
    assert_int_equal(play_status(&response), 204);
    assert_false(ask("get", CERTIFICATE, "Content-Length: 0\r\n"));
    assert_int_equal(play_status(&response), 501);
}

static void an_explanation_is_never_ready(void **state)
{
    (void)state;
    make_ready("/v1/recipients/hit@example.org", "");
    make_ready("/v1/recipients/hit@example.org?explain=0", "");
    for (int i = 0; i < 4; i++) {
        assert_false(get("/v1/recipients/hit@example.org?explain=1"));
        assert_non_null(strstr(buffer_string(&response), "\"explanation\":{"));
    }
    assert_false(ask("GET", "/v1/recipients/hit@example.org?explain=1", "Via: 1.1 proxy\r\n"));
    assert_int_equal(play_status(&response), 401);
}

/* Framing and targets are as suspect as before. Each of these closes its connection. */
static void bad_requests_are_refused_as_ever(void **state)
{
#define ROW(text_) {text_, sizeof(text_) - 1}
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        ROW("GET " CERTIFICATE HOST "Host: b\r\n\r\n"),
        ROW("GET " CERTIFICATE " HTTP/1.1\r\n\r\n"),
        ROW("GET " CERTIFICATE HOST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        ROW("GET " CERTIFICATE HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ROW("GET " CERTIFICATE "\0/more" HOST "Connection: close\r\n\r\n"),
        ROW("GET " CERTIFICATE "#more" HOST "Connection: close\r\n\r\n"),
    };
#undef ROW

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_ready(CERTIFICATE, "");
        size_t again = play->served_again;
        buffer_clear(&response);
        play_send(fd, rows[i].text, rows[i].size);
        play_read_all(fd, &response);
        if (play_status(&response) != 400 && response.size != 0) {
            fail_msg("row %zu: %s", i, buffer_string(&response));
        }
        assert_int_equal(play->served_again, again);
        close(fd);
        fd = play_connect(play_port(play));
    }
}

static void what_is_too_long_is_made_each_time(void **state)
{
    char target[2048] = "http://";
    char fields[4096] = "Accept: application/pkix-cert;a=";

    (void)state;
    memset(target + strlen(target), 'x', 1500);
    strcat(target, CERTIFICATE);
    memset(fields + strlen(fields), 'x', 1500);
    strcat(fields, ", application/pkix-cert\r\n");
    for (int i = 0; i < 4; i++) {
        assert_false(get(target));
        assert_int_equal(play_status(&response), 200);
        assert_false(ask("GET", CERTIFICATE, fields));
        assert_int_equal(play_status(&response), 200);
    }
}

/* Our own code allocates nothing for a hit that is ready. */
static void a_hit_allocates_nothing(void **state)
{
    static const char request[] = "GET " CERTIFICATE HOST "Accept: */*\r\nUser-Agent: test\r\n\r\n";
    static const char conditional[] = "GET " CERTIFICATE HOST "Accept: */*\r\nIf-None-Match: *\r\n\r\n";
    const char *const requests[] = {request, conditional};
    static char raw[65536];

    (void)state;
    make_ready(CERTIFICATE, "Accept: */*\r\n");
    assert_true(ask("GET", CERTIFICATE, "Accept: */*\r\nIf-None-Match: *\r\n"));
    size_t again = play->served_again;
    scarce_begin(1);
    for (int i = 0; i < 100; i++) {
        ssize_t sent = send(fd, requests[i % 2], strlen(requests[i % 2]), MSG_NOSIGNAL);
        ssize_t got = recv(fd, raw, sizeof(raw), 0);
        if (sent <= 0 || got <= 0 || memcmp(raw, i % 2 == 0 ? "HTTP/1.1 200" : "HTTP/1.1 304", 12) != 0) {
            break;
        }
    }
    assert_false(scarce_end());
    assert_int_equal(play->served_again, again + 100);
}

/* With any one allocation failing, what is asked again and again gets its answer or a 503. */
static void memory_may_run_out(void **state)
{
    static const char ampersands[] = "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&"; /* nothing stands between: nothing is asked */
    char target[128];

    (void)state;
    for (int nth = 1; nth < 40; nth++) {
        snprintf(target, sizeof(target), CERTIFICATE "?format=der%.*s", nth, ampersands);
        for (int i = 0; i < 3; i++) {
            scarce_begin(nth);
            char request[256];
            snprintf(request, sizeof(request), "GET %s" HOST "\r\n", target);
            buffer_clear(&response);
            play_send(fd, request, strlen(request));
            bool whole = play_read_response(fd, false, &response);
            scarce_end();
            if (!whole) { /* the client's own buffer, or the connection */
                close(fd);
                fd = play_connect(play_port(play));
            } else if (play_status(&response) != 200 && play_status(&response) != 503) {
                fail_msg("allocation %d: %s", nth, buffer_string(&response));
            }
        }
    }
}

/* Last: a reply that is ready does not close its connection, so while draining none is used. */
static void draining_uses_none(void **state)
{
    (void)state;
    make_ready(CERTIFICATE, "");
    http_drain(play->http);
    assert_false(get(CERTIFICATE));
    assert_int_equal(play_status(&response), 200);
    assert_string_equal(field("Connection"), "close");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_when_asked_twice),
        cmocka_unit_test(the_next_is_expected),
        cmocka_unit_test(what_is_ready_made_is_not_expected),
        cmocka_unit_test(refusals_are_the_same_when_expected),
        cmocka_unit_test(none_is_kept_as_well),
        cmocka_unit_test(nothing_but_hits_is_kept),
        cmocka_unit_test(a_superseded_answer_is_not_given_out),
        cmocka_unit_test(another_spelling_is_another_entry),
        cmocka_unit_test(head_and_get_share),
        cmocka_unit_test(conditions_are_looked_at),
        cmocka_unit_test(other_methods_get_nothing_of_it),
        cmocka_unit_test(an_explanation_is_never_ready),
        cmocka_unit_test(bad_requests_are_refused_as_ever),
        cmocka_unit_test(what_is_too_long_is_made_each_time),
        cmocka_unit_test(a_hit_allocates_nothing),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(draining_uses_none),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
