#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/http_play.h"

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

/* Requests in full; what they get. The connection of each is its own. */
static const struct {
    const char *method, *path, *fields;
    int status;
    const char *content_type; /* NULL: not looked at */
} rows[] = {
    {"GET", "/healthz", "", 200, "text/plain; charset=utf-8"},
    {"GET", "/readyz", "", 200, "text/plain; charset=utf-8"},
    {"GET", "/metrics", "", 200, "text/plain; version=0.0.4; charset=utf-8"},
    {"GET", "/", "", 200, "text/plain; charset=utf-8"},
    {"GET", "/", "Accept: text/html, */*;q=0.8\r\n", 200, "text/html; charset=utf-8"},
    {"GET", "/", "Accept: */*\r\n", 200, "text/plain; charset=utf-8"},
    {"GET", "/", "Accept: image/png\r\n", 200, "text/plain; charset=utf-8"},
    {"HEAD", "/", "Accept: text/html\r\n", 200, "text/html; charset=utf-8"},
    {"GET", "/page/index.html", "", 200, "text/html; charset=utf-8"},
    {"GET", "/page/page.css", "", 200, "text/css; charset=utf-8"},
    {"GET", "/page/page.js", "", 200, "text/javascript; charset=utf-8"},
    {"GET", "/page/icon.svg", "", 200, "image/svg+xml"},
    {"HEAD", "/page/page.js", "", 200, "text/javascript; charset=utf-8"},
    {"GET", "/page/nothing.js", "", 404, PROBLEM},
    {"GET", "/page/", "", 404, PROBLEM},
    {"GET", "/page", "", 404, PROBLEM},
    {"GET", "/page/page.js%00", "", 400, PROBLEM},
    {"GET", "/page/..%2Findex.html", "", 404, PROBLEM},
    {"POST", "/page/page.js", "Content-Length: 0\r\n", 405, PROBLEM},
    {"GET", "/openapi.json", "", 200, "application/json"},
    {"GET", "/v1/status", "", 200, "application/json"},
    {"HEAD", "/v1/status", "", 200, "application/json"},
    {"GET", ADDRESS, "", 200, "application/json"},
    {"GET", CERTIFICATE, "", 200, "application/pkix-cert"},
    {"GET", "http://gateway.example" CERTIFICATE, "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/HIT%40Example.ORG/certificate", "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/%22hit%22@example.org/certificate", "", 200, "application/pkix-cert"},
    {"GET", CERTIFICATE "?format=der", "", 200, "application/pkix-cert"},
    {"GET", CERTIFICATE "?format=pem", "", 200, "application/pem-certificate-chain"},
    {"GET", CERTIFICATE "?format=p7c", "", 200, "application/pkcs7-mime; smime-type=certs-only"},
    {"GET", CERTIFICATE "?format=json", "", 200, "application/json"},
    {"GET", CERTIFICATE "?format=vcard", "", 200, "text/vcard; charset=utf-8; version=4.0"},
    {"GET", CERTIFICATE "?format=vcard3", "", 200, "text/vcard; charset=utf-8; version=3.0"},
    {"GET", CERTIFICATE, "Accept: text/vcard\r\n", 200, "text/vcard; charset=utf-8; version=4.0"},
    {"GET", CERTIFICATE, "Accept: text/vcard;version=3.0\r\n", 200, "text/vcard; charset=utf-8; version=3.0"},
    {"GET", CERTIFICATE, "Accept: text/vcard;version=2.1\r\n", 406, PROBLEM},
    {"GET", ADDRESS "?format=vcard", "", 406, PROBLEM},
    {"GET", CERTIFICATE "?format=pem&", "", 200, "application/pem-certificate-chain"},
    {"GET", CERTIFICATE "?", "", 200, "application/pkix-cert"},
    {"GET", CERTIFICATE "?format=pem", "Accept: application/json\r\n", 200, "application/pem-certificate-chain"},
    {"GET", CERTIFICATE, "Accept: application/pem-certificate-chain\r\n", 200, "application/pem-certificate-chain"},
    {"GET", CERTIFICATE, "Accept: text/html;q=0.9, */*;q=0.1\r\n", 200, "application/pkix-cert"},
    {"GET", ADDRESS, "Accept: application/*\r\n", 200, "application/json"},
    {"GET", ADDRESS "?explain=1", "", 200, "application/json"},
    {"GET", ADDRESS "?explain=0", "", 200, "application/json"},
    {"GET", CERTIFICATE "?explain=1", "", 200, "application/json"},
    /* Every way a lookup ends. */
    {"GET", "/v1/recipients/miss@example.org/certificate", "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/inline@example.org/certificate", "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/redis@example.org/certificate", "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/stale@example.org/certificate", "", 200, "application/pkix-cert"},
    {"GET", "/v1/recipients/none@example.org", "", 404, PROBLEM},
    {"GET", "/v1/recipients/none@example.org/certificate", "", 404, PROBLEM},
    {"GET", "/v1/recipients/none@example.org?explain=1", "", 404, "application/json"},
    {"GET", "/v1/recipients/gone@example.org/certificate", "", 404, PROBLEM},
    {"GET", "/v1/recipients/down@example.org/certificate", "", 503, PROBLEM},
    {"GET", "/v1/recipients/down@example.org?explain=1", "", 503, "application/json"},
    {"GET", "/v1/recipients/late@example.org/certificate", "", 504, PROBLEM},
    {"GET", "/v1/recipients/broken@example.org/certificate", "", 500, PROBLEM},
    /* No such thing, no such method. */
    {"GET", "/nothing", "", 404, PROBLEM},
    {"GET", "//healthz", "", 404, PROBLEM},
    {"GET", "/healthz/", "", 404, PROBLEM},
    {"GET", "/v1/recipients", "", 405, PROBLEM},
    {"GET", "/v1/recipients/", "", 404, PROBLEM},
    {"GET", "/v1/recipients//certificate", "", 404, PROBLEM},
    {"GET", "/v1/recipients/a@b.example/certificate/x", "", 404, PROBLEM},
    {"GET", "/v1/recipients/a/b@example.org", "", 404, PROBLEM},
    {"GET", "/v1/recipients/../../healthz", "", 404, PROBLEM},
    {"GET", "/1/2/3/4/5/6/7/8/9/10", "", 404, PROBLEM},
    {"GET", "/V1/recipients/hit@example.org", "", 404, PROBLEM},
    {"GET", "/v1%2Frecipients/hit@example.org", "", 404, PROBLEM},
    {"POST", "/healthz", "Content-Length: 0\r\n", 405, PROBLEM},
    {"PUT", ADDRESS, "Content-Length: 3\r\n\r\nabc", 405, PROBLEM},
    {"DELETE", ADDRESS, "", 405, PROBLEM},
    {"TRACE", ADDRESS, "", 405, PROBLEM},
    {"BREW", ADDRESS, "", 501, PROBLEM},
    {"get", ADDRESS, "", 501, PROBLEM},
    {"BREW", "/nothing", "", 501, PROBLEM},
    {"BREW", "*", "", 501, PROBLEM},
    {"OPTIONS", ADDRESS, "", 204, NULL},
    {"OPTIONS", "*", "", 204, NULL},
    {"GET", "*", "", 400, PROBLEM},
    /* Not acceptable, not a format, not a switch. */
    {"GET", ADDRESS, "Accept: text/html\r\n", 406, PROBLEM},
    {"GET", ADDRESS "?format=der", "", 406, PROBLEM},
    {"GET", CERTIFICATE, "Accept: image/png\r\n", 406, PROBLEM},
    {"GET", CERTIFICATE "?format=xyz", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?format=", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?format=text", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?format=der&format=der", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?explain=maybe", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?explain", "", 400, PROBLEM},
    {"GET", CERTIFICATE "?explain=1&explain=1", "", 400, PROBLEM},
    /* Who may. */
    {"GET", "/metrics", "X-Forwarded-For: 192.0.2.1\r\n", 401, PROBLEM},
    {"GET", "/v1/status", "X-Forwarded-For: 192.0.2.1\r\n", 401, PROBLEM},
    {"GET", "/v1/status", "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer secret\r\n", 200, NULL},
    {"POST", "/v1/status", "Content-Length: 0\r\n", 405, PROBLEM},
    {"GET", "/metrics", "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer secret\r\n", 200, NULL},
    {"GET", "/metrics", "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer other\r\n", 401, PROBLEM},
    {"GET", "/metrics",
     "Forwarded: for=192.0.2.1\r\nAuthorization: Bearer secret\r\nAuthorization: Bearer secret\r\n", 400, PROBLEM},
    {"GET", ADDRESS "?explain=1", "Forwarded: for=192.0.2.1\r\n", 401, PROBLEM},
    {"GET", ADDRESS "?explain=1", "Forwarded: for=192.0.2.1\r\nAuthorization: Bearer secret\r\n", 200, NULL},
    {"GET", ADDRESS "?explain=0", "Forwarded: for=192.0.2.1\r\n", 200, NULL},
    /* Hostile addresses. */
    {"GET", "/v1/recipients/a b@example.org", "", 400, NULL}, /* libmicrohttpd 1.0 says so by itself */
    {"GET", "/v1/recipients/a%00b@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/a%0d%0ab@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/%ff@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/%zz@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/%", "", 400, PROBLEM},
    {"GET", "/v1/recipients/%2F", "", 400, PROBLEM},
    {"GET", "/v1/recipients/..%2F..%2Fetc", "", 400, PROBLEM},
    {"GET", "/v1/recipients/alice", "", 400, PROBLEM},
    {"GET", "/v1/recipients/@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/a@b@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/a(b)@example.org", "", 400, PROBLEM},
    {"GET", "/v1/recipients/*", "", 400, PROBLEM},
    {"GET", "/v1/recipients/*@example.org", "", 404, PROBLEM},
    {"GET", "/v1/recipients/a@[192.0.2.1]", "", 400, PROBLEM},
    {"GET", "/v1/recipients/%3Ca@example.org%3E", "", 400, PROBLEM},
    {"GET", "/v1/recipients/a%2Fb@example.org", "", 404, PROBLEM},
    {"GET", "/v1/recipients/a+b@example.org", "", 404, PROBLEM},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        play_request(port, rows[i].method, rows[i].path, rows[i].fields, &response);
        if (play_status(&response) != rows[i].status) {
            fail_msg("%s %s %s: want %d, got: %s", rows[i].method, rows[i].path, rows[i].fields, rows[i].status,
                     buffer_string(&response));
        }
        if (rows[i].content_type != NULL) {
            assert_string_equal(field("Content-Type"), rows[i].content_type);
            assert_string_equal(field("X-Content-Type-Options"), "nosniff");
        }
    }
}

