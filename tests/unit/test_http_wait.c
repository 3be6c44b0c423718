#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/socket.h"
#include "tests/unit/http_play.h"

static const char *const one[] = {"127.0.0.1:0"};
static const char *const two[] = {"127.0.0.1:0", "[::1]:0"};

static struct http_config config(const char *const *listen, size_t count)
{
    return (struct http_config){
        .listen = listen, .listen_count = count, .threads = 2, .max_connections = 1024, .max_waiting = 500,
        .idle_timeout_s = 10, .hot_bytes = 1024 * 1024, .token = "",
    };
}

static void nap(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static void await_waiting(const struct play *play, size_t want)
{
    int64_t end = clock_mono_ms() + 5000;

    while (http_waiting(play->http) != want) {
        if (clock_mono_ms() > end) {
            fail_msg("%zu requests wait, %zu should", http_waiting(play->http), want);
        }
        nap(1);
    }
}

static int ask(const struct play *play, const char *local_part)
{
    char request[256];
    int fd = play_connect(play_port(play));

    snprintf(request, sizeof(request),
             "GET /v1/recipients/%s@example.org/certificate HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             local_part);
    assert_true(fd >= 0);
    assert_true(play_send(fd, request, strlen(request)));
    return fd;
}

/* Containers often have none: then there is nothing to test, and nothing is claimed. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;

    if (fd >= 0) {
        close(fd);
    }
    if (!there) {
        print_message("no IPv6 here: not tested\n");
    }
    return there;
}

static int status_of(int fd, struct buffer *response)
{
    buffer_clear(response);
    assert_true(play_read_all(fd, response));
    close(fd);
    return play_status(response);
}

static void many_wait_and_all_are_answered(bool wakes_later)
{
    enum { COUNT = 200 };
    struct play *play = play_open(NULL);
    struct buffer response;
    int fds[COUNT];

    play->wakes_later = wakes_later;
    buffer_init(&response, 65536);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = ask(play, "hold");
    }
    await_waiting(play, COUNT);
    assert_int_equal(gauge_read(GAUGE_WAITING), COUNT);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    play_release(play);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(status_of(fds[i], &response), 200);
        assert_true(bytes_equal(play_body(&response), play_certificate()));
    }
    await_waiting(play, 0);
    assert_int_equal(gauge_read(GAUGE_WAITING), 0);
    assert_int_equal(play->starts, COUNT);
    assert_int_equal(play->wakings > 0, wakes_later);
    buffer_free(&response);
    play_close(&play);
}

static void test_many_wait_and_all_are_answered(void **state)
{
    (void)state;
    many_wait_and_all_are_answered(false);
}

static void test_woken_after_all_answers(void **state)
{
    (void)state;
    many_wait_and_all_are_answered(true);
}

/* With no descriptor left a new connection waits until there is one again, and meanwhile nobody tries without rest. */
static void test_no_descriptors_left(void **state)
{
    struct play *play = play_open(NULL);
    struct buffer response;
    struct rlimit before;

    (void)state;
    buffer_init(&response, 65536);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct rlimit none = {.rlim_cur = (rlim_t)fd + 1, .rlim_max = before.rlim_max};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(play_port(play)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    clock_t used = clock();
    nap(300);
    used = clock() - used;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(used < CLOCKS_PER_SEC / 10);
    const char *request = "GET /v1/recipients/hit@example.org/certificate HTTP/1.1\r\nHost: a\r\n"
                          "Connection: close\r\n\r\n";
    assert_true(play_send(fd, request, strlen(request)));
    assert_int_equal(status_of(fd, &response), 200);
    buffer_free(&response);
    play_close(&play);
}

/* Whoever leaves while waiting takes nothing along: the place and the answer come back with the lookup's end. */
static void test_clients_leave_while_waiting(void **state)
{
    enum { COUNT = 100 };
    struct play *play = play_open(NULL);
    int fds[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = ask(play, "hold");
    }
    await_waiting(play, COUNT);
    for (int i = 0; i < COUNT; i++) {
        if (i % 2 == 0) {
            struct linger reset = {.l_onoff = 1};
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        }
        close(fds[i]);
    }
    nap(50);
    assert_int_equal(http_waiting(play->http), COUNT);
    play_release(play);
    await_waiting(play, 0);
    play_close(&play);
}

/* Over the cap a miss is refused at once, and hits are served as ever. */
static void test_cap(void **state)
{
    struct http_config small = config(one, 1);
    struct buffer response;
    char retry_after[16];
    int fds[10];

    (void)state;
    small.max_waiting = 10;
    small.max_connections = 24;
    struct play *play = play_open(&small);
    uint64_t refused = count_read(COUNT_LIMIT_WAITING);
    buffer_init(&response, 65536);
    for (int i = 0; i < 10; i++) {
        fds[i] = ask(play, "hold");
    }
    await_waiting(play, 10);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(status_of(ask(play, "hold"), &response), 503);
        assert_string_equal(play_field(&response, "Retry-After", retry_after, sizeof(retry_after)), "1");
        assert_int_equal(status_of(ask(play, "miss"), &response), 503);
        assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    }
    assert_int_equal(count_read(COUNT_LIMIT_WAITING) - refused, 40);
    play_release(play);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(status_of(fds[i], &response), 200);
    }
    await_waiting(play, 0);
    assert_int_equal(status_of(ask(play, "miss"), &response), 200);
    buffer_free(&response);
    play_close(&play);
}

/* With Connection among its fields libmicrohttpd forgets that there is a Date. */
static bool has_one_date(const struct buffer *response)
{
    const char *first = strstr(buffer_string(response), "\r\nDate: ");

    return first != NULL && strstr(first + 1, "\r\nDate: ") == NULL;
}

/* While draining: nobody new gets in, whoever waits is answered, nobody new waits, kept connections are closed. */
static void test_drain(void **state)
{
    static const char again[] = "GET /v1/recipients/miss@example.org HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char hit[] = "GET /v1/recipients/hit@example.org HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char ready[] = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
    static const struct {
        const char *request;
        int status;
    } kept[] = {{again, 503}, {hit, 200}, {ready, 503}};
    struct play *play = play_open(NULL);
    uint16_t port = play_port(play);
    struct buffer response;
    int fds[3];

    (void)state;
    buffer_init(&response, 65536);
    for (int i = 0; i < 3; i++) {
        fds[i] = play_connect(port);
        play_send(fds[i], hit, strlen(hit));
        buffer_clear(&response);
        assert_true(play_read_response(fds[i], false, &response));
    }
    int waiting = ask(play, "hold");
    await_waiting(play, 1);
    http_drain(play->http);
    http_drain(play->http);
    int late = play_connect(port);
    buffer_clear(&response);
    play_send(late, hit, strlen(hit));
    play_read_all(late, &response);
    assert_int_equal(response.size, 0);
    close(late);
    for (int i = 0; i < 3; i++) {
        play_send(fds[i], kept[i].request, strlen(kept[i].request));
        assert_int_equal(status_of(fds[i], &response), kept[i].status);
        assert_true(has_one_date(&response));
    }
    assert_int_equal(http_waiting(play->http), 1);
    play_release(play);
    assert_int_equal(status_of(waiting, &response), 200);
    assert_true(has_one_date(&response));
    buffer_free(&response);
    play_close(&play);
}

/* Closing with kept connections open, with requests that wait, and right after the start. */
static void test_close(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct play *play = play_open(NULL);
        int idle = play_connect(play_port(play));
        int held[5];
        for (int j = 0; j < i % 6; j++) {
            held[j] = ask(play, j % 2 == 0 ? "hold" : "miss");
        }
        if (i % 3 == 0) {
            nap(5);
        }
        if (i % 4 == 0) {
            http_drain(play->http);
        }
        play_close(&play);
        for (int j = 0; j < i % 6; j++) {
            close(held[j]);
        }
        close(idle);
    }
}

