/* cache/redis against servers that are none, names that do not resolve, and callbacks that call back. */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/redis_play.h"

#define TIMEOUT_MS 300

static struct event_base *base;

/* A resolver that hangs for one name, until the test lets it go, and gives two addresses for another: nobody listens on
 * the first. */
static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hang_wake = PTHREAD_COND_INITIALIZER;
static bool hangs;
static unsigned hung;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    int (*real)(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **list);
    int status;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(name, "hangs.example.org") == 0) {
        pthread_mutex_lock(&hang_lock);
        hung++;
        while (hangs) {
            pthread_cond_wait(&hang_wake, &hang_lock);
        }
        pthread_mutex_unlock(&hang_lock);
        name = "127.0.0.1";
    }
    if (strcmp(name, "two.example.org") != 0) {
        return real(name, service, hints, list);
    }
    status = real("127.0.0.2", service, hints, list);
    return status != 0 ? status : real("127.0.0.1", service, hints, &(*list)->ai_next);
}

static void hang(bool on)
{
    pthread_mutex_lock(&hang_lock);
    hangs = on;
    hung = 0;
    pthread_cond_broadcast(&hang_wake);
    pthread_mutex_unlock(&hang_lock);
}

static unsigned hanging(void)
{
    unsigned now;

    pthread_mutex_lock(&hang_lock);
    now = hung;
    pthread_mutex_unlock(&hang_lock);
    return now;
}

static struct shared *open_uri(const char *uri)
{
    const struct shared_config config = {.uri = uri, .timeout_ms = TIMEOUT_MS, .max_queued = 1000};
    struct error error = {""};
    struct shared *shared = shared_open(base, &config, &error);

    if (shared == NULL) {
        fail_msg("%s", error.text);
    }
    return shared;
}

static struct shared *open_fake(struct fake *fake)
{
    char uri[64];

    fake_start(fake, base);
    snprintf(uri, sizeof(uri), "redis://127.0.0.1:%u", fake->port);
    return open_uri(uri);
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    return base != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    event_base_free(base);
    return 0;
}

/* Whatever is said to us, at any time: nobody dies, each get is answered once, and the loop goes on. */
static void survives_every_babble(void **state)
{
    static const char *const babbles[] = {
        NULL, "", "HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.example.org ESMTP\r\n", "+OK\r\n",
        "+OK\r\n+OK\r\n+OK\r\n", "-ERR\r\n", "-\r\n", "-DENIED protected mode\r\n", "-LOADING Redis is loading\r\n",
        "-NOAUTH Authentication\r\n", ":1\r\n", ":99999999999999999999\r\n", ":x\r\n", "$-1\r\n", "$-2\r\n",
        "$5\r\nhello\r\n", "$5\r\nhello\r\n$5\r\nhello\r\n", "$9223372036854775807\r\n", "$99999999999999999999\r\n",
        "$x\r\n", "$0\r\n\r\n", "$5\r\nhel", "*0\r\n", "*-1\r\n", "*1\r\n+OK\r\n", "*2147483647\r\n",
        "*9223372036854775807\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "_\r\n", "#t\r\n",
        "#x\r\n", ",1.5\r\n", ",inf\r\n", "(12345678901234567890\r\n", "!5\r\nERROR\r\n", "=6\r\ntxt:ab\r\n",
        "%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n", ">2\r\n+a\r\n+b\r\n", "|1\r\n+a\r\n+b\r\n+c\r\n", "\r\n", "\n",
        "\x16\x03\x01\x02", "+", "$", "*", "$1", "+OK\r", "+PONG\r\n-ERR unknown\r\n", "-MOVED 1 127.0.0.1:1\r\n",
        "-READONLY\r\n", "-OOM\r\n",
    };
    static const char pong[] = "+PONG\r\n";

    (void)state;
    log_catch();
    for (size_t i = 0; i < sizeof(babbles) / sizeof(babbles[0]); i++) {
        /* At once, instead of PONG, and to a get. */
        struct fake fakes[] = {
            {.hello = babbles[i]}, {.ping = babbles[i]}, {.ping = pong, .reply = babbles[i]},
            {.ping = pong, .reply = babbles[i], .closes = true},
            {.hello = babbles[i], .ping = pong, .reply = babbles[i]},
        };

        for (size_t j = 0; j < sizeof(fakes) / sizeof(fakes[0]); j++) {
            struct shared *shared = open_fake(&fakes[j]);
            struct got got[3] = {0};

            loop_for(base, 12);
            for (size_t k = 0; k < 3; k++) {
                shared_get(shared, "key", got_it, &got[k]);
                shared_put(shared, "key", bytes_of_string("value"), 1000);
            }
            loop_for(base, 12);
            shared_close(&shared);
            for (size_t k = 0; k < 3; k++) {
                assert_true(got[k].came);
                got_free(&got[k]);
            }
            fake_stop(&fakes[j]);
        }
    }
    free(log_caught());
}

