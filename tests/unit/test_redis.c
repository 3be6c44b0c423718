/* cache/redis against a real redis-server. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/redis_play.h"

#define TIMEOUT_MS 500

static struct event_base *base;
static struct server server;

static struct shared_config config_of(const char *uri)
{
    return (struct shared_config){.uri = uri, .username = "", .password = "", .timeout_ms = TIMEOUT_MS,
                                  .max_queued = 20000};
}

static struct shared *open_with(const struct shared_config *config)
{
    struct error error = {""};
    struct shared *shared = shared_open(base, config, &error);

    if (shared == NULL) {
        fail_msg("%s", error.text);
    }
    return shared;
}

static const char *server_uri(void)
{
    static char uri[64];

    snprintf(uri, sizeof(uri), "redis://127.0.0.1:%u", server.port);
    return uri;
}

static struct shared *open_up(void)
{
    struct shared_config config = config_of(server_uri());
    struct shared *shared = open_with(&config);

    assert_false(shared_is_up(shared));
    assert_true(wait_up(base, shared));
    assert_int_equal(gauge_read(GAUGE_REDIS_UP), 1);
    return shared;
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    server_start(&server, *state);
    return base != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    server_stop(&server);
    event_base_free(base);
    return 0;
}

static void puts_and_gets(void **state)
{
    static const uint8_t value[] = "one\0two\r\n$3\r\n\xff\xfe";
    uint64_t hits = count_read(COUNT_REDIS_HITS), misses = count_read(COUNT_REDIS_MISSES);
    struct shared *shared = open_up();
    struct got got = {0};

    (void)state;
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_MISS);
    shared_put(shared, "key", bytes_of(value, sizeof(value)), 60000);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_HIT);
    assert_true(bytes_equal(bytes_of(got.value, got.size), bytes_of(value, sizeof(value))));
    shared_put(shared, "key", bytes_of_string("other"), 60000);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_HIT);
    assert_int_equal(got.size, 5);
    shared_put(shared, "short", bytes_of_string("life"), 30);
    shared_put(shared, "none", bytes_of_string("life"), 0);
    assert_int_equal(get_wait(base, shared, "short", &got), SHARED_HIT);
    assert_int_equal(get_wait(base, shared, "none", &got), SHARED_MISS);
    loop_for(base, 60);
    assert_int_equal(get_wait(base, shared, "short", &got), SHARED_MISS);
    assert_int_equal(count_read(COUNT_REDIS_HITS) - hits, 3);
    assert_int_equal(count_read(COUNT_REDIS_MISSES) - misses, 3);
    got_free(&got);
    shared_close(&shared);
    assert_null(shared);
    assert_int_equal(gauge_read(GAUGE_REDIS_UP), 0);
    shared_close(&shared);
}

static void largest_and_too_large(void **state)
{
    uint64_t limit = count_read(COUNT_LIMIT_RECORD_BYTES);
    uint8_t *large = calloc(1, MAX_RECORD_BYTES + 1);
    struct shared *shared = open_up();
    struct got got = {0};
    char line[128];

    (void)state;
    shared_put(shared, "key", bytes_of(large, MAX_RECORD_BYTES), 60000);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_HIT);
    assert_int_equal(got.size, MAX_RECORD_BYTES);
    shared_put(shared, "larger", bytes_of(large, MAX_RECORD_BYTES + 1), 60000);
    assert_int_equal(count_read(COUNT_LIMIT_RECORD_BYTES) - limit, 1);
    assert_int_equal(get_wait(base, shared, "larger", &got), SHARED_MISS);
    /* Somebody else's, far over the limit: neither read nor taken for ours, and the connection lives on. */
    server_ask(&server, "SETRANGE larger 30000000 x", line, sizeof(line));
    assert_string_equal(line, ":30000001");
    assert_int_equal(get_wait(base, shared, "larger", &got), SHARED_MISS);
    assert_int_equal(count_read(COUNT_LIMIT_RECORD_BYTES) - limit, 2);
    assert_true(shared_is_up(shared));
    got_free(&got);
    shared_close(&shared);
    free(large);
}

