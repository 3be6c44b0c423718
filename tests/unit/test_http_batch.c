#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/metrics.h"
#include "tests/unit/http_play.h"

static struct play *play;
static uint16_t port;
static struct buffer response;

static int open_play(void **state)
{
    (void)state;
    buffer_init(&response, 64 * 1024 * 1024);
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

#define JSON "Content-Type: application/json\r\n"
#define PROBLEM "application/problem+json"

static void post_bytes(const char *path, const char *fields, struct bytes body)
{
    struct buffer request;

    buffer_init(&request, 8 * 1024 * 1024);
    buffer_append_format(&request, "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", path, fields);
    buffer_append_format(&request, "Content-Length: %zu\r\n\r\n", body.size);
    buffer_append_bytes(&request, body);
    play_exchange(port, buffer_string(&request), request.size, &response);
    buffer_free(&request);
}

static void post(const char *body)
{
    post_bytes("/v1/recipients", JSON, bytes_of_string(body));
}

static const char *field(const char *name)
{
    static char value[1024];

    return play_field(&response, name, value, sizeof(value));
}

/* The recipients of the answer; json_decref() the root. */
static json_t *answered(json_t **list)
{
    struct bytes body = play_body(&response);
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);

    if (root == NULL || play_status(&response) != 200) {
        fail_msg("not the answer to a batch: %s", buffer_string(&response));
    }
    assert_string_equal(field("Content-Type"), "application/json");
    assert_string_equal(field("Cache-Control"), "no-store");
    assert_string_equal(field("X-Content-Type-Options"), "nosniff");
    assert_int_equal(json_object_size(root), 1);
    *list = json_object_get(root, "recipients");
    assert_true(json_is_array(*list));
    return root;
}

static const char *text(const json_t *list, size_t index, const char *key)
{
    const char *value = json_string_value(json_object_get(json_array_get(list, index), key));

    return value != NULL ? value : "";
}

static bool is_true(const json_t *list, size_t index, const char *key)
{
    return json_is_true(json_object_get(json_array_get(list, index), key));
}

static void assert_certificate(const json_t *list, size_t index)
{
    struct digest fingerprint = digest_sha256(play_certificate());
    char hex[DIGEST_HEX_BYTES];
    struct buffer der;

    buffer_init(&der, 65536);
    assert_int_equal(digest_decode_base64(bytes_of_string(text(list, index, "certificate")), &der, false), 0);
    assert_true(bytes_equal(buffer_bytes(&der), play_certificate()));
    assert_string_equal(text(list, index, "fingerprint_sha256"),
                        digest_hex(bytes_of(fingerprint.bytes, sizeof(fingerprint.bytes)), hex));
    assert_int_equal(strlen(text(list, index, "chain_not_after")), strlen("2026-11-23T06:57:24Z"));
    buffer_free(&der);
}

/* Every way a recipient fares, all in one batch. */
static const struct {
    const char *sent, *address, *status, *reason;
    bool found, stale;
} fares[] = {
    {"hit@example.org", "hit@example.org", "ok", "", true, false},
    {"HIT@Example.ORG", "hit@example.org", "ok", "", true, false},
    {"none@example.org", "none@example.org", "none", "no_entry", false, false},
    {"", "", "invalid_address", "", false, false},
    {"nobody", "nobody", "invalid_address", "", false, false},
    {"a b\\u0009\\\"@example.org", "a b\t\"@example.org", "invalid_address", "", false, false},
    {"miss@example.org", "miss@example.org", "ok", "", true, false},
    {"hit@example.org", "hit@example.org", "ok", "", true, false},
    {"redis@example.org", "redis@example.org", "ok", "", true, false},
    {"stale@example.org", "stale@example.org", "ok", "", true, true},
    {"inline@example.org", "inline@example.org", "ok", "", true, false},
    {"gone@example.org", "gone@example.org", "expired", "expired", false, false},
    {"down@example.org", "down@example.org", "unknown", "directory_unavailable", false, false},
    {"late@example.org", "late@example.org", "unknown", "deadline", false, false},
    {"broken@example.org", "broken@example.org", "unknown", "internal", false, false},
    {"Miss@example.org", "miss@example.org", "ok", "", true, false},
};
#define FARES (sizeof(fares) / sizeof(fares[0]))

