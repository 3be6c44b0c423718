/* Clients that take too long are closed, whatever they send now and then; others are not. The clock is moved by the
 * test. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "tests/unit/http_play.h"

#define IDLE_S 10
#define LARGE_COUNT 4000 /* recipients of an answer of some megabytes */
#define LARGEST_ANSWER_S 512 /* MAX_RESPONSE_BYTES, at 64 KiB a second */
#define CERTIFICATE "GET /v1/recipients/%s@example.org/certificate HTTP/1.1\r\nHost: a\r\n\r\n"

static atomic_int_fast64_t ahead_ms;
static struct play *play;
static struct buffer response;

int64_t __real_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void);

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + atomic_load(&ahead_ms);
}

static const char *const listen_to[] = {"127.0.0.1:0"};

static int open_play(void **state)
{
    const struct http_config config = {
        .listen = listen_to, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 10,
        .max_recipients = LARGE_COUNT, .max_batch_lookups = 10, .idle_timeout_s = IDLE_S, .hot_bytes = 1024 * 1024, .token = "",
    };

    (void)state;
    buffer_init(&response, 1024 * 1024);
    play = play_open(&config);
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    play_close(&play);
    buffer_free(&response);
    return 0;
}

static void say(int fd, const char *words)
{
    assert_true(play_send(fd, words, strlen(words)));
}

static int ask(int fd, const char *local_part)
{
    char request[256];

    snprintf(request, sizeof(request), CERTIFICATE, local_part);
    say(fd, request);
    buffer_clear(&response);
    assert_true(play_read_response(fd, false, &response));
    return play_status(&response);
}

/* So much later the worker looks over its connections: it does after it has seen to a request. What came before has been
 * seen to when the clock moves, or it might look just before that. */
static void later(int64_t ms)
{
    int fd = play_connect(play_port(play));

    for (int i = 0; i < 6; i++) {
        atomic_fetch_add(&ahead_ms, i == 3 ? ms : 0);
        assert_int_equal(ask(fd, "hit"), 200);
    }
    close(fd);
}

static bool is_closed(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&look, 1, 2000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static bool is_open(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, 200) == 0;
}

/* What is sent at first, and then every five seconds. */
static const struct {
    const char *name, *first, *more;
    int64_t seconds; /* what it may take */
} rows[] = {
    {"nothing", "", "", 20},
    {"the request line", "G", "E", 20},
    {"its target", "GET /", "x", 20},
    {"header fields", "GET / HTTP/1.1\r\nHost: a\r\n", "X-a: b\r\n", 20},
    {"one field", "GET / HTTP/1.1\r\nHost: a\r\nX-a: ", "b", 20},
    {"a body", "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n", " ",
     20},
    {"a large body",
     "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1310720\r\n\r\n", " ", 40},
    {"a body that is not wanted", "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 64\r\n\r\n", " ", 20},
};

static void test_slow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t before = count_read(COUNT_LIMIT_SLOW);
        int fd = play_connect(play_port(play));

        say(fd, rows[i].first);
        later(1001); /* here its time begins */
        for (int64_t passed_s = 5; passed_s < rows[i].seconds; passed_s += 5) {
            later(5000);
            if (!is_open(fd)) {
                fail_msg("%s: closed too early, after %d s", rows[i].name, (int)passed_s);
            }
            say(fd, rows[i].more);
        }
        later(5000);
        if (!is_closed(fd) || count_read(COUNT_LIMIT_SLOW) != before + 1) {
            fail_msg("%s: stays open", rows[i].name);
        }
        close(fd);
    }
}

/* Each request has its own time, and what lies between them. */
static void test_keeps_alive(void **state)
{
    uint64_t before = count_read(COUNT_LIMIT_SLOW);
    int fd = play_connect(play_port(play));

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(fd, "hit"), 200);
        later(1001);
        later(14000);
        assert_int_equal(ask(fd, i % 2 == 0 ? "none" : "miss"), i % 2 == 0 ? 404 : 200);
    }
    close(fd);
    assert_int_equal(count_read(COUNT_LIMIT_SLOW), before);
}

/* Who waits for a lookup is not slow. */
static void test_waits(void **state)
{
    char request[256];
    int fd = play_connect(play_port(play));

    (void)state;
    snprintf(request, sizeof(request), CERTIFICATE, "hold");
    say(fd, request);
    later(1001);
    for (int i = 0; i < 10; i++) {
        later(20000);
    }
    assert_true(is_open(fd));
    play_release(play);
    buffer_clear(&response);
    assert_true(play_read_response(fd, false, &response));
    assert_int_equal(play_status(&response), 200);
    later(1001);
    later(15000);
    assert_int_equal(ask(fd, "hit"), 200);
    later(1001);
    later(20001);
    assert_true(is_closed(fd));
    close(fd);
}

