/* Reading an issuer's entry: from a real slapd, and from servers that hang, break off or give too much. */
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
#include "tests/unit/scarce.h"

static struct slapd slapd;
static const char *const uris[] = {slapd.uri};
static struct played server;
static const char *const played_uris[] = {server.uri};

struct one {
    atomic_uint done;
    struct entry_result *result;
};

static void on_one(void *context, struct entry_result *result)
{
    struct one *one = context;

    one->result = result;
    atomic_fetch_add(&one->done, 1);
}

static struct entry_result *wait_for(struct one *one)
{
    for (int i = 0; i < 2000 && atomic_load(&one->done) == 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(atomic_load(&one->done), 1);
    return one->result;
}

static struct entry_result *read_entry(struct directory *directory, const char *dn, enum entry_part part, size_t most,
                                       int64_t timeout_ms)
{
    struct one one = {0};
    struct reading *reading = directory_read(directory, dn, part, most, timeout_ms, on_one, &one);
    struct entry_result *result = wait_for(&one);

    reading_abandon(&reading);
    assert_null(reading);
    assert_int_equal(atomic_load(&one.done), 1);
    return result;
}

static struct directory *open_directory(const struct directory_config *config)
{
    struct error error = {{0}};
    struct directory *directory = directory_open(config, &error);

    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    return directory;
}

static bool is_file(const struct blob *value, const char *name)
{
    static uint8_t der[8192];
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", slapd.folder, name);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    size_t size = fread(der, 1, sizeof(der), file);

    (void)fclose(file);
    return bytes_equal(blob_bytes(value), bytes_of(der, size));
}

static bool holds(const struct entry_result *result, const char *name)
{
    for (size_t i = 0; i < result->value_count; i++) {
        if (is_file(result->values[i], name)) {
            return true;
        }
    }
    return false;
}

static void entries_are_read(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct entry_result *result = read_entry(directory, "CN=CA, DC=example,dc=org", ENTRY_ISSUERS, 1 << 20, 5000);

    (void)state;
    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_string_equal(result->error, "");
    assert_int_equal(result->value_count, 2);
    assert_true(holds(result, "ca.der") && holds(result, "other-ca.der"));
    entry_result_free(&result);
    assert_null(result);

    result = read_entry(directory, "cn=ca,dc=example,dc=org", ENTRY_CRLS, 1 << 20, 5000);
    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_int_equal(result->value_count, 3);
    assert_true(holds(result, "crl.der") && holds(result, "arl.der") && holds(result, "delta.der"));
    entry_result_free(&result);

    /* Larger values than are wanted. */
    uint64_t before = count_read(COUNT_LIMIT_VALUE_BYTES);

    result = read_entry(directory, "cn=ca,dc=example,dc=org", ENTRY_CRLS, 100, 5000);
    assert_int_equal(result->result, ASKED_CUT_OFF);
    assert_non_null(strstr(result->error, "a value is larger than is taken"));
    assert_int_equal(result->value_count, 0);
    assert_int_equal(count_read(COUNT_LIMIT_VALUE_BYTES), before + 3);
    entry_result_free(&result);
    directory_close(&directory);
}

/* A signer of CRLs that is no CA has its certificate in userCertificate (RFC 4523 4.1). */
static void a_signers_own_certificates_are_read(void **state)
{
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct entry_result *result = read_entry(directory, "cn=alice,dc=example,dc=org", ENTRY_ISSUERS, 1 << 20, 5000);

    (void)state;
    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_int_equal(result->value_count, 2);
    entry_result_free(&result);
    result = read_entry(directory, "cn=alice,dc=example,dc=org", ENTRY_CRLS, 1 << 20, 5000);
    assert_int_equal(result->result, ASKED_ANSWERED);
    assert_int_equal(result->value_count, 0);
    entry_result_free(&result);
    directory_close(&directory);
}

/* Nothing there is an answer. */
static void nothing_is_an_answer(void **state)
{
    static const char *const names[] = {
        "cn=nobody at all,dc=example,dc=org",
        "cn=ca,dc=elsewhere,dc=org",
        "dc=org",
        "",
        "nonsense",
        "cn=\xff,dc=example,dc=org",
        "cn=*,dc=example,dc=org",
        "cn=ca)(objectClass=*,dc=example,dc=org",
        "noSuchType=x,dc=example,dc=org",
        "1.2.3.4.5=#0403666f6f,dc=example,dc=org",
        "cn=ca,dc=example,dc=org,",
    };
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int part = ENTRY_ISSUERS; part <= ENTRY_CRLS; part++) {
            struct entry_result *result = read_entry(directory, names[i], (enum entry_part)part, 1 << 20, 5000);

            if (result->result != ASKED_ANSWERED || result->value_count != 0 || result->error[0] != '\0') {
                fail_msg("%s: %s, %zu, %s", names[i], asked_word(result->result), result->value_count, result->error);
            }
            entry_result_free(&result);
        }
    }
    directory_close(&directory);
}

