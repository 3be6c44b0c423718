/* A directory against a real slapd: what it finds, how it connects, and what it does when the server goes and comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/directory_play.h"

static struct slapd slapd;

static const char *const uris[] = {slapd.uri};

static struct directory *open_directory(const struct directory_config *config)
{
    struct error error = {{0}};
    struct directory *directory = directory_open(config, &error);

    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    return directory;
}

/* Opens, asks once, closes. */
static struct search_result *ask_once(const struct directory_config *config, const char *address)
{
    struct directory *directory = open_directory(config);
    struct search_result *result = ask(directory, address, 3000);

    directory_close(&directory);
    assert_null(directory);
    assert_non_null(result);
    return result;
}

static void finds(void **state)
{
    static const struct {
        const char *address;
        enum asked_result result;
        unsigned entries, values, user, smime;
    } rows[] = {
        {"alice@example.org", ASKED_ANSWERED, 1, 2, 2, 0},
        {"ALICE@Example.ORG", ASKED_ANSWERED, 1, 2, 2, 0},
        {"bob@example.org", ASKED_ANSWERED, 1, 3, 1, 2},
        {"none@example.org", ASKED_ANSWERED, 1, 0, 0, 0},
        {"nobody.at.all@example.org", ASKED_ANSWERED, 0, 0, 0, 0},
        {"\"*\"@example.org", ASKED_ANSWERED, 0, 0, 0, 0},
        {"many@example.org", ASKED_CUT_OFF, 16, 16, 0, 16},
        {"rich@example.org", ASKED_CUT_OFF, 1, MAX_VALUES, 0, MAX_VALUES},
        {"big@example.org", ASKED_ANSWERED, 1, 2, 0, 2},
    };
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct search_result *result = ask(directory, rows[i].address, 3000);
        unsigned of[2] = {0, 0};

        assert_non_null(result);
        if (result->result != rows[i].result) {
            fail_msg("%s: %s: %s", rows[i].address, asked_word(result->result), result->error);
        }
        assert_int_equal(result->entries, rows[i].entries);
        assert_int_equal(result->value_count, rows[i].values);
        for (size_t j = 0; j < result->value_count; j++) {
            of[result->values[j].attribute]++;
            assert_non_null(strstr(result->values[j].dn, "dc=example,dc=org"));
        }
        assert_int_equal(of[ATTRIBUTE_USER_CERTIFICATE], rows[i].user);
        assert_int_equal(of[ATTRIBUTE_USER_SMIME_CERTIFICATE], rows[i].smime);
        assert_int_equal(result->error[0] == '\0', rows[i].result == ASKED_ANSWERED);
        search_result_free(&result);
        assert_null(result);
    }
    directory_close(&directory);
}

static void values_are_the_bytes_of_the_directory(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    struct search_result *result = ask_once(&config, "alice@example.org");
    char path[128];
    uint8_t der[4096];

    (void)state;
    assert_int_equal(result->value_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/person%u.der", slapd.folder, i + 1);
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        size_t size = fread(der, 1, sizeof(der), file);

        (void)fclose(file);
        assert_true(bytes_equal(blob_bytes(result->values[i].value), bytes_of(der, size)));
        assert_int_equal(result->values[i].index, i);
        assert_string_equal(result->values[i].dn, "cn=alice,dc=example,dc=org");
    }
    search_result_free(&result);
}

static void limits_of_values_are_kept(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    uint64_t before = count_read(COUNT_LIMIT_VALUE_BYTES);

    (void)state;
    config.max_value_bytes = 5000;
    struct search_result *result = ask_once(&config, "big@example.org");

    assert_int_equal(result->result, ASKED_CUT_OFF);
    assert_int_equal(result->value_count, 1);
    assert_int_equal(result->values[0].value->size, strlen("small"));
    assert_int_equal(result->values[0].index, 1);
    assert_int_equal(count_read(COUNT_LIMIT_VALUE_BYTES), before + 1);
    search_result_free(&result);
}

static void base_may_come_from_the_server(void **state)
{
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    config.base = "";
    struct search_result *result = ask_once(&config, "alice@example.org");

    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_int_equal(result->entries, 2);
    assert_int_equal(result->value_count, 3);
    search_result_free(&result);
}

/* "Wrong or hidden base" is not "nobody of that name". */
static void a_wrong_base_is_no_answer(void **state)
{
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    config.base = "dc=nowhere,dc=example,dc=org";
    struct search_result *result = ask_once(&config, "alice@example.org");

    assert_int_equal(result->result, ASKED_UNAVAILABLE);
    assert_non_null(strstr(result->error, "No such object (32)"));
    assert_non_null(strstr(result->error, slapd.uri));
    search_result_free(&result);
}

