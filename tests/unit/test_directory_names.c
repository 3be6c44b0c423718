/* Of whom a name is: the addresses of entries, and that no more are there than are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/directory_play.h"

static struct played server;

/* Mails of the one entry: so many that differ, and how often each, then so many that are none. */
static const struct row {
    int mails, times, nonsense;
    size_t told;
    enum asked_result result;
} rows[] = {
    {0, 1, 0, 0, ASKED_ANSWERED},
    {1, 1, 0, 1, ASKED_ANSWERED},
    {MAX_ENTRY_MAILS, 1, 0, MAX_ENTRY_MAILS, ASKED_ANSWERED},
    {MAX_ENTRY_MAILS, 3, 0, MAX_ENTRY_MAILS, ASKED_ANSWERED},
    {MAX_ENTRY_MAILS, 1, 5, MAX_ENTRY_MAILS, ASKED_ANSWERED},
    {MAX_ENTRY_MAILS + 1, 1, 0, MAX_ENTRY_MAILS, ASKED_CUT_OFF},
    {2 * MAX_ENTRY_MAILS_READ, 1, 0, MAX_ENTRY_MAILS, ASKED_CUT_OFF},
    {1, MAX_ENTRY_MAILS_READ, 0, 1, ASKED_ANSWERED},
    {1, MAX_ENTRY_MAILS_READ + 1, 0, 1, ASKED_CUT_OFF}, /* what nobody has looked at may be another */
};
static const struct row *_Atomic now; /* the server says it on a thread of its own */

static bool say_mails(struct talk *talk, ber_int_t message)
{
    const struct row *row = now;
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char mail[32];

    ber_printf(ber, "{it{s{{s[", message, LDAP_RES_SEARCH_ENTRY, "cn=somebody", "mail");
    for (int i = 0; i < row->mails * row->times; i++) {
        snprintf(mail, sizeof(mail), "m%d@example.org", i % row->mails);
        ber_printf(ber, "s", mail);
    }
    for (int i = 0; i < row->nonsense; i++) {
        ber_printf(ber, "s", "no address");
    }
    ber_printf(ber, "]}}}}");
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct search_result *result;
};

static void on_result(void *context, struct search_result *result)
{
    struct waiting *waiting = context;

    pthread_mutex_lock(&waiting->lock);
    waiting->result = result;
    pthread_cond_signal(&waiting->came);
    pthread_mutex_unlock(&waiting->lock);
}

static struct search_result *ask_name(struct directory *directory, const char *name)
{
    struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    struct search *search = directory_search_name(directory, name, 5000, on_result, &waiting);

    pthread_mutex_lock(&waiting.lock);
    while (waiting.result == NULL) {
        pthread_cond_wait(&waiting.came, &waiting.lock);
    }
    pthread_mutex_unlock(&waiting.lock);
    search_abandon(&search);
    return waiting.result;
}

static size_t lines_of(struct bytes text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    return lines;
}

static void mails_that_are_left_out_are_told_of(void **state)
{
    static const struct play play = {.search = say_mails};
    static const char *const uris[] = {server.uri};
    struct error error = {""};

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = directory_open(&config, &error);
    for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
        now = row;
        uint64_t counted = count_read(COUNT_LIMIT_VALUES);
        struct search_result *result = ask_name(directory, "Somebody");

        if (lines_of(buffer_bytes(&result->mails)) != row->told || result->result != row->result) {
            fail_msg("%d mails, %d times: %zu, %d: %s", row->mails, row->times,
                     lines_of(buffer_bytes(&result->mails)), (int)result->result, result->error);
        }
        assert_int_equal(count_read(COUNT_LIMIT_VALUES) - counted, row->result == ASKED_CUT_OFF);
        assert_int_equal(strstr(result->error, "more addresses than are taken") != NULL, row->result == ASKED_CUT_OFF);
        search_result_free(&result);
    }
    directory_close(&directory);
    played_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mails_that_are_left_out_are_told_of)};

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
