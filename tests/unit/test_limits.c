/* How much one client may look up, over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/metrics.h"
#include "tests/unit/http_play.h"

/* The tokens are "one" and "two"; their digests as sha256sum has them. */
#define TOKENS                                                                                 \
    "mail  7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed lookup  never\n"    \
    "other 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3 lookup  never\n"    \
    "graph 8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f explain never\n"

#define HIT "/v1/recipients/hit@example.org/certificate"
#define NONE "/v1/recipients/none@example.org/certificate"
#define LATER "/v1/recipients/gone@example.org/certificate" /* none, after a wait */
#define MISS "/v1/recipients/miss@example.org"              /* found, likewise */
#define DOWN "/v1/recipients/down@example.org"              /* unknown, likewise */

#define FROM(address) "X-Forwarded-For: " address "\r\n"
#define WITH(token) "Authorization: Bearer " token "\r\n"

#define HOURLY(burst_) {.per_minute = 1, .burst = burst_} /* nothing comes back while a test runs */
#define FREE {.per_minute = 0, .burst = 1}

static const char *const listen_to[] = {"127.0.0.1:0"};
static struct network loopback;
static struct play *play;
static struct buffer response;

static void open_with(struct http_limits limits)
{
    struct http_config config = {
        .listen = listen_to, .listen_count = 1, .threads = 2, .max_connections = 64, .max_waiting = 20,
        .max_recipients = 20, .max_batch_lookups = 20, .idle_timeout_s = 10, .hot_bytes = 1024 * 1024,
        .open_to = OPEN_TO_ALL, .tokens = bytes_of_string(TOKENS), .token = "", .proxies = &loopback,
        .proxy_count = 1, .limits = limits,
    };

    config.limits.places = 1024;
    assert_int_equal(network_parse("127.0.0.0/8", &loopback, NULL), 0);
    buffer_init(&response, 1024 * 1024);
    play = play_open(&config);
}

static void close_all(void)
{
    play_close(&play);
    buffer_free(&response);
}

static int get(const char *target, const char *fields)
{
    buffer_clear(&response);
    play_request(play_port(play), "GET", target, fields, &response);
    return play_status(&response);
}

static int post(const char *target, const char *fields, const char *body)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%sContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s", target, fields, strlen(body), body);
    buffer_clear(&response);
    play_exchange(play_port(play), request, strlen(request), &response);
    return play_status(&response);
}

static void expect_refused(const char *target, const char *fields)
{
    char value[64];

    assert_int_equal(get(target, fields), 429);
    assert_non_null(play_field(&response, "Retry-After", value, sizeof(value)));
    assert_in_range(strtol(value, NULL, 10), 1, 60);
    assert_non_null(strstr(buffer_string(&response), "application/problem+json"));
    assert_non_null(strstr(buffer_string(&response), "this client has looked up too many"));
}

static void lookups_have_a_limit(void **state)
{
    uint64_t before = count_read(COUNT_LIMIT_CLIENT_LOOKUPS);

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = HOURLY(5), .none = FREE}});
    for (int i = 0; i < 5; i++) { /* from memory, ready-made and not, and after a wait */
        assert_int_equal(get(i < 4 ? HIT : MISS, FROM("192.0.2.1")), 200);
    }
    expect_refused(HIT, FROM("192.0.2.1"));
    expect_refused(MISS, FROM("192.0.2.1"));
    expect_refused(NONE, FROM("192.0.2.1"));
    assert_int_equal(count_read(COUNT_LIMIT_CLIENT_LOOKUPS) - before, 3);
    /* All else is not looked up. */
    assert_int_equal(get("/healthz", FROM("192.0.2.1")), 200);
    assert_int_equal(get("/v1/recipients/alice", FROM("192.0.2.1")), 400);
    close_all();
}