static void connects(void **state)
{
    static const char *const tls[] = {slapd.tls_uri};
    static const char *const other_name[] = {slapd.named_tls_uri};
    static const char *const local[] = {slapd.socket_uri};
    static const char *const none[] = {"ldap://127.0.0.1:1"};
    static const char *const nowhere[] = {"ldap://no-such-host.invalid"};
    const struct {
        const char *const *uris;
        enum tls_mode tls;
        const char *ca_file, *bind_dn, *password, *words; /* words NULL: answered */
    } rows[] = {
        {uris, TLS_NONE, "", "", "", NULL},
        {uris, TLS_STARTTLS, slapd.ca_file, "", "", NULL},
        {tls, TLS_LDAPS, slapd.ca_file, "", "", NULL},
        {local, TLS_NONE, "", "", "", NULL},
        {uris, TLS_NONE, "", "cn=reader,dc=example,dc=org", "secret", NULL},
        {tls, TLS_LDAPS, slapd.ca_file, "cn=reader,dc=example,dc=org", "secret", NULL},
        {uris, TLS_STARTTLS, slapd.ca_file, "cn=reader,dc=example,dc=org", "secret", NULL},
        {uris, TLS_NONE, "", "cn=reader,dc=example,dc=org", "wrong", "bind: Invalid credentials (49)"},
        {uris, TLS_NONE, "", "cn=nobody,dc=example,dc=org", "secret", "No such object (32)"},
        {tls, TLS_LDAPS, slapd.other_ca_file, "", "", "TLS: the server's certificate is not valid"},
        {uris, TLS_STARTTLS, slapd.other_ca_file, "", "", "TLS: the server's certificate is not valid"},
        {tls, TLS_LDAPS, "", "", "", "TLS: the server's certificate is not valid"},
        {other_name, TLS_LDAPS, slapd.ca_file, "", "", "TLS: the server's certificate is not valid"},
        {none, TLS_NONE, "", "", "", "connect: Connection refused"},
        {nowhere, TLS_NONE, "", "", "", "resolve: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = plain_config(rows[i].uris, 1);

        config.tls = rows[i].tls;
        config.ca_file = rows[i].ca_file;
        config.bind_dn = rows[i].bind_dn;
        config.password = rows[i].password;
        struct search_result *result = ask_once(&config, "alice@example.org");

        /* Words for people, whichever library libldap has its TLS from: OpenSSL's begin with a number. */
        assert_null(strstr(result->error, "error:"));
        if (rows[i].words == NULL && result->result != ASKED_ANSWERED) {
            fail_msg("row %zu: %s", i, result->error);
        }
        if (rows[i].words != NULL) {
            assert_int_equal(result->result, ASKED_UNAVAILABLE);
            if (strstr(result->error, rows[i].words) == NULL) {
                fail_msg("row %zu: %s", i, result->error);
            }
        }
        search_result_free(&result);
    }
}

/* Repeating it would lock the account. */
static void a_wrong_password_is_not_repeated(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    unsigned before = slapd_logged(&slapd, "err=49");

    (void)state;
    config.bind_dn = "cn=reader,dc=example,dc=org";
    config.password = "wrong";
    struct directory *directory = open_directory(&config);

    for (int i = 0; i < 20; i++) {
        struct search_result *result = ask(directory, "alice@example.org", 3000);

        assert_int_equal(result->result, ASKED_UNAVAILABLE);
        assert_non_null(strstr(result->error, "bind: Invalid credentials (49)"));
        search_result_free(&result);
        (void)poll(NULL, 0, 50);
    }
    directory_close(&directory);
    assert_int_equal(slapd_logged(&slapd, "err=49"), before + 1);
}

/* The environment may ask for less, or for more; it is not heard. */
static void the_environment_has_no_say(void **state)
{
    static const char *const tls[] = {slapd.tls_uri};
    struct directory_config config = plain_config(tls, 1);

    (void)state;
    config.tls = TLS_LDAPS;
    config.ca_file = slapd.other_ca_file;
    struct search_result *result = ask_once(&config, "alice@example.org");

    assert_int_equal(result->result, ASKED_UNAVAILABLE);
    search_result_free(&result);
}

struct crowd {
    atomic_uint done, answered;
    unsigned want;
    struct search_result *results[2000];
    atomic_uint next;
};

static void on_crowd(void *context, struct search_result *result)
{
    struct crowd *crowd = context;

    atomic_fetch_add(&crowd->answered, result->result == ASKED_ANSWERED && result->value_count == 2);
    crowd->results[atomic_fetch_add(&crowd->next, 1)] = result;
    atomic_fetch_add(&crowd->done, 1);
}

static void wait_for_crowd(struct crowd *crowd)
{
    for (int i = 0; i < 2000 && atomic_load(&crowd->done) < crowd->want; i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(atomic_load(&crowd->done), crowd->want);
    for (unsigned i = 0; i < crowd->want; i++) {
        search_result_free(&crowd->results[i]);
    }
}

static void a_thousand_at_once(void **state)
{
    static struct crowd crowd;
    static struct search *searches[1000];
    struct directory_config config = plain_config(uris, 1);
    struct address address;

    (void)state;
    config.connections = 4;
    struct directory *directory = open_directory(&config);

    crowd.want = 1000;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    for (size_t i = 0; i < 1000; i++) {
        searches[i] = directory_search(directory, &address, 20000, on_crowd, &crowd);
    }
    wait_for_crowd(&crowd);
    assert_int_equal(atomic_load(&crowd.answered), 1000);
    for (size_t i = 0; i < 1000; i++) {
        search_abandon(&searches[i]);
    }
    directory_close(&directory);
}

static void the_queue_has_an_end(void **state)
{
    static struct crowd crowd;
    static struct search *searches[100];
    struct directory_config config = plain_config(uris, 1);
    struct address address;
    uint64_t before = count_read(COUNT_LIMIT_SEARCHES);
    unsigned refused = 0;

    (void)state;
    config.max_queued = 10;
    crowd.want = 100;
    struct directory *directory = open_directory(&config);

    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    for (size_t i = 0; i < 100; i++) {
        searches[i] = directory_search(directory, &address, 5000, on_crowd, &crowd);
        refused += searches[i] == NULL;
    }
    wait_for_crowd(&crowd);
    assert_true(refused > 0);
    assert_int_equal(atomic_load(&crowd.answered), 100 - refused);
    assert_int_equal(count_read(COUNT_LIMIT_SEARCHES), before + refused);
    for (size_t i = 0; i < 100; i++) {
        search_abandon(&searches[i]);
    }
    directory_close(&directory);
}

/* Closing with searches under way: each still gets its callback, before directory_close() returns. */
static void closing_ends_every_search(void **state)
{
    static struct crowd crowd;
    static struct search *searches[500];
    struct directory_config config = plain_config(uris, 1);
    struct address address;

    (void)state;
    struct directory *directory = open_directory(&config);

    crowd.want = 500;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    for (size_t i = 0; i < 500; i++) {
        searches[i] = directory_search(directory, &address, 5000, on_crowd, &crowd);
    }
    int64_t began_ms = clock_mono_ms();

    directory_close(&directory);
    assert_true(clock_mono_ms() - began_ms < 3000);
    assert_int_equal(atomic_load(&crowd.done), 500);
    wait_for_crowd(&crowd);
    for (size_t i = 0; i < 500; i++) {
        search_abandon(&searches[i]);
    }
}

/* Killed under load and started again: nothing hangs, nothing lies, and the directory is back within about a second. */
static void killed_and_revived(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    unsigned answered = 0, unavailable = 0;

    (void)state;
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 3000);

    assert_int_equal(result->result, ASKED_ANSWERED);
    search_result_free(&result);
    slapd_kill(&slapd);
    for (int i = 0; i < 100; i++) {
        int64_t began_ms = clock_mono_ms();

        result = ask(directory, "alice@example.org", 3000);
        answered += result->result == ASKED_ANSWERED;
        unavailable += result->result == ASKED_UNAVAILABLE;
        assert_true(clock_mono_ms() - began_ms < 2500);
        search_result_free(&result);
        (void)poll(NULL, 0, 5);
    }
    assert_int_equal(answered, 0);
    assert_int_equal(unavailable, 100);

    assert_true(slapd_start(&slapd));
    int64_t began_ms = clock_mono_ms();

    result = ask_patiently(directory, "alice@example.org", 5000);
    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_true(clock_mono_ms() - began_ms < 3000);
    search_result_free(&result);
    directory_close(&directory);
}

/* Restarted while nobody looked: the first search after it is answered, not sacrificed. */
static void restarted_in_between(void **state)
{
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 3000);

    search_result_free(&result);
    slapd_kill(&slapd);
    assert_true(slapd_start(&slapd));
    result = ask_patiently(directory, "alice@example.org", 2000);
    assert_int_equal(result->result, ASKED_ANSWERED);
    search_result_free(&result);
    directory_close(&directory);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)setenv("LDAPTLS_REQCERT", "never", 1);
    (void)setenv("LDAPTLS_CRLCHECK", "all", 1);
    (void)setenv("LDAPNETWORK_TIMEOUT", "1", 1);
    (void)setenv("LDAPSIZELIMIT", "1", 1);
    return slapd_new(&slapd) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    slapd_free(&slapd);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(values_are_the_bytes_of_the_directory),
        cmocka_unit_test(limits_of_values_are_kept),
        cmocka_unit_test(base_may_come_from_the_server),
        cmocka_unit_test(a_wrong_base_is_no_answer),
        cmocka_unit_test(connects),
        cmocka_unit_test(a_wrong_password_is_not_repeated),
        cmocka_unit_test(the_environment_has_no_say),
        cmocka_unit_test(a_thousand_at_once),
        cmocka_unit_test(the_queue_has_an_end),
        cmocka_unit_test(closing_ends_every_search),
        cmocka_unit_test(killed_and_revived),
        cmocka_unit_test(restarted_in_between),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
