/* The fetcher against servers that are well, ill, slow and silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/fetch_play.h"
#include "tests/unit/scarce.h"
#include "tests/unit/web_play.h"

WEB_PLAYS_NAMES

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define TO "Content-Length: 0\r\nConnection: close\r\nLocation: "
#define KILO "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct web_page pages[] = {
    {"/good", OK "Content-Type: application/pkix-crl\r\nContent-Length: 4\r\n\r\ngood"},
    {"/untyped", OK "Content-Length: 4\r\n\r\ngood"},
    {"/odd-type", OK "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\ngood"},
    {"/unannounced", OK "\r\ngood"},
    {"/chunked", OK "Transfer-Encoding: chunked\r\n\r\n2\r\ngo\r\n2\r\nod\r\n0\r\n\r\n"},
    {"/binary", OK "Content-Length: 4\r\n\r\ngood"},
    {"/named-gzip", OK "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngood"},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK "Content-Length: 4\r\n\r\ngood"},
    {"/page", OK "Content-Type: Text/HTML; charset=utf-8\r\nContent-Length: 4\r\n\r\n<p/>"},
    {"/empty", OK "Content-Length: 0\r\n\r\n"},
    {"/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngood"},
    {"/no-content", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"/part", "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\ngood"},
    {"/busy", "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"},
    {"/very-busy", "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n"},
    {"/busy-until", "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"},
    {"/busy-past", "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"},
    {"/busy-odd", "HTTP/1.1 429 Busy\r\nRetry-After: -5 apples\r\nContent-Length: 0\r\n\r\n"},
    {"/old", "good old days"},
    {"/short", OK "Content-Length: 40\r\n\r\ngood"},
    {"/silence", ""},
    {"/header-bomb", "HTTP/1.1 200 OK\r\n", "X: " KILO "\r\n", 10000},
    {"/line-bomb", "HTTP/1.1 200 OK\r\nX: ", KILO, 10000},
    {"/interim-bomb", "", "HTTP/1.1 103 Early Hints\r\nLink: <" KILO ">\r\n\r\n", 10000},
    {"/trailer-bomb", OK "Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n", "X: " KILO "\r\n", 10000},
    {"/chunk-bomb", OK "Transfer-Encoding: chunked\r\n\r\n4;", KILO, 10000},
    {"/at-limit", OK "Content-Length: 100000\r\n\r\n", "0123456789", 10000},
    {"/over-limit", OK "Content-Length: 100010\r\n\r\n", "0123456789", 10001},
    {"/large", OK "Content-Length: 200000000\r\n\r\n", KILO KILO KILO KILO KILO, 208333},
    {"/large-chunked", OK "Transfer-Encoding: chunked\r\n\r\n", "c0\r\n" KILO "\r\n", 1041666},
    {"/large-unannounced", OK "\r\n", KILO KILO KILO KILO KILO, 208333},
    {"/large-lie", OK "Content-Length: 4\r\n\r\ngood", KILO KILO KILO KILO KILO, 208333},
    {"/moved", "HTTP/1.1 301 Moved\r\n" TO "http://127.0.0.1:%PORT%/good\r\n\r\n"},
    {"/relative", "HTTP/1.1 302 Found\r\n" TO "moved\r\n\r\n"},
    {"/other", "HTTP/1.1 303 See Other\r\n" TO "/good\r\n\r\n"},
    {"/temporary", "HTTP/1.1 307 Temporary\r\n" TO "/good\r\n\r\n"},
    {"/permanent", "HTTP/1.1 308 Permanent\r\n" TO "/good\r\n\r\n"},
    {"/choices", "HTTP/1.1 300 Choices\r\n" TO "/good\r\n\r\n"},
    {"/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
    {"/hop1", "HTTP/1.1 302 Found\r\n" TO "/hop2\r\n\r\n"},
    {"/hop2", "HTTP/1.1 302 Found\r\n" TO "/hop3\r\n\r\n"},
    {"/hop3", "HTTP/1.1 302 Found\r\n" TO "/good\r\n\r\n"},
    {"/hop0", "HTTP/1.1 302 Found\r\n" TO "/hop1\r\n\r\n"},
    {"/loop", "HTTP/1.1 302 Found\r\n" TO "/loop\r\n\r\n"},
    {"/away", "HTTP/1.1 302 Found\r\n" TO "http://127.0.0.2:%PORT%/good\r\n\r\n"},
    {"/slow", OK "Content-Length: 1000\r\n\r\n", "x", 1000, 50},
    {"/drip-header", "HTTP/1.1 200 OK\r\nX: ", "x", 1000, 50},
    {"/hang", "", .wait_ms = 20000},
    {"/half", OK "Content-Length: 1000\r\n\r\nx", .wait_ms = 20000},
    {NULL},
};

static struct web web;

static const char *url_of(const char *path)
{
    static char url[8][200];
    static size_t next;
    char *out = url[next++ % 8];

    (void)snprintf(out, sizeof(url[0]), "http://127.0.0.1:%d%s", web.port, path);
    return out;
}

static void what_servers_say(void **state)
{
    static const struct {
        const char *path, *words; /* words NULL: "good" came */
        int64_t retry_after_s;
    } rows[] = {
        {"/good", NULL},
        {"/untyped", NULL},
        {"/odd-type", NULL},
        {"/unannounced", NULL},
        {"/chunked", NULL},
        {"/named-gzip", NULL}, /* the bytes as they are: x509/ sees what it makes of them */
        {"/interim", NULL},
        {"/large-lie", NULL},
        {"/page", "127.0.0.1: the answer is an HTML page"},
        {"/empty", "127.0.0.1: the answer is empty"},
        {"/none", "127.0.0.1: HTTP status 404"},
        {"/no-content", "127.0.0.1: HTTP status 204"},
        {"/part", "127.0.0.1: HTTP status 206"},
        {"/busy", "127.0.0.1: HTTP status 503", 120},
        {"/very-busy", "127.0.0.1: HTTP status 503", MAX_FETCH_RETRY_AFTER_S},
        {"/busy-until", "127.0.0.1: HTTP status 503", MAX_FETCH_RETRY_AFTER_S},
        {"/busy-past", "127.0.0.1: HTTP status 503", 0},
        {"/busy-odd", "127.0.0.1: HTTP status 429", 0},
        {"/old", "127.0.0.1: Received HTTP/0.9 when not allowed"},
        {"/short", "127.0.0.1: "},
        {"/silence", "127.0.0.1: Empty reply from server"},
        {"/header-bomb", "127.0.0.1: the answer's header is larger than 65536 bytes"},
        {"/line-bomb", "127.0.0.1: "},
        {"/interim-bomb", "127.0.0.1: the answer's header is larger than 65536 bytes"},
        {"/trailer-bomb", "127.0.0.1: the answer's header is larger than 65536 bytes"},
        {"/chunk-bomb", "127.0.0.1: "},
        {"/over-limit", "127.0.0.1: the answer is larger than 100000 bytes"},
        {"/large", "127.0.0.1: the answer is larger than 100000 bytes"},
        {"/large-chunked", "127.0.0.1: the answer is larger than 100000 bytes"},
        {"/large-unannounced", "127.0.0.1: the answer is larger than 100000 bytes"},
        {"/moved", NULL},
        {"/relative", NULL},
        {"/other", NULL},
        {"/temporary", NULL},
        {"/permanent", NULL},
        {"/hop1", NULL},
        {"/choices", "127.0.0.1: HTTP status 300"},
        {"/nowhere", "127.0.0.1: HTTP status 302"},
        {"/hop0", "127.0.0.1: more than 3 redirects"},
        {"/loop", "127.0.0.1: more than 3 redirects"},
        {"/away", "127.0.0.2: "}, /* allowed, and nobody is there */
    };
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t sent_before = atomic_load(&web.sent);
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url_of(rows[i].path));

        if (fetched->ok != (rows[i].words == NULL) || fetched->refused || fetched->retry_after_s != rows[i].retry_after_s ||
            strstr(fetched->error.text, rows[i].words != NULL ? rows[i].words : "") == NULL) {
            fail_msg("%s: %d, %lld, %s", rows[i].path, fetched->ok, (long long)fetched->retry_after_s,
                     fetched->error.text);
        }
        if (fetched->ok) {
            assert_int_equal(fetched->count, 1);
            assert_true(bytes_equal(buffer_bytes(&fetched->objects[0]), bytes_of_string("good")));
        }
        /* What the sockets hold is lost; nothing like 200 MB. */
        (void)poll(NULL, 0, strstr(rows[i].path, "large") != NULL ? 100 : 0);
        assert_true(atomic_load(&web.sent) - sent_before < 20 * 1000 * 1000);
        fetched_free(&fetched);
        assert_null(fetched);
    }
    fetcher_close(&fetcher);
    assert_null(fetcher);
}