/* Ready-made answers as well: on one connection, over which they are sure to come from one thread. */
static void one_connection_is_no_way_round(void **state)
{
    static const char request[] = "GET " HIT " HTTP/1.1\r\nHost: a\r\n" FROM("192.0.2.1") "\r\n";

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = HOURLY(10), .none = FREE}});
    int fd = play_connect(play_port(play));

    for (int i = 0; i < 15; i++) {
        buffer_clear(&response);
        assert_true(play_send(fd, request, strlen(request)));
        assert_true(play_read_response(fd, false, &response));
        assert_int_equal(play_status(&response), i < 10 ? 200 : 429);
    }
    assert_true(play->served_again > 0);
    close(fd);
    close_all();
}

/* Who is refused must not learn from it that the answer was "none". */
static void after_too_many_in_vain_nothing_is_told(void **state)
{
    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = HOURLY(3)}});
    assert_int_equal(get(NONE, FROM("192.0.2.1")), 404);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(get(HIT, FROM("192.0.2.1")), 200);
    }
    assert_int_equal(get(DOWN, FROM("192.0.2.1")), 503);
    assert_int_equal(get(LATER, FROM("192.0.2.1")), 404);
    assert_int_equal(get(NONE, FROM("192.0.2.1")), 404);
    expect_refused(NONE, FROM("192.0.2.1"));
    expect_refused(LATER, FROM("192.0.2.1"));
    expect_refused(HIT, FROM("192.0.2.1"));
    expect_refused(MISS, FROM("192.0.2.1"));
    expect_refused(HIT "?format=pem", FROM("192.0.2.1"));
    assert_int_equal(get(HIT, FROM("192.0.2.2")), 200);
    close_all();
}

/* Many at a time: none is told more than there are. */
static void those_under_way_count(void **state)
{
    enum { MANY = 12 };
    static const char request[] = "GET " LATER " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" FROM("192.0.2.1") "\r\n";
    int fds[MANY], none = 0, refused = 0;

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = HOURLY(4)}});
    for (int i = 0; i < MANY; i++) {
        fds[i] = play_connect(play_port(play));
        assert_true(play_send(fds[i], request, strlen(request)));
    }
    for (int i = 0; i < MANY; i++) {
        buffer_clear(&response);
        assert_true(play_read_response(fds[i], false, &response));
        none += play_status(&response) == 404;
        refused += play_status(&response) == 429;
        close(fds[i]);
    }
    assert_int_equal(none, 4);
    assert_int_equal(refused, MANY - 4);
    close_all();
}

static void whose_limits_count(void **state)
{
    (void)state;
    open_with((struct http_limits){
        .clients = {.lookups = HOURLY(1), .none = FREE},
        .tokens = {.lookups = HOURLY(2), .none = FREE},
    });
    assert_int_equal(get(HIT, FROM("192.0.2.1")), 200);
    expect_refused(HIT, FROM("192.0.2.1"));
    expect_refused(HIT, FROM("203.0.113.1, 192.0.2.1"));
    expect_refused(HIT, FROM("203.0.113.1") FROM("192.0.2.1"));
    assert_int_equal(get(HIT, FROM("192.0.2.2")), 200);
    assert_int_equal(get(HIT, FROM("2001:db8::1")), 200);
    expect_refused(HIT, FROM("2001:db8::2"));
    /* A token that is for something else, or for nothing, does not make another client. */
    expect_refused(HIT, FROM("192.0.2.1") WITH("three"));
    expect_refused(HIT, FROM("192.0.2.1") WITH("four"));
    /* One that is good does, wherever it comes from. */
    assert_int_equal(get(HIT, FROM("192.0.2.1") WITH("one")), 200);
    assert_int_equal(get(HIT, WITH("one")), 200);
    expect_refused(HIT, FROM("192.0.2.7") WITH("one"));
    assert_int_equal(get(HIT, FROM("192.0.2.1") WITH("two")), 200);
    /* This machine itself has none, unless it asks with a token. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(get(HIT, ""), 200);
    }
    expect_refused(HIT, WITH("one"));
    close_all();
}

/* What a client says of itself counts only where our proxy says it. */
static void a_proxy_that_is_not_ours_is_the_client(void **state)
{
    struct http_config config = {
        .listen = listen_to, .listen_count = 1, .tokens = bytes_of_string(TOKENS), .token = "",
        .open_to = OPEN_TO_ALL, .limits = {.clients = {.lookups = HOURLY(2), .none = FREE}},
    };
    struct error error = {""};

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = FREE}});
    for (int i = 0; i < 5; i++) {
        assert_int_equal(get(HIT, FROM("192.0.2.1")), 200);
    }
    assert_int_equal(http_adopt(play->http, &config, &error), 0);
    assert_int_equal(get(HIT, FROM("192.0.2.1")), 200);
    assert_int_equal(get(HIT, FROM("192.0.2.2")), 200);
    expect_refused(HIT, FROM("192.0.2.3"));
    close_all();
}

