/* Reading from LDAP servers that a certificate names: a real slapd, servers that are played, and a trap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/remote.h"
#include "tests/unit/directory_play.h"
#include "tests/unit/scarce.h"
#include "tests/unit/web_play.h"

WEB_PLAYS_NAMES

static struct slapd slapd;
static struct played server;
static struct network loopback;

static size_t taken, taken_bytes, take_most;
static bool was_refused;

static int take(void *context, struct bytes value)
{
    struct error *error = context;

    if (taken == take_most) {
        return error_set(error, "that is enough");
    }
    taken++;
    taken_bytes += value.size;
    return 0;
}

/* Reads; `url` holds PORT. */
static int read_from(int port, const char *url, const struct network_rules *rules, struct error *error)
{
    char text[3000];
    const char *mark = strstr(url, "PORT");

    (void)snprintf(text, sizeof(text), "%.*s%d%s", (int)(mark != NULL ? mark - url : 0), url, port,
                   mark != NULL ? mark + 4 : url);
    taken = taken_bytes = 0;
    error->text[0] = '\0';
    return remote_read(mark != NULL ? text : url, rules, take, error, &was_refused, error);
}

static struct network_rules loopback_rules(void)
{
    take_most = 100;
    return (struct network_rules){.networks = &loopback, .network_count = 1, .timeout_ms = 3000, .max_bytes = 100000};
}

static void entries_are_read(void **state)
{
    static const struct {
        const char *url;
        size_t values;
        const char *words; /* NULL: it is read */
    } rows[] = {
        {"ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate;binary", 2, NULL},
        {"ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate?base?(objectClass=pkiCA)", 2, NULL},
        {"ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?certificateRevocationList;binary?base", 1, NULL},
        {"ldap://127.0.0.1:PORT/CN=CA,dc=example,dc=org?authorityRevocationList,deltaRevocationList,x", 2, NULL},
        {"ldap://ca.example:PORT/cn=ca,dc=example,dc=org?cACertificate", 2, NULL},
        {"ldap://127.0.0.1:PORT/cn=alice,dc=example,dc=org?cACertificate", 0, NULL},
        {"ldap://127.0.0.1:PORT/cn=nobody at all,dc=example,dc=org?cACertificate", 0, "No such object (32)"},
        {"ldap://127.0.0.1:PORT/cn=ca,dc=elsewhere?cACertificate", 0, "No such object (32)"},
        {"ldap://127.0.0.1:PORT/cn=alice,dc=example,dc=org?userCertificate;binary", 0, "the URL: names no attribute"},
        {"ldap://127.0.0.1:PORT/dc=example,dc=org?cACertificate?sub", 0, "the URL: is for a search"},
        {"ldap://127.0.0.1:1/cn=ca?cACertificate", 0, "connect: Connection refused"},
        {"ldap://nowhere.example:PORT/cn=ca?cACertificate", 0, "resolve: "},
        {"ldap:///cn=ca?cACertificate", 0, "the URL: names no host"},
    };
    static struct web_name names[] = {{"ca.example", {"127.0.0.3,127.0.0.1"}}, {NULL}};
    struct network_rules rules = loopback_rules();

    (void)state;
    web_names(names);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error;
        int result = read_from(slapd.port, rows[i].url, &rules, &error);

        if (result != (rows[i].words == NULL ? 0 : -1) || taken != rows[i].values ||
            strstr(error.text, rows[i].words != NULL ? rows[i].words : "") == NULL ||
            was_refused != (strncmp(error.text, "the URL", 7) == 0)) {
            fail_msg("%s: %d, %zu values, %s", rows[i].url, result, taken, error.text);
        }
    }
}

static void limits_are_kept(void **state)
{
    struct network_rules rules = loopback_rules();
    struct error error;

    (void)state;
    rules.max_bytes = 300;
    assert_int_equal(read_from(slapd.port, "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate", &rules, &error),
                     -1);
    assert_string_equal(error.text, "the entry holds more than 300 bytes");
    rules.max_bytes = 100000;
    take_most = 1;
    assert_int_equal(read_from(slapd.port, "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate", &rules, &error),
                     -1);
    assert_string_equal(error.text, "that is enough");
    assert_int_equal(taken, 1);
}

