/* cache/redis: what others change is told, by a real redis-server. */
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

#define TIMEOUT_MS 500

static struct event_base *base;
static struct server server;

/* One gateway, and what it heard. */
struct gateway {
    struct shared *shared;
    enum shared_state state;
    unsigned states, changes, all_changes, messages;
    char key[128];
    uint8_t message[MAX_MESSAGE_BYTES];
    size_t message_size;
};

static void on_state(void *context, enum shared_state state)
{
    struct gateway *gateway = context;

    assert_int_not_equal(gateway->state, state);
    gateway->state = state;
    gateway->states++;
}

static void on_changed(void *context, struct bytes key)
{
    struct gateway *gateway = context;

    if (key.data == NULL) {
        gateway->all_changes++;
        return;
    }
    gateway->changes++;
    snprintf(gateway->key, sizeof(gateway->key), "%.*s", (int)key.size, (const char *)key.data);
}

static void on_said(void *context, struct bytes message)
{
    struct gateway *gateway = context;

    gateway->messages++;
    gateway->message_size = message.size;
    memcpy(gateway->message, message.data, message.size);
}

static void gateway_open_at(struct gateway *gateway, const char *uri, const char *prefix)
{
    const struct shared_config config = {.uri = uri, .username = "", .password = "", .timeout_ms = TIMEOUT_MS,
                                         .max_queued = 1000};
    const struct shared_ears ears = {on_state, on_changed, on_said, gateway};
    struct error error = {""};

    *gateway = (struct gateway){0};
    gateway->shared = shared_open(base, &config, &error);
    assert_non_null(gateway->shared);
    shared_listen(gateway->shared, prefix, &ears);
}

static const char *uri_of(const char *userinfo)
{
    static char uri[128];

    snprintf(uri, sizeof(uri), "redis://%s127.0.0.1:%u", userinfo, server.port);
    return uri;
}

static bool hears(void *context)
{
    return ((struct gateway *)context)->state == SHARED_HEARS;
}

static bool is_deaf(void *context)
{
    return ((struct gateway *)context)->state == SHARED_DEAF;
}

static bool has_changes(void *context)
{
    return ((struct gateway *)context)->changes > 0;
}

static bool has_messages(void *context)
{
    return ((struct gateway *)context)->messages > 0;
}

static bool all_changed(void *context)
{
    return ((struct gateway *)context)->all_changes > 0;
}

#define WITHIN_MS 10000
#define AWAIT(what, gateway) assert_true(loop_until(base, what, gateway, WITHIN_MS))

static void gateways_open(struct gateway *one, struct gateway *other)
{
    gateway_open_at(one, uri_of(""), "t:");
    gateway_open_at(other, uri_of(""), "t:");
    AWAIT(hears, one);
    AWAIT(hears, other);
}

static void gateways_close(struct gateway *one, struct gateway *other)
{
    shared_close(&one->shared);
    shared_close(&other->shared);
}

static void ask(const char *command)
{
    char line[128];

    assert_true(server_ask(&server, command, line, sizeof(line))[0] != '-');
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    server_start(&server, NULL);
    return base != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    server_stop(&server);
    event_base_free(base);
    return 0;
}

/* What one writes, the other hears; what it deletes, too; and nobody hears what he did himself. */
static void the_others_changes_are_told(void **state)
{
    struct gateway one, other;
    uint64_t counted = count_read(COUNT_REDIS_CHANGES);

    (void)state;
    gateways_open(&one, &other);
    assert_int_equal(gauge_read(GAUGE_REDIS_TRACKING), 1);
    assert_int_equal(one.states, 2); /* deaf, then hears */
    shared_put(one.shared, "t:alice", bytes_of_string("value"), 60000);
    AWAIT(has_changes, &other);
    assert_string_equal(other.key, "t:alice");
    other.changes = 0;
    assert_true(shared_del(one.shared, "t:alice"));
    AWAIT(has_changes, &other);
    assert_string_equal(other.key, "t:alice");
    other.changes = 0;
    shared_put(one.shared, "elsewhere", bytes_of_string("value"), 60000);
    assert_true(shared_del(one.shared, "t:not-there"));
    loop_for(base, 100);
    assert_int_equal(other.changes, 0);
    assert_int_equal(one.changes, 0);
    assert_int_equal(count_read(COUNT_REDIS_CHANGES) - counted, 2);
    ask("SET t:a 1");
    AWAIT(has_changes, &one);
    ask("FLUSHALL");
    AWAIT(all_changed, &one);
    AWAIT(all_changed, &other);
    gateways_close(&one, &other);
}

