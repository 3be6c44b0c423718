/* A search whose link breaks is sent once more, where it is likely to be answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "ldap/private.h"
#include "tests/unit/directory_play.h"

#define PATIENCE_MS 10000

static atomic_bool hangs_up_next;

static bool say_one(struct talk *talk, ber_int_t message)
{
    return !atomic_exchange(&hangs_up_next, false) &&
           played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play GOOD = {.search = say_one};
static const struct play BREAKS = {.search = played_hang_up};

static struct played server, other;

static struct directory *open_directory(const char *const *uris, size_t count, unsigned connections)
{
    struct directory_config config = plain_config(uris, count);

    config.connections = connections;
    config.timeout_ms = 2 * PATIENCE_MS; /* no thread looks again by itself before that */
    return opened(&config);
}

static void expect_answered(struct directory *directory)
{
    struct search_result *result = ask(directory, "alice@example.org", PATIENCE_MS);

    assert_string_equal(result->error, "");
    assert_int_equal(result->result, ASKED_ANSWERED);
    search_result_free(&result);
}

/* The keeper may look at any moment: it must never find a server without a link that is not known to fail. */
struct hurry {
    struct directory *directory;
    atomic_bool is_over;
};

static void *keep_it_awake(void *context)
{
    struct hurry *hurry = context;

    while (!atomic_load(&hurry->is_over)) {
        pthread_mutex_lock(&hurry->directory->lock);
        keeper_wake(hurry->directory);
        pthread_mutex_unlock(&hurry->directory->lock);
    }
    return NULL;
}

static void not_to_the_server_that_hung_up(void **state)
{
    static const char *const uris[] = {server.uri, other.uri};

    (void)state;
    assert_true(played_start(&server, &BREAKS, 0));
    assert_true(played_start(&other, &GOOD, 0));
    for (int i = 0; i < 100; i++) {
        struct hurry hurry = {.directory = open_directory(uris, 2, 4)};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, keep_it_awake, &hurry), 0);
        expect_answered(hurry.directory);
        atomic_store(&hurry.is_over, true);
        pthread_join(thread, NULL);
        directory_close(&hurry.directory);
    }
    /* A round may take longer than the server rests. */
    assert_in_range(atomic_load(&server.searches), 100, 120);
    played_stop(&server);
    played_stop(&other);
}

static void ask_many(struct directory *directory, size_t count)
{
    struct asking ones[16] = {{false, NULL}};
    struct search *searches[16];
    struct address address;

    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    for (size_t i = 0; i < count; i++) {
        searches[i] = directory_search(directory, &address, PATIENCE_MS, on_asked, &ones[i]);
    }
    for (size_t i = 0; i < count; i++) {
        while (!atomic_load(&ones[i].is_done)) {
            (void)poll(NULL, 0, 2);
        }
        search_abandon(&searches[i]);
        search_result_free(&ones[i].result);
    }
}

/* Nothing else comes that would wake the connection that is well. */
static void at_once_where_another_connection_is_well(void **state)
{
    static const char *const uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &GOOD, 0));
    struct directory *directory = open_directory(uris, 1, 2);

    atomic_store(&server.delay_ms, 5);
    while (played_talks(&server) < 2) {
        ask_many(directory, 16);
    }
    atomic_store(&server.delay_ms, 0);
    (void)poll(NULL, 0, 50);
    for (int i = 0; i < 2; i++) {
        int64_t began_ms = clock_mono_ms();

        atomic_store(&hangs_up_next, true);
        expect_answered(directory);
        assert_true(clock_mono_ms() - began_ms < PATIENCE_MS / 4);
    }
    directory_close(&directory);
    played_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_to_the_server_that_hung_up),
        cmocka_unit_test(at_once_where_another_connection_is_well),
    };

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