static void assert_fares(const json_t *list)
{
    assert_int_equal(json_array_size(list), FARES);
    for (size_t i = 0; i < FARES; i++) {
        assert_string_equal(text(list, i, "address"), fares[i].address);
        assert_string_equal(text(list, i, "status"), fares[i].status);
        assert_string_equal(text(list, i, "reason"), fares[i].reason);
        assert_int_equal(text(list, i, "reason_text")[0] != '\0', !fares[i].found);
        assert_int_equal(is_true(list, i, "stale"), fares[i].stale);
        if (fares[i].found) {
            assert_certificate(list, i);
        } else {
            assert_string_equal(text(list, i, "certificate"), "");
        }
    }
}

static void test_every_way_it_ends(void **state)
{
    struct buffer body;
    json_t *list;
    size_t starts = play->starts;

    (void)state;
    buffer_init(&body, 65536);
    for (size_t i = 0; i < FARES; i++) {
        buffer_append_format(&body, "%s\"%s\"", i == 0 ? "{\"recipients\": [" : ", ", fares[i].sent);
    }
    buffer_append_string(&body, "]}");
    for (int again = 0; again <= 1; again++) {
        post(buffer_string(&body));
        json_t *root = answered(&list);
        assert_fares(list);
        json_decref(root);
    }
    /* miss stands twice and is asked once; stale is not in memory as get() sees it. */
    assert_int_equal(play->starts - starts, 2 * 8);
    buffer_free(&body);
}

/* What was said before is said again only of the same answer, and only as long as it may be served. */
static void test_ready_made(void **state)
{
    static const char hits[] = "{\"recipients\":[\"hit@example.org\",\"none@example.org\",\"hit@example.org\"]}";
    struct buffer first;
    json_t *list;

    (void)state;
    buffer_init(&first, 65536);
    for (int i = 0; i < 8; i++) { /* over both threads, from memory and ready-made */
        post(hits);
        if (i == 0) {
            buffer_append_bytes(&first, play_body(&response));
        }
        assert_true(bytes_equal(buffer_bytes(&first), play_body(&response)));
    }
    assert_true(play->served_again > 0);
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_NONE, REASON_REVOKED, "", 3600));
    post(hits);
    json_t *root = answered(&list);
    assert_string_equal(text(list, 0, "status"), "revoked");
    assert_string_equal(text(list, 1, "status"), "none");
    assert_string_equal(text(list, 2, "status"), "revoked");
    json_decref(root);
    play->hit_is_stale = true;
    post(hits);
    root = answered(&list);
    assert_true(is_true(list, 0, "stale"));
    json_decref(root);
    play->hit_is_stale = false;
    play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
    post(hits);
    root = answered(&list);
    assert_certificate(list, 0);
    assert_false(is_true(list, 0, "stale"));
    json_decref(root);
    buffer_free(&first);
}

#define TWENTY(x_) x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_ x_