static void an_expired_key_is_told(void **state)
{
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    shared_put(one.shared, "t:alice", bytes_of_string("value"), 50);
    AWAIT(has_changes, &other);
    other.changes = 0;
    AWAIT(has_changes, &other);
    gateways_close(&one, &other);
}

static void messages_reach_everybody(void **state)
{
    static const uint8_t words[] = "drop\0\r\n*1\r\n\xff";
    uint8_t large[MAX_MESSAGE_BYTES + 1] = {'x'};
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    assert_true(shared_publish(one.shared, bytes_of(words, sizeof(words))));
    AWAIT(has_messages, &other);
    AWAIT(has_messages, &one);
    assert_int_equal(other.message_size, sizeof(words));
    assert_memory_equal(other.message, words, sizeof(words));
    other.messages = 0;
    assert_true(shared_publish(one.shared, bytes_of(large, MAX_MESSAGE_BYTES)));
    AWAIT(has_messages, &other);
    assert_false(shared_publish(one.shared, bytes_of(large, sizeof(large))));
    gateways_close(&one, &other);
}

/* Over the limit, from someone else: the connection is closed, which costs a confirmation each, and nothing else. */
static void a_large_message_is_a_loss(void **state)
{
    struct gateway one, other;
    char command[2 * MAX_MESSAGE_BYTES + 32];
    uint64_t losses = count_read(COUNT_REDIS_TRACKING_LOST);

    (void)state;
    gateways_open(&one, &other);
    snprintf(command, sizeof(command), "PUBLISH t:said %0*d", MAX_MESSAGE_BYTES + 1, 1);
    ask(command);
    AWAIT(is_deaf, &one);
    AWAIT(hears, &one);
    assert_true(count_read(COUNT_REDIS_TRACKING_LOST) >= losses + 1);
    gateways_close(&one, &other);
}

static void many_changes_at_a_time(void **state)
{
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    ask("EVAL \"for i=1,20000 do redis.call('SET','t:'..i,1) end return 1\" 0");
    loop_for(base, 300);
    assert_int_equal(other.changes, 20000);
    assert_int_equal(other.state, SHARED_HEARS);
    ask("EVAL \"for i=1,70000 do redis.call('SET','t:'..i,1) end return 1\" 0");
    AWAIT(is_deaf, &other);
    AWAIT(hears, &other);
    gateways_close(&one, &other);
}

/* Killed connections, either of them: it is noticed at once, and hearing comes back by itself. */
static void a_lost_connection_is_noticed(void **state)
{
    static const char *const kills[] = {"CLIENT KILL TYPE pubsub", "CLIENT KILL TYPE normal"};
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++) {
        unsigned states = one.states;
        int64_t before = clock_mono_ms();

        ask(kills[i]);
        while (one.states == states && clock_mono_ms() - before < 500) {
            loop_for(base, 10);
        }
        assert_in_range(one.states - states, 1, 4);
        AWAIT(hears, &one);
        AWAIT(hears, &other);
        assert_in_range(clock_mono_ms() - before, 0, 3000);
        assert_in_range(one.states - states, 2, 4);
        other.changes = 0;
        shared_put(one.shared, "t:alice", bytes_of_string("value"), 60000);
        AWAIT(has_changes, &other);
    }
    gateways_close(&one, &other);
}

/* One that says nothing any more, but is not closed: what comes is held back by the server. */
static void a_silent_connection_is_noticed(void **state)
{
    struct gateway one, other;
    int64_t before;

    (void)state;
    gateways_open(&one, &other);
    ask("CLIENT PAUSE 60000 WRITE");
    before = clock_mono_ms();
    while (one.state == SHARED_HEARS && clock_mono_ms() - before < 8000) {
        loop_for(base, 50);
    }
    assert_int_not_equal(one.state, SHARED_HEARS);
    ask("CLIENT UNPAUSE");
    AWAIT(hears, &one);
    gateways_close(&one, &other);
}

