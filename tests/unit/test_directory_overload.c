/* More searches than a directory can answer in their time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/directory_play.h"

#define ASKS 1200
#define TIMEOUT_MS 1000
#define DELAY_MS 10 /* for each: the played server answers one after the other */

static bool say_one(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play GOOD = {.search = say_one};
static struct played server;

static struct one {
    int64_t asked_ms;
    _Atomic int64_t ended_ms; /* 0: not yet */
    enum asked_result result;
    struct search *search;
} ones[ASKS];

static void on_one(void *context, struct search_result *result)
{
    struct one *one = context;

    one->result = result->result;
    search_result_free(&result);
    atomic_store(&one->ended_ms, clock_mono_ms());
}

static void start_one(struct directory *directory, struct one *one)
{
    struct address address;

    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    one->asked_ms = clock_mono_ms();
    atomic_store(&one->ended_ms, 0);
    one->search = directory_search(directory, &address, TIMEOUT_MS, on_one, one);
}

static void end_one(struct one *one)
{
    while (atomic_load(&one->ended_ms) == 0) {
        (void)poll(NULL, 0, 1);
    }
    search_abandon(&one->search);
}

static struct directory *open_directory(int delay_ms)
{
    static const char *const uris[] = {server.uri};
    struct error error = {{0}};

    assert_true(played_start(&server, &GOOD, 0));
    struct directory_config config = plain_config(uris, 1);
    config.timeout_ms = TIMEOUT_MS;
    struct directory *directory = directory_open(&config, &error);
    assert_non_null(directory);
    struct search_result *first = ask_patiently(directory, "alice@example.org", 3000);
    assert_int_equal(first->result, ASKED_ANSWERED);
    search_result_free(&first);
    atomic_store(&server.delay_ms, delay_ms);
    return directory;
}

static void close_directory(struct directory *directory)
{
    directory_close(&directory);
    played_stop(&server);
}

static unsigned ended(enum asked_result result, size_t from)
{
    unsigned found = 0;

    for (size_t i = from; i < ASKS; i++) {
        found += ones[i].result == result;
    }
    return found;
}

/* Of the second half, when the storm is no news any more: as many as can be are answered, hardly one too late, and the
 * others are refused without waiting. On a machine with other things to do, each takes a little more. */
static void assert_second_half(int64_t took_ms)
{
    unsigned answered = ended(ASKED_ANSWERED, ASKS / 2), late = ended(ASKED_TIMED_OUT, ASKS / 2);
    unsigned overloaded = ended(ASKED_OVERLOADED, ASKS / 2), possible = (unsigned)(took_ms / 2 / DELAY_MS);
    unsigned waited = 0;

    for (size_t i = ASKS / 2; i < ASKS; i++) {
        waited += ones[i].result == ASKED_OVERLOADED && atomic_load(&ones[i].ended_ms) - ones[i].asked_ms > 100;
    }
    print_message("answered %u of %u possible, refused %u, %u not at once, too late %u\n", answered, possible,
                  overloaded, waited, late);
    assert_true(answered > possible / 2);
    assert_true(late < answered / 4);
    assert_true(waited <= overloaded / 20);
}

static int64_t storm(struct directory *directory)
{
    int64_t began_ms = clock_mono_ms();

    for (size_t i = 0; i < ASKS; i++) {
        start_one(directory, &ones[i]);
        while (clock_mono_ms() - began_ms < (int64_t)i * DELAY_MS / 3) {
            (void)poll(NULL, 0, 1);
        }
    }
    for (size_t i = 0; i < ASKS; i++) {
        end_one(&ones[i]);
    }
    return clock_mono_ms() - began_ms;
}

/* Three times as many as it can answer: it goes on answering as many as it can, and the others hear at once that there
 * are too many. A queue would fill until all are too late. */
static void what_comes_too_late_is_not_asked(void **state)
{
    struct directory *directory = open_directory(DELAY_MS);
    uint64_t refused = count_read(COUNT_LIMIT_ADMISSION);
    int64_t took_ms = storm(directory);

    (void)state;
    close_directory(directory);
    assert_int_equal(ended(ASKED_OVERLOADED, 0), count_read(COUNT_LIMIT_ADMISSION) - refused);
    assert_second_half(took_ms);
}

/* The directory is fast again: so is what is admitted. */
static void after_the_storm_all_are_answered(void **state)
{
    struct directory *directory = open_directory(DELAY_MS);

    (void)state;
    for (size_t i = 0; i < ASKS / 2; i++) {
        start_one(directory, &ones[i]);
    }
    (void)poll(NULL, 0, TIMEOUT_MS / 2);
    atomic_store(&server.delay_ms, 0);
    for (size_t i = 0; i < ASKS / 2; i++) {
        end_one(&ones[i]);
    }
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = ASKS / 2; i < ASKS / 2 + 60; i++) {
            start_one(directory, &ones[i]);
        }
        for (size_t i = ASKS / 2; i < ASKS / 2 + 60; i++) {
            end_one(&ones[i]);
            assert_int_equal(ones[i].result, ASKED_ANSWERED);
        }
    }
    close_directory(directory);
}

/* That nothing was sent or ended while nobody asked says nothing of how long a search takes. */
static void after_a_rest_a_crowd_is_answered(void **state)
{
    struct directory *directory = open_directory(0);

    (void)state;
    for (size_t round = 0; round < 3; round++) {
        (void)poll(NULL, 0, TIMEOUT_MS * 5 / 4);
        for (size_t i = 0; i < ASKS / 4; i++) {
            start_one(directory, &ones[i]);
        }
        for (size_t i = 0; i < ASKS / 4; i++) {
            end_one(&ones[i]);
            assert_int_equal(ones[i].result, ASKED_ANSWERED);
        }
    }
    close_directory(directory);
}

/* As long as a place is free, one is asked, however long the ones before took. */
static void a_slow_directory_is_asked_all_the_same(void **state)
{
    struct directory *directory = open_directory(TIMEOUT_MS * 3 / 4);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        start_one(directory, &ones[0]);
        end_one(&ones[0]);
        assert_int_equal(ones[0].result, ASKED_ANSWERED);
    }
    close_directory(directory);
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
        cmocka_unit_test(what_comes_too_late_is_not_asked),
        cmocka_unit_test(after_the_storm_all_are_answered),
        cmocka_unit_test(after_a_rest_a_crowd_is_answered),
        cmocka_unit_test(a_slow_directory_is_asked_all_the_same),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
