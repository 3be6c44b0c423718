/* A directory against servers that hang, break off, talk nonsense or never end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/unit/directory_play.h"

static bool say_one(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

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

static bool say_endless(struct talk *talk, ber_int_t message)
{
    for (int i = 0; i < 100 * 1000; i++) {
        if (!played_entry(talk, message, "cn=again", "userSMIMECertificate", bytes_of(&i, sizeof(i)))) {
            return false;
        }
    }
    return played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play GOOD = {.search = say_one};
static const struct play SILENT = {.silent = true};
static const struct play STUCK = {.search = say_nothing};
static const struct play BREAKS = {.search = hang_up};
static const struct play NONSENSE = {.greeting = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"};
static const struct play ENDLESS = {.search = say_endless};

static struct played server, other;

static struct directory *open_directory(const struct directory_config *config)
{
    struct error error = {{0}};
    struct directory *directory = directory_open(config, &error);

    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    return directory;
}

static int64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asks one question, tells how long it took, and sees to it that waiting cost nothing. */
static struct search_result *ask_timed(struct directory *directory, int64_t timeout_ms, int64_t *took_ms)
{
    int64_t began_ms = clock_mono_ms();
    int64_t cpu_began_ms = cpu_ms();
    struct search_result *result = ask(directory, "alice@example.org", timeout_ms);

    assert_non_null(result);
    *took_ms = clock_mono_ms() - began_ms;
    /* One part in twenty, and what a connect costs under a sanitizer. */
    if ((cpu_ms() - cpu_began_ms - 200) * 20 > *took_ms) {
        fail_msg("%lld ms of processor time in %lld ms", (long long)(cpu_ms() - cpu_began_ms), (long long)*took_ms);
    }
    return result;
}

struct one {
    atomic_bool is_done;
    struct search_result *result;
};

static void on_one(void *context, struct search_result *result)
{
    struct one *one = context;

    one->result = result;
    atomic_store(&one->is_done, true);
}

static void expect(struct search_result *result, enum asked_result want, const char *words)
{
    if (result->result != want || strstr(result->error, words) == NULL) {
        fail_msg("%s: %s", asked_word(result->result), result->error);
    }
    search_result_free(&result);
}

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
        struct directory *directory = open_directory(&config);
        struct search_result *result = ask_timed(directory, rows[i].timeout_ms, &took_ms);

        if (took_ms < rows[i].least_ms || took_ms > rows[i].most_ms) {
            fail_msg("row %zu took %lld ms: %s", i, (long long)took_ms, result->error);
        }
        expect(result, rows[i].result, rows[i].words);
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
        struct one ones[50] = {{0}};
        struct address address;

        config.tls = i == 2 ? TLS_LDAPS : TLS_NONE;
        config.connect_timeout_ms = 10000;
        assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
        struct directory *directory = open_directory(&config);

        for (size_t j = 0; j < 50; j++) {
            searches[j] = directory_search(directory, &address, 8000, on_one, &ones[j]);
        }
        (void)poll(NULL, 0, 300);
        int64_t cpu_began_ms = cpu_ms();

        (void)poll(NULL, 0, 2000);
        assert_true(cpu_ms() - cpu_began_ms < 100);
        directory_close(&directory);
        for (size_t j = 0; j < 50; j++) {
            assert_true(atomic_load(&ones[j].is_done));
            search_abandon(&searches[j]);
            expect(ones[j].result, ASKED_UNAVAILABLE, "the directory is being closed");
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
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "no end after 300 ms");
    for (int i = 0; i < 20; i++) {
        expect(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "no end after 300 ms");
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
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 5000, &took_ms), ASKED_UNAVAILABLE, "read the RootDSE: ");
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
    struct directory *directory = open_directory(&config);

    for (int i = 0; i < 20; i++) {
        expect(ask_timed(directory, 3000, &took_ms), ASKED_UNAVAILABLE, "the connection was closed");
    }
    (void)poll(NULL, 0, 500);
    assert_true(played_talks(&server) < 20);
    directory_close(&directory);
    played_stop(&server);
}

static bool hang_up_first(struct talk *talk, ber_int_t message)
{
    (void)poll(NULL, 0, 1100); /* not in its first second */
    return atomic_load(&talk->played->searches) > 1 && say_one(talk, message);
}