static void a_restart_is_noticed(void **state)
{
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    server_kill(&server);
    assert_true(wait_down(base, one.shared));
    assert_int_equal(one.state, SHARED_AWAY);
    assert_int_equal(gauge_read(GAUGE_REDIS_TRACKING), 0);
    assert_false(shared_del(one.shared, "t:alice"));
    assert_false(shared_publish(one.shared, bytes_of_string("drop")));
    server_revive(&server);
    AWAIT(hears, &one);
    AWAIT(hears, &other);
    shared_put(one.shared, "t:alice", bytes_of_string("value"), 60000);
    AWAIT(has_changes, &other);
    gateways_close(&one, &other);
}

/* A user without the permission: one line in the log, and reading and writing goes on. */
static void who_may_not_is_deaf(void **state)
{
    static const char *const users[] = {
        "ACL SETUSER u on >p ~t:* &* +ping +getrange +set +client|setname +client|id +subscribe +publish",
        "ACL SETUSER u on >p ~t:* resetchannels +@all",
        "ACL SETUSER u on >p ~t:* &* +ping +getrange +set +client|setname +client|id +client|tracking +subscribe",
        "ACL SETUSER u on >p ~t:* &* +ping +getrange +set",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct gateway gateway;
        struct got got = {0};

        ask("ACL SETUSER u reset");
        ask(users[i]);
        log_catch();
        gateway_open_at(&gateway, uri_of("u:p@"), "t:");
        AWAIT(is_deaf, &gateway);
        loop_for(base, 1500);
        char *log = log_caught();
        assert_int_equal(gateway.state, SHARED_DEAF);
        assert_int_equal(lines_with(log, "redis does not tell us"), 1);
        free(log);
        shared_put(gateway.shared, "t:alice", bytes_of_string("value"), 60000);
        assert_int_equal(get_wait(base, gateway.shared, "t:alice", &got), SHARED_HIT);
        got_free(&got);
        shared_close(&gateway.shared);
    }
    ask("ACL DELUSER u");
}

/* As much as the manual says, and no more. */
static void this_is_all_it_needs(void **state)
{
    struct gateway gateway;
    struct got got = {0};

    (void)state;
    ask("ACL SETUSER u reset");
    ask("ACL SETUSER u on >p ~t:* &t:* &__redis__:invalidate +ping +select +getrange +set +del +publish +subscribe "
        "+client|id +client|setname +client|tracking");
    gateway_open_at(&gateway, uri_of("u:p@"), "t:");
    AWAIT(hears, &gateway);
    ask("SET t:x 1");
    AWAIT(has_changes, &gateway);
    assert_true(shared_del(gateway.shared, "t:x"));
    assert_int_equal(get_wait(base, gateway.shared, "t:x", &got), SHARED_MISS);
    loop_for(base, 2500);
    assert_int_equal(gateway.state, SHARED_HEARS);
    shared_close(&gateway.shared);
    ask("ACL DELUSER u");
}

static void another_prefix_begins_anew(void **state)
{
    struct gateway one, other;

    (void)state;
    gateways_open(&one, &other);
    const struct shared_ears ears = {on_state, on_changed, on_said, &one};
    shared_listen(one.shared, "u:", &ears);
    assert_int_equal(one.state, SHARED_DEAF);
    AWAIT(hears, &one);
    shared_put(other.shared, "t:alice", bytes_of_string("value"), 60000);
    shared_put(other.shared, "u:alice", bytes_of_string("value"), 60000);
    AWAIT(has_changes, &one);
    loop_for(base, 50);
    assert_string_equal(one.key, "u:alice");
    assert_int_equal(one.changes, 1);
    gateways_close(&one, &other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_others_changes_are_told, begin, end),
        cmocka_unit_test_setup_teardown(an_expired_key_is_told, begin, end),
        cmocka_unit_test_setup_teardown(messages_reach_everybody, begin, end),
        cmocka_unit_test_setup_teardown(a_large_message_is_a_loss, begin, end),
        cmocka_unit_test_setup_teardown(many_changes_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_connection_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(a_silent_connection_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(who_may_not_is_deaf, begin, end),
        cmocka_unit_test_setup_teardown(this_is_all_it_needs, begin, end),
        cmocka_unit_test_setup_teardown(another_prefix_begins_anew, begin, end),
    };

    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