static void what_replies_to_a_get_mean(void **state)
{
    static const struct {
        const char *reply;
        enum shared_result want;
        bool stays_up;
    } cases[] = {
        {"$5\r\nhello\r\n", SHARED_HIT, true},
        {"$0\r\n\r\n", SHARED_MISS, true},
        {"$-1\r\n", SHARED_FAILED, true},
        {"+OK\r\n", SHARED_FAILED, true},
        {":5\r\n", SHARED_FAILED, true},
        {"-LOADING Redis is loading the dataset in memory\r\n", SHARED_FAILED, true},
        {"-NOPERM this user has no permissions\r\n", SHARED_FAILED, true},
        {"-MOVED 3999 127.0.0.1:6381\r\n", SHARED_FAILED, true},
        {"-\r\n", SHARED_FAILED, true},
        {"*1\r\n+a\r\n", SHARED_FAILED, false},
        {"garbage\r\n", SHARED_FAILED, false},
    };

    (void)state;
    log_catch();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake fake = {.ping = "+PONG\r\n", .reply = cases[i].reply};
        struct shared *shared = open_fake(&fake);
        struct got got = {0};

        assert_true(wait_up(base, shared));
        loop_for(base, 20); /* the reply to CLIENT SETNAME */
        if (get_wait(base, shared, "key", &got) != cases[i].want || shared_is_up(shared) != cases[i].stays_up) {
            fail_msg("%s: got %d", cases[i].reply, got.result);
        }
        got_free(&got);
        shared_close(&shared);
        fake_stop(&fake);
    }
    free(log_caught());
}

/* It says 100 MB and sends them: we close long before. */
static void endless_replies_are_cut(void **state)
{
    static const char *const replies[] = {"$104857600\r\n", "+", "-ERR ", "*", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct fake fake = {.ping = "+PONG\r\n", .reply = replies[i], .endless = 100 * 1024 * 1024};
        uint64_t limit = count_read(COUNT_LIMIT_RECORD_BYTES);
        struct shared *shared = open_fake(&fake);
        struct got got = {0};
        char *log;

        assert_true(wait_up(base, shared));
        loop_for(base, 20);
        log_catch();
        assert_int_equal(get_wait(base, shared, "key", &got), SHARED_FAILED);
        log = log_caught();
        assert_int_equal(lines_with(log, "redis is away"), 1);
        assert_false(shared_is_up(shared));
        if (i == 0) {
            assert_non_null(strstr(log, "over the limit"));
            assert_true(count_read(COUNT_LIMIT_RECORD_BYTES) > limit);
        }
        free(log);
        shared_close(&shared);
        loop_for(base, 20);
        assert_true(fake.sent < 3 * MAX_RECORD_BYTES); /* the most of it in the buffers of the kernel */
        fake_stop(&fake);
    }
}