static void a_broken_search_is_sent_once_more(void **state)
{
    static const struct play play = {.search = hang_up_first};
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 4000, &took_ms), ASKED_ANSWERED, "");
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
    struct directory *directory = open_directory(&config);
    uint64_t before = count_read(COUNT_LIMIT_ENTRIES);
    struct search_result *result = ask(directory, "alice@example.org", 5000);

    assert_int_equal(result->entries, 16);
    assert_int_equal(result->value_count, 16);
    assert_int_equal(count_read(COUNT_LIMIT_ENTRIES), before + 1);
    expect(result, ASKED_CUT_OFF, "there are more entries than are taken");
    directory_close(&directory);
    played_stop(&server);
}

/* Entries as servers write them. */
static bool say_spellings(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=a", "USERCERTIFICATE;BINARY", bytes_of_string("1")) &&
           played_entry(talk, message, "cn=b", "2.5.4.36;binary", bytes_of_string("2")) &&
           played_entry(talk, message, "cn=c", "userSMIMECertificate;lang-de", bytes_of_string("3")) &&
           played_entry(talk, message, "cn=d", "userCertificate;range=0-*", bytes_of_string("4")) &&
           played_entry(talk, message, "cn=e", "userCertificateOfAnother", bytes_of_string("5")) &&
           played_entry(talk, message, "cn=\xff\xfe", "2.16.840.1.113730.3.1.40", bytes_of_string("6")) &&
           played_entry(talk, message, "cn=a", "userCertificate", bytes_of_string("1")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static void spellings(void **state)
{
    static const struct play play = {.search = say_spellings};
    static const char *const uris[] = {server.uri};
    static const struct {
        const char *dn, *value;
        enum attribute attribute;
    } rows[] = {
        {"cn=a", "1", ATTRIBUTE_USER_CERTIFICATE},
        {"cn=b", "2", ATTRIBUTE_USER_CERTIFICATE},
        {"cn=c", "3", ATTRIBUTE_USER_SMIME_CERTIFICATE},
        {"cn=d", "4", ATTRIBUTE_USER_CERTIFICATE},
        {"cn=\?\?", "6", ATTRIBUTE_USER_SMIME_CERTIFICATE},
        {"cn=a", "1", ATTRIBUTE_USER_CERTIFICATE}, /* another entry: its own */
    };

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->entries, 7);
    assert_int_equal(result->value_count, sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i < result->value_count; i++) {
        assert_string_equal(result->values[i].dn, rows[i].dn);
        assert_int_equal(result->values[i].attribute, rows[i].attribute);
        assert_true(bytes_equal(blob_bytes(result->values[i].value), bytes_of_string(rows[i].value)));
    }
    expect(result, ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
}

/* One entry: the same bytes under two spellings, and another value between. */
static bool say_twice(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s{{s[ss]}{s[s]}{s[s]}}}}", message, LDAP_RES_SEARCH_ENTRY, "cn=twice",
               "userCertificate;binary", "one", "two", "userCertificate", "one", "userSMIMECertificate", "one");
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

static void equal_values_of_an_entry_count_once(void **state)
{
    static const struct play play = {.search = say_twice};
    static const char *const uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->value_count, 3);
    assert_int_equal(result->values[0].index, 0);
    assert_int_equal(result->values[1].index, 1);
    assert_int_equal(result->values[2].attribute, ATTRIBUTE_USER_SMIME_CERTIFICATE);
    assert_int_equal(result->values[2].index, 0);
    expect(result, ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
}