static void whole_bodies_come(void **state)
{
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);
    uint64_t bytes = count_read(COUNT_FETCHED_BYTES), ok = count_read(COUNT_FETCH_CRL_OK);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url_of("/at-limit"));

    (void)state;
    assert_true(fetched->ok);
    assert_int_equal(fetched->objects[0].size, 100 * 1000);
    assert_memory_equal(fetched->objects[0].data + 99990, "0123456789", 10);
    assert_int_equal(count_read(COUNT_FETCHED_BYTES), bytes + 100 * 1000);
    assert_int_equal(count_read(COUNT_FETCH_CRL_OK), ok + 1);
    fetched_free(&fetched);
    fetcher_close(&fetcher);
}

/* What says how much a question of another purpose may bring. */
static void purposes_have_limits_of_their_own(void **state)
{
    static const struct web_page large[] = {
        {"/300k", OK "Content-Length: 300000\r\n\r\n", "0123456789", 30000},
        {"/1200k", OK "Content-Length: 1200000\r\n\r\n", "0123456789", 120000},
        {NULL},
    };
    static struct web server;
    static const char *const hosts[] = {"*"};
    struct fetcher_config config = fetch_config();
    char url[100];

    (void)state;
    config.rules.max_bytes = 32 << 20;
    config.issuer_hosts = hosts;
    config.issuer_host_count = 1;
    assert_true(web_start(&server, large, 0));
    struct fetcher *fetcher = fetch_open(&config);

    for (int i = 0; i < 6; i++) {
        enum fetch_purpose purpose = (enum fetch_purpose)(i / 2);

        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", server.port, i % 2 == 0 ? "300k" : "1200k");
        struct fetched *fetched = fetch_now(fetcher, purpose, url);

        assert_int_equal(fetched->ok, purpose == FETCH_CRL || (purpose == FETCH_ISSUER && i % 2 == 0));
        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
    web_stop(&server);
}

static void what_we_send(void **state)
{
    static const struct {
        enum fetch_purpose purpose;
        const char *path, *words; /* NULL: it comes */
    } rows[] = {
        {FETCH_CRL, "/good?x=a%2Fb&y", NULL},   {FETCH_OCSP, "/good", NULL},
        {FETCH_OCSP, "/temporary", NULL},       {FETCH_OCSP, "/relative", NULL},
        {FETCH_OCSP, "/other", "HTTP status 303"},
    };
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);

    (void)state;
    (void)setenv("HOME", "/nonexistent", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fetched *fetched = fetch_now(fetcher, rows[i].purpose, url_of(rows[i].path));
        char want[100];

        assert_int_equal(fetched->ok, rows[i].words == NULL);
        assert_non_null(strstr(fetched->error.text, rows[i].words != NULL ? rows[i].words : ""));
        (void)snprintf(want, sizeof(want), "\r\nHost: 127.0.0.1:%d\r\n", web.port);
        assert_non_null(strstr(web.last, want));
        assert_non_null(strstr(web.last, "\r\nUser-Agent: certlookup/"));
        assert_null(strstr(web.last, "Accept-Encoding"));
        assert_null(strstr(web.last, "Cookie"));
        assert_null(strstr(web.last, "Authorization"));
        assert_null(strstr(web.last, "Upgrade"));
        assert_null(strstr(web.last, "Expect"));
        if (rows[i].purpose == FETCH_OCSP) {
            assert_memory_equal(web.last, "POST /", 6);
            assert_non_null(strstr(web.last, "\r\nContent-Type: application/ocsp-request\r\n"));
            assert_non_null(strstr(web.last, "\r\nContent-Length: 3\r\n"));
            assert_memory_equal(strstr(web.last, "\r\n\r\n"), "\r\n\r\n\x30\x00\x01", 7);
        } else {
            assert_memory_equal(web.last, "GET /good?x=a%2Fb&y HTTP/1.1\r\n", 30);
        }
        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
}

static void who_is_slow_costs_the_timeout(void **state)
{
    static const char *const paths[] = {"/slow", "/drip-header", "/hang", "/half"};
    struct fetcher_config config = fetch_config();

    (void)state;
    config.rules.timeout_ms = 400;
    struct fetcher *fetcher = fetch_open(&config);

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int64_t began_ms = clock_mono_ms();
        uint64_t failed = count_read(COUNT_FETCH_CRL_FAILED);
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url_of(paths[i]));
        int64_t took_ms = clock_mono_ms() - began_ms;

        if (fetched->ok || fetched->refused || strstr(fetched->error.text, "timed out") == NULL || took_ms < 350 ||
            took_ms > 2500) {
            fail_msg("%s: %lld ms, %s", paths[i], (long long)took_ms, fetched->error.text);
        }
        assert_int_equal(count_read(COUNT_FETCH_CRL_FAILED), failed + 1);
        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
}