static void says_why_it_is_away(void **state)
{
    static const struct {
        const char *name, *want;
        struct fake fake;
        int64_t wait_ms;
    } cases[] = {
        {"silent", "it does not answer in time", {.hello = NULL}, TIMEOUT_MS * 2},
        {"loading", "LOADING Redis is loading", {.ping = "-LOADING Redis is loading\r\n"}, 100},
        {"protected mode", "DENIED protected mode", {.ping = "-DENIED protected mode\r\n"}, 100},
        {"wants a password", "NOAUTH Authentication required", {.ping = "-NOAUTH Authentication required.\r\n"}, 100},
        {"something else", "Protocol error", {.hello = "220 mail ESMTP\r\n"}, 100},
        {"too many clients", "max number of clients", {.hello = "-ERR max number of clients reached\r\n"}, 100},
        {"says more than was asked", "nothing was asked for", {.ping = "+PONG\r\n+PONG\r\n+PONG\r\n"}, 100},
        {"pong as a number", "does not answer PING", {.ping = ":1\r\n"}, 100},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake fake = cases[i].fake;
        struct shared *shared;
        char *log;

        log_catch();
        shared = open_fake(&fake);
        loop_for(base, cases[i].wait_ms);
        log = log_caught();
        if (strstr(log, cases[i].want) == NULL || lines_with(log, "answers go on without it") == 0) {
            fail_msg("%s: want \"%s\", got: %s", cases[i].name, cases[i].want, log);
        }
        free(log);
        shared_close(&shared);
        fake_stop(&fake);
    }
}

static void rests_longer_and_longer(void **state)
{
    struct fake fake = {.hello = "nonsense\r\n"};
    struct shared *shared;

    (void)state;
    log_catch();
    shared = open_fake(&fake);
    loop_for(base, 3000);
    free(log_caught());
    /* After 100, 200, 400, 800, 1600 ms, each cut by half at most. */
    assert_in_range(fake.connections, 4, 8);
    shared_close(&shared);
    fake_stop(&fake);
}

static void a_name_that_hangs(void **state)
{
    struct shared *shared;
    struct got got = {0};
    int64_t start;
    char *log;

    (void)state;
    hang(true);
    log_catch();
    shared = open_uri("redis://hangs.example.org:1");
    start = clock_mono_ms();
    loop_for(base, 50);
    shared_get(shared, "key", got_it, &got);
    assert_true(got.came);
    assert_int_equal(got.result, SHARED_FAILED);
    loop_for(base, TIMEOUT_MS * 3);
    log = log_caught();
    assert_int_equal(lines_with(log, "does not resolve in time"), 1);
    free(log);
    assert_int_equal(hanging(), 1);
    start = clock_mono_ms();
    shared_close(&shared);
    assert_in_range(clock_mono_ms() - start, 0, 100);
    hang(false);
    loop_for(base, 100); /* its thread ends after us */
}

static void a_name_that_comes_late(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n"};
    struct shared *shared;
    char uri[64];

    (void)state;
    fake_start(&fake, base);
    hang(true);
    snprintf(uri, sizeof(uri), "redis://hangs.example.org:%u", fake.port);
    log_catch();
    shared = open_uri(uri);
    loop_for(base, TIMEOUT_MS * 2);
    hang(false);
    assert_true(wait_up(base, shared));
    free(log_caught());
    shared_close(&shared);
    fake_stop(&fake);
}

static void a_name_of_two_addresses(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n"};
    struct shared *shared;
    char uri[64], *log;

    (void)state;
    fake_start(&fake, base);
    snprintf(uri, sizeof(uri), "redis://two.example.org:%u", fake.port);
    log_catch();
    shared = open_uri(uri);
    assert_true(wait_up(base, shared));
    log = log_caught();
    assert_string_equal(log, ""); /* the first was no fault: there was another */
    free(log);
    shared_close(&shared);
    fake_stop(&fake);
}

static void a_name_that_is_none(void **state)
{
    struct shared *shared;
    char *log;

    (void)state;
    log_catch();
    shared = open_uri("redis://nobody.invalid");
    loop_for(base, 1000);
    log = log_caught();
    assert_int_equal(lines_with(log, "redis is away"), 1);
    free(log);
    shared_close(&shared);
}

