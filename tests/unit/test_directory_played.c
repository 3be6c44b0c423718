/* A directory against servers that hang, break off, talk nonsense or never end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/directory_play.h"

static bool say_endless(struct talk *talk, ber_int_t message)
{
    for (int i = 0; i < 100 * 1000; i++) {
        if (!played_entry(talk, message, "cn=again", "userSMIMECertificate", bytes_of(&i, sizeof(i)))) {
            return false;
        }
    }
    return played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play SILENT = {.silent = true};
static const struct play STUCK = {.search = played_nothing};
static const struct play BREAKS = {.search = played_hang_up};
static const struct play NONSENSE = {.greeting = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"};
static const struct play ENDLESS = {.search = say_endless};

static struct played server;

/* Whatever hangs, a search is over at its deadline, or at the end of the connecting, whichever is first. */
static void hanging_servers_cost_only_the_deadline(void **state)
{
    static const char *const uris[] = {server.uri};
    static char tls_uri[64];
    static const char *const tls_uris[] = {tls_uri};
    static const struct {
        const struct play *play; /* NULL: clogged */
        enum tls_mode tls;
        int64_t timeout_ms, connect_timeout_ms, least_ms, most_ms;
        enum asked_result result;
        const char *words;
    } rows[] = {
        {&SILENT, TLS_NONE, 8000, 600, 500, 3000, ASKED_UNAVAILABLE, "read the RootDSE: no end after 600 ms"},
        {&SILENT, TLS_NONE, 500, 8000, 400, 3000, ASKED_TIMED_OUT, "not done in time"},
        {&SILENT, TLS_LDAPS, 8000, 600, 500, 3000, ASKED_UNAVAILABLE, "TLS: no end after 600 ms"},
        {&SILENT, TLS_LDAPS, 500, 8000, 400, 3000, ASKED_TIMED_OUT, "not done in time"},
        {&SILENT, TLS_STARTTLS, 8000, 600, 500, 3000, ASKED_UNAVAILABLE, "TLS: no end after 600 ms"},
        {&STUCK, TLS_NONE, 600, 600, 500, 3000, ASKED_TIMED_OUT, "no answer in time"},
        {NULL, TLS_NONE, 8000, 600, 500, 3000, ASKED_UNAVAILABLE, "connect: "},
        {NULL, TLS_NONE, 500, 8000, 400, 3000, ASKED_TIMED_OUT, "not done in time"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct clogged clogged;
        int64_t took_ms = 0;

        if (rows[i].play != NULL) {
            assert_true(played_start(&server, rows[i].play, 0));
        } else {
            assert_true(clogged_start(&clogged));
        }
        int port = rows[i].play != NULL ? server.port : clogged.port;
        const char *const clogged_uris[] = {rows[i].play != NULL ? uris[0] : clogged.uri};
        struct directory_config config = plain_config(rows[i].tls == TLS_LDAPS ? tls_uris : clogged_uris, 1);

        (void)snprintf(tls_uri, sizeof(tls_uri), "ldaps://127.0.0.1:%d", port);
        config.tls = rows[i].tls;
        config.connect_timeout_ms = rows[i].connect_timeout_ms;
        struct directory *directory = opened(&config);
        struct search_result *result = ask_timed(directory, rows[i].timeout_ms, &took_ms);

        if (took_ms < rows[i].least_ms || took_ms > rows[i].most_ms) {
            fail_msg("row %zu took %lld ms: %s", i, (long long)took_ms, result->error);
        }
        expect_result(result, rows[i].result, rows[i].words);
        int64_t began_ms = clock_mono_ms();

        directory_close(&directory);
        assert_true(clock_mono_ms() - began_ms < 2000);
        if (rows[i].play != NULL) {
            played_stop(&server);
        } else {
            clogged_stop(&clogged);
        }
    }
}

/* Seconds of silence in every state cost next to nothing, and no more with many lookups waiting. */
static void waiting_burns_nothing(void **state)
{
    static const char *const uris[] = {server.uri};
    static char tls_uri[64];
    static const char *const tls_uris[] = {tls_uri};

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(played_start(&server, i == 0 ? &STUCK : &SILENT, 0));
        (void)snprintf(tls_uri, sizeof(tls_uri), "ldaps://127.0.0.1:%d", server.port);
        struct directory_config config = plain_config(i == 2 ? tls_uris : uris, 1);
        struct search *searches[50];
        struct asking ones[50] = {{0}};
        struct address address;

        config.tls = i == 2 ? TLS_LDAPS : TLS_NONE;
        config.connect_timeout_ms = 10000;
        assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
        struct directory *directory = opened(&config);

        for (size_t j = 0; j < 50; j++) {
            searches[j] = directory_search(directory, &address, 8000, on_asked, &ones[j]);
        }
        (void)poll(NULL, 0, 300);
        int64_t cpu_began_ms = cpu_ms();

        (void)poll(NULL, 0, 2000);
        assert_true(cpu_ms() - cpu_began_ms < 100);
        directory_close(&directory);
        for (size_t j = 0; j < 50; j++) {
            assert_true(atomic_load(&ones[j].is_done));
            search_abandon(&searches[j]);
            expect_result(ones[j].result, ASKED_UNAVAILABLE, "the directory is being closed");
        }
        played_stop(&server);
    }
}