/* A resolver that nobody can interrupt is left behind. */
static void a_resolver_that_hangs_costs_the_timeout(void **state)
{
    static struct web_name names[] = {{"slow.example", {"127.0.0.1"}, 3000}, {NULL}};
    struct fetcher_config config = fetch_config();
    int64_t began_ms = clock_mono_ms();
    char url[100];

    (void)state;
    web_names(names);
    config.rules.timeout_ms = 400;
    (void)snprintf(url, sizeof(url), "http://slow.example:%d/good", web.port);
    struct fetcher *fetcher = fetch_open(&config);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

    assert_false(fetched->ok);
    assert_false(fetched->refused);
    assert_non_null(strstr(fetched->error.text, "slow.example: Resolving timed out"));
    fetched_free(&fetched);
    fetcher_close(&fetcher);
    assert_true(clock_mono_ms() - began_ms < 2500);
    (void)poll(NULL, 0, 3000); /* it has done with our names */
}

/* However many wait for servers that hang, who is known to answer is asked at once. */
static void hanging_servers_keep_nobody_waiting(void **state)
{
    static struct web_name names[] = {
        {"hang0.example", {"127.0.0.1"}}, {"hang1.example", {"127.0.0.1"}}, {"hang2.example", {"127.0.0.1"}},
        {"hang3.example", {"127.0.0.1"}}, {"hang4.example", {"127.0.0.1"}}, {"new.example", {"127.0.0.1"}}, {NULL},
    };
    struct fetcher_config config = fetch_config();
    struct asked hanging[50], other;
    char url[100];

    (void)state;
    web_names(names);
    config.threads = 4;
    config.max_queued = 100;
    config.rules.timeout_ms = 1500;
    struct fetcher *fetcher = fetch_open(&config);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url_of("/good"));

    fetched_free(&fetched);
    int64_t began_ms = clock_mono_ms();

    for (int i = 0; i < 50; i++) {
        (void)snprintf(url, sizeof(url), "http://hang%d.example:%d/hang", i % 5, web.port);
        fetch_ask(fetcher, FETCH_CRL, url, &hanging[i]);
    }
    (void)poll(NULL, 0, 100);
    (void)snprintf(url, sizeof(url), "http://new.example:%d/good", web.port);
    fetch_ask(fetcher, FETCH_CRL, url, &other);
    for (int i = 0; i < 10; i++) {
        fetched = fetch_now(fetcher, FETCH_CRL, url_of("/good"));
        assert_true(fetched->ok);
        fetched_free(&fetched);
    }
    assert_true(clock_mono_ms() - began_ms < 1200);
    /* All are done with when the first ones are: none waits longer than its own time, and what it takes to see it. */
    for (int i = 0; i < 50; i++) {
        fetched = fetch_wait(&hanging[i]);
        assert_false(fetched->ok);
        fetched_free(&fetched);
    }
    fetched = fetch_wait(&other);
    fetched_free(&fetched);
    assert_true(clock_mono_ms() - began_ms < 4500);
    fetcher_close(&fetcher);
}

