/* Who may ask what: with which token, and from where. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/metrics.h"
#include "tests/unit/http_play.h"

#define CERTIFICATE "/v1/recipients/hit@example.org/certificate"

/* The tokens are "one", "two" …; their digests as sha256sum has them. */
#define TOKENS                                                                                     \
    "mail    7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed lookup  never\n"      \
    "graphs  3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3 explain never\n"      \
    "boss    8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f admin   never\n"      \
    "long    9637cfead94a85e03a7ea004468a639f68a872e98696b90a023e13f42b8a0ad1 lookup  never\n"      \
    "former  04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00 lookup,explain,admin 2020-01-01\n"

static const char *const listen_to[] = {"127.0.0.1:0"};
static struct play *play;
static struct buffer response;
static int fd; /* one connection */

static struct http_config config_of(enum http_open_to open_to, const char *tokens)
{
    return (struct http_config){
        .listen = listen_to, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 10,
        .max_recipients = 10, .max_batch_lookups = 10, .idle_timeout_s = 10, .hot_bytes = 1024 * 1024,
        .open_to = open_to, .tokens = bytes_of_string(tokens), .token = "",
    };
}

static int open_play(void **state)
{
    const struct http_config config = config_of(OPEN_TO_NOBODY, TOKENS);

    (void)state;
    buffer_init(&response, 1024 * 1024);
    play = play_open(&config);
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

static const char *field(const char *name)
{
    static char value[512];
    const char *found = play_field(&response, name, value, sizeof(value));

    return found != NULL ? found : "-";
}

/* Over the one connection; the status. */
static int ask(const char *target, const char *fields)
{
    char request[2048];

    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", target, fields);
    buffer_clear(&response);
    assert_true(play_send(fd, request, strlen(request)));
    assert_true(play_read_response(fd, false, &response));
    return play_status(&response);
}

static int post(const char *target, const char *fields, const char *body)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", target,
             fields, strlen(body), body);
    buffer_clear(&response);
    assert_true(play_send(fd, request, strlen(request)));
    assert_true(play_read_response(fd, false, &response));
    if (strcmp(field("Connection"), "close") == 0) {
        close(fd);
        fd = play_connect(play_port(play));
    }
    return play_status(&response);
}

#define WITH(token) "Authorization: Bearer " token "\r\n"
#define ELSEWHERE "X-Forwarded-For: 192.0.2.1\r\n"
#define INVALID "Bearer realm=\"certlookup\", error=\"invalid_request\", scope=\"lookup\""
#define EXPLAIN_WANTED "Bearer realm=\"certlookup\", scope=\"explain\""