/* An entry whose own addresses stand before and behind its values, in several spellings; and one without any. */
static bool say_mails(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s{{s[sss]}{s[ss]}{s[s]}{s[s]}{s[s]}}}}", message, LDAP_RES_SEARCH_ENTRY, "cn=alice", "MAIL",
               "Alice@Example.ORG", "two\nlines@example.org", "no address", "userCertificate;binary", "one", "two",
               "mail;lang-de", "alice@b\xc3\xbc" "cher.example", "0.9.2342.19200300.100.1.3", "alice@EXAMPLE.org",
               "mailAlternateAddress", "other@example.org");
    return played_send(talk, ber) && played_entry(talk, message, "cn=bob", "userCertificate", bytes_of_string("3")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static void an_entrys_mails_stand_with_each_value(void **state)
{
    static const struct play play = {.search = say_mails};
    static const char *const uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->value_count, 3);
    assert_string_equal(result->values[0].mails, "alice@example.org\nalice@xn--bcher-kva.example\n");
    assert_string_equal(result->values[1].mails, result->values[0].mails);
    assert_string_equal(result->values[2].mails, "");
    expect(result, ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
}

/* More addresses than are kept; the one that is asked for comes late, another beyond those that are looked at. */
static bool say_many_mails(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char mail[32];

    ber_printf(ber, "{it{s{{s[s]}{s[", message, LDAP_RES_SEARCH_ENTRY, "cn=many", "userCertificate", "one", "mail");
    for (int i = 0; i < 2 * MAX_ENTRY_MAILS_READ; i++) {
        snprintf(mail, sizeof(mail), "m%d@example.org", i);
        ber_printf(ber, "s", i == 40 || i == 100 ? (i == 40 ? "alice@example.org" : "late@example.org") : mail);
    }
    ber_printf(ber, "]}}}}");
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

static void of_too_many_mails_the_asked_one_is_kept(void **state)
{
    static const struct play play = {.search = say_many_mails};
    static const char *const uris[] = {server.uri};

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_string_equal(result->values[0].mails, "m0@example.org\nm1@example.org\nm2@example.org\nm3@example.org\n"
                                                 "m4@example.org\nm5@example.org\nm6@example.org\n"
                                                 "alice@example.org\n");
    search_result_free(&result);
    result = ask(directory, "late@example.org", 2000);
    assert_string_equal(strstr(result->values[0].mails, "m7@"), "m7@example.org\n");
    search_result_free(&result);
    directory_close(&directory);
    played_stop(&server);
}

static atomic_int result_code;

static bool say_result(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;range=0-9", bytes_of_string("value")) &&
           played_result(talk, message, atomic_load(&result_code), "its\nown \xff words");
}

static void results(void **state)
{
    static const struct play play = {.search = say_result};
    static const char *const uris[] = {server.uri};
    static const struct {
        int code;
        enum asked_result result;
        const char *words;
    } rows[] = {
        {LDAP_SUCCESS, ASKED_CUT_OFF, "only a range"},
        {LDAP_TIMELIMIT_EXCEEDED, ASKED_CUT_OFF, "only a range"},
        {LDAP_SIZELIMIT_EXCEEDED, ASKED_CUT_OFF, "only a range"},
        {LDAP_ADMINLIMIT_EXCEEDED, ASKED_CUT_OFF, "only a range"},
        {LDAP_NO_SUCH_OBJECT, ASKED_UNAVAILABLE, "search: No such object (32): its?own ? words"},
        {LDAP_INSUFFICIENT_ACCESS, ASKED_UNAVAILABLE, "search: Insufficient access (50): its?own ? words"},
        {LDAP_BUSY, ASKED_UNAVAILABLE, "(51)"},
        {LDAP_UNAVAILABLE, ASKED_UNAVAILABLE, "(52)"},
        {LDAP_REFERRAL, ASKED_UNAVAILABLE, "(10)"},
        {LDAP_OPERATIONS_ERROR, ASKED_UNAVAILABLE, "(1)"},
        {4711, ASKED_UNAVAILABLE, "(4711)"},
    };

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        atomic_store(&result_code, rows[i].code);
        struct search_result *result = ask(directory, "alice@example.org", 2000);

        assert_int_equal(result->value_count, 1);
        assert_non_null(strstr(result->error, server.uri));
        expect(result, rows[i].result, rows[i].words);
    }
    directory_close(&directory);
    played_stop(&server);
}

static bool say_too_much(struct talk *talk, ber_int_t message)
{
    /* A message that claims to be 1 GiB long. */
    static const uint8_t claim[] = {0x30, 0x84, 0x40, 0x00, 0x00, 0x00, 0x02, 0x01, 0x02, 0x64};

    (void)message;
    return write(talk->fd, claim, sizeof(claim)) == (ssize_t)sizeof(claim);
}

static void a_message_has_a_maximum(void **state)
{
    static const struct play play = {.search = say_too_much};
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 4000, &took_ms), ASKED_UNAVAILABLE, "search: ");
    assert_true(took_ms < 3000);
    directory_close(&directory);
    played_stop(&server);
}

static bool say_reference(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s}}", message, LDAP_RES_SEARCH_REFERENCE, "ldap://elsewhere.example/dc=example");
    return played_send(talk, ber) && say_one(talk, message);
}

static void references_are_not_followed(void **state)
{
    static const struct play play = {.search = say_reference};
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
}

/* RFC 4511 4.4.1: the server says that it ends the connection. Without words, which libldap would forget to free. */
static bool say_goodbye(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    (void)message;
    ber_printf(ber, "{it{essts}}", 0, LDAP_RES_EXTENDED, LDAP_UNAVAILABLE, "", "", LDAP_TAG_EXOP_RES_OID,
               LDAP_NOTICE_OF_DISCONNECTION);
    return played_send(talk, ber);
}

