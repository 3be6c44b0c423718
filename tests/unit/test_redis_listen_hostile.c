/* cache/redis: the connection that hears, against servers that say what Redis never would. */
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
#include "tests/unit/scarce.h"

#define TIMEOUT_MS 300
#define SAID "$6\r\nt:said\r\n"
#define CHANGED "$20\r\n__redis__:invalidate\r\n"
#define MESSAGE "*3\r\n$7\r\nmessage\r\n"

/* What is freed may be given out again at once, as it may without a sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=0:thread_local_quarantine_size_kb=0";
}

static struct event_base *base;

struct gateway {
    struct shared *shared;
    enum shared_state state;
    unsigned states, changes, all_changes, messages;
};

static void on_state(void *context, enum shared_state state)
{
    struct gateway *gateway = context;

    gateway->state = state;
    gateway->states++;
}

static void on_changed(void *context, struct bytes key)
{
    struct gateway *gateway = context;

    *(key.data != NULL ? &gateway->changes : &gateway->all_changes) += 1;
    assert_in_range(key.size, 0, MAX_CHANGED_KEY_BYTES);
}

static void on_said(void *context, struct bytes message)
{
    struct gateway *gateway = context;

    gateway->messages++;
    assert_in_range(message.size, 0, MAX_MESSAGE_BYTES);
}

static void open_with(struct gateway *gateway, uint16_t port, int64_t timeout_ms)
{
    char uri[64];
    const struct shared_config config = {.uri = uri, .username = "", .password = "", .timeout_ms = timeout_ms,
                                         .max_queued = 1000};
    const struct shared_ears ears = {on_state, on_changed, on_said, gateway};
    struct error error = {""};

    snprintf(uri, sizeof(uri), "redis://127.0.0.1:%u", port);
    *gateway = (struct gateway){0};
    gateway->shared = shared_open(base, &config, &error);
    assert_non_null(gateway->shared);
    shared_listen(gateway->shared, "t:", &ears);
}

static void open_at(struct gateway *gateway, uint16_t port)
{
    open_with(gateway, port, TIMEOUT_MS);
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

static bool hears(void *context)
{
    return ((struct gateway *)context)->state == SHARED_HEARS;
}

static bool is_told(void *context)
{
    const struct gateway *gateway = context;

    return gateway->changes > 0 || gateway->all_changes > 0 || gateway->messages > 0;
}

static bool is_lost(void *context)
{
    const struct gateway *gateway = context;

    return gateway->states > 1 && gateway->state != SHARED_HEARS;
}

/* What comes over the second connection once it has subscribed: what is well-formed is told, of the rest nothing but
 * the end of that connection. The first goes on. */
