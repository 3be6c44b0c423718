/* Who asks sends the search itself, in the place of the connection's thread, when nothing else is under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "ldap/link.h"
#include "tests/unit/directory_play.h"

#define USUAL_MS 20000
#define PATIENCE_MS 10000

static atomic_bool is_stuck;

static bool say_one(struct talk *talk, ber_int_t message)
{
    return atomic_load(&is_stuck) ||
           (played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
            played_result(talk, message, LDAP_SUCCESS, ""));
}

static const struct play PLAY = {.search = say_one};

static struct played server;

static struct search *begin(struct directory *directory, int64_t timeout_ms, struct asking *one)
{
    struct address address;

    *one = (struct asking){.result = NULL};
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    return directory_search(directory, &address, timeout_ms, on_asked, one);
}

static void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

static void await(struct asking *one)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

    while (!atomic_load(&one->is_done) && clock_mono_ms() < until_ms) {
        pause_ms(2);
    }
    assert_true(atomic_load(&one->is_done));
}

static void expect_answered(struct asking *one, struct search **search)
{
    await(one);
    assert_string_equal(one->result->error, "");
    assert_int_equal(one->result->result, ASKED_ANSWERED);
    assert_int_equal(one->result->value_count, 1);
    search_result_free(&one->result);
    search_abandon(search);
}

static void await_searches(unsigned count)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

    while (atomic_load(&server.searches) < count && clock_mono_ms() < until_ms) {
        pause_ms(2);
    }
    assert_int_equal(atomic_load(&server.searches), count);
}

/* How often the thread of that name went to sleep so far. */
static unsigned long sleeps(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned long result = 0;
    bool found = false;

    assert_non_null(tasks);
    for (struct dirent *task; !found && (task = readdir(tasks)) != NULL;) {
        char path[300], line[200];

        snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
        FILE *status = task->d_name[0] != '.' ? fopen(path, "re") : NULL;

        while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
            found = found || (strncmp(line, "Name:\t", 6) == 0 && strncmp(line + 6, name, strlen(name)) == 0);
            if (found && sscanf(line, "voluntary_ctxt_switches: %lu", &result) == 1) {
                break;
            }
        }
        if (status != NULL) {
            fclose(status);
        }
    }
    closedir(tasks);
    assert_true(found);
    return result;
}

/* Until the thread waits, and nothing wakes it any more. */
static void await_idle(struct directory *directory)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
    unsigned long before = 0;

    for (int steady = 0; steady < 5 && clock_mono_ms() < until_ms;) {
        unsigned long now = sleeps("ldap-connection");
        bool is_free = pthread_mutex_trylock(&directory->connections[0].turn) == 0;

        if (is_free) {
            pthread_mutex_unlock(&directory->connections[0].turn);
        }
        steady = is_free && now == before ? steady + 1 : 0;
        before = now;
        pause_ms(10);
    }
}

/* One connection, whose link is up and whose thread has nothing to do, to a server that answers; or no longer does. */
static struct directory *open_idle(bool then_stuck)
{
    static const char *const uris[] = {server.uri};
    struct directory *directory;
    struct error error = {""};

    assert_true(played_start(&server, &PLAY, 0));
    struct directory_config config = plain_config(uris, 1);

    config.timeout_ms = USUAL_MS;
    directory = directory_open(&config, &error);
    assert_non_null(directory);
    struct search_result *result = ask_patiently(directory, "bob@example.org", PATIENCE_MS);

    assert_int_equal(result->result, ASKED_ANSWERED);
    search_result_free(&result);
    atomic_store(&is_stuck, then_stuck);
    atomic_store(&server.searches, 0);
    await_idle(directory);
    return directory;
}

static void close_all(struct directory **directory)
{
    directory_close(directory);
    atomic_store(&is_stuck, false);
    played_stop(&server);
}