static bool say_another_kind(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{ess}}", message, LDAP_RES_MODIFY, LDAP_SUCCESS, "", "");
    return played_send(talk, ber);
}

static bool say_half_an_entry(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s{{s", message, LDAP_RES_SEARCH_ENTRY, "cn=half", "userCertificate");
    ber_printf(ber, "o}}}}", "no set here", (ber_len_t)11);
    return played_send(talk, ber);
}

static bool say_half_a_result(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{e}}", message, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS);
    return played_send(talk, ber);
}

static void unfit_messages_are_no_answer(void **state)
{
    static const struct play plays[] = {
        {.search = say_goodbye},
        {.search = say_another_kind},
        {.search = say_half_an_entry},
        {.search = say_half_a_result},
    };
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        assert_true(played_start(&server, &plays[i], 0));
        struct directory_config config = plain_config(uris, 1);
        struct directory *directory = open_directory(&config);

        expect(ask_timed(directory, 4000, &took_ms), ASKED_UNAVAILABLE, "search: ");
        assert_true(took_ms < 3500);
        directory_close(&directory);
        played_stop(&server);
    }
}

static atomic_int root_code;

static bool say_no_contexts(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "", "supportedLDAPVersion", bytes_of_string("3")) &&
           played_result(talk, message, atomic_load(&root_code), "");
}

/* The RootDSE is needed where no base is set; otherwise any answer to it proves that somebody is there, but "busy". */
static void root_answers(void **state)
{
    static const struct play play = {.root = say_no_contexts, .search = say_one};
    static const char *const uris[] = {server.uri};
    static const struct {
        const char *base;
        int code;
        enum asked_result result;
        const char *words;
    } rows[] = {
        {"dc=example,dc=org", LDAP_SUCCESS, ASKED_ANSWERED, ""},
        {"dc=example,dc=org", LDAP_INSUFFICIENT_ACCESS, ASKED_ANSWERED, ""},
        {"dc=example,dc=org", LDAP_BUSY, ASKED_UNAVAILABLE, "read the RootDSE: Server is busy (51)"},
        {"dc=example,dc=org", LDAP_UNAVAILABLE, ASKED_UNAVAILABLE, "read the RootDSE: Server is unavailable (52)"},
        {"", LDAP_SUCCESS, ASKED_UNAVAILABLE, "read the RootDSE: the server names no naming context"},
    };
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = plain_config(uris, 1);

        atomic_store(&root_code, rows[i].code);
        config.base = rows[i].base;
        struct directory *directory = open_directory(&config);

        expect(ask_timed(directory, 4000, &took_ms), rows[i].result, rows[i].words);
        directory_close(&directory);
    }
    played_stop(&server);
}