static void hosts_have_a_rate(void **state)
{
    static struct web_name names[] = {{"other.example", {"127.0.0.1"}}, {NULL}};
    struct fetcher_config config = fetch_config();
    uint64_t limits = count_read(COUNT_LIMIT_FETCH_RATE), put_off = count_read(COUNT_FETCH_CRL_LIMIT);
    unsigned before = atomic_load(&web.requests);
    char url[100];

    (void)state;
    web_names(names);
    config.per_host_minute = 5;
    struct fetcher *fetcher = fetch_open(&config);

    for (int i = 0; i < 8; i++) {
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url_of("/good"));

        assert_int_equal(fetched->ok, i < 5);
        assert_false(fetched->refused);
        if (i >= 5) {
            assert_in_range(fetched->retry_after_s, 1, 13);
            assert_string_equal(fetched->error.text, "127.0.0.1: more than 5 requests in a minute");
        }
        fetched_free(&fetched);
    }
    assert_int_equal(count_read(COUNT_LIMIT_FETCH_RATE), limits + 3);
    assert_int_equal(count_read(COUNT_FETCH_CRL_LIMIT), put_off + 3);
    (void)snprintf(url, sizeof(url), "http://OTHER.example:%d/good", web.port);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

    assert_true(fetched->ok);
    fetched_free(&fetched);
    /* Redirects count for the host that they lead to. */
    (void)snprintf(url, sizeof(url), "http://other.example:%d/moved", web.port);
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_false(fetched->ok);
    assert_string_equal(fetched->error.text, "127.0.0.1: more than 5 requests in a minute");
    fetched_free(&fetched);
    assert_int_equal(atomic_load(&web.requests), before + 5 + 2);
    fetcher_close(&fetcher);
}