/* Once known to be down, it is said at once. */
static void a_down_directory_answers_at_once(void **state)
{
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &SILENT, 0));
    struct directory_config config = plain_config(uris, 1);

    config.connect_timeout_ms = 300;
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "no end after 300 ms");
    for (int i = 0; i < 20; i++) {
        expect_result(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "no end after 300 ms");
        assert_true(took_ms < 1000);
        (void)poll(NULL, 0, 20);
    }
    directory_close(&directory);
    played_stop(&server);
}

static void nonsense_is_refused(void **state)
{
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &NONSENSE, 0));
    struct directory_config config = plain_config(uris, 1);

    config.connect_timeout_ms = 1000;
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "read the RootDSE: ");
    directory_close(&directory);
    played_stop(&server);
}

/* Sent once more, then given up; and the server is not stormed with connections. */
static void breaking_off_is_not_endless(void **state)
{
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &BREAKS, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);

    for (int i = 0; i < 20; i++) {
        expect_result(ask_timed(directory, 3000, &took_ms), ASKED_UNAVAILABLE, "the connection was closed");
    }
    (void)poll(NULL, 0, 500);
    assert_true(played_talks(&server) < 20);
    directory_close(&directory);
    played_stop(&server);
}

static bool hang_up_first(struct talk *talk, ber_int_t message)
{
    (void)poll(NULL, 0, 1100); /* not in its first second */
    return atomic_load(&talk->played->searches) > 1 && played_one(talk, message);
}

static void a_broken_search_is_sent_once_more(void **state)
{
    static const struct play play = {.search = hang_up_first};
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 4000, &took_ms), ASKED_ANSWERED, "");
    assert_int_equal(atomic_load(&server.searches), 2);
    directory_close(&directory);
    played_stop(&server);
}

static void an_endless_answer_is_cut(void **state)
{
    static const char *const uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &ENDLESS, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);
    uint64_t before = count_read(COUNT_LIMIT_ENTRIES);
    struct search_result *result = ask(directory, "alice@example.org", 5000);

    assert_int_equal(result->entries, 16);
    assert_int_equal(result->value_count, 16);
    assert_int_equal(count_read(COUNT_LIMIT_ENTRIES), before + 1);
    expect_result(result, ASKED_CUT_OFF, "there are more entries than are taken");
    directory_close(&directory);
    played_stop(&server);
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
        cmocka_unit_test(hanging_servers_cost_only_the_deadline),
        cmocka_unit_test(waiting_burns_nothing),
        cmocka_unit_test(a_down_directory_answers_at_once),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(breaking_off_is_not_endless),
        cmocka_unit_test(a_broken_search_is_sent_once_more),
        cmocka_unit_test(an_endless_answer_is_cut),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
