/* No descriptor is left for one more connection: nobody tries without rest, the log says so now and then, and who came
 * meanwhile is answered soon after there is one again, whoever gave it free. The clock is moved by the test. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/http_play.h"

#define REQUEST "GET /v1/recipients/hit@example.org/certificate HTTP/1.1\r\nHost: a\r\n"
#define HEADER "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
#define WATCHED_MS 600
#define TELLS "no descriptor is left for one more connection"

static atomic_int_fast64_t ahead_ms;
static atomic_uint told; /* lines of it in the log */
static struct buffer response;

int64_t __real_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void);

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + atomic_load(&ahead_ms);
}

void __real_log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count);
void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count);

void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
    atomic_fetch_add(&told, strcmp(message, TELLS) == 0);
    __real_log_write(level, message, fields, count);
}

static const struct {
    const char *name, *listen;
    const char *before; /* a request */
    bool is_held;       /* another connection is open, and stays open */
} rows[] = {
    {"nobody is connected", "127.0.0.1:0", "", false},
    {"somebody is", "127.0.0.1:0", "", true},
    {"a listener for proxies", "proxy:127.0.0.1:0", HEADER, false},
    {"the same, and somebody is connected", "proxy:127.0.0.1:0", HEADER, true},
};

static struct play *open_listener(const char *listen)
{
    static const struct network proxies[] = {{.family = AF_INET, .address = {127}, .prefix = 8}};
    const struct http_config config = {
        .listen = &listen, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 10,
        .max_recipients = 10, .max_batch_lookups = 10, .idle_timeout_s = 60, .hot_bytes = 1024 * 1024, .token = "",
        .open_to = OPEN_TO_ALL, .proxies = proxies, .proxy_count = 1,
    };

    return play_open(&config);
}

static void ask(int fd, const char *before, const char *fields)
{
    char request[256];

    snprintf(request, sizeof(request), "%s" REQUEST "%s\r\n", before, fields);
    assert_true(play_send(fd, request, strlen(request)));
}

static void is_answered(int fd)
{
    buffer_clear(&response);
    assert_true(play_read_response(fd, false, &response));
    assert_int_equal(play_status(&response), 200);
}

static int64_t cpu_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* A client that connects when its own descriptor is the last one; how long that has been so when there are more. */
static int come_in_shortage(uint16_t port, const char *before)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct rlimit limit;

    assert_true(fd >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = {.rlim_cur = (rlim_t)fd + 1, .rlim_max = limit.rlim_max};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int64_t used_ms = cpu_ms();
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ask(fd, before, "Connection: close\r\n");
    nanosleep(&(struct timespec){.tv_sec = WATCHED_MS / 1000, .tv_nsec = WATCHED_MS % 1000 * 1000000L}, NULL);
    used_ms = cpu_ms() - used_ms;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (used_ms > WATCHED_MS / 5) {
        fail_msg("%d ms of a processor in %d", (int)used_ms, WATCHED_MS);
    }
    return fd;
}

static void answered_after_shortage(const char *listen, const char *before, bool is_held)
{
    struct play *play = open_listener(listen);
    int held = is_held ? play_connect(play_port(play)) : -1;

    assert_non_null(play);
    if (is_held) {
        ask(held, before, "");
        is_answered(held);
    }
    int fd = come_in_shortage(play_port(play), before);
    int64_t began_ms = clock_mono_ms();
    is_answered(fd);
    assert_true(clock_mono_ms() - began_ms < 3000);
    close(fd);
    if (is_held) {
        ask(held, "", "");
        is_answered(held);
        close(held);
    }
    play_close(&play);
}

static void test_shortage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        atomic_fetch_add(&ahead_ms, i == 3 ? 60000 : 0);
        answered_after_shortage(rows[i].listen, rows[i].before, rows[i].is_held);
        assert_int_equal(atomic_load(&told), i < 3 ? 1 : 2);
    }
}

static int begin(void **state)
{
    (void)state;
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    buffer_init(&response, 65536);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_free(&response);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortage),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
