#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fetch/fetch.h"

#define MAX_BODY 1000

/* A server that reads one request, says one thing (`repeat` times its second half), and hangs up, or waits. */
struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    const char *first, *again;
    size_t repeat;
    int wait_ms;
    char request[4096];
};

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
        return; /* the client has heard enough */
    }
}

static void *serve(void *context)
{
    struct server *server = context;
    size_t size = 0;
    int fd = accept(server->listener, NULL, NULL);

    while (fd >= 0 && size < sizeof(server->request) - 1 && strstr(server->request, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, server->request + size, sizeof(server->request) - 1 - size, 0);
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    say(fd, server->first);
    for (size_t i = 0; i < server->repeat; i++) {
        say(fd, server->again);
    }
    struct pollfd gone = {.fd = fd, .events = POLLIN};
    poll(&gone, 1, server->wait_ms);
    close(fd);
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* wakes an accept() that nobody came to */
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static int get(struct server *server, const char *path, int64_t timeout_ms, struct fetch_answer *answer,
               struct error *error)
{
    char url[200];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
    struct fetch_request request = {.url = url, .accept = "application/json", .token = "s3cret", .timeout_ms = timeout_ms};
    return fetch_exchange(&request, answer, error);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void what_servers_say(void **state)
{
    (void)state;
    static const struct {
        const char *first, *again;
        size_t repeat;
        int want;
        long status;
        const char *said; /* the body, or somewhere in the error */
    } rows[] = {
        {OK "Content-Length: 2\r\n\r\n{}", "", 0, 0, 200, "{}"},
        {OK "Connection: close\r\n\r\n{}", "", 0, 0, 200, "{}"},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "", 0, 0, 200, "{}"},
        {OK "Content-Length: 0\r\n\r\n", "", 0, 0, 200, ""},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "", 0, 0, 404, "x"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "", 0, 0, 302, ""},
        {OK "Content-Length: 1000\r\n\r\n", "0123456789", 100, 0, 200, "0123456789"},
        {OK "Content-Length: 1001\r\n\r\n", "0123456789", 101, -1, 0, "larger than 1000"},
        {OK "Content-Length: 99999999999999999999\r\n\r\n", "0123456789", 200, -1, 0, ""},
        {OK "\r\n", "0123456789", 100000, -1, 0, "larger than 1000"},
        {OK "Transfer-Encoding: chunked\r\n\r\n", "a\r\n0123456789\r\n", 5000, -1, 0, "larger than 1000"},
        {OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "x", 10, -1, 0, ""},
        {OK "Content-Length: 10\r\n\r\n123", "", 0, -1, 0, ""},
        {"", "", 0, -1, 0, ""},
        {"SSH-2.0-OpenSSH_9.2\r\n", "", 0, -1, 0, "HTTP/0.9"},
        {"\x16\x03\x01\x02\x00", "", 0, -1, 0, ""},
        {OK, "X-Header: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 20000, -1, 0, ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server server = {.first = rows[i].first, .again = rows[i].again, .repeat = rows[i].repeat};
        struct fetch_answer answer = {0};
        struct error error = {""};
        buffer_init(&answer.body, MAX_BODY);
        server_start(&server);
        int result = get(&server, "/", 5000, &answer, &error);
        const char *said = result == 0 ? buffer_string(&answer.body) : error.text;
        bool good = result == rows[i].want && (result != 0 || answer.status == rows[i].status) &&
                    strstr(said, rows[i].said) != NULL && (result == 0 || error.text[0] != '\0');
        if (!good) {
            print_error("row %zu: %d, HTTP %ld, %s\n", i, result, answer.status, said);
            fail();
        }
        server_stop(&server);
        buffer_free(&answer.body);
    }
}

static void what_we_send(void **state)
{
    (void)state;
    struct server server = {.first = OK "Content-Length: 2\r\n\r\n{}"};
    struct fetch_answer answer = {0};

    buffer_init(&answer.body, MAX_BODY);
    server_start(&server);
    assert_int_equal(get(&server, "/v1/recipients/a%2Fb@c.example?explain=1", 5000, &answer, NULL), 0);
    server_stop(&server);
    assert_string_equal(answer.content_type, "application/json");
    assert_ptr_equal(strstr(server.request, "GET /v1/recipients/a%2Fb@c.example?explain=1 HTTP/1.1\r\n"), server.request);
    assert_non_null(strstr(server.request, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(server.request, "\r\nAuthorization: Bearer s3cret\r\n"));
    assert_non_null(strstr(server.request, "\r\nUser-Agent: certlookup/"));
    assert_null(strstr(server.request, "Accept-Encoding"));
    buffer_free(&answer.body);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    struct server server = {.first = OK "Content-Length: 2\r\n\r\n{}"};
    struct fetch_answer answer = {0};

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    buffer_init(&answer.body, MAX_BODY);
    server_start(&server);
    assert_int_equal(get(&server, "/", 5000, &answer, NULL), 0);
    server_stop(&server);
    buffer_free(&answer.body);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void who_is_silent_costs_the_timeout(void **state)
{
    (void)state;
    static const char *const said[] = {"", "HTTP/1.1 200 OK\r\n", OK "Content-Length: 100\r\n\r\n{"};

    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        struct server server = {.first = said[i], .wait_ms = 5000};
        struct fetch_answer answer = {0};
        struct error error;
        buffer_init(&answer.body, MAX_BODY);
        server_start(&server);
        int64_t before = clock_mono_ms();
        assert_int_equal(get(&server, "/", 200, &answer, &error), -1);
        assert_in_range(clock_mono_ms() - before, 150, 4000);
        assert_non_null(strstr(error.text, "timed out"));
        server_stop(&server);
        buffer_free(&answer.body);
    }
}

static void these_are_not_asked(void **state)
{
    (void)state;
    static const struct {
        const char *url, *token, *ca_file;
    } rows[] = {
        {"", NULL, NULL},
        {"file:///etc/passwd", NULL, NULL},
        {"ftp://127.0.0.1:1/", NULL, NULL},
        {"gopher://127.0.0.1:1/", NULL, NULL},
        {"ldap://127.0.0.1:1/", NULL, NULL},
        {"http://", NULL, NULL},
        {"http://[::1", NULL, NULL},
        {"http://127.0.0.1:99999/", NULL, NULL},
        {"http://127.0.0.1:1/a b\r\nX: y", NULL, NULL},
        {"http://127.0.0.1:1/", "to\r\nken", NULL},
        {"http://127.0.0.1:1/", "to\x7fken", NULL},
        {"https://127.0.0.1:1/", NULL, "/nonexistent"},
        {"http://127.0.0.1:1/", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fetch_request request = {.url = rows[i].url, .token = rows[i].token, .ca_file = rows[i].ca_file,
                                        .timeout_ms = 2000};
        struct fetch_answer answer = {0};
        struct error error = {""};
        buffer_init(&answer.body, 1 << 20);
        assert_int_equal(fetch_exchange(&request, &answer, &error), -1);
        assert_int_not_equal(error.text[0], '\0');
        assert_null(strstr(error.text, "ken"));
        assert_int_equal(answer.body.size, 0);
        buffer_free(&answer.body);
    }
}

static void tokens_have_a_limit(void **state)
{
    (void)state;
    char token[5001];
    struct fetch_request request = {.url = "http://127.0.0.1:1/", .token = token, .timeout_ms = 2000};
    struct fetch_answer answer = {0};
    struct error error = {""};

    memset(token, 'x', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    assert_int_equal(fetch_exchange(&request, &answer, &error), -1);
    assert_non_null(strstr(error.text, "longer than"));
}

static void segments_hold_only_what_a_path_may(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"alice@example.org", "alice@example.org"},
        {"a/../b@c", "a%2F..%2Fb@c"},
        {"a?b#c%d e\r\n", "a%3Fb%23c%25d%20e%0D%0A"},
        {"a+b~_-.c", "a%2Bb~_-.c"},
        {"\xc3\xbc\"'(),:;<>", "%C3%BC%22%27%28%29%2C%3A%3B%3C%3E"},
    };
    struct buffer out;

    buffer_init(&out, 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buffer_clear(&out);
        fetch_append_segment(&out, bytes_of_string(rows[i].text));
        assert_string_equal(buffer_string(&out), rows[i].want);
    }
    buffer_clear(&out);
    fetch_append_segment(&out, bytes_of("\0", 1));
    assert_string_equal(buffer_string(&out), "%00");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_say),
        cmocka_unit_test(what_we_send),
        cmocka_unit_test(the_environment_names_no_proxy),
        cmocka_unit_test(who_is_silent_costs_the_timeout),
        cmocka_unit_test(these_are_not_asked),
        cmocka_unit_test(tokens_have_a_limit),
        cmocka_unit_test(segments_hold_only_what_a_path_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