/* Searches and readings share connections and queue. */
static void both_go_the_same_way(void **state)
{
    static struct one ones[500];
    static struct reading *readings[500];
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search_result *found = ask_patiently(directory, "alice@example.org", 5000);

    (void)state;
    assert_int_equal(found->value_count, 2);
    search_result_free(&found);
    /* slapd's log may be late: it is complete up to what it shows of this. */
    found = ask(directory, "marked@example.org", 5000);
    search_result_free(&found);
    for (int i = 0; i < 1000 && slapd_logged(&slapd, "marked@example.org") == 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    unsigned connections = slapd_logged(&slapd, "ACCEPT from");

    for (size_t i = 0; i < 500; i++) {
        readings[i] = directory_read(directory, "cn=ca,dc=example,dc=org", i % 2 == 0 ? ENTRY_CRLS : ENTRY_ISSUERS, 1 << 20,
                                     20000, on_one, &ones[i]);
    }
    found = ask(directory, "bob@example.org", 10000);
    assert_int_equal(found->value_count, 3);
    search_result_free(&found);
    for (size_t i = 0; i < 500; i++) {
        struct entry_result *result = wait_for(&ones[i]);

        assert_int_equal(result->result, ASKED_ANSWERED);
        assert_int_equal(result->value_count, i % 2 == 0 ? 3 : 2);
        entry_result_free(&result);
        reading_abandon(&readings[i]);
    }
    assert_int_equal(slapd_logged(&slapd, "ACCEPT from"), connections);
    directory_close(&directory);
}

/* ---- played */

static const char *attribute;
static size_t value_count, value_size;
static int code;
static atomic_uint breaks;

static bool say_entry(struct talk *talk, ber_int_t message)
{
    static uint8_t value[300 * 1024];

    if (atomic_load(&breaks) > 0) {
        atomic_fetch_sub(&breaks, 1);
        return false;
    }
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s{{s[", message, LDAP_RES_SEARCH_ENTRY, "cn=ca", attribute);
    for (size_t i = 0; i < value_count; i++) {
        memcpy(value, &i, sizeof(i));
        ber_printf(ber, "o", (const char *)value, (ber_len_t)value_size);
    }
    ber_printf(ber, "]}}}}");
    return played_send(talk, ber) && played_result(talk, message, code, "because");
}

static bool say_nothing(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    return true;
}

static bool say_two(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "cACertificate", bytes_of_string("one")) &&
           played_entry(talk, message, "cn=two", "cACertificate", bytes_of_string("two")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play ENTRY = {.search = say_entry};
static const struct play STUCK = {.search = say_nothing};
static const struct play TWO = {.search = say_two};

static void what_servers_say(void **state)
{
    static const struct {
        const char *attribute;
        enum entry_part part;
        size_t count, size;
        int code;
        enum asked_result want;
        size_t values;
        const char *words;
    } rows[] = {
        {"cACertificate", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"CACERTIFICATE;BINARY", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"2.5.4.37", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"cACertificateX", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 0, ""},
        {"userCertificate;binary", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"userCertificate;binary", ENTRY_CRLS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 0, ""},
        {"userSMIMECertificate", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 0, ""},
        {"certificateRevocationList", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 0, ""},
        {"certificateRevocationList", ENTRY_CRLS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"2.5.4.39", ENTRY_CRLS, 3, 100, LDAP_SUCCESS, ASKED_ANSWERED, 3, ""},
        {"authorityRevocationList;binary", ENTRY_CRLS, 1, 100, LDAP_SUCCESS, ASKED_ANSWERED, 1, ""},
        {"deltaRevocationList", ENTRY_CRLS, 1, 100, LDAP_SUCCESS, ASKED_ANSWERED, 1, ""},
        {"cACertificate;range=0-2", ENTRY_ISSUERS, 3, 100, LDAP_SUCCESS, ASKED_CUT_OFF, 3, "only a range"},
        {"cACertificate", ENTRY_ISSUERS, 16, 100, LDAP_SUCCESS, ASKED_ANSWERED, 16, ""},
        {"cACertificate", ENTRY_ISSUERS, 17, 100, LDAP_SUCCESS, ASKED_CUT_OFF, 16, "more values than are taken"},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_SUCCESS, ASKED_ANSWERED, 0, ""},
        /* Over the directory's own value-size, which is not for this. */
        {"certificateRevocationList", ENTRY_CRLS, 2, 200 * 1024, LDAP_SUCCESS, ASKED_ANSWERED, 2, ""},
        {"certificateRevocationList", ENTRY_CRLS, 2, 280 * 1024, LDAP_SUCCESS, ASKED_CUT_OFF, 0, "larger than is taken"},
        {"certificateRevocationList", ENTRY_CRLS, 40, 250 * 1024, LDAP_SUCCESS, ASKED_UNAVAILABLE, 0, "search: "},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_NO_SUCH_OBJECT, ASKED_ANSWERED, 0, ""},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_INVALID_DN_SYNTAX, ASKED_ANSWERED, 0, ""},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_REFERRAL, ASKED_ANSWERED, 0, ""},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_INSUFFICIENT_ACCESS, ASKED_UNAVAILABLE, 0,
         "search: Insufficient access (50): because"},
        {"cACertificate", ENTRY_ISSUERS, 0, 100, LDAP_BUSY, ASKED_UNAVAILABLE, 0, "Server is busy"},
        {"cACertificate", ENTRY_ISSUERS, 1, 100, LDAP_TIMELIMIT_EXCEEDED, ASKED_CUT_OFF, 1, "Time limit"},
    };
    struct directory_config config = plain_config(played_uris, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        attribute = rows[i].attribute;
        value_count = rows[i].count;
        value_size = rows[i].size;
        code = rows[i].code;
        assert_true(played_start(&server, &ENTRY, 0));
        struct directory *directory = open_directory(&config);
        struct entry_result *result = read_entry(directory, "cn=ca", rows[i].part, 256 * 1024, 5000);

        if (result->result != rows[i].want || result->value_count != rows[i].values ||
            strstr(result->error, rows[i].words) == NULL || (result->error[0] == '\0') != (rows[i].words[0] == '\0')) {
            fail_msg("row %zu: %s, %zu values, %s", i, asked_word(result->result), result->value_count, result->error);
        }
        for (size_t j = 0; j < result->value_count; j++) {
            assert_int_equal(result->values[j]->size, rows[i].size);
            assert_memory_equal(result->values[j]->data, &j, sizeof(j));
        }
        entry_result_free(&result);
        directory_close(&directory);
        played_stop(&server);
    }
}