struct tally {
    unsigned came;
    unsigned results[3];
};

static void tally_it(void *context, enum shared_result result, struct bytes value)
{
    struct tally *tally = context;

    (void)value;
    tally->came++;
    tally->results[result]++;
}

static bool all_10000(void *context)
{
    return ((struct tally *)context)->came == 10000;
}

static void pipelines_ten_thousand(void **state)
{
    struct shared_config config = config_of(server_uri());
    struct shared *shared;
    struct tally tally = {0};
    uint8_t value[2000] = {1};
    char key[32];

    (void)state;
    config.timeout_ms = 10000;
    shared = open_with(&config);
    assert_true(wait_up(base, shared));
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        shared_put(shared, key, bytes_of(value, sizeof(value)), 60000);
        shared_get(shared, key, tally_it, &tally);
    }
    assert_int_equal(tally.came, 0);
    assert_true(loop_until(base, all_10000, &tally, 30000));
    assert_int_equal(tally.results[SHARED_HIT], 10000);
    shared_close(&shared);
}

static void bounds_what_is_under_way(void **state)
{
    struct shared_config config = config_of(server_uri());
    uint64_t limit = count_read(COUNT_LIMIT_REDIS_QUEUE);
    uint8_t *large = calloc(1, MAX_RECORD_BYTES);
    struct tally tally = {0};
    struct shared *shared;

    (void)state;
    config.max_queued = 10;
    shared = open_with(&config);
    assert_true(wait_up(base, shared));
    loop_for(base, 50);
    for (int i = 0; i < 15; i++) {
        shared_get(shared, "key", tally_it, &tally);
    }
    assert_int_equal(tally.results[SHARED_FAILED], 5);
    shared_put(shared, "key", bytes_of(large, 1), 60000);
    assert_int_equal(count_read(COUNT_LIMIT_REDIS_QUEUE) - limit, 6);
    /* What tells of drops is not held up by it. */
    shared_get_first(shared, "key", tally_it, &tally);
    assert_int_equal(tally.came, 5);
    assert_true(shared_put_first(shared, "key", bytes_of(large, 1), 60000));
    assert_int_equal(count_read(COUNT_LIMIT_REDIS_QUEUE) - limit, 6);
    shared_close(&shared);
    assert_int_equal(tally.came, 16);
    assert_int_equal(tally.results[SHARED_FAILED], 16);

    shared = open_up();
    limit = count_read(COUNT_LIMIT_REDIS_QUEUE);
    for (size_t i = 0; i < MAX_REDIS_QUEUED_BYTES / MAX_RECORD_BYTES + 2; i++) {
        shared_put(shared, "key", bytes_of(large, MAX_RECORD_BYTES), 60000);
    }
    assert_in_range(count_read(COUNT_LIMIT_REDIS_QUEUE) - limit, 2, 3);
    assert_false(shared_put_first(shared, "key", bytes_of(large, MAX_RECORD_BYTES), 60000));
    shared_close(&shared);
    free(large);
}

static void killed_and_revived(void **state)
{
    struct shared *shared = open_up();
    uint64_t reconnects = count_read(COUNT_REDIS_RECONNECTS), errors = count_read(COUNT_REDIS_ERRORS);
    struct got got = {0};
    int64_t start;
    char *log;

    (void)state;
    log_catch();
    shared_get(shared, "key", got_it, &got);
    server_kill(&server);
    assert_true(wait_down(base, shared));
    assert_true(got.came);
    got_free(&got);
    shared_get(shared, "key", got_it, &got);
    assert_true(got.came);
    assert_int_equal(got.result, SHARED_FAILED);
    shared_put(shared, "key", bytes_of_string("value"), 1000);
    assert_true(count_read(COUNT_REDIS_ERRORS) - errors >= 2);
    assert_int_equal(gauge_read(GAUGE_REDIS_UP), 0);
    loop_for(base, 1500);
    server_revive(&server);
    start = clock_mono_ms();
    assert_true(wait_up(base, shared));
    assert_in_range(clock_mono_ms() - start, 0, 4000);
    assert_int_equal(count_read(COUNT_REDIS_RECONNECTS) - reconnects, 1);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_MISS);
    log = log_caught();
    assert_int_equal(lines_with(log, "redis is away"), 1);
    assert_int_equal(lines_with(log, "redis is back"), 1);
    assert_int_equal(lines_with(log, "\n"), 2);
    free(log);
    got_free(&got);
    shared_close(&shared);
}