static const struct {
    const char *target, *fields;
    int status;
    const char *challenge, *words;
} rows[] = {
    {CERTIFICATE, "", 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", "this needs a token for lookup"},
    {CERTIFICATE, WITH("one"), 200, "-", ""},
    {CERTIFICATE, "Authorization: bearer  one\r\n", 200, "-", ""},
    {CERTIFICATE, WITH("two"), 403, "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"lookup\"",
     "the token is for something else; this needs a token for lookup"},
    {CERTIFICATE, WITH("three"), 403, "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"lookup\"",
     "for something else"},
    {CERTIFICATE, WITH("four"), 401, "Bearer realm=\"certlookup\", error=\"invalid_token\", scope=\"lookup\"",
     "the token has expired; this"},
    {CERTIFICATE, WITH("five"), 401, "Bearer realm=\"certlookup\", error=\"invalid_token\", scope=\"lookup\"",
     "the token is none of this gateway's; this"},
    {CERTIFICATE, WITH("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"), 401,
     "Bearer realm=\"certlookup\", error=\"invalid_token\", scope=\"lookup\"", "none of"},
    {CERTIFICATE, WITH(""), 400, INVALID, "Authorization has no token behind Bearer; this needs"},
    {CERTIFICATE, WITH("five six"), 400, INVALID, "Authorization is not Bearer and one token; this needs"},
    {CERTIFICATE, WITH("one one"), 400, INVALID, "Authorization is not Bearer and one token; this needs"},
    {CERTIFICATE, WITH("\"one\""), 400, INVALID, "Authorization is not Bearer and one token; this needs"},
    {CERTIFICATE, "Authorization: Bearerone\r\n", 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", "\"this needs"},
    {CERTIFICATE, "Authorization: Basic one\r\n", 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", "this needs"},
    {CERTIFICATE, WITH("one") WITH("one"), 400, INVALID,
     "there is more than one Authorization; this needs"},
    {"/v1/recipients/none@example.org", "", 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", ""},
    {"/v1/recipients/none@example.org", WITH("one"), 404, "-", ""},
    {"/v1/recipients/alice", "", 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", ""},
    /* Why, metrics, status: this machine, or a token for them. */
    {"/metrics", "", 200, "-", ""},
    {"/metrics", ELSEWHERE, 401, "Bearer realm=\"certlookup\", scope=\"explain\"",
     "this needs a token for explain, or a request from the gateway's machine"},
    {"/metrics", ELSEWHERE WITH("two"), 200, "-", ""},
    {"/metrics", ELSEWHERE WITH("one"), 403,
     "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"explain\"", ""},
    {"/v1/status", ELSEWHERE WITH("three"), 403,
     "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"explain\"", ""},
    {CERTIFICATE "?explain=1", ELSEWHERE WITH("one"), 403,
     "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"lookup explain\"",
     "the token is for something else; this needs a token for lookup and explain"},
    {CERTIFICATE "?explain=1", ELSEWHERE, 401, "Bearer realm=\"certlookup\", scope=\"lookup explain\"",
     "\"this needs a token for lookup and explain\""},
    {CERTIFICATE "?explain=0", ELSEWHERE, 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", ""},
    {CERTIFICATE "?explain=2", ELSEWHERE, 401, "Bearer realm=\"certlookup\", scope=\"lookup\"", ""},
    {"/v1/recipients/hit@example.org?explain=1", WITH("one"), 200, "-", ""},
    {"/v1/recipients/hit@example.org?explain=1", ELSEWHERE WITH("two"), 403,
     "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"lookup explain\"", ""},
    /* A page in a browser on this machine: ours, or another. */
    {"/metrics", "Origin: http://a\r\n", 200, "-", ""},
    {"/metrics", "Origin: https://a\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://a:8080\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://b\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: null\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin:\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://a\r\nOrigin: http://a\r\n", 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://a\r\n" ELSEWHERE, 401, EXPLAIN_WANTED, ""},
    {"/metrics", "Origin: http://b\r\n" WITH("two"), 200, "-", ""},
    {CERTIFICATE "?explain=1", "Origin: http://b\r\n" WITH("one"), 403,
     "Bearer realm=\"certlookup\", error=\"insufficient_scope\", scope=\"lookup explain\"", ""},
    /* For everybody. */
    {"/healthz", "", 200, "-", ""},
    {"/readyz", WITH("five"), 200, "-", ""},
    {"/openapi.json", "", 200, "-", ""},
    {"/", "", 200, "-", ""},
    {"/", ELSEWHERE "Accept: text/html\r\n", 200, "-", ""},
    {"/page/page.js", ELSEWHERE, 200, "-", ""},
    {"/nothing", "", 404, "-", ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = ask(rows[i].target, rows[i].fields);

        if (status != rows[i].status || strcmp(field("WWW-Authenticate"), rows[i].challenge) != 0 ||
            strstr(buffer_string(&response), rows[i].words) == NULL) {
            fail_msg("%s %s: %s", rows[i].target, rows[i].fields, buffer_string(&response));
        }
        if (status >= 400) {
            assert_string_equal(field("Content-Type"), "application/problem+json");
        }
    }
}

static void test_purge_and_batch(void **state)
{
    static const char all[] = "{\"all\":true}", list[] = "{\"recipients\":[\"hit@example.org\"]}";

    (void)state;
    assert_int_equal(post("/v1/purge", "", all), 401);
    assert_string_equal(field("Connection"), "close"); /* before anything of the body was kept */
    assert_int_equal(post("/v1/purge", WITH("one"), all), 403);
    assert_int_equal(post("/v1/purge", WITH("four"), all), 401);
    assert_int_equal(play->purges, 0);
    assert_int_equal(post("/v1/purge", WITH("three"), all), 200);
    assert_int_equal(play->purges, 1);
    assert_int_equal(post("/v1/recipients", "", list), 401);
    assert_int_equal(post("/v1/recipients", WITH("three"), list), 403);
    assert_int_equal(post("/v1/recipients", WITH("one"), list), 200);
    assert_int_equal(post("/v1/recipients?format=p7c", "", list), 401);
    assert_int_equal(post("/v1/recipients?format=p7c", WITH("two"), list), 403);
    assert_int_equal(post("/v1/recipients?format=p7c", WITH("one"), list), 200);
}

/* What is ready-made for one is given to others who may have it, and to nobody else. */
static void test_ready_made(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ask(CERTIFICATE "?&", WITH("one")), 200);
    }
    size_t again = play->served_again;

    assert_int_equal(ask(CERTIFICATE "?&", WITH("one")), 200);
    assert_int_equal(play->served_again, again + 1);
    assert_int_equal(ask(CERTIFICATE "?&", ""), 401);
    assert_int_equal(ask(CERTIFICATE "?&", WITH("two")), 403);
    assert_int_equal(ask(CERTIFICATE "?&", WITH("on")), 401);
    assert_int_equal(ask(CERTIFICATE "?&", WITH("onee")), 401);
    assert_int_equal(play->served_again, again + 1);
    assert_int_equal(ask(CERTIFICATE "?&", WITH("one")), 200);
    assert_int_equal(play->served_again, again + 2);
}

/* A token that is too long to be remembered is looked for each time. */
static void test_long_tokens(void **state)
{
    char fields[400];

    (void)state;
    snprintf(fields, sizeof(fields), "Authorization: Bearer %300s\r\n", "");
    for (char letter = 'x'; letter <= 'z'; letter++) {
        memset(fields + strlen("Authorization: Bearer "), letter, 300);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(ask(CERTIFICATE, fields), letter == 'y' ? 200 : 401);
            assert_int_equal(ask(CERTIFICATE, WITH("one")), 200);
        }
    }
}

static void test_head(void **state)
{
    static const struct {
        const char *fields;
        int status;
    } heads[] = {{WITH("one"), 200}, {WITH("one"), 200}, {WITH("one"), 200}, {WITH("one"), 200}, {"", 401},
                 {WITH("two"), 403}, {WITH("five"), 401}, {WITH("one"), 200}};

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char request[512];

        snprintf(request, sizeof(request), "HEAD %s?&& HTTP/1.1\r\nHost: a\r\n%s\r\n", CERTIFICATE, heads[i].fields);
        buffer_clear(&response);
        assert_true(play_send(fd, request, strlen(request)));
        assert_true(play_read_response(fd, true, &response));
        assert_int_equal(play_status(&response), heads[i].status);
    }
}

/* A reload holds for connections that are open. */
static void test_reload(void **state)
{
    static const char without_one[] =
        "graphs 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3 lookup never\n";
    struct http_config config = config_of(OPEN_TO_NOBODY, without_one);
    struct error error;

    (void)state;
    assert_int_equal(ask(CERTIFICATE, WITH("one")), 200);
    assert_int_equal(ask(CERTIFICATE, WITH("two")), 403);
    assert_int_equal(http_adopt(play->http, &config, &error), 0);
    assert_int_equal(ask(CERTIFICATE, WITH("two")), 200);
    assert_int_equal(ask(CERTIFICATE, WITH("one")), 401);

    config = config_of(OPEN_TO_ALL, "nonsense");
    assert_int_equal(http_adopt(play->http, &config, &error), -1);
    assert_int_equal(ask(CERTIFICATE, WITH("two")), 200);
    assert_int_equal(ask(CERTIFICATE, ""), 401);

    config = config_of(OPEN_TO_ALL, TOKENS);
    assert_int_equal(http_adopt(play->http, &config, &error), 0);
    assert_int_equal(ask(CERTIFICATE, ELSEWHERE), 200);
    assert_int_equal(ask(CERTIFICATE, WITH("five")), 200);
    assert_int_equal(ask("/metrics", ELSEWHERE), 401);
    config = config_of(OPEN_TO_LOOPBACK, TOKENS);
    assert_int_equal(http_adopt(play->http, &config, &error), 0);
    assert_int_equal(ask(CERTIFICATE, ELSEWHERE), 200); /* the listener is for this machine alone */
    config = config_of(OPEN_TO_NOBODY, TOKENS);
    assert_int_equal(http_adopt(play->http, &config, &error), 0);
    assert_int_equal(ask(CERTIFICATE, ""), 401);
    assert_int_equal(ask(CERTIFICATE, WITH("one")), 200);
}

/* A listener that others reach: from this machine, and for somebody else. */
static void test_other_listeners(void **state)
{
    static const char *const anywhere[] = {"0.0.0.0:0"};
    struct http_config config = config_of(OPEN_TO_LOOPBACK, TOKENS);
    struct play *mine = play;
    int before = fd;

    (void)state;
    config.listen = anywhere;
    play = play_open(&config);
    fd = play_connect(play_port(play));
    assert_int_equal(ask(CERTIFICATE, ""), 200);
    assert_int_equal(ask(CERTIFICATE, ELSEWHERE), 401);
    assert_int_equal(ask(CERTIFICATE, ELSEWHERE WITH("one")), 200);
    close(fd);
    play_close(&play);

    config = config_of(OPEN_TO_LOOPBACK, "");
    config.listen = anywhere;
    play = play_open(&config);
    fd = play_connect(play_port(play));
    assert_int_equal(ask(CERTIFICATE, ELSEWHERE WITH("one")), 403);
    assert_non_null(strstr(buffer_string(&response), "the gateway has no tokens"));
    assert_string_equal(field("WWW-Authenticate"), "-");
    close(fd);
    play_close(&play);
    play = mine;
    fd = before;
}

static void test_counted(void **state)
{
    uint64_t lookup = count_read(COUNT_REFUSED_LOOKUP), explain = count_read(COUNT_REFUSED_EXPLAIN),
             admin = count_read(COUNT_REFUSED_ADMIN);

    (void)state;
    ask(CERTIFICATE, "");
    ask(CERTIFICATE, WITH("two"));
    ask("/metrics", ELSEWHERE);
    post("/v1/purge", "", "{\"all\":true}");
    ask(CERTIFICATE, WITH("one"));
    assert_int_equal(count_read(COUNT_REFUSED_LOOKUP) - lookup, 2);
    assert_int_equal(count_read(COUNT_REFUSED_EXPLAIN) - explain, 1);
    assert_int_equal(count_read(COUNT_REFUSED_ADMIN) - admin, 1);
}

static void test_listeners_for_this_machine(void **state)
{
    static const struct {
        const char *address;
        bool want;
    } listeners[] = {
        {"127.0.0.1:80", true},        {"127.9.9.9:0", true},   {"[::1]:8080", true}, {"[::ffff:127.0.0.1]:80", true},
        {"0.0.0.0:80", false},         {"[::]:80", false},      {"192.0.2.1:80", false},
        {"[::ffff:192.0.2.1]:80", false}, {"[2001:db8::1]:80", false}, {"nonsense", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        if (http_listen_is_local(listeners[i].address) != listeners[i].want) {
            fail_msg("%s", listeners[i].address);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_purge_and_batch),
        cmocka_unit_test(test_ready_made),
        cmocka_unit_test(test_long_tokens),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_other_listeners),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_listeners_for_this_machine),
    };

    return cmocka_run_group_tests(tests, open_play, close_play);
}