static void the_queue_has_an_end(void **state)
{
    struct fetcher_config config = fetch_config();
    uint64_t limits = count_read(COUNT_LIMIT_FETCHES);
    struct asked asked[30];
    unsigned refused = 0;

    (void)state;
    config.rules.timeout_ms = 600;
    struct fetcher *fetcher = fetch_open(&config);

    for (int i = 0; i < 30; i++) {
        fetch_ask(fetcher, FETCH_CRL, url_of("/hang"), &asked[i]);
        refused += atomic_load(&asked[i].done);
    }
    /* One thread for a host that does not answer, ten in the queue; one more if that thread was quick. */
    assert_in_range(refused, 19, 20);
    assert_int_equal(count_read(COUNT_LIMIT_FETCHES), limits + refused);
    assert_non_null(strstr(asked[29].fetched->error.text, "too many fetches wait"));
    for (int i = 0; i < 30; i++) {
        struct fetched *fetched = fetch_wait(&asked[i]);

        assert_false(fetched->ok);
        assert_false(fetched->refused);
        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
}

static void closing_ends_everything(void **state)
{
    struct fetcher_config config = fetch_config();
    struct asked asked[8];

    (void)state;
    config.rules.timeout_ms = 30000;
    struct fetcher *fetcher = fetch_open(&config);

    for (int i = 0; i < 8; i++) {
        fetch_ask(fetcher, FETCH_CRL, url_of(i % 2 == 0 ? "/hang" : "/half"), &asked[i]);
    }
    (void)poll(NULL, 0, 100);
    int64_t began_ms = clock_mono_ms();

    fetcher_close(&fetcher);
    assert_true(clock_mono_ms() - began_ms < 2000);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(atomic_load(&asked[i].done), 1);
        assert_false(asked[i].fetched->ok);
        assert_false(asked[i].fetched->refused);
        fetched_free(&asked[i].fetched);
    }
    fetcher_close(&fetcher);
}