static void slow_is_away(void **state)
{
    struct shared *shared = open_up();
    struct tally tally = {0};
    struct got got = {0};
    int64_t start;

    (void)state;
    kill(server.pid, SIGSTOP);
    start = clock_mono_ms();
    for (int i = 0; i < 5; i++) {
        shared_get(shared, "key", tally_it, &tally);
    }
    loop_for(base, TIMEOUT_MS / 2);
    shared_get(shared, "key", tally_it, &tally);
    assert_int_equal(tally.came, 0);
    assert_true(wait_down(base, shared));
    assert_in_range(clock_mono_ms() - start, TIMEOUT_MS - 20, TIMEOUT_MS * 3);
    assert_int_equal(tally.results[SHARED_FAILED], 6);
    shared_get(shared, "key", tally_it, &tally);
    assert_int_equal(tally.came, 7);
    loop_for(base, TIMEOUT_MS * 2); /* the kernel takes the connection, nobody greets */
    assert_false(shared_is_up(shared));
    kill(server.pid, SIGCONT);
    assert_true(wait_up(base, shared));
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_MISS);
    shared_close(&shared);
}

static void full_goes_on_reading(void **state)
{
    uint64_t errors = count_read(COUNT_REDIS_ERRORS);
    struct shared *shared = open_up();
    uint8_t value[10000] = {0};
    struct got got = {0};
    char key[32], *log;

    (void)state;
    log_catch();
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        shared_put(shared, key, bytes_of(value, sizeof(value)), 60000);
    }
    assert_int_equal(get_wait(base, shared, "key299", &got), SHARED_MISS);
    assert_true(shared_is_up(shared));
    assert_true(count_read(COUNT_REDIS_ERRORS) > errors);
    log = log_caught();
    assert_int_equal(lines_with(log, "redis is full"), 1);
    assert_int_equal(lines_with(log, "\n"), 1);
    free(log);
    shared_close(&shared);
}

static void a_replica_takes_no_writes(void **state)
{
    struct shared *shared = open_up();
    struct got got = {0};
    char *log;

    (void)state;
    log_catch();
    shared_put(shared, "key", bytes_of_string("value"), 60000);
    shared_put(shared, "key", bytes_of_string("value"), 60000);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_MISS);
    log = log_caught();
    assert_int_equal(lines_with(log, "read-only replica"), 1);
    free(log);
    shared_close(&shared);
}

static void other_data_under_our_key(void **state)
{
    uint64_t errors = count_read(COUNT_REDIS_ERRORS);
    struct shared *shared = open_up();
    struct got got = {0};
    char line[128];

    (void)state;
    server_ask(&server, "LPUSH key value", line, sizeof(line));
    assert_string_equal(line, ":1");
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_FAILED);
    assert_int_equal(count_read(COUNT_REDIS_ERRORS) - errors, 1);
    assert_true(shared_is_up(shared));
    shared_close(&shared);
}

