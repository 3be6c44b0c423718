/* A directory and its connections: to one server, to the next one and back, for few and for many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/directory_play.h"

static const struct play GOOD = {.search = played_one};
static const struct play SILENT = {.silent = true};
static const struct play STUCK = {.search = played_nothing};
static const struct play BREAKS = {.search = played_hang_up};
static const struct play NONSENSE = {.greeting = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"};

static struct played server, other;

/* A server that allows one connection is served by one, and is not stormed for more. */
static void one_connection_is_enough(void **state)
{
    static const struct play play = {.talks_most = 1, .search = played_one};
    static const char *const uris[] = {server.uri};
    static struct asking ones[200];
    static struct search *searches[200];
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &play, 0));
    atomic_store(&server.delay_ms, 1);
    struct directory_config config = plain_config(uris, 1);

    config.connections = 4;
    struct directory *directory = opened(&config);

    for (size_t i = 0; i < 200; i++) {
        searches[i] = directory_search(directory, &address, 20000, on_asked, &ones[i]);
        (void)poll(NULL, 0, 1);
    }
    for (size_t i = 0; i < 200; i++) {
        for (int j = 0; j < 2000 && !atomic_load(&ones[i].is_done); j++) {
            (void)poll(NULL, 0, 10);
        }
        assert_true(atomic_load(&ones[i].is_done));
        search_abandon(&searches[i]);
        expect_result(ones[i].result, ASKED_ANSWERED, "");
    }
    assert_in_range(atomic_load(&server.refused), 1, 5);
    directory_close(&directory);
    played_stop(&server);
}

/* libldap remembers what was abandoned: a connection with very much of it is replaced. */
static void abandoning_without_end(void **state)
{
    static const char *const uris[] = {server.uri};
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &STUCK, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);
    int rounds = 0;

    for (; rounds < 2000 && played_talks(&server) < 2; rounds++) {
        struct asking ones[50] = {{0}};
        struct search *searches[50];
        unsigned before = atomic_load(&server.searches);

        for (size_t i = 0; i < 50; i++) {
            searches[i] = directory_search(directory, &address, 60000, on_asked, &ones[i]);
        }
        for (int i = 0; i < 2000 && atomic_load(&server.searches) < before + 50; i++) {
            (void)poll(NULL, 0, 1);
        }
        for (size_t i = 0; i < 50; i++) {
            search_abandon(&searches[i]);
        }
        for (size_t i = 0; i < 50; i++) {
            while (!atomic_load(&ones[i].is_done)) {
                (void)poll(NULL, 0, 1);
            }
            expect_result(ones[i].result, ASKED_TIMED_OUT, "nobody waits for the answer any more");
        }
    }
    assert_in_range(rounds, 4096 / 50, 4096 / 50 + 20);
    directory_close(&directory);
    played_stop(&server);
}

/* The first server is silent, the second one good: the lookup waits for the first one's timeout, the next does not. */
static void the_next_server_takes_over(void **state)
{
    static const char *const uris[] = {server.uri, other.uri};
    static const struct play *const firsts[] = {&SILENT, &NONSENSE, &BREAKS};
    int64_t took_ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        assert_true(played_start(&server, firsts[i], 0));
        assert_true(played_start(&other, &GOOD, 0));
        struct directory_config config = plain_config(uris, 2);

        config.connect_timeout_ms = 400;
        struct directory *directory = opened(&config);

        expect_result(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
        for (int j = 0; j < 30; j++) {
            expect_result(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
            assert_true(took_ms < 1000);
            (void)poll(NULL, 0, 50);
        }
        directory_close(&directory);
        played_stop(&server);
        played_stop(&other);
    }
}

/* A first server that connects but lets searches time out is left for the second. */
static void one_that_never_answers_searches_is_left(void **state)
{
    static const char *const uris[] = {server.uri, other.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &STUCK, 0));
    assert_true(played_start(&other, &GOOD, 0));
    struct directory_config config = plain_config(uris, 2);

    config.timeout_ms = 400;
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 400, &took_ms), ASKED_TIMED_OUT, "no answer in time");
    expect_result(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
    played_stop(&other);
}