/* How many connections slapd has had. Its log may be late, so that one is made whose end is waited for; and its threads
 * write out of order, so that the count has to have come to rest. */
static unsigned connections(void)
{
    static unsigned marks, known;
    struct network_rules rules = loopback_rules();
    struct error error;
    char mark[32], url[100];
    unsigned total = 0, before;

    (void)snprintf(mark, sizeof(mark), "cn=mark %u,dc=test", ++marks);
    (void)snprintf(url, sizeof(url), "ldap://127.0.0.1:PORT/%s?cACertificate", mark);
    (void)read_from(slapd.port, url, &rules, &error);
    for (int i = 0; i < 1000 && slapd_logged(&slapd, mark) == 0; i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_true(slapd_logged(&slapd, mark) > 0);
    for (int i = 0; i < 50; i++) {
        before = total;
        total = slapd_logged(&slapd, "ACCEPT from");
        if (total > known && total == before) {
            break;
        }
        (void)poll(NULL, 0, 200);
    }
    known = total;
    return total - marks;
}

/* The trap is slapd itself, which would answer. */
static void what_is_not_allowed_is_not_reached(void **state)
{
    static const char *const urls[] = {
        "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://localhost:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://inside.example:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://mapped.example:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://both.example:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://changes.example:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://[::1]:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://[::ffff:127.0.0.1]:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://[64:ff9b::127.0.0.1]:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://0.0.0.0:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://0/cn=ca?cACertificate",
        "ldap://2130706433:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://0177.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://0x7f.1:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://127.1:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://10.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate",
        "ldap://169.254.169.254/cn=ca?cACertificate",
        "ldapi://%2Ftmp/cn=ca?cACertificate",
    };
    /* As the C library reads such numbers, and worse. */
    static struct web_name names[] = {
        {"localhost", {"127.0.0.1,::1"}}, {"inside.example", {"127.0.0.1"}}, {"mapped.example", {"::ffff:127.0.0.1"}},
        {"both.example", {"127.0.0.2,127.0.0.1"}}, {"changes.example", {"127.0.0.2", "127.0.0.1"}}, {"0", {"0.0.0.0"}},
        {"2130706433", {"127.0.0.1"}}, {"0177.0.0.1", {"127.0.0.1"}}, {"0x7f.1", {"127.0.0.1"}}, {"127.1", {"127.0.0.1"}},
        {NULL},
    };
    struct network_rules rules = loopback_rules();
    struct network other;
    unsigned before = connections();

    (void)state;
    web_names(names);
    assert_int_equal(network_parse("127.0.0.2", &other, NULL), 0);
    for (int with = 0; with < 2; with++) {
        rules.networks = with ? &other : NULL;
        rules.network_count = (size_t)with;
        for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
            struct error error;

            if (read_from(slapd.port, urls[i], &rules, &error) != -1 || taken > 0 ||
                (with == 0 && !was_refused) ||
                (with == 0 && strstr(error.text, "is neither public") == NULL && strstr(error.text, "the URL") == NULL)) {
                fail_msg("%s: %s", urls[i], error.text);
            }
        }
    }
    assert_int_equal(connections(), before);
}

/* ---- played */

static bool say_nothing(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    return true;
}

static bool hang_up(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    return false;
}

static bool say_referral(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char url[100];

    (void)snprintf(url, sizeof(url), "ldap://127.0.0.1:%d/cn=ca,dc=example,dc=org", slapd.port);
    ber_printf(ber, "{it{esst{s}}}", message, LDAP_RES_SEARCH_RESULT, LDAP_REFERRAL, "", "", LDAP_TAG_REFERRAL, url);
    return played_send(talk, ber);
}