/* As the bytes stand on the wire; several requests may stand behind one another. */
static const struct {
    const char *request;
    int status;
} framings[] = {
    {"GET /healthz HTTP/1.1\r\n\r\n", 400},
    {"GET /healthz HTTP/1.0\r\n\r\n", 200},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 5\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nabcde", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde", 400},
    {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n", 413},
    {"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999\r\n\r\n", 413},
};

#define SMUGGLED "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"

static size_t count_responses(const struct buffer *all)
{
    const char *at = buffer_string(all), *end = at + all->size;
    size_t found = 0;

    for (; (at = memmem(at, (size_t)(end - at), "HTTP/1.1 ", 9)) != NULL; at++) {
        found++;
    }
    return found;
}

/* After a refusal the connection ends: a request behind it, in the same packet or a later one, is not served. */
static void test_framing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
        for (int late = 0; late <= 1; late++) {
            int fd = play_connect(port);
            char first[1024];
            snprintf(first, sizeof(first), "%s%s", framings[i].request, late ? "" : SMUGGLED);
            buffer_clear(&response);
            play_send(fd, first, strlen(first));
            if (late) {
                assert_true(play_read_response(fd, false, &response));
                play_send(fd, SMUGGLED, strlen(SMUGGLED));
            }
            play_read_all(fd, &response);
            close(fd);
            if (play_status(&response) != framings[i].status) {
                fail_msg("%s: got %s", framings[i].request, buffer_string(&response));
            }
            if (framings[i].status != 200) {
                assert_non_null(field("Connection"));
                assert_string_equal(field("Connection"), "close");
                if (strstr(buffer_string(&response), "HTTP/1.1 2") != NULL) {
                    fail_msg("%s: %s", framings[i].request, buffer_string(&response));
                }
            }
        }
    }
}