static void issuers_come_from_named_hosts_only(void **state)
{
    static struct web_name names[] = {
        {"a.example.org", {"127.0.0.1"}}, {"a.b.example.org", {"127.0.0.1"}}, {"example.org", {"127.0.0.1"}},
        {"pki.example.net", {"127.0.0.1"}}, {"xpki.example.net", {"127.0.0.1"}}, {"x.pki.example.net", {"127.0.0.1"}},
        {"evil-example.org", {"127.0.0.1"}}, {NULL},
    };
    static const char *const hosts[] = {"*.Example.org", "PKI.example.net"};
    static const char *const any[] = {"*"};
    static const struct {
        const char *host, *path;
        bool want;
    } rows[] = {
        {"a.example.org", "/good", true},        {"a.b.example.org", "/good", true},
        {"example.org", "/good", false},         {"PKI.Example.Net", "/good", true},
        {"xpki.example.net", "/good", false},    {"x.pki.example.net", "/good", false},
        {"evil-example.org", "/good", false},    {"127.0.0.1", "/good", false},
        {"a.example.org", "/relative", false}, /* its second step leads to 127.0.0.1 */
        {"a.example.org", "/temporary", true},
    };
    struct fetcher_config config = fetch_config();
    char url[100];

    (void)state;
    web_names(names);
    for (int all = 0; all < 3; all++) {
        config.issuer_hosts = all == 0 ? NULL : all == 1 ? hosts : any;
        config.issuer_host_count = all == 0 ? 0 : all == 1 ? 2 : 1;
        struct fetcher *fetcher = fetch_open(&config);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            unsigned before = atomic_load(&web.requests);
            bool want = all == 2 || (all == 1 && rows[i].want);

            (void)snprintf(url, sizeof(url), "http://%s:%d%s", rows[i].host, web.port, rows[i].path);
            struct fetched *fetched = fetch_now(fetcher, FETCH_ISSUER, url);

            if (fetched->ok != want) {
                fail_msg("%s: %s", url, fetched->error.text);
            }
            assert_int_equal(fetched->refused, !want && (all == 0 || strcmp(rows[i].path, "/relative") != 0));
            assert_true(!fetched->refused || atomic_load(&web.requests) == before);
            fetched_free(&fetched);
        }
        fetcher_close(&fetcher);
    }
}