/* Bodies that are refused, and why, in a word of the detail; those that are odd and good. */
static const struct {
    const char *body;
    int status;
    const char *word;
} bodies[] = {
    {"{\"recipients\":[]}", 200, NULL},
    {" \n\t\r{ \"recipients\" : [ \"hit@example.org\" , \"hit@example.org\" ] } \n", 200, NULL},
    {"{\"\\u0072ecipients\":[\"h\\u0069t@example.org\"]}", 200, NULL},
    {"{\"recipients\":[\"\xc3\xa9@example.org\"]}", 200, NULL},
    {"", 400, "the body is empty"},
    {"{", 400, "not JSON"},
    {"[]", 400, "not a JSON object"},
    {"null", 400, "not JSON"},
    {"{}", 400, "recipients"},
    {"{\"recipients\":null}", 400, "recipients"},
    {"{\"recipients\":\"hit@example.org\"}", 400, "recipients"},
    {"{\"recipients\":{\"0\":\"hit@example.org\"}}", 400, "recipients"},
    {"{\"recipients\":[],\"more\":1}", 400, "alone"},
    {"{\"recipients\":[],\"recipients\":[]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\"],\"recipients\":[\"none@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\",]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\",\"hit@example.org\n]}", 400, "not JSON"},
    {"{\"recipients\":[,\"hit@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\" \"hit@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\"]}x", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\"]}{}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\"]", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit\n@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\n\"]}", 400, "not JSON"},
    {"{\"recipients\":['hit@example.org']}", 400, "not JSON"},
    {"{recipients:[\"hit@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit\\u0000@example.org\",\"hit@example.org\"]}", 200,
     "{\"recipients\":[{\"address\":\"hit\\u0000@example.org\",\"status\":\"invalid_address\""},
    {"{\"recipients\":[\"hit@example.org\\u0000\"]}", 200, "\"status\":\"invalid_address\""},
    {"{\"recipients\\u0000\":[\"hit@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit\xff@example.org\"]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit\\ud800@example.org\"]}", 400, "not JSON"},
    {"\xef\xbb\xbf{\"recipients\":[]}", 400, "not JSON"},
    {"{\"recipients\":[\"hit@example.org\", 1]}", 400, "number 2"},
    {"{\"recipients\":[1e999]}", 400, "not JSON"},
    {"{\"recipients\":[99999999999999999999999999999999]}", 400, "not JSON"},
    {"{\"recipients\":[NaN]}", 400, "not JSON"},
    {"{\"recipients\":[[\"hit@example.org\"]]}", 400, "number 1"},
    {"{\"recipients\":[{\"address\":\"hit@example.org\"}]}", 400, "number 1"},
    {"{\"recipients\":[null]}", 400, "number 1"},
    {"{\"recipients\":" TWENTY("[") TWENTY("]") "}", 400, "deeper"},
    {"recipients=hit@example.org", 400, "not JSON"},
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        post(bodies[i].body);
        if (play_status(&response) != bodies[i].status ||
            (bodies[i].word != NULL && strstr(buffer_string(&response), bodies[i].word) == NULL)) {
            fail_msg("%s: want %d %s, got %s", bodies[i].body, bodies[i].status,
                     bodies[i].word != NULL ? bodies[i].word : "", buffer_string(&response));
        }
        assert_string_equal(field("Content-Type"), bodies[i].status == 200 ? "application/json" : PROBLEM);
    }
    post_bytes("/v1/recipients", JSON, bytes_of("{\"recipients\":[\"a\0b@example.org\"]}", 34));
    assert_int_equal(play_status(&response), 400);
}

static void many(struct buffer *body, const char *local_part, size_t count)
{
    buffer_clear(body);
    buffer_append_string(body, "{\"recipients\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(body, "%s\"%s%zu@example.org\"", i > 0 ? "," : "", local_part, i);
    }
    buffer_append_string(body, "]}");
}

static void test_how_many(void **state)
{
    struct buffer body;
    json_t *list;

    (void)state;
    buffer_init(&body, 4 * 1024 * 1024);
    many(&body, "none", 500);
    post(buffer_string(&body));
    json_t *root = answered(&list);
    assert_int_equal(json_array_size(list), 500);
    json_decref(root);
    many(&body, "none", 501);
    post(buffer_string(&body));
    assert_int_equal(play_status(&response), 413);
    assert_non_null(strstr(buffer_string(&response), "http.batch"));
    buffer_free(&body);
}