static void test_two_listeners(void **state)
{
    struct http_config both = config(two, 2);
    struct buffer response;

    (void)state;
    if (!has_ipv6()) {
        return;
    }
    struct play *play = play_open(&both);
    assert_int_not_equal(http_port(play->http, 0), 0);
    assert_int_not_equal(http_port(play->http, 1), 0);
    assert_int_equal(http_port(play->http, 2), 0);
    /* [::1] listens to IPv6 alone. */
    assert_int_equal(play_connect(http_port(play->http, 1)), -1);
    buffer_init(&response, 65536);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    buffer_free(&response);
    play_close(&play);
}

static void test_ipv6_loopback(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n";
    struct http_config both = config(two, 2);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct buffer response;

    (void)state;
    if (!has_ipv6()) {
        return;
    }
    struct play *play = play_open(&both);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    to.sin6_port = htons(http_port(play->http, 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_true(play_send(fd, request, strlen(request)));
    buffer_init(&response, 1024 * 1024);
    assert_int_equal(status_of(fd, &response), 200);
    buffer_free(&response);
    play_close(&play);
}

/* Who says nothing is sent away; who waits for us is not, however long that takes. */
static void test_idle_timeout(void **state)
{
    struct http_config hasty = config(one, 1);
    struct buffer response;

    (void)state;
    hasty.idle_timeout_s = 1;
    struct play *play = play_open(&hasty);
    int64_t start = clock_mono_ms();
    int silent = play_connect(play_port(play));
    int waiting = ask(play, "hold");
    buffer_init(&response, 65536);
    assert_true(play_read_all(silent, &response));
    assert_int_equal(response.size, 0);
    assert_in_range(clock_mono_ms() - start, 900, 4000);
    close(silent);
    nap(1500);
    play_release(play);
    assert_int_equal(status_of(waiting, &response), 200);
    buffer_free(&response);
    play_close(&play);
}

static void test_address_in_use(void **state)
{
    struct play *play = play_open(NULL);
    char address[32];
    const char *const listen[] = {"127.0.0.1:0", address};
    struct http_config taken = config(listen, 2);
    struct http_backend backend = {0};
    struct error error = {""};

    (void)state;
    snprintf(address, sizeof(address), "127.0.0.1:%u", play_port(play));
    assert_null(http_open(&taken, &backend, &error));
    assert_non_null(strstr(error.text, address));
    assert_non_null(strstr(error.text, "bind: Address already in use"));
    play_close(&play);
}

/* Nobody is left without connections, whichever thread wakes first. */
static void test_sockets_share_connections(void **state)
{
    enum { SOCKETS = 4, CLIENTS = 200 };
    int sockets[SOCKETS], clients[CLIENTS];
    struct error error = {""};

    (void)state;
    assert_int_equal(socket_listen("127.0.0.1:0", sockets, SOCKETS, &error), 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = play_connect(socket_port(sockets[0]));
        assert_true(clients[i] >= 0);
    }
    for (int i = 0; i < SOCKETS; i++) {
        int accepted = accept(sockets[i], NULL, NULL);
        assert_true(accepted >= 0);
        close(accepted);
        assert_int_equal(socket_port(sockets[i]), socket_port(sockets[0]));
    }
    for (int i = 0; i < CLIENTS; i++) {
        close(clients[i]);
    }
    socket_close_all("127.0.0.1:0", sockets, SOCKETS);
}

/* One thread without a pool; without a hot table. */
static void test_smallest(void **state)
{
    struct http_config least = config(one, 1);
    struct buffer response;

    (void)state;
    least.threads = 1;
    least.hot_bytes = 0;
    struct play *play = play_open(&least);
    buffer_init(&response, 65536);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(status_of(ask(play, "hit"), &response), 200);
        assert_int_equal(status_of(ask(play, "miss"), &response), 200);
        assert_int_equal(status_of(ask(play, "inline"), &response), 200);
    }
    buffer_free(&response);
    play_close(&play);
}

/* Several clients, kept connections, every kind of lookup, the answer in memory replaced all the while. */
static void *busy(void *context)
{
    static const char *const kinds[] = {"hit", "miss", "inline", "none", "down", "stale", "redis", "gone"};
    static const int statuses[] = {200, 200, 200, 404, 503, 200, 200, 404};
    const struct play *play = context;
    struct buffer response;
    char request[256];
    intptr_t wrong = 0;
    int fd = play_connect(play_port(play));

    buffer_init(&response, 65536);
    for (int i = 0; i < 400; i++) {
        int kind = (i * 7 + i / 8) % 8;
        snprintf(request, sizeof(request), "GET /v1/recipients/%s@example.org/certificate HTTP/1.1\r\nHost: a\r\n\r\n",
                 kinds[kind]);
        buffer_clear(&response);
        if (!play_send(fd, request, strlen(request)) || !play_read_response(fd, false, &response) ||
            play_status(&response) != statuses[kind]) {
            wrong++;
        }
    }
    close(fd);
    buffer_free(&response);
    return (void *)wrong;
}

static void test_busy(void **state)
{
    enum { CLIENTS = 8 };
    struct play *play = play_open(NULL);
    pthread_t threads[CLIENTS];
    void *wrong;

    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_create(&threads[i], NULL, busy, play);
    }
    for (int i = 0; i < 200; i++) {
        play_replace_hit(play, play_answer("hit@example.org", OUTCOME_FOUND, REASON_USABLE, "", 3600));
        nap(1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    play_close(&play);
}

/* One thread, which is stuck in its side, with a request that lingers. */
static int ask_and_stick(struct play *play, const char *local_part)
{
    play_stick(play, true);
    int fd = ask(play, local_part);
    pthread_mutex_lock(&play->lock);
    while (play->stuck == 0) {
        pthread_cond_wait(&play->change, &play->lock);
    }
    pthread_mutex_unlock(&play->lock);
    return fd;
}

static void await_brought(struct play *play)
{
    size_t pending;

    do {
        nap(1);
        pthread_mutex_lock(&play->lock);
        pending = play->pending_count;
        pthread_mutex_unlock(&play->lock);
    } while (pending > 0);
}

/* A connection sends its request, and nothing is read. */
static int ask_kept(const struct play *play, const char *local_part)
{
    char request[128];
    int fd = play_connect(play_port(play));

    snprintf(request, sizeof(request), "GET /v1/recipients/%s@example.org/certificate HTTP/1.1\r\nHost: a\r\n\r\n",
             local_part);
    assert_true(fd >= 0);
    assert_true(play_send(fd, request, strlen(request)));
    return fd;
}

/* Whichever thread the kernel chooses for each, as many as are configured are served, and one more is closed. */
static void test_every_connection_is_served(void **state)
{
    enum { COUNT = 64 };
    struct http_config many = config(one, 1);
    struct buffer response;
    int fds[COUNT];

    (void)state;
    many.threads = 4;
    many.max_connections = COUNT;
    many.max_waiting = COUNT / 2 - 1;
    struct play *play = play_open(&many);
    uint64_t refused = count_read(COUNT_LIMIT_CONNECTIONS);
    buffer_init(&response, 65536);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = ask_kept(play, i < COUNT / 2 - 1 ? "hold" : "hit");
    }
    for (int i = COUNT / 2 - 1; i < COUNT; i++) {
        buffer_clear(&response);
        assert_true(play_read_response(fds[i], false, &response));
        assert_int_equal(play_status(&response), 200);
    }
    int more = ask_kept(play, "hit");
    buffer_clear(&response);
    play_read_all(more, &response);
    assert_int_equal(response.size, 0);
    assert_int_equal(count_read(COUNT_LIMIT_CONNECTIONS) - refused, 1);
    close(more);
    play_release(play);
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    nap(100);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    buffer_free(&response);
    play_close(&play);
}

/* An address is one process's, though its own sockets share it. */
static void test_address_is_not_shared_with_others(void **state)
{
    int ours[2], others[2];
    char address[32];
    struct error error = {""};

    (void)state;
    assert_int_equal(socket_listen("127.0.0.1:0", ours, 2, &error), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", socket_port(ours[1]));
    assert_int_equal(socket_listen(address, others, 2, &error), -1);
    assert_non_null(strstr(error.text, "bind: Address already in use"));
    assert_int_equal(socket_listen(address, others, 1, &error), -1);
    socket_close_all(address, ours, 2);
}

static struct play *open_single(void)
{
    struct http_config single = config(one, 1);

    single.threads = 1;
    return play_open(&single);
}

/* What has come when the thread has waited is sent. */
static void test_answered_while_it_lingers(void **state)
{
    struct play *play = open_single();
    struct buffer response;

    (void)state;
    int fd = ask_and_stick(play, "hold");
    play_release(play);
    await_brought(play);
    play_stick(play, false);
    buffer_init(&response, 65536);
    assert_int_equal(status_of(fd, &response), 200);
    await_waiting(play, 0);
    buffer_free(&response);
    play_close(&play);
}

/* Its connection closes meanwhile, before what it waits for has come, or after. */
static void closed_while_it_lingers(bool before)
{
    struct play *play = open_single();
    struct linger reset = {.l_onoff = 1};
    struct buffer response;

    int fd = ask_and_stick(play, "hold");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    if (!before) {
        play_release(play);
        await_brought(play);
    }
    close(fd);
    nap(10);
    play_stick(play, false);
    buffer_init(&response, 65536);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    if (before) {
        assert_int_equal(http_waiting(play->http), 1);
        play_release(play);
    }
    await_waiting(play, 0);
    assert_int_equal(status_of(ask(play, "miss"), &response), 200);
    buffer_free(&response);
    play_close(&play);
}

static void test_closed_while_it_lingers(void **state)
{
    (void)state;
    closed_while_it_lingers(true);
    closed_while_it_lingers(false);
}

/* A connection that times out while its thread is held up is closed one run of libmicrohttpd later than its request:
 * between the two comes what it waited for. */
static void test_times_out_while_it_lingers(void **state)
{
    struct http_config hasty = config(one, 1);
    struct buffer response;

    (void)state;
    hasty.threads = 1;
    hasty.idle_timeout_s = 1;
    struct play *play = play_open(&hasty);
    int lingers = play_connect(play_port(play));
    nap(100);
    int idle = ask_kept(play, "hit"); /* the one that libmicrohttpd looks at first for having timed out */
    nap(100);
    pthread_mutex_lock(&play->lock);
    play->stalls_at = 2;
    pthread_mutex_unlock(&play->lock);
    const char *request = "GET /v1/recipients/hold@example.org/certificate HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_true(play_send(lingers, request, strlen(request)));
    nap(PLAY_STALL_MS / 2);
    play_release(play);
    await_waiting(play, 0);
    buffer_init(&response, 65536);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    buffer_free(&response);
    close(lingers);
    close(idle);
    play_close(&play);
}

/* What takes long is suspended: nobody asks for it again and again, and others are served. */
static void test_lingers_no_longer(void **state)
{
    struct play *play = open_single();
    struct buffer response;

    (void)state;
    int fd = ask(play, "hold");
    await_waiting(play, 1);
    nap(50);
    clock_t used = clock();
    nap(300);
    assert_true(clock() - used < CLOCKS_PER_SEC / 10);
    buffer_init(&response, 65536);
    assert_int_equal(status_of(ask(play, "hit"), &response), 200);
    play_release(play);
    assert_int_equal(status_of(fd, &response), 200);
    buffer_free(&response);
    play_close(&play);
}

static int with_side(void **state)
{
    (void)state;
    play_has_side = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_wait_and_all_are_answered),
        cmocka_unit_test(test_woken_after_all_answers),
        cmocka_unit_test(test_no_descriptors_left),
        cmocka_unit_test(test_clients_leave_while_waiting),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_two_listeners),
        cmocka_unit_test(test_ipv6_loopback),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_sockets_share_connections),
        cmocka_unit_test(test_every_connection_is_served),
        cmocka_unit_test(test_address_is_not_shared_with_others),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_busy),
    };
    const struct CMUnitTest lingering[] = {
        cmocka_unit_test(test_answered_while_it_lingers),
        cmocka_unit_test(test_closed_while_it_lingers),
        cmocka_unit_test(test_times_out_while_it_lingers),
        cmocka_unit_test(test_lingers_no_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests_name("with a side", tests, with_side, NULL) +
           cmocka_run_group_tests_name("lingering", lingering, with_side, NULL);
}