/* Each that brings nothing has its line, which tells no secrets. */
static void failures_are_logged(void **state)
{
    static const struct {
        const char *url, *line;
    } rows[] = {
        {"/none?token=s3cret", "cannot fetch purpose=crl url=http://127.0.0.1:PORT/none error=\"127.0.0.1: HTTP status 404\""},
        {"http://user:s3cret@host/x", "will not fetch purpose=crl url=http://host/x error=\"the URL: has a user name in it\""},
        {"/good", NULL},
    };
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);
    FILE *caught = tmpfile();
    int real = dup(STDERR_FILENO);
    char lines[4096] = "", want[1000];

    (void)state;
    (void)dup2(fileno(caught), STDERR_FILENO);
    log_open(LEVEL_INFO, LOG_FORMAT_TEXT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, rows[i].url[0] == '/' ? url_of(rows[i].url) : rows[i].url);

        fetched_free(&fetched);
    }
    fetcher_close(&fetcher);
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)dup2(real, STDERR_FILENO);
    close(real);
    rewind(caught);
    lines[fread(lines, 1, sizeof(lines) - 1, caught)] = '\0';
    (void)fclose(caught);
    const char *at = lines;

    for (size_t i = 0; rows[i].line != NULL; i++) {
        const char *mark = strstr(rows[i].line, "PORT");

        (void)snprintf(want, sizeof(want), "%.*s", (int)(mark != NULL ? mark - rows[i].line : 300), rows[i].line);
        if (mark != NULL) {
            (void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%d%s", web.port, mark + 4);
        }
        const char *end = strchr(at, '\n');

        if (end == NULL || strstr(at, want) == NULL || strstr(at, want) > end) {
            fail_msg("%s is not in %s", want, at);
        }
        at = end + 1;
    }
    assert_string_equal(at, "");
    assert_null(strstr(lines, "s3cret"));
}

/* ---- LDAP, which is somebody else's */

static struct network_rules rules_given;
static const char *values_given[20];
static size_t value_size;
static int result_given;

static bool refused_given;

static int read_played(const char *url, const struct network_rules *rules, int (*take)(void *context, struct bytes value),
                       void *context, bool *refused, struct error *error)
{
    *refused = refused_given;
    rules_given = *rules;
    assert_string_equal(url, "ldap://ldap.example/cn=CA?certificateRevocationList");
    for (size_t i = 0; i < 20 && values_given[i] != NULL; i++) {
        size_t size = value_size > 0 ? value_size : strlen(values_given[i]);

        if (take(context, bytes_of(values_given[i], size)) != 0) {
            return -1; /* the words are theirs */
        }
    }
    return result_given == 0 ? 0 : error_set(error, "bind: no");
}

static void ldap_is_read_by_whom_we_are_told(void **state)
{
    static char large[60 * 1000];
    static const char *const url = "ldap://ldap.example/cn=CA?certificateRevocationList";
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

    (void)state;
    assert_true(fetched->refused);
    assert_string_equal(fetched->error.text, "the URL: is an LDAP URL");
    fetched_free(&fetched);
    fetcher_close(&fetcher);

    config.read_ldap = read_played;
    fetcher = fetch_open(&config);
    fetched = fetch_now(fetcher, FETCH_OCSP, url);
    assert_true(fetched->refused);
    fetched_free(&fetched);

    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_string_equal(fetched->error.text, "ldap.example: the entry holds nothing of what was asked for");
    assert_int_equal(rules_given.max_bytes, 100 * 1000);
    assert_in_range(rules_given.timeout_ms, 2000, 3000);
    assert_int_equal(rules_given.network_count, 1);
    assert_false(atomic_load(rules_given.stop));
    fetched_free(&fetched);

    values_given[0] = "one";
    values_given[1] = "another";
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_true(fetched->ok);
    assert_int_equal(fetched->count, 2);
    assert_string_equal(buffer_string(&fetched->objects[0]), "one");
    assert_string_equal(buffer_string(&fetched->objects[1]), "another");
    fetched_free(&fetched);

    result_given = -1;
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_false(fetched->ok);
    assert_string_equal(fetched->error.text, "ldap.example: bind: no");
    assert_false(fetched->refused);
    fetched_free(&fetched);
    uint64_t before = count_read(COUNT_FETCH_CRL_REFUSED);
    refused_given = true;
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_false(fetched->ok);
    assert_true(fetched->refused);
    assert_int_equal(count_read(COUNT_FETCH_CRL_REFUSED), before + 1);
    fetched_free(&fetched);
    refused_given = false;
    result_given = 0;

    values_given[0] = values_given[1] = large;
    value_size = sizeof(large);
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_false(fetched->ok);
    assert_string_equal(fetched->error.text, "ldap.example: the entry holds more than is taken");
    fetched_free(&fetched);
    value_size = 0;

    for (size_t i = 0; i < MAX_ENTRY_VALUES + 1; i++) {
        values_given[i] = "again";
    }
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_false(fetched->ok);
    fetched_free(&fetched);
    values_given[MAX_ENTRY_VALUES] = NULL;
    fetched = fetch_now(fetcher, FETCH_CRL, url);
    assert_true(fetched->ok);
    assert_int_equal(fetched->count, MAX_ENTRY_VALUES);
    fetched_free(&fetched);
    fetcher_close(&fetcher);
}