/* A connection that breaks once costs nothing, twice the reading. */
static void broken_connections_are_made_anew(void **state)
{
    struct directory_config config = plain_config(played_uris, 1);

    (void)state;
    attribute = "cACertificate";
    value_count = 3;
    value_size = 100;
    code = LDAP_SUCCESS;
    assert_true(played_start(&server, &ENTRY, 0));
    struct directory *directory = open_directory(&config);

    for (unsigned i = 0; i < 3; i++) {
        atomic_store(&breaks, i);
        struct entry_result *result = read_entry(directory, "cn=ca", ENTRY_ISSUERS, 1000, 5000);

        assert_int_equal(result->result, i < 2 ? ASKED_ANSWERED : ASKED_UNAVAILABLE);
        assert_int_equal(result->value_count, i < 2 ? 3 : 0);
        entry_result_free(&result);
    }
    directory_close(&directory);
    played_stop(&server);
}

static void a_base_search_has_one_entry(void **state)
{
    struct directory_config config = plain_config(played_uris, 1);

    (void)state;
    assert_true(played_start(&server, &TWO, 0));
    struct directory *directory = open_directory(&config);
    struct entry_result *result = read_entry(directory, "cn=ca", ENTRY_ISSUERS, 1000, 5000);

    assert_int_equal(result->result, ASKED_CUT_OFF);
    assert_int_equal(result->value_count, 1);
    entry_result_free(&result);
    directory_close(&directory);
    played_stop(&server);
}