/* With several connections to it as well; and once it answers again, it is the first again. */
static bool say_one_later(struct talk *talk, ber_int_t message)
{
    return atomic_load(&talk->played->delay_ms) == 0 || played_one(talk, message);
}

static void all_connections_leave(void **state)
{
    static const struct play play = {.search = say_one_later};
    static const char *const uris[] = {server.uri, other.uri};
    static struct asking ones[60];
    static struct search *searches[60];
    struct address address;
    int64_t took_ms = 0;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &play, 0));
    assert_true(played_start(&other, &GOOD, 0));
    struct directory_config config = plain_config(uris, 2);

    config.timeout_ms = 400;
    config.connections = 3;
    struct directory *directory = opened(&config);

    for (size_t i = 0; i < 60; i++) {
        searches[i] = directory_search(directory, &address, 400 + 50 * (int64_t)i, on_asked, &ones[i]);
        (void)poll(NULL, 0, 2);
    }
    for (size_t i = 0; i < 60; i++) {
        while (!atomic_load(&ones[i].is_done)) {
            (void)poll(NULL, 0, 10);
        }
        search_abandon(&searches[i]);
        search_result_free(&ones[i].result);
    }
    expect_result(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
    assert_true(atomic_load(&other.searches) > 0);

    atomic_store(&server.delay_ms, 1);
    unsigned before = atomic_load(&server.searches);

    for (int i = 0; i < 200 && atomic_load(&server.searches) < before + 5; i++) {
        expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
        (void)poll(NULL, 0, 50);
    }
    assert_true(atomic_load(&server.searches) >= before + 5);
    directory_close(&directory);
    played_stop(&server);
    played_stop(&other);
}

/* And back to the first, once it is good again, without a lookup lost. */
static void the_first_server_is_taken_again(void **state)
{
    static const char *const uris[] = {server.uri, other.uri};
    int port = free_port();
    int64_t took_ms = 0;

    (void)state;
    (void)snprintf(server.uri, sizeof(server.uri), "ldap://127.0.0.1:%d", port);
    assert_true(played_start(&other, &GOOD, 0));
    struct directory_config config = plain_config(uris, 2);

    config.connections = 3;
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    assert_int_equal(atomic_load(&other.searches), 1);
    assert_true(played_start(&server, &GOOD, port));
    atomic_store(&other.delay_ms, 50);
    for (int i = 0; i < 60 && atomic_load(&server.searches) == 0; i++) {
        expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
        (void)poll(NULL, 0, 50);
    }
    assert_true(atomic_load(&server.searches) > 0);
    unsigned before = atomic_load(&other.searches);

    for (int i = 0; i < 10; i++) {
        expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    }
    assert_int_equal(atomic_load(&other.searches), before);
    directory_close(&directory);
    played_stop(&server);
    played_stop(&other);
}

/* Who gives up gets the callback soon, and the server hears of it. */
static void abandoning(void **state)
{
    static const char *const uris[] = {server.uri};
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    for (int in_flight = 0; in_flight < 2; in_flight++) {
        struct asking one = {0};

        assert_true(played_start(&server, in_flight ? &STUCK : &SILENT, 0));
        struct directory_config config = plain_config(uris, 1);

        config.connect_timeout_ms = 5000;
        struct directory *directory = opened(&config);
        struct search *search = directory_search(directory, &address, 5000, on_asked, &one);

        assert_non_null(search);
        (void)poll(NULL, 0, 200);
        assert_false(atomic_load(&one.is_done));
        search_abandon(&search);
        assert_null(search);
        search_abandon(&search);
        (void)poll(NULL, 0, 200);
        assert_true(atomic_load(&one.is_done));
        assert_int_equal(one.result->result, ASKED_TIMED_OUT);
        search_result_free(&one.result);
        assert_int_equal(atomic_load(&server.abandons), in_flight);
        directory_close(&directory);
        played_stop(&server);
    }
}