#define LIST(recipients) "{\"recipients\":[" recipients "]}"
#define HITS "\"hit@example.org\",\"hit@example.org\""

static size_t occurrences(const char *text)
{
    size_t result = 0;

    for (const char *at = buffer_string(&response); (at = strstr(at, text)) != NULL; at++) {
        result++;
    }
    return result;
}

static void batches_get_what_there_is(void **state)
{
    (void)state;
    open_with((struct http_limits){.clients = {.lookups = HOURLY(7), .none = FREE}});
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST(HITS "," HITS)), 200);
    assert_int_equal(occurrences("\"status\":\"ok\""), 4);
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST(HITS "," HITS)), 200);
    assert_int_equal(occurrences("\"status\":\"ok\""), 3);
    assert_int_equal(occurrences("\"status\":\"limit\",\"reason\":\"client_limit\""), 1);
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST(HITS)), 429);
    expect_refused(HIT, FROM("192.0.2.1"));
    close_all();
}

/* Also where everybody has to be waited for, and the batch is told twice. */
static void batches_are_told_so_many_in_vain(void **state)
{
    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = HOURLY(3)}});
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"),
                          LIST("\"none@example.org\",\"miss@example.org\",\"gone@example.org\",\"hit@example.org\"")),
                     200);
    assert_int_equal(occurrences("\"status\":\"ok\""), 2);
    assert_int_equal(occurrences("\"status\":\"none\""), 1);
    assert_int_equal(occurrences("\"status\":\"expired\""), 1);
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"),
                          LIST("\"hit@example.org\",\"gone@example.org\",\"none@example.org\",\"hit@example.org\","
                               "\"miss@example.org\"")), 200);
    assert_int_equal(occurrences("\"status\":\"ok\""), 1);
    assert_int_equal(occurrences("\"status\":\"expired\""), 1);
    assert_int_equal(occurrences("\"reason\":\"client_limit\""), 3);
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST(HITS)), 429);
    /* A bundle that somebody is missing in for that is none. */
    assert_int_equal(post("/v1/recipients?format=p7c", FROM("192.0.2.2"),
                          LIST("\"none@example.org\",\"none@example.org\",\"none@example.org\",\"none@example.org\","
                               "\"hit@example.org\"")), 503);
    assert_int_equal(occurrences("\"reason\":\"client_limit\""), 2);
    close_all();
}

/* Of two batches that wait at a time, one of whom is found and the other not, neither is told once the last "none" is
 * used up: who is refused would know by that which of them he is. */
static void a_batch_that_waits_is_told_nothing_either(void **state)
{
    static const char form[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" FROM("192.0.2.1")
                               "Content-Type: application/json\r\nContent-Length: 35\r\n\r\n"
                               "{\"recipients\":[\"hold@example.org\"]}";
    int fd;

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = HOURLY(1)}});
    fd = play_connect(play_port(play));
    assert_true(play_send(fd, form, strlen(form)));
    while (http_waiting(play->http) == 0) {
        usleep(1000);
    }
    assert_int_equal(get(NONE, FROM("192.0.2.1")), 404);
    play_release(play);
    buffer_clear(&response);
    assert_true(play_read_response(fd, false, &response));
    assert_int_equal(play_status(&response), 200);
    assert_int_equal(occurrences("\"reason\":\"client_limit\""), 1);
    assert_int_equal(occurrences("\"status\":\"ok\""), 0);
    close(fd);
    close_all();

    /* Nor in one and the same. */
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = HOURLY(1)}});
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST("\"none@example.org\"," HITS)), 200);
    assert_int_equal(occurrences("\"status\":\"none\""), 1);
    assert_int_equal(occurrences("\"reason\":\"client_limit\""), 2);
    close_all();
}