static void time_has_an_end(void **state)
{
    struct directory_config config = plain_config(played_uris, 1);
    struct one one = {0};
    int64_t began_ms = clock_mono_ms();

    (void)state;
    assert_true(played_start(&server, &STUCK, 0));
    struct directory *directory = open_directory(&config);
    struct entry_result *result = read_entry(directory, "cn=ca", ENTRY_ISSUERS, 1000, 400);

    assert_int_equal(result->result, ASKED_TIMED_OUT);
    assert_true(clock_mono_ms() - began_ms < 3000);
    entry_result_free(&result);

    /* Abandoned, and the directory closed: it is done once. */
    struct reading *reading = directory_read(directory, "cn=ca", ENTRY_CRLS, 1000, 20000, on_one, &one);

    (void)poll(NULL, 0, 100);
    reading_abandon(&reading);
    result = wait_for(&one);
    assert_int_equal(result->result, ASKED_TIMED_OUT);
    entry_result_free(&result);
    one = (struct one){0};
    reading = directory_read(directory, "cn=ca", ENTRY_CRLS, 1000, 20000, on_one, &one);
    directory_close(&directory);
    result = wait_for(&one);
    assert_int_equal(result->result, ASKED_UNAVAILABLE);
    entry_result_free(&result);
    reading_abandon(&reading);
    played_stop(&server);
}

static void the_queue_has_an_end(void **state)
{
    struct directory_config config = plain_config(played_uris, 1);
    struct one ones[5] = {{0}};
    struct reading *readings[5];

    (void)state;
    config.max_queued = 3;
    assert_true(played_start(&server, &STUCK, 0));
    struct directory *directory = open_directory(&config);

    for (size_t i = 0; i < 5; i++) {
        readings[i] = directory_read(directory, "cn=ca", ENTRY_CRLS, 1000, 20000, on_one, &ones[i]);
        assert_int_equal(atomic_load(&ones[i].done), i < 3 ? 0 : 1);
    }
    assert_non_null(strstr(ones[4].result->error, "too many searches wait"));
    directory_close(&directory);
    for (size_t i = 0; i < 5; i++) {
        entry_result_free(&ones[i].result);
        reading_abandon(&readings[i]);
    }
    played_stop(&server);
}

static void memory_may_run_out(void **state)
{
    struct directory_config config = plain_config(played_uris, 1);
    bool failed = true;

    (void)state;
    attribute = "cACertificate";
    value_count = 5;
    value_size = 100;
    code = LDAP_SUCCESS;
    assert_true(played_start(&server, &ENTRY, 0));
    struct directory *directory = open_directory(&config);
    struct entry_result *result = read_entry(directory, "cn=ca", ENTRY_ISSUERS, 1000, 5000);

    assert_int_equal(result->value_count, 5);
    entry_result_free(&result);
    for (int nth = 1; failed && nth < 100; nth++) {
        scarce_begin(nth);
        result = read_entry(directory, "cn=ca", ENTRY_ISSUERS, 1000, 5000);
        failed = scarce_end();
        assert_true(failed || (result != NULL && result->value_count == 5));
        entry_result_free(&result);
    }
    assert_false(failed);
    directory_close(&directory);
    played_stop(&server);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
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
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(a_signers_own_certificates_are_read),
        cmocka_unit_test(nothing_is_an_answer),
        cmocka_unit_test(both_go_the_same_way),
        cmocka_unit_test(what_servers_say),
        cmocka_unit_test(broken_connections_are_made_anew),
        cmocka_unit_test(a_base_search_has_one_entry),
        cmocka_unit_test(time_has_an_end),
        cmocka_unit_test(the_queue_has_an_end),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