/* What a callback does from within. */
struct caller_back {
    struct shared *shared;
    unsigned came, left;
    bool closes;
    enum shared_result last;
};

static void call_back(void *context, enum shared_result result, struct bytes value)
{
    struct caller_back *back = context;

    (void)value;
    back->came++;
    back->last = result;
    if (back->shared == NULL) {
        return;
    }
    if (back->closes && back->came == 3) {
        shared_close(&back->shared);
        return;
    }
    shared_put(back->shared, "key", bytes_of_string("value"), 1000);
    if (back->left > 0) {
        back->left--;
        shared_get(back->shared, "key", call_back, back);
    }
}

static bool came_100(void *context)
{
    return ((struct caller_back *)context)->came >= 100;
}

static void callbacks_may_ask_again(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n"};
    struct caller_back back = {.left = 99};

    (void)state;
    back.shared = open_fake(&fake);
    assert_true(wait_up(base, back.shared));
    shared_get(back.shared, "key", call_back, &back);
    assert_true(loop_until(base, came_100, &back, 20000));
    assert_int_equal(back.last, SHARED_HIT);
    shared_close(&back.shared);
    fake_stop(&fake);
}

/* Ten gets are under way; the third callback closes everything: the other seven come before it returns. How the gets
 * end: by replies, by the server's hanging up, by its silence, by too large a reply, by one that hiredis drops. */
static void callbacks_may_close(void **state)
{
    static const struct fake fakes[] = {
        {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n"},
        {.ping = "+PONG\r\n", .reply = "", .closes = true},
        {.ping = "+PONG\r\n"},
        {.ping = "+PONG\r\n", .reply = "$104857600\r\n", .endless = 100 * 1024 * 1024},
        {.ping = "+PONG\r\n", .reply = "*1\r\n"},
    };

    (void)state;
    log_catch();
    for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++) {
        struct fake fake = fakes[i];
        struct caller_back back = {.closes = true};

        back.shared = open_fake(&fake);
        assert_true(wait_up(base, back.shared));
        loop_for(base, 20);
        for (int j = 0; j < 10; j++) {
            shared_get(back.shared, "key", call_back, &back);
        }
        loop_for(base, TIMEOUT_MS * 2);
        assert_null(back.shared);
        assert_int_equal(back.came, 10);
        fake_stop(&fake);
    }
    free(log_caught());
}

static void closing_answers_everybody(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n"};
    struct caller_back back = {.left = 5};
    struct shared *shared;

    (void)state;
    shared = open_fake(&fake);
    assert_true(wait_up(base, shared));
    back.shared = shared;
    for (int i = 0; i < 10; i++) {
        shared_get(shared, "key", call_back, &back);
    }
    shared_close(&shared);
    assert_int_equal(back.came, 15); /* those that were asked from within, too */
    assert_int_equal(back.last, SHARED_FAILED);
    fake_stop(&fake);
}

/* At each step on the way up. */
static void may_close_at_any_time(void **state)
{
    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        struct fake fake = {.ping = "+PONG\r\n"};
        struct shared *shared = open_fake(&fake);

        for (int i = 0; i < turns; i++) {
            event_base_loop(base, EVLOOP_NONBLOCK);
        }
        shared_close(&shared);
        fake_stop(&fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(survives_every_babble, begin, end),
        cmocka_unit_test_setup_teardown(what_replies_to_a_get_mean, begin, end),
        cmocka_unit_test_setup_teardown(endless_replies_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(says_why_it_is_away, begin, end),
        cmocka_unit_test_setup_teardown(rests_longer_and_longer, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_hangs, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_comes_late, begin, end),
        cmocka_unit_test_setup_teardown(a_name_of_two_addresses, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_is_none, begin, end),
        cmocka_unit_test_setup_teardown(callbacks_may_ask_again, begin, end),
        cmocka_unit_test_setup_teardown(callbacks_may_close, begin, end),
        cmocka_unit_test_setup_teardown(closing_answers_everybody, begin, end),
        cmocka_unit_test_setup_teardown(may_close_at_any_time, begin, end),
    };

    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