static void passwords(void **state)
{
    static const struct {
        const char *name, *userinfo, *username, *password;
        bool want;
    } cases[] = {
        {"none", "", "", "", false},
        {"in the URI", ":p%40ss%2Fword%25@", "", "", true},
        {"in the URI, wrong", ":p%40ss%2Fword@", "", "", false},
        {"beside the URI", "", "", "p@ss/word%", true},
        {"beside it, over the URI's", ":wrong@", "", "p@ss/word%", true},
        {"beside it, wrong", ":p%40ss%2Fword%25@", "", "wrong", false},
        {"of a user", "alice:wonder@", "", "", true},
        {"of a user, beside the URI", "", "alice", "wonder", true},
        {"of a user, password beside the URI", "alice@", "", "wonder", true},
        {"no such user", "bob:wonder@", "", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char uri[128], *log;
        struct shared_config config = config_of(uri);
        struct shared *shared;
        struct got got = {0};

        snprintf(uri, sizeof(uri), "redis://%s127.0.0.1:%u/2", cases[i].userinfo, server.port);
        config.username = cases[i].username;
        config.password = cases[i].password;
        log_catch();
        shared = open_with(&config);
        if (cases[i].want) {
            wait_up(base, shared);
        } else {
            loop_for(base, 600);
        }
        log = log_caught();
        if (shared_is_up(shared) != cases[i].want) {
            fail_msg("%s: %s", cases[i].name, log);
        }
        assert_int_equal(lines_with(log, "redis refuses us"), cases[i].want ? 0 : 1);
        assert_int_equal(lines_with(log, "redis.password-file"), cases[i].want ? 0 : 1);
        assert_null(strstr(log, "p@ss"));
        assert_null(strstr(log, "p%40ss"));
        assert_null(strstr(log, "wonder"));
        assert_null(strstr(log, "wrong"));
        shared_put(shared, "key", bytes_of_string("value"), 60000);
        assert_int_equal(get_wait(base, shared, "key", &got), cases[i].want ? SHARED_HIT : SHARED_FAILED);
        got_free(&got);
        shared_close(&shared);
        free(log);
    }
}

static void no_such_database(void **state)
{
    char uri[64], *log;
    struct shared_config config = config_of(uri);
    struct shared *shared;

    (void)state;
    snprintf(uri, sizeof(uri), "redis://127.0.0.1:%u/99", server.port);
    log_catch();
    shared = open_with(&config);
    loop_for(base, 400);
    log = log_caught();
    assert_false(shared_is_up(shared));
    assert_int_equal(lines_with(log, "DB index is out of range"), 1);
    free(log);
    shared_close(&shared);
}

static void over_a_unix_socket(void **state)
{
    char uri[160], line[64];
    struct shared_config config = config_of(uri);
    struct shared *shared;
    struct got got = {0};

    (void)state;
    snprintf(uri, sizeof(uri), "redis+unix://%s?db=3", server.socket);
    shared = open_with(&config);
    assert_true(wait_up(base, shared));
    shared_put(shared, "key", bytes_of_string("value"), 60000);
    assert_int_equal(get_wait(base, shared, "key", &got), SHARED_HIT);
    assert_string_equal(server_ask(&server, "EXISTS key", line, sizeof(line)), ":0"); /* that is database 0 */
    got_free(&got);
    server_kill(&server);
    assert_true(wait_down(base, shared));
    server_revive(&server);
    assert_true(wait_up(base, shared));
    shared_close(&shared);
}

int main(void)
{
    static const char *const full[] = {"--maxmemory", "2mb", "--maxmemory-policy", "noeviction", NULL};
    static const char *const replica[] = {"--replicaof", "127.0.0.1", "1", NULL};
    static const char *const secret[] = {"--requirepass", "p@ss/word%", "--user", "alice", "on", ">wonder",
                                         "~key", "+ping", "+select", "+getrange", "+set", NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(puts_and_gets, begin, end),
        cmocka_unit_test_setup_teardown(largest_and_too_large, begin, end),
        cmocka_unit_test_setup_teardown(pipelines_ten_thousand, begin, end),
        cmocka_unit_test_setup_teardown(bounds_what_is_under_way, begin, end),
        cmocka_unit_test_setup_teardown(killed_and_revived, begin, end),
        cmocka_unit_test_setup_teardown(slow_is_away, begin, end),
        cmocka_unit_test_prestate_setup_teardown(full_goes_on_reading, begin, end, (void *)full),
        cmocka_unit_test_prestate_setup_teardown(a_replica_takes_no_writes, begin, end, (void *)replica),
        cmocka_unit_test_setup_teardown(other_data_under_our_key, begin, end),
        cmocka_unit_test_prestate_setup_teardown(passwords, begin, end, (void *)secret),
        cmocka_unit_test_setup_teardown(no_such_database, begin, end),
        cmocka_unit_test_setup_teardown(over_a_unix_socket, begin, end),
    };

    signal(SIGPIPE, SIG_IGN);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