static void no_thread_is_woken_to_send_the_only_search(void **state)
{
    struct directory *directory = open_idle(true);
    unsigned long before = sleeps("ldap-connection");
    struct asking one, two;

    (void)state;
    struct search *search = begin(directory, USUAL_MS, &one);

    await_searches(1);
    assert_int_equal(sleeps("ldap-connection"), before);

    /* The next one is not the only one. */
    struct search *second = begin(directory, USUAL_MS, &two);

    await_searches(2);
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

    while (sleeps("ldap-connection") == before && clock_mono_ms() < until_ms) {
        pause_ms(2);
    }
    assert_true(sleeps("ldap-connection") > before);
    search_abandon(&search);
    search_abandon(&second);
    await(&one);
    await(&two);
    search_result_free(&one.result);
    search_result_free(&two.result);
    close_all(&directory);
}

static void what_was_sent_so_is_answered(void **state)
{
    struct directory *directory = open_idle(false);

    (void)state;
    for (unsigned i = 1; i <= 20; i++) {
        struct asking one;
        struct search *search = begin(directory, USUAL_MS, &one);

        expect_answered(&one, &search);
        assert_int_equal(atomic_load(&server.searches), i);
    }
    assert_int_equal(played_talks(&server), 1);
    close_all(&directory);
}

/* The thread looks at deadlines every now and then only: for a shorter one it is told. */
static void a_deadline_before_the_usual_one_is_kept(void **state)
{
    struct directory *directory = open_idle(true);
    struct asking one;
    int64_t began_ms = clock_mono_ms();

    (void)state;
    struct search *search = begin(directory, 300, &one);

    await(&one);
    assert_int_equal(one.result->result, ASKED_TIMED_OUT);
    assert_in_range(clock_mono_ms() - began_ms, 300, 3000);
    assert_int_equal(atomic_load(&server.searches), 1);
    search_result_free(&one.result);
    search_abandon(&search);
    close_all(&directory);
}

static void nobody_waits_for_a_thread_at_work(void **state)
{
    struct directory *directory = open_idle(false);
    struct connection *connection = &directory->connections[0];
    struct asking one;

    (void)state;
    pthread_mutex_lock(&connection->turn);
    struct search *search = begin(directory, USUAL_MS, &one); /* would never return, were the turn waited for */

    pause_ms(50);
    assert_int_equal(atomic_load(&server.searches), 0);
    pthread_mutex_unlock(&connection->turn);
    expect_answered(&one, &search);
    close_all(&directory);
}

/* The thread ends the link, and the search goes out on another one. */
static void a_link_that_breaks_so_is_left(void **state)
{
    struct directory *directory = open_idle(false);
    struct connection *connection = &directory->connections[0];
    LDAPControl critical = {.ldctl_oid = "1.2.3", .ldctl_iscritical = 1}, *controls[] = {&critical, NULL};
    const int version = LDAP_VERSION2; /* which has no controls */
    struct asking one;

    (void)state;
    /* libldap refuses to send a request, while the socket is well. */
    pthread_mutex_lock(&connection->turn);
    assert_int_equal(ldap_set_option(connection->current->handle, LDAP_OPT_SERVER_CONTROLS, controls), 0);
    assert_int_equal(ldap_set_option(connection->current->handle, LDAP_OPT_PROTOCOL_VERSION, &version), 0);
    pthread_mutex_unlock(&connection->turn);
    struct search *search = begin(directory, USUAL_MS, &one);

    expect_answered(&one, &search);
    assert_int_equal(played_talks(&server), 2);
    search = begin(directory, USUAL_MS, &one);
    expect_answered(&one, &search);
    assert_int_equal(atomic_load(&server.searches), 2);
    close_all(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_thread_is_woken_to_send_the_only_search),
        cmocka_unit_test(what_was_sent_so_is_answered),
        cmocka_unit_test(a_deadline_before_the_usual_one_is_kept),
        cmocka_unit_test(nobody_waits_for_a_thread_at_work),
        cmocka_unit_test(a_link_that_breaks_so_is_left),
    };

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