/* A sound body that nobody wants is thrown away, and the next request on the connection is served as itself. */
static void test_ignored_body(void **state)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\n" SMUGGLED
                                  "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(strlen(SMUGGLED), 34);
    play_exchange(port, request, strlen(request), &response);
    assert_int_equal(count_responses(&response), 2);
    assert_int_equal(play_status(&response), 200);
    assert_non_null(strstr(buffer_string(&response), "HTTP/1.1 404 "));
    assert_null(strstr(buffer_string(&response), "certlookup_"));
}

/* libmicrohttpd's string of a target ends at a NUL; the target does not. 0.9.75 leaves it to us to refuse it, 1.0 hangs
 * up without a word. */
static void test_raw_nul(void **state)
{
    static const struct {
        const char *before, *behind;
    } cuts[] = {
        {"/v1/recipients/hit@example.org", ""},
        {"/v1/recipients/hit@example.org", ".evil.example"},
        {"/v1/recipients/hit@example.org", " x"},
        {"/v1/recipients/hit@example.org", "?explain=1"},
        {"/v1/recipients/hit@example.org?format=json", "&explain=1"},
        {"/healthz", "/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        char request[200];
        int fd = play_connect(port);
        int size = snprintf(request, sizeof(request), "GET %s%c%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                            cuts[i].before, '\0', cuts[i].behind);
        buffer_clear(&response);
        play_send(fd, request, (size_t)size);
        bool ended = play_read_all(fd, &response) || errno == ECONNRESET;
        close(fd);
        if (!ended || (response.size > 0 && play_status(&response) != 400)) {
            fail_msg("%s, NUL, %s: %s", cuts[i].before, cuts[i].behind, buffer_string(&response));
        }
    }
}

static void test_overlong(void **state)
{
    static const struct {
        size_t size;
        int status, other; /* where the connection's memory ends, libmicrohttpd speaks for itself */
    } sizes[] = {{4000, 404, 404}, {4097, 400, 400}, {8000, 400, 400}, {16000, 400, 414}, {100000, 414, 414}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *path = malloc(sizes[i].size + 1);
        memset(path, 'a', sizes[i].size);
        path[0] = '/';
        path[sizes[i].size] = '\0';
        get(path, "");
        free(path);
        if (play_status(&response) != sizes[i].status && play_status(&response) != sizes[i].other) {
            fail_msg("%zu bytes: %s", sizes[i].size, buffer_string(&response));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_ignored_body),
        cmocka_unit_test(test_raw_nul),
        cmocka_unit_test(test_overlong),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