/* Some of many go, at all places of the list. */
static void test_many(void **state)
{
    int fds[24];

    (void)state;
    for (size_t i = 0; i < 24; i++) {
        fds[i] = play_connect(play_port(play));
        say(fds[i], "GET /");
    }
    later(1001);
    for (size_t i = 0; i < 24; i += 3) {
        close(fds[i]);
    }
    later(10000);
    for (size_t i = 1; i < 24; i += 3) {
        say(fds[i], "healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        buffer_clear(&response);
        assert_true(play_read_response(fds[i], false, &response));
    }
    later(10001);
    for (size_t i = 0; i < 24; i++) {
        if (i % 3 == 2 ? !is_closed(fds[i]) : i % 3 == 1 && ask(fds[i], "hit") != 200) {
            fail_msg("connection %zu", i);
        }
        if (i % 3 != 0) {
            close(fds[i]);
        }
    }
}

/* Who asks for a large answer, and has little room for it: nearly all of that waits until more is read. */
static int ask_much(void)
{
    static char body[LARGE_COUNT * sizeof("\"hit@example.org\",") + 64], head[256];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(play_port(play)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096, piece = 536;
    char *end = body + sprintf(body, "{\"recipients\":[");

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &piece, sizeof(piece)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    for (int i = 0; i < LARGE_COUNT; i++) {
        end += sprintf(end, "%s\"hit@example.org\"", i > 0 ? "," : "");
    }
    end += sprintf(end, "]}");
    snprintf(head, sizeof(head), "POST /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", (size_t)(end - body));
    say(fd, head);
    say(fd, body);
    return fd;
}

/* Reads so much, or what is left of it; to `keep` if that is not NULL. */
static size_t take(int fd, size_t size, struct buffer *keep)
{
    char piece[4096];
    size_t taken = 0;
    ssize_t came = 1;

    while (taken < size && came > 0) {
        struct pollfd look = {.fd = fd, .events = POLLIN};

        assert_int_equal(poll(&look, 1, 5000), 1);
        came = recv(fd, piece, size - taken < sizeof(piece) ? size - taken : sizeof(piece), 0);
        taken += came > 0 ? (size_t)came : 0;
        if (keep != NULL && came > 0) {
            buffer_append(keep, piece, (size_t)came);
        }
    }
    return taken;
}

/* The header of the answer; how long its body is. */
static size_t take_head(int fd)
{
    char field[32];

    buffer_clear(&response);
    do {
        assert_int_equal(take(fd, 1, &response), 1);
    } while (strstr(buffer_string(&response), "\r\n\r\n") == NULL);
    assert_int_equal(play_status(&response), 200);
    assert_non_null(play_field(&response, "Content-Length", field, sizeof(field)));
    size_t length = strtoul(field, NULL, 10);
    assert_true(length > 2 * 1024 * 1024);
    return length;
}

static void test_takes_too_long(void **state)
{
    uint64_t before = count_read(COUNT_LIMIT_SLOW);
    int fd = ask_much();
    size_t length = take_head(fd), taken = 0;

    (void)state;
    later(1001);
    for (int64_t passed_s = 0; passed_s < 2 * IDLE_S + LARGEST_ANSWER_S; passed_s += 28) {
        taken += take(fd, 100, NULL);
        assert_int_equal(count_read(COUNT_LIMIT_SLOW), before);
        later(28000);
    }
    assert_int_equal(count_read(COUNT_LIMIT_SLOW), before + 1);
    taken += take(fd, length, NULL); /* what was on its way */
    assert_in_range(taken, 1, length / 2);
    close(fd);
    for (int i = 0; i < 500 && gauge_read(GAUGE_HTTP_CONNECTIONS) > 0; i++) {
        usleep(10000);
    }
    assert_int_equal(gauge_read(GAUGE_HTTP_CONNECTIONS), 0);
}

/* At a little more than the pace that it may be. */
static void test_takes_it_steadily(void **state)
{
    uint64_t before = count_read(COUNT_LIMIT_SLOW);
    int fd = ask_much();
    size_t length = take_head(fd), taken = 0;

    (void)state;
    later(1001);
    while (taken < length) {
        size_t came = take(fd, 70000, NULL);

        assert_true(came > 0);
        taken += came;
        later(1000);
    }
    assert_int_equal(taken, length);
    assert_true(is_closed(fd));
    assert_int_equal(count_read(COUNT_LIMIT_SLOW), before);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slow, open_play, close_play),
        cmocka_unit_test_setup_teardown(test_keeps_alive, open_play, close_play),
        cmocka_unit_test_setup_teardown(test_waits, open_play, close_play),
        cmocka_unit_test_setup_teardown(test_many, open_play, close_play),
        cmocka_unit_test_setup_teardown(test_takes_too_long, open_play, close_play),
        cmocka_unit_test_setup_teardown(test_takes_it_steadily, open_play, close_play),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