/* How requests with a body arrive: whole, in pieces, announced and not; what is behind them is the next request. */
static const struct {
    const char *request;
    int status;
    const char *word;
} requests[] = {
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n{\"recipients\":[]}", 415, "/json"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\nContent-Type: text/json\r\nContent-Length: 17\r\n\r\n"
     "{\"recipients\":[]}", 415, "application/json"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Encoding: gzip\r\nContent-Length: 17\r\n\r\n"
     "{\"recipients\":[]}", 415, "Accept-Encoding: identity\r\n"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" JSON
     "Content-Encoding: identity\r\nContent-Length: 17\r\n\r\n{\"recipients\":[]}", 200, "\"recipients\":[]"},
    {"POST /v1/recipients?formt=p7c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" JSON
     "Content-Length: 17\r\n\r\n{\"recipients\":[]}", 400,
     "there is no parameter \\\"formt\\\" here: this takes format, partial"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "\r\n", 411, "Content-Length"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"
     "11\r\n{\"recipients\":[]}\r\n0\r\n\r\n", 411, "Content-Length"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 0\r\n\r\n", 400, "the body is empty"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 2097153\r\n\r\n", 413,
     "at most 2097152 bytes"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 10485760\r\nExpect: 100-continue\r\n\r\n", 413,
     "too large"},
    {"POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 17\r\nContent-Length: 17\r\n\r\n"
     "{\"recipients\":[]}", 400, "more than one"},
    {"GET /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, "POST"},
    {"HEAD /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, NULL},
    {"PUT /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 405, "POST"},
    {"OPTIONS /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 204, "Allow: POST, OPTIONS"},
    {"POST /v1/recipients/hit@example.org HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" JSON
     "Content-Length: 17\r\n\r\n{\"recipients\":[]}", 405, "GET"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        play_exchange(port, requests[i].request, strlen(requests[i].request), &response);
        if (play_status(&response) != requests[i].status ||
            (requests[i].word != NULL && strstr(buffer_string(&response), requests[i].word) == NULL)) {
            fail_msg("%s: want %d, got %s", requests[i].request, requests[i].status, buffer_string(&response));
        }
    }
}

static void nap(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void test_pieces_and_pipelining(void **state)
{
    static const char head[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 34\r\n\r\n";
    static const char body[] = "{\"recipients\":[\"hit@example.org\"]}";
    static const char behind[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 35\r\n\r\n"
                                 "{\"recipients\":[\"miss@example.org\"]}"
                                 "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    int fd = play_connect(port);

    (void)state;
    assert_int_equal(strlen(body), 34);
    play_send(fd, head, strlen(head));
    for (size_t i = 0; i + 1 < strlen(body); i++) {
        play_send(fd, body + i, 1);
        nap(i % 8 == 0 ? 2 : 0);
    }
    struct buffer last;
    buffer_init(&last, 65536);
    buffer_append_char(&last, '}');
    buffer_append_string(&last, behind);
    play_send(fd, buffer_string(&last), last.size);
    for (int i = 0; i < 2; i++) {
        buffer_clear(&response);
        assert_true(play_read_response(fd, false, &response));
        assert_int_equal(play_status(&response), 200);
        assert_non_null(strstr(buffer_string(&response), i == 0 ? "\"hit@" : "\"miss@"));
        assert_non_null(strstr(buffer_string(&response), "\"status\":\"ok\""));
    }
    buffer_clear(&response);
    assert_true(play_read_all(fd, &response));
    assert_non_null(strstr(buffer_string(&response), "ok\n"));
    close(fd);
    buffer_free(&last);
}

static void test_expect_continue(void **state)
{
    static const char head[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                               "Connection: close\r\n" JSON "Content-Length: 34\r\n\r\n";
    static const char body[] = "{\"recipients\":[\"hit@example.org\"]}";
    int fd = play_connect(port);

    (void)state;
    play_send(fd, head, strlen(head));
    buffer_clear(&response);
    assert_true(play_read_response(fd, true, &response));
    assert_int_equal(play_status(&response), 100);
    play_send(fd, body, strlen(body));
    buffer_clear(&response);
    assert_true(play_read_all(fd, &response));
    assert_int_equal(play_status(&response), 200);
    close(fd);
}

/* Bodies that never end, and clients that leave, hold nothing afterwards. */
static void test_broken_off(void **state)
{
    static const char half[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 2097152\r\n\r\n"
                               "{\"recipients\":[\"hit@example.org\"";
    int fds[50];

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        fds[i] = play_connect(port);
        assert_true(play_send(fds[i], half, strlen(half)));
    }
    post("{\"recipients\":[\"hit@example.org\"]}");
    assert_int_equal(play_status(&response), 200);
    for (size_t i = 0; i < 50; i++) {
        close(fds[i]);
    }
    post("{\"recipients\":[\"hit@example.org\"]}");
    assert_int_equal(play_status(&response), 200);
}

static void await_waiting(size_t want)
{
    int64_t end = clock_mono_ms() + 5000;

    while (http_waiting(play->http) != want) {
        if (clock_mono_ms() > end) {
            fail_msg("%zu requests wait, %zu should", http_waiting(play->http), want);
        }
        nap(1);
    }
}

static int send_batch(const struct buffer *body)
{
    char head[256];
    int fd = play_connect(port);

    snprintf(head, sizeof(head), "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" JSON
             "Content-Length: %zu\r\n\r\n", body->size);
    assert_true(play_send(fd, head, strlen(head)));
    assert_true(play_send(fd, buffer_string(body), body->size));
    return fd;
}

static size_t count_status(const json_t *list, const char *status)
{
    size_t found = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        found += strcmp(text(list, i, "status"), status) == 0;
    }
    return found;
}

/* A batch waits in one place. Its lookups have places of their own, and whoever finds none is told so; single requests
 * go on. */
static void test_limits_of_waiting(void **state)
{
    struct play *mine = play;
    struct buffer body;
    json_t *list;
    uint64_t over = count_read(COUNT_LIMIT_BATCH_LOOKUPS);

    (void)state;
    play = play_open(NULL);
    port = play_port(play);
    buffer_init(&body, 65536);
    many(&body, "hold", 200);
    int first = send_batch(&body);
    await_waiting(1);
    many(&body, "hold", 100);
    int second = send_batch(&body);
    await_waiting(2);
    post("{\"recipients\":[\"hold@example.org\",\"hit@example.org\"]}"); /* nobody waits for this one */
    json_t *root = answered(&list);
    assert_string_equal(text(list, 0, "status"), "limit");
    assert_string_equal(text(list, 0, "reason"), "overloaded");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "retry_after_s")), 1);
    assert_certificate(list, 1);
    json_decref(root);
    play_request(port, "GET", "/v1/recipients/miss@example.org/certificate", "", &response);
    assert_int_equal(play_status(&response), 200);

    play_release(play);
    const int fds[] = {first, second};
    const size_t ok[] = {200, 50}, all[] = {200, 100};
    for (int i = 0; i < 2; i++) {
        buffer_clear(&response);
        assert_true(play_read_all(fds[i], &response));
        close(fds[i]);
        root = answered(&list);
        assert_int_equal(json_array_size(list), all[i]);
        assert_int_equal(count_status(list, "ok"), ok[i]);
        assert_int_equal(count_status(list, "limit"), all[i] - ok[i]);
        json_decref(root);
    }
    assert_int_equal(count_read(COUNT_LIMIT_BATCH_LOOKUPS) - over, 51);
    await_waiting(0);
    many(&body, "miss", 250); /* every place is free again */
    post(buffer_string(&body));
    root = answered(&list);
    assert_int_equal(count_status(list, "ok"), 250);
    json_decref(root);
    buffer_free(&body);
    play_close(&play);
    play = mine;
    port = play_port(play);
}

/* What memory had when somebody else had to be waited for is told only if it still has it then. */
static void test_dropped_meanwhile(void **state)
{
    static const struct {
        bool lost;               /* or replaced */
        const char *status;
        size_t starts;
        unsigned none, found;
    } rows[] = {{false, "revoked", 1, 3, 1}, {true, "ok", 2, 1, 3}};
    struct play *mine = play;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t none = count_read(COUNT_OUTCOME_NONE), found = count_read(COUNT_OUTCOME_FOUND);
        struct buffer body;
        json_t *list;

        play = play_open(NULL);
        port = play_port(play);
        buffer_init(&body, 1024);
        buffer_append_string(&body, "{\"recipients\":[\"hit@example.org\",\"none@example.org\",\"hold@example.org\","
                                    "\"nobody\",\"hit@example.org\"]}");
        int fd = send_batch(&body);
        await_waiting(1);
        if (rows[i].lost) {
            play_lose_hit(play, true);
        } else {
            play_replace_hit(play, play_answer("hit@example.org", OUTCOME_NONE, REASON_REVOKED, "", 3600));
        }
        play_release(play);
        buffer_clear(&response);
        assert_true(play_read_all(fd, &response));
        close(fd);
        json_t *root = answered(&list);
        assert_int_equal(json_array_size(list), 5);
        assert_string_equal(text(list, 0, "status"), rows[i].status);
        assert_string_equal(text(list, 1, "status"), "none");
        assert_string_equal(text(list, 2, "status"), "ok");
        assert_string_equal(text(list, 3, "status"), "invalid_address");
        assert_string_equal(text(list, 4, "status"), rows[i].status);
        assert_int_equal(play->starts, rows[i].starts);
        assert_int_equal(count_read(COUNT_OUTCOME_NONE) - none, rows[i].none);
        assert_int_equal(count_read(COUNT_OUTCOME_FOUND) - found, rows[i].found);
        json_decref(root);
        buffer_free(&body);
        play_close(&play);
    }
    play = mine;
    port = play_port(play);
}

/* Where no request may wait any more, and while we end, a batch says so of whom it would have to wait for. */
static void test_no_place(void **state)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    static const char head[] = "POST /v1/recipients HTTP/1.1\r\nHost: a\r\n" JSON "Content-Length: 35\r\n\r\n";
    const struct http_config config = {
        .listen = listen, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 1,
        .max_recipients = 10, .max_batch_lookups = 10, .idle_timeout_s = 10, .hot_bytes = 0, .token = "",
    };
    struct play *mine = play;
    struct buffer body;
    json_t *list;

    (void)state;
    play = play_open(&config);
    port = play_port(play);
    buffer_init(&body, 65536);
    many(&body, "hold", 2);
    int waits = send_batch(&body);
    await_waiting(1);
    post("{\"recipients\":[\"miss@example.org\",\"none@example.org\"]}");
    json_t *root = answered(&list);
    assert_string_equal(text(list, 0, "status"), "limit");
    assert_string_equal(text(list, 1, "status"), "none");
    json_decref(root);
    int early = play_connect(port);
    play_send(early, head, strlen(head));
    nap(50);
    http_drain(play->http);
    play_send(early, "{\"recipients\":[\"miss@example.org\"]}", 35);
    buffer_clear(&response);
    assert_true(play_read_all(early, &response));
    close(early);
    root = answered(&list);
    assert_string_equal(text(list, 0, "status"), "unknown");
    assert_string_equal(text(list, 0, "reason"), "shutting_down");
    json_decref(root);
    play_release(play);
    buffer_clear(&response);
    assert_true(play_read_all(waits, &response));
    close(waits);
    root = answered(&list);
    assert_int_equal(count_status(list, "ok"), 2);
    json_decref(root);
    buffer_free(&body);
    play_close(&play);
    play = mine;
    port = play_port(play);
}

/* Whoever leaves while a batch waits takes nothing along. */
static void test_leaves(void **state)
{
    struct play *mine = play;
    struct buffer body;

    (void)state;
    play = play_open(NULL);
    port = play_port(play);
    buffer_init(&body, 65536);
    many(&body, "hold", 100);
    int one = send_batch(&body), two = send_batch(&body);
    await_waiting(2);
    close(one);
    nap(20);
    assert_int_equal(http_waiting(play->http), 2);
    play_close(&play); /* lets them go, and ends */
    close(two);
    buffer_free(&body);
    play = mine;
    port = play_port(play);
}

/* Purges */

static const struct {
    const char *fields, *body;
    int status;
    const char *word;
    enum drop_what what;
    const char *name;
} purges[] = {
    {"Authorization: Bearer secret\r\n", "{\"address\":\"Alice@Example.org\"}", 200,
     "{\"purged\":{\"address\":\"alice@example.org\"},\"dropped\":3}", DROP_ADDRESS, "alice@example.org"},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"B\xc3\xbc" "cher.Example.\"}", 200,
     "{\"purged\":{\"domain\":\"xn--bcher-kva.example\"},\"dropped\":3}", DROP_DOMAIN, "xn--bcher-kva.example"},
    {"Authorization: Bearer secret\r\nForwarded: for=192.0.2.1\r\n", "{\"all\":true}", 200,
     "{\"purged\":{\"all\":true},\"dropped\":3}", DROP_ALL, "true"},
    {"", "{\"all\":true}", 401, "token", DROP_WHATS, NULL},
    {"Authorization: Bearer other\r\n", "{\"all\":true}", 401, "token", DROP_WHATS, NULL},
    {"Authorization: Basic secret\r\n", "{\"all\":true}", 401, "token", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"all\":false}", 400, "all takes only true", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"all\":\"true\"}", 400, "all", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{}", 400, "exactly one", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"everything\":true}", 400, "exactly one", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"all\":true,\"domain\":\"example.org\"}", 400, "exactly one", DROP_WHATS,
     NULL},
    {"Authorization: Bearer secret\r\n", "{\"all\":true,\"more\":1}", 400, "exactly one", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"all\":true,\"all\":true}", 400, "not JSON", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"address\":\"alice\"}", 400, "@", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"address\":1}", 400, "takes only a string", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"address\":[\"a@example.org\"]}", 400, "takes only a string", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"example\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"*.example.org\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"*\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"a\\u0000.example\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"domain\":\"a.example\\u0000\"}", 400, "host name", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "{\"address\":\"a@b.example\\u0000\"}", 400, "address", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "[]", 400, "object", DROP_WHATS, NULL},
    {"Authorization: Bearer secret\r\n", "", 400, "the body is empty", DROP_WHATS, NULL},
};

static void test_purge(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(purges) / sizeof(purges[0]); i++) {
        char fields[256];
        size_t before = play->purges;
        snprintf(fields, sizeof(fields), "%s%s", purges[i].fields, JSON);
        post_bytes("/v1/purge", fields, bytes_of_string(purges[i].body));
        if (play_status(&response) != purges[i].status || strstr(buffer_string(&response), purges[i].word) == NULL) {
            fail_msg("%s: want %d %s, got %s", purges[i].body, purges[i].status, purges[i].word,
                     buffer_string(&response));
        }
        assert_int_equal(play->purges - before, purges[i].status == 200);
        if (purges[i].status == 200) {
            assert_int_equal(play->purge.what, purges[i].what);
            assert_string_equal(drop_text(&play->purge), purges[i].name);
        }
    }
    play_request(port, "GET", "/v1/purge", "Authorization: Bearer secret\r\n", &response);
    assert_int_equal(play_status(&response), 405);
    char *large = calloc(1, 5001);
    memset(large, ' ', 5000);
    post_bytes("/v1/purge", JSON, bytes_of_string(large));
    assert_int_equal(play_status(&response), 413);
    free(large);
}