static bool say_reference(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char url[100];

    (void)snprintf(url, sizeof(url), "ldap://127.0.0.1:%d/cn=ca,dc=example,dc=org", slapd.port);
    ber_printf(ber, "{it{s}}", message, LDAP_RES_SEARCH_REFERENCE, url);
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

static bool say_two(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "cACertificate", bytes_of_string("one")) &&
           played_entry(talk, message, "cn=two", "cACertificate", bytes_of_string("two")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static bool say_others(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userPassword", bytes_of_string("one")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static bool say_endless(struct talk *talk, ber_int_t message)
{
    bool goes_on = true;

    while (goes_on) {
        BerElement *ber = ber_alloc_t(LBER_USE_DER);

        ber_printf(ber, "{it{s}}", message, LDAP_RES_SEARCH_REFERENCE, "ldap://127.0.0.1:1/cn=ca");
        goes_on = played_send(talk, ber);
    }
    return false;
}

static bool say_large(struct talk *talk, ber_int_t message)
{
    static uint8_t large[MAX_PDU_BYTES];

    return played_entry(talk, message, "cn=one", "cACertificate", bytes_of(large, sizeof(large)));
}

static bool say_notice(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    (void)message;
    ber_printf(ber, "{it{ess}}", 0, LDAP_RES_EXTENDED, LDAP_UNAVAILABLE, "", "bye");
    return played_send(talk, ber);
}

static const struct play SILENT = {.silent = true};
static const struct play STUCK = {.search = say_nothing};
static const struct play BREAKS = {.search = hang_up};
static const struct play NONSENSE = {.greeting = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"};
static const struct play REFERS = {.search = say_referral};
static const struct play REFERENCE = {.search = say_reference};
static const struct play TWO = {.search = say_two};
static const struct play OTHERS = {.search = say_others};
static const struct play ENDLESS = {.search = say_endless};
static const struct play LARGE = {.search = say_large};
static const struct play NOTICE = {.search = say_notice};

static void what_servers_do(void **state)
{
    static const struct {
        const struct play *play; /* NULL: clogged */
        const char *words;       /* NULL: read, without a value */
        size_t values;
        int64_t least_ms, most_ms;
    } rows[] = {
        {&OTHERS, NULL, 0, 0, 500},
        {&REFERENCE, NULL, 0, 0, 500},
        {&BREAKS, "the connection was closed", 0, 0, 500},
        {&NONSENSE, "", 0, 0, 1500},
        {&REFERS, "Referral (10)", 0, 0, 500},
        {&TWO, "more than one entry", 1, 0, 500},
        {&LARGE, "", 0, 0, 1500},
        {&NOTICE, "the server ended the connection", 0, 0, 500},
        {&SILENT, "no answer in time", 0, 500, 1500},
        {&STUCK, "no answer in time", 0, 500, 1500},
        {&ENDLESS, "in time", 0, 500, 1500},
        {NULL, "connect: ", 0, 500, 1500},
    };
    struct network_rules rules = loopback_rules();
    unsigned before = connections();

    (void)state;
    rules.timeout_ms = 600;
    rules.max_bytes = 32 << 20;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct clogged clogged;
        struct error error;

        assert_true(rows[i].play != NULL ? played_start(&server, rows[i].play, 0) : clogged_start(&clogged));
        int64_t began_ms = clock_mono_ms();
        int result = read_from(rows[i].play != NULL ? server.port : clogged.port,
                               "ldap://127.0.0.1:PORT/cn=ca?cACertificate", &rules, &error);
        int64_t took_ms = clock_mono_ms() - began_ms;

        if (result != (rows[i].words == NULL ? 0 : -1) || taken != rows[i].values ||
            strstr(error.text, rows[i].words != NULL ? rows[i].words : "") == NULL ||
            (error.text[0] == '\0') != (rows[i].words == NULL) || took_ms < rows[i].least_ms || took_ms > rows[i].most_ms) {
            fail_msg("row %zu: %d, %zu values, %lld ms, %s", i, result, taken, (long long)took_ms, error.text);
        }
        if (rows[i].play != NULL) {
            played_stop(&server);
        } else {
            clogged_stop(&clogged);
        }
    }
    assert_int_equal(connections(), before);
}

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t files = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        files++;
    }
    closedir(folder);
    return files;
}

static void nothing_stays_open(void **state)
{
    struct network_rules rules = loopback_rules();
    size_t before = open_files();
    struct error error;

    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)read_from(i % 2 == 0 ? slapd.port : 1, "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate", &rules,
                        &error);
    }
    assert_int_equal(open_files(), before);
}

static void *set_soon(void *stop)
{
    (void)poll(NULL, 0, 200);
    atomic_store((atomic_bool *)stop, true);
    return NULL;
}