static void only_messages_are_taken(void **state)
{
    static const struct {
        const char *pushed;
        unsigned changes, all_changes, messages;
    } rows[] = {
        {MESSAGE CHANGED "*1\r\n$3\r\nt:a\r\n", 1, 0, 0},
        {MESSAGE CHANGED "*2\r\n$3\r\nt:a\r\n$3\r\nt:b\r\n", 2, 0, 0},
        {MESSAGE CHANGED "*1\r\n$0\r\n\r\n", 1, 0, 0},
        {MESSAGE CHANGED "*-1\r\n", 0, 1, 0},
        {MESSAGE CHANGED "$-1\r\n", 0, 1, 0},
        {MESSAGE SAID "$2\r\nhi\r\n", 0, 0, 1},
        {MESSAGE SAID "$0\r\n\r\n", 0, 0, 1},
        {MESSAGE SAID "$2\r\nhi\r\n" MESSAGE SAID "$2\r\nho\r\n", 0, 0, 2},
        /* One that is not, then one that would be. */
        {"*0\r\n" MESSAGE SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*-1\r\n" MESSAGE SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*2\r\n$7\r\nmessage\r\n" SAID MESSAGE SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*4\r\n$7\r\nmessage\r\n" SAID "$2\r\nhi\r\n$2\r\nhi\r\n", 0, 0, 0},
        {"*2147483647\r\n", 0, 0, 0},
        {"*3\r\n*3\r\n", 0, 0, 0},
        {"*3\r\n:7\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*3\r\n+message\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*3\r\n$-1\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*3\r\n$7\r\nMESSAGE\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*3\r\n$8\r\nmessage\0\r\n", 0, 0, 0},
        {"*3\r\n$8\r\npmessage\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {"*3\r\n$9\r\nsubscribe\r\n" SAID ":4\r\n", 0, 0, 0},
        {"*3\r\n$11\r\nunsubscribe\r\n" SAID ":0\r\n", 0, 0, 0},
        {"*3\r\n$12\r\npunsubscribe\r\n" SAID ":0\r\n", 0, 0, 0},
        {"*3\r\n$9\r\nsubscribe\r\n$4\r\nelse\r\n:4\r\n", 0, 0, 0},
        {MESSAGE "$4\r\nelse\r\n$2\r\nhi\r\n", 0, 0, 0},
        {MESSAGE ":1\r\n$2\r\nhi\r\n", 0, 0, 0},
        {MESSAGE "*1\r\n$2\r\nhi\r\n", 0, 0, 0},
        {MESSAGE "$-1\r\n$2\r\nhi\r\n", 0, 0, 0},
        {MESSAGE SAID ":1\r\n", 0, 0, 0},
        {MESSAGE SAID "$-1\r\n", 0, 0, 0},
        {MESSAGE SAID "*1\r\n$2\r\nhi\r\n", 0, 0, 0},
        {MESSAGE SAID "+hi\r\n", 0, 0, 0},
        {MESSAGE SAID "-ERR\r\n", 0, 0, 0},
        {MESSAGE SAID "$1025\r\n", 0, 0, 0},
        {MESSAGE SAID "$2147483647\r\n", 0, 0, 0},
        {MESSAGE CHANGED "$3\r\nt:a\r\n", 0, 0, 0},
        {MESSAGE CHANGED ":1\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*1\r\n:1\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*1\r\n+a\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*1\r\n$-1\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*1\r\n*1\r\n$1\r\na\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*65537\r\n$1\r\na\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*2147483647\r\n", 0, 0, 0},
        {MESSAGE CHANGED "*9223372036854775807\r\n", 0, 0, 0},
        {"+OK\r\n", 0, 0, 0},
        {":1\r\n", 0, 0, 0},
        {"$-1\r\n", 0, 0, 0},
        {"-ERR something\r\n", 0, 0, 0},
        {"-NOPERM not you\r\n", 0, 0, 0},
        {">3\r\n$7\r\nmessage\r\n" SAID "$2\r\nhi\r\n", 0, 0, 0},
        {">2\r\n$22\r\ntracking-redir-broken\r\n:7\r\n", 0, 0, 0},
        {"_\r\n", 0, 0, 0},
        {"%1\r\n+a\r\n+b\r\n", 0, 0, 0},
        {"garbage\r\n", 0, 0, 0},
        {"\r\n", 0, 0, 0},
    };

    (void)state;
    log_catch();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fake fake = {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n", .tracks = true, .pushed = rows[i].pushed};
        bool fits = rows[i].changes + rows[i].all_changes + rows[i].messages > 0;
        struct gateway gateway;
        struct got got = {0};

        fake_start(&fake, base);
        open_at(&gateway, fake.port);
        assert_true(!fits || loop_until(base, is_told, &gateway, 5000));
        loop_for(base, 60);
        if (fits ? gateway.changes != rows[i].changes || gateway.all_changes != rows[i].all_changes ||
                       gateway.messages != rows[i].messages || gateway.state != SHARED_HEARS
                 : is_told(&gateway)) {
            fail_msg("%zu: %u %u %u, state %d", i, gateway.changes, gateway.all_changes, gateway.messages,
                     gateway.state);
        }
        assert_int_equal(get_wait(base, gateway.shared, "key", &got), SHARED_HIT);
        got_free(&got);
        shared_close(&gateway.shared);
        fake_stop(&fake);
    }
    free(log_caught());
}

/* Whatever it says to CLIENT ID, or instead of confirming, nobody dies, and reading goes on. */
static void what_comes_too_early_is_no_message(void **state)
{
    static const char *const pushes[] = {
        MESSAGE SAID "$2\r\nhi\r\n", MESSAGE CHANGED "*-1\r\n", "*3\r\n$9\r\nsubscribe\r\n" SAID ":1\r\n", "*-1\r\n",
        "*3\r\n$9\r\nsubscribe\r\n" SAID ":1\r\n*3\r\n$9\r\nsubscribe\r\n" SAID ":1\r\n", "", "-NOPERM\r\n",
        "*3\r\n$9\r\nsubscribe\r\n" SAID "$1\r\nx\r\n", "*3\r\n$9\r\nsubscribe\r\n" SAID "*1\r\n", ":0\r\n", "$-1\r\n",
        "-ERR unknown subcommand\r\n", ":-5\r\n", "+7\r\n",
    };

    (void)state;
    log_catch();
    for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
        struct fake fakes[] = {
            {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n", .pushed = pushes[i]},
            {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n", .hello = pushes[i], .tracks = true},
        };
        for (size_t j = 0; j < 2; j++) {
            struct gateway gateway;

            fake_start(&fakes[j], base);
            open_at(&gateway, fakes[j].port);
            loop_for(base, 60);
            assert_false(gateway.messages > 0 && j == 1);
            shared_close(&gateway.shared);
            fake_stop(&fakes[j]);
        }
    }
    free(log_caught());
}

/* The first connection's server gives no heartbeat back: within seconds it is known that nothing is heard. */
static void without_a_heartbeat_nothing_is_heard(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n", .tracks = true};
    struct gateway gateway;
    uint64_t losses = count_read(COUNT_REDIS_TRACKING_LOST);
    int64_t before;

    (void)state;
    fake_start(&fake, base);
    open_at(&gateway, fake.port);
    assert_true(loop_until(base, hears, &gateway, 5000));
    before = clock_mono_ms();
    assert_true(loop_until(base, is_lost, &gateway, 10000));
    assert_in_range(clock_mono_ms() - before, 2500, 6000);
    assert_int_equal(gateway.state, SHARED_DEAF); /* the first goes on */
    assert_int_equal(count_read(COUNT_REDIS_TRACKING_LOST) - losses, 1);
    shared_close(&gateway.shared);
    fake_stop(&fake);
}

#define TRIES 4

static unsigned tries;

static bool tries_to_track(void *context)
{
    return ((struct fake *)context)->held == 2 * tries; /* OFF and ON */
}

/* "OK" that comes late, to tracking for a second connection that has gone since, says nothing of the next one, which may
 * stand where that one stood in memory. */
static void a_late_reply_is_of_the_connection_before(void **state)
{
    struct fake fake = {.ping = "+PONG\r\n", .reply = "$5\r\nhello\r\n", .tracks = true, .holds = true};
    struct gateway gateway;

    (void)state;
    log_catch();
    fake_start(&fake, base);
    open_with(&gateway, fake.port, 10000);
    for (tries = 1; tries <= TRIES; tries++) {
        assert_true(loop_until(base, tries_to_track, &fake, 5000));
        if (tries < TRIES) {
            fake_hang_up(&fake);
        }
    }
    for (unsigned i = 1; i < TRIES; i++) {
        fake_release(&fake, 2);
        loop_for(base, 30);
        assert_int_equal(gateway.state, SHARED_DEAF);
    }
    fake_release(&fake, 2);
    assert_true(loop_until(base, hears, &gateway, 5000));
    shared_close(&gateway.shared);
    fake_stop(&fake);
    free(log_caught());
}

/* Any allocation of ours may fail on the way: it is tried again, and nothing leaks. */
static void short_of_memory_it_is_tried_again(void **state)
{
    struct server server;
    unsigned failures = 0;

    (void)state;
    log_catch();
    server_start(&server, NULL);
    for (int nth = 1; nth < 20; nth++) {
        struct gateway gateway;

        open_at(&gateway, server.port);
        scarce_begin(nth);
        loop_for(base, 30);
        failures += scarce_end();
        assert_true(loop_until(base, hears, &gateway, 10000));
        shared_close(&gateway.shared);
    }
    assert_true(failures > 2); /* commands of the first connection */
    server_stop(&server);
    free(log_caught());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_messages_are_taken, begin, end),
        cmocka_unit_test_setup_teardown(what_comes_too_early_is_no_message, begin, end),
        cmocka_unit_test_setup_teardown(without_a_heartbeat_nothing_is_heard, begin, end),
        cmocka_unit_test_setup_teardown(a_late_reply_is_of_the_connection_before, begin, end),
        cmocka_unit_test_setup_teardown(short_of_memory_it_is_tried_again, begin, end),
    };

    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