/* A gateway without a token lets nobody purge, from wherever. */
static void test_purge_without_token(void **state)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const struct http_config config = {
        .listen = listen, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 10,
        .max_recipients = 10, .max_batch_lookups = 10, .idle_timeout_s = 10, .hot_bytes = 0, .token = "",
    };
    struct play *mine = play;

    (void)state;
    play = play_open(&config);
    port = play_port(play);
    const char *const fields[] = {JSON, JSON "Authorization: Bearer \r\n"};
    for (int i = 0; i < 2; i++) {
        post_bytes("/v1/purge", fields[i], bytes_of_string("{\"all\":true}"));
        assert_int_equal(play_status(&response), 403);
        assert_non_null(strstr(buffer_string(&response), "the gateway has no tokens"));
    }
    assert_int_equal(play->purges, 0);
    play_close(&play);
    play = mine;
    port = play_port(play);
}

static void test_index_names_methods(void **state)
{
    (void)state;
    play_request(port, "GET", "/", "", &response);
    assert_non_null(strstr(buffer_string(&response), "\nPOST /v1/recipients "));
    assert_non_null(strstr(buffer_string(&response), "\nPOST /v1/purge "));
    assert_non_null(strstr(buffer_string(&response), "\nGET  /v1/recipients/{address} "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_it_ends),
        cmocka_unit_test(test_ready_made),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_how_many),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_pieces_and_pipelining),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_limits_of_waiting),
        cmocka_unit_test(test_dropped_meanwhile),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_purge),
        cmocka_unit_test(test_purge_without_token),
        cmocka_unit_test(test_index_names_methods),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