/* A listener that has as many as it takes, so that a connect to it hangs. Returns its port. */
static int full_listener(int sockets[4])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    for (int i = 0; i < 4; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | (i > 0 ? SOCK_NONBLOCK : 0), 0);
        assert_true(sockets[i] >= 0);
    }
    assert_int_equal(bind(sockets[0], (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(sockets[0], 0), 0);
    assert_int_equal(getsockname(sockets[0], (struct sockaddr *)&address, &size), 0);
    for (int i = 1; i < 4; i++) {
        (void)connect(sockets[i], (struct sockaddr *)&address, size);
    }
    return ntohs(address.sin_port);
}

static void who_does_not_wait_says_stop(void **state)
{
    int sockets[4], full = full_listener(sockets);
    static struct web_name names[] = {{"slow.example", {"127.0.0.1"}, 1500}, {NULL}};
    struct network_rules rules = loopback_rules();

    (void)state;
    web_names(names);
    rules.timeout_ms = 20000;
    assert_true(played_start(&server, &STUCK, 0));
    for (int slow = 0; slow < 3; slow++) {
        atomic_bool stop = false;
        pthread_t thread;
        struct error error;
        int64_t began_ms = clock_mono_ms();

        rules.stop = &stop;
        assert_int_equal(pthread_create(&thread, NULL, set_soon, &stop), 0);
        assert_int_equal(read_from(slow == 2 ? full : server.port,
                                   slow == 1 ? "ldap://slow.example:PORT/cn=ca?cACertificate"
                                             : "ldap://127.0.0.1:PORT/cn=ca?cACertificate",
                                   &rules, &error),
                         -1);
        assert_true(clock_mono_ms() - began_ms < 1000);
        assert_non_null(strstr(error.text, slow == 2 ? "connect: Connection timed out" : "no answer in time"));
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 4; i++) {
        close(sockets[i]);
    }
    played_stop(&server);
    (void)poll(NULL, 0, 1500);
}

/* A resolver that hangs costs the timeout; and there are never more than so many. */
static void resolvers_are_left_behind(void **state)
{
    static struct web_name names[] = {{"slow.example", {"127.0.0.1"}, 1500}, {NULL}};
    struct network_rules rules = loopback_rules();
    uint64_t before = count_read(COUNT_LIMIT_RESOLVERS);
    struct error error;

    (void)state;
    web_names(names);
    rules.timeout_ms = 20;
    for (int i = 0; i < MAX_LEFT_RESOLVERS + 2; i++) {
        int64_t began_ms = clock_mono_ms();

        assert_int_equal(read_from(1, "ldap://slow.example:PORT/cn=ca?cACertificate", &rules, &error), -1);
        assert_true(clock_mono_ms() - began_ms < 500);
        assert_non_null(strstr(error.text, i < MAX_LEFT_RESOLVERS ? "resolve: no answer in time" : "too many names"));
    }
    assert_int_equal(count_read(COUNT_LIMIT_RESOLVERS), before + 2);
    (void)poll(NULL, 0, 2000);
    rules.timeout_ms = 3000;
    assert_int_equal(read_from(slapd.port, "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate", &rules, &error),
                     0);
}

static void memory_may_run_out(void **state)
{
    struct network_rules rules = loopback_rules();
    bool failed = true;

    (void)state;
    for (int nth = 1; failed && nth < 100; nth++) {
        struct error error;

        scarce_begin(nth);
        int result = read_from(slapd.port, "ldap://127.0.0.1:PORT/cn=ca,dc=example,dc=org?cACertificate", &rules, &error);

        failed = scarce_end();
        assert_int_equal(result, failed ? -1 : 0);
        assert_int_equal(error.text[0] != '\0', failed);
    }
    assert_false(failed);
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    (void)setenv("LDAPURI", "ldap://127.0.0.1:1", 1);
    (void)setenv("LDAPREFERRALS", "on", 1);
    assert_int_equal(network_parse("127.0.0.0/8", &loopback, NULL), 0);
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
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(what_is_not_allowed_is_not_reached),
        cmocka_unit_test(what_servers_do),
        cmocka_unit_test(nothing_stays_open),
        cmocka_unit_test(who_does_not_wait_says_stop),
        cmocka_unit_test(resolvers_are_left_behind),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