/* It would only use up what the next try needs. */
static void a_bundle_takes_all_or_nothing(void **state)
{
    (void)state;
    open_with((struct http_limits){.clients = {.lookups = HOURLY(3), .none = FREE}});
    assert_int_equal(post("/v1/recipients?format=p7c", FROM("192.0.2.1"), LIST(HITS "," HITS)), 413); /* it never will */
    assert_int_equal(post("/v1/recipients?format=p7c", FROM("192.0.2.1"), LIST(HITS)), 200);
    assert_int_equal(post("/v1/recipients?format=p7c", FROM("192.0.2.1"), LIST(HITS)), 429);
    assert_int_equal(post("/v1/recipients", FROM("192.0.2.1"), LIST(HITS)), 200);
    assert_int_equal(occurrences("\"status\":\"ok\""), 1);
    assert_int_equal(occurrences("\"retry_after_s\":60"), 1);
    close_all();
}

/* However it is asked. */
static void every_way_to_ask_counts(void **state)
{
    char fields[256], etag[128];

    (void)state;
    open_with((struct http_limits){.tokens = {.lookups = HOURLY(4), .none = FREE}});
    assert_int_equal(get(HIT, WITH("one")), 200);
    assert_non_null(play_field(&response, "ETag", etag, sizeof(etag)));
    snprintf(fields, sizeof(fields), WITH("one") "If-None-Match: %s\r\n", etag);
    assert_int_equal(get(HIT, fields), 304);
    buffer_clear(&response);
    play_request(play_port(play), "HEAD", HIT, WITH("one"), &response);
    assert_int_equal(play_status(&response), 200);
    assert_int_equal(get(MISS "?explain=1", WITH("one")), 200);
    expect_refused(HIT, WITH("one"));
    expect_refused(MISS "?explain=1", WITH("one"));
    assert_int_equal(get(HIT, fields), 429);
    buffer_clear(&response);
    play_request(play_port(play), "HEAD", HIT, WITH("one"), &response);
    assert_int_equal(play_status(&response), 429);
    close_all();
}

/* What a reload says counts for who waits, too. */
static void a_reload_while_somebody_waits(void **state)
{
    static const char request[] = "GET /v1/recipients/hold@example.org HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                  WITH("one") "\r\n";
    struct http_config config = {
        .listen = listen_to, .listen_count = 1, .tokens = bytes_of_string(TOKENS), .token = "",
        .open_to = OPEN_TO_ALL, .limits = {.tokens = {.lookups = HOURLY(1), .none = HOURLY(1)}},
    };
    struct error error = {""};
    int fd;

    (void)state;
    open_with((struct http_limits){.clients = {.lookups = FREE, .none = FREE}});
    fd = play_connect(play_port(play));
    assert_true(play_send(fd, request, strlen(request)));
    while (http_waiting(play->http) == 0) {
        usleep(1000);
    }
    for (int i = 0; i < 50; i++) { /* while others ask with the same token */
        assert_int_equal(http_adopt(play->http, &config, &error), 0);
        (void)get(NONE, WITH("one"));
    }
    play_release(play);
    buffer_clear(&response);
    assert_true(play_read_response(fd, false, &response));
    assert_int_equal(play_status(&response), 429); /* the one "none" has been told meanwhile */
    close(fd);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_have_a_limit),
        cmocka_unit_test(one_connection_is_no_way_round),
        cmocka_unit_test(after_too_many_in_vain_nothing_is_told),
        cmocka_unit_test(those_under_way_count),
        cmocka_unit_test(whose_limits_count),
        cmocka_unit_test(a_proxy_that_is_not_ours_is_the_client),
        cmocka_unit_test(batches_get_what_there_is),
        cmocka_unit_test(batches_are_told_so_many_in_vain),
        cmocka_unit_test(a_batch_that_waits_is_told_nothing_either),
        cmocka_unit_test(a_bundle_takes_all_or_nothing),
        cmocka_unit_test(every_way_to_ask_counts),
        cmocka_unit_test(a_reload_while_somebody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