/* A handle may be given back after its directory is gone. */
static void a_handle_outlives_its_directory(void **state)
{
    static const char *const uris[] = {server.uri};
    struct asking one = {0};
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &STUCK, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);
    struct search *search = directory_search(directory, &address, 5000, on_asked, &one);

    (void)poll(NULL, 0, 100);
    directory_close(&directory);
    assert_true(atomic_load(&one.is_done));
    expect_result(one.result, ASKED_UNAVAILABLE, "the directory is being closed");
    search_abandon(&search);
    played_stop(&server);
}

/* Connections are opened as they are needed, and no more than allowed. */
static void connections_grow_with_the_load(void **state)
{
    static const char *const uris[] = {server.uri};
    static struct asking ones[200];
    static struct search *searches[200];
    int64_t took_ms = 0;
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &GOOD, 0));
    struct directory_config config = plain_config(uris, 1);

    config.connections = 4;
    struct directory *directory = opened(&config);

    for (int i = 0; i < 5; i++) {
        expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    }
    assert_int_equal(played_talks(&server), 1);
    atomic_store(&server.delay_ms, 2);
    for (size_t i = 0; i < 200; i++) {
        searches[i] = directory_search(directory, &address, 10000, on_asked, &ones[i]);
        (void)poll(NULL, 0, 1);
    }
    for (size_t i = 0; i < 200; i++) {
        for (int j = 0; j < 1000 && !atomic_load(&ones[i].is_done); j++) {
            (void)poll(NULL, 0, 10);
        }
        assert_true(atomic_load(&ones[i].is_done));
        search_abandon(&searches[i]);
        expect_result(ones[i].result, ASKED_ANSWERED, "");
    }
    assert_int_equal(played_talks(&server), 4);
    directory_close(&directory);
    played_stop(&server);
}

/* One line when it goes, one when it is back, none for each search. */
static void the_log_tells_of_changes_only(void **state)
{
    static const char *const uris[] = {server.uri};
    char path[] = "/tmp/certlookup-log-XXXXXX";
    int fd = mkstemp(path);
    int saved = dup(STDERR_FILENO);
    int port = free_port();

    (void)state;
    (void)snprintf(server.uri, sizeof(server.uri), "ldap://127.0.0.1:%d", port);
    struct directory_config config = plain_config(uris, 1);

    (void)dup2(fd, STDERR_FILENO);
    log_open(LEVEL_NOTICE, LOG_FORMAT_TEXT);
    struct directory *directory = opened(&config);
    unsigned unavailable = 0;

    for (int i = 0; i < 20; i++) {
        struct search_result *result = ask(directory, "alice@example.org", 1000);

        unavailable += result->result == ASKED_UNAVAILABLE;
        search_result_free(&result);
        (void)poll(NULL, 0, 10);
    }
    bool started = played_start(&server, &GOOD, port);
    struct search_result *result = ask_patiently(directory, "alice@example.org", 3000);
    enum asked_result back = result->result;

    search_result_free(&result);
    directory_close(&directory);
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    played_stop(&server);
    assert_true(started);
    assert_int_equal(unavailable, 20);
    assert_int_equal(back, ASKED_ANSWERED);
    assert_int_equal(lines_in(path, ""), 2);
    assert_int_equal(lines_in(path, "directory is down"), 1);
    assert_int_equal(lines_in(path, "Connection refused"), 1);
    assert_int_equal(lines_in(path, "directory is up"), 1);
    (void)unlink(path);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_is_enough),
        cmocka_unit_test(abandoning_without_end),
        cmocka_unit_test(the_next_server_takes_over),
        cmocka_unit_test(one_that_never_answers_searches_is_left),
        cmocka_unit_test(all_connections_leave),
        cmocka_unit_test(the_first_server_is_taken_again),
        cmocka_unit_test(abandoning),
        cmocka_unit_test(a_handle_outlives_its_directory),
        cmocka_unit_test(connections_grow_with_the_load),
        cmocka_unit_test(the_log_tells_of_changes_only),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