/* A server that allows one connection is served by one, and is not stormed for more. */
static void one_connection_is_enough(void **state)
{
    static const struct play play = {.talks_most = 1, .search = say_one};
    static const char *const uris[] = {server.uri};
    static struct one ones[200];
    static struct search *searches[200];
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &play, 0));
    atomic_store(&server.delay_ms, 1);
    struct directory_config config = plain_config(uris, 1);

    config.connections = 4;
    struct directory *directory = open_directory(&config);

    for (size_t i = 0; i < 200; i++) {
        searches[i] = directory_search(directory, &address, 20000, on_one, &ones[i]);
        (void)poll(NULL, 0, 1);
    }
    for (size_t i = 0; i < 200; i++) {
        for (int j = 0; j < 2000 && !atomic_load(&ones[i].is_done); j++) {
            (void)poll(NULL, 0, 10);
        }
        assert_true(atomic_load(&ones[i].is_done));
        search_abandon(&searches[i]);
        expect(ones[i].result, ASKED_ANSWERED, "");
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
    struct directory *directory = open_directory(&config);
    int rounds = 0;

    for (; rounds < 2000 && played_talks(&server) < 2; rounds++) {
        struct one ones[50] = {{0}};
        struct search *searches[50];
        unsigned before = atomic_load(&server.searches);

        for (size_t i = 0; i < 50; i++) {
            searches[i] = directory_search(directory, &address, 60000, on_one, &ones[i]);
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
            expect(ones[i].result, ASKED_TIMED_OUT, "nobody waits for the answer any more");
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
        struct directory *directory = open_directory(&config);

        expect(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
        for (int j = 0; j < 30; j++) {
            expect(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
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
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 400, &took_ms), ASKED_TIMED_OUT, "no answer in time");
    expect(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
    played_stop(&other);
}

/* With several connections to it as well; and once it answers again, it is the first again. */
static bool say_one_later(struct talk *talk, ber_int_t message)
{
    return atomic_load(&talk->played->delay_ms) == 0 || say_one(talk, message);
}

static void all_connections_leave(void **state)
{
    static const struct play play = {.search = say_one_later};
    static const char *const uris[] = {server.uri, other.uri};
    static struct one ones[60];
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
    struct directory *directory = open_directory(&config);

    for (size_t i = 0; i < 60; i++) {
        searches[i] = directory_search(directory, &address, 400 + 50 * (int64_t)i, on_one, &ones[i]);
        (void)poll(NULL, 0, 2);
    }
    for (size_t i = 0; i < 60; i++) {
        while (!atomic_load(&ones[i].is_done)) {
            (void)poll(NULL, 0, 10);
        }
        search_abandon(&searches[i]);
        search_result_free(&ones[i].result);
    }
    expect(ask_timed(directory, 3000, &took_ms), ASKED_ANSWERED, "");
    assert_true(atomic_load(&other.searches) > 0);

    atomic_store(&server.delay_ms, 1);
    unsigned before = atomic_load(&server.searches);

    for (int i = 0; i < 200 && atomic_load(&server.searches) < before + 5; i++) {
        expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
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
    struct directory *directory = open_directory(&config);

    expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    assert_int_equal(atomic_load(&other.searches), 1);
    assert_true(played_start(&server, &GOOD, port));
    atomic_store(&other.delay_ms, 50);
    for (int i = 0; i < 60 && atomic_load(&server.searches) == 0; i++) {
        expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
        (void)poll(NULL, 0, 50);
    }
    assert_true(atomic_load(&server.searches) > 0);
    unsigned before = atomic_load(&other.searches);

    for (int i = 0; i < 10; i++) {
        expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
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
        struct one one = {0};

        assert_true(played_start(&server, in_flight ? &STUCK : &SILENT, 0));
        struct directory_config config = plain_config(uris, 1);

        config.connect_timeout_ms = 5000;
        struct directory *directory = open_directory(&config);
        struct search *search = directory_search(directory, &address, 5000, on_one, &one);

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
    struct one one = {0};
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &STUCK, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = open_directory(&config);
    struct search *search = directory_search(directory, &address, 5000, on_one, &one);

    (void)poll(NULL, 0, 100);
    directory_close(&directory);
    assert_true(atomic_load(&one.is_done));
    expect(one.result, ASKED_UNAVAILABLE, "the directory is being closed");
    search_abandon(&search);
    played_stop(&server);
}

/* Connections are opened as they are needed, and no more than allowed. */
static void connections_grow_with_the_load(void **state)
{
    static const char *const uris[] = {server.uri};
    static struct one ones[200];
    static struct search *searches[200];
    int64_t took_ms = 0;
    struct address address;

    (void)state;
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, &GOOD, 0));
    struct directory_config config = plain_config(uris, 1);

    config.connections = 4;
    struct directory *directory = open_directory(&config);

    for (int i = 0; i < 5; i++) {
        expect(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
    }
    assert_int_equal(played_talks(&server), 1);
    atomic_store(&server.delay_ms, 2);
    for (size_t i = 0; i < 200; i++) {
        searches[i] = directory_search(directory, &address, 10000, on_one, &ones[i]);
        (void)poll(NULL, 0, 1);
    }
    for (size_t i = 0; i < 200; i++) {
        for (int j = 0; j < 1000 && !atomic_load(&ones[i].is_done); j++) {
            (void)poll(NULL, 0, 10);
        }
        assert_true(atomic_load(&ones[i].is_done));
        search_abandon(&searches[i]);
        expect(ones[i].result, ASKED_ANSWERED, "");
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
    struct directory *directory = open_directory(&config);
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
        cmocka_unit_test(hanging_servers_cost_only_the_deadline),
        cmocka_unit_test(waiting_burns_nothing),
        cmocka_unit_test(a_down_directory_answers_at_once),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(breaking_off_is_not_endless),
        cmocka_unit_test(a_broken_search_is_sent_once_more),
        cmocka_unit_test(an_endless_answer_is_cut),
        cmocka_unit_test(spellings),
        cmocka_unit_test(equal_values_of_an_entry_count_once),
        cmocka_unit_test(an_entrys_mails_stand_with_each_value),
        cmocka_unit_test(of_too_many_mails_the_asked_one_is_kept),
        cmocka_unit_test(results),
        cmocka_unit_test(a_message_has_a_maximum),
        cmocka_unit_test(references_are_not_followed),
        cmocka_unit_test(unfit_messages_are_no_answer),
        cmocka_unit_test(root_answers),
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