static void on_post(void *context, struct fetched *fetched)
{
    struct asked *asked = context;

    asked->fetched = fetched;
    atomic_fetch_add(&asked->done, 1);
}

static void questions_have_a_size(void **state)
{
    static uint8_t post[MAX_FETCH_OCSP_BYTES + 1];
    struct fetcher_config config = fetch_config();
    struct fetcher *fetcher = fetch_open(&config);
    struct asked asked = {0};
    const struct fetch_question question = {.purpose = FETCH_OCSP, .url = url_of("/good"), .post = {post, sizeof(post)}};

    (void)state;
    fetcher_ask(fetcher, &question, on_post, &asked);
    struct fetched *fetched = fetch_wait(&asked);

    assert_false(fetched->ok);
    assert_non_null(strstr(fetched->error.text, "larger than"));
    fetched_free(&fetched);
    fetcher_close(&fetcher);
}

/* Every allocation of ours fails once: each question is answered, with NULL or with words, and nothing is lost. */
static void memory_may_run_out(void **state)
{
    static const char *const hosts[] = {"a", "b"};
    struct fetcher_config config = fetch_config();
    bool failed = true;

    (void)state;
    config.issuer_hosts = hosts;
    config.issuer_host_count = 2;
    for (int nth = 1; failed; nth++) {
        struct error error = {""};

        scarce_begin(nth);
        struct fetcher *fetcher = fetcher_open(&config, &error);

        failed = scarce_end();
        assert_int_equal(fetcher == NULL, failed);
        assert_int_equal(error.text[0] != '\0', failed);
        fetcher_close(&fetcher);
    }
    struct fetcher *fetcher = fetch_open(&config);

    failed = true;
    for (int nth = 1; failed && nth < 200; nth++) {
        struct asked asked;
        const char *url = url_of("/moved");

        scarce_begin(nth);
        fetch_ask(fetcher, FETCH_OCSP, url, &asked);
        struct fetched *fetched = fetch_wait(&asked);

        failed = scarce_end();
        assert_true(failed || fetched->ok);
        fetched_free(&fetched);
    }
    assert_false(failed);
    fetcher_close(&fetcher);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return web_start(&web, pages, 0) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    web_stop(&web);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_say),
        cmocka_unit_test(whole_bodies_come),
        cmocka_unit_test(purposes_have_limits_of_their_own),
        cmocka_unit_test(what_we_send),
        cmocka_unit_test(who_is_slow_costs_the_timeout),
        cmocka_unit_test(a_resolver_that_hangs_costs_the_timeout),
        cmocka_unit_test(hanging_servers_keep_nobody_waiting),
        cmocka_unit_test(hosts_have_a_rate),
        cmocka_unit_test(the_queue_has_an_end),
        cmocka_unit_test(closing_ends_everything),
        cmocka_unit_test(issuers_come_from_named_hosts_only),
        cmocka_unit_test(failures_are_logged),
        cmocka_unit_test(ldap_is_read_by_whom_we_are_told),
        cmocka_unit_test(questions_have_a_size),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
