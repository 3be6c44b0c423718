/* What a directory makes of the answers of servers: such as are odd, and such as are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/directory_play.h"

static struct played server;

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
    struct directory *directory = opened(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->entries, 7);
    assert_int_equal(result->value_count, sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i < result->value_count; i++) {
        assert_string_equal(result->values[i].dn, rows[i].dn);
        assert_int_equal(result->values[i].attribute, rows[i].attribute);
        assert_true(bytes_equal(blob_bytes(result->values[i].value), bytes_of_string(rows[i].value)));
    }
    expect_result(result, ASKED_ANSWERED, "");
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
    struct directory *directory = opened(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->value_count, 3);
    assert_int_equal(result->values[0].index, 0);
    assert_int_equal(result->values[1].index, 1);
    assert_int_equal(result->values[2].attribute, ATTRIBUTE_USER_SMIME_CERTIFICATE);
    assert_int_equal(result->values[2].index, 0);
    expect_result(result, ASKED_ANSWERED, "");
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
    struct directory *directory = opened(&config);
    struct search_result *result = ask(directory, "alice@example.org", 2000);

    assert_int_equal(result->value_count, 3);
    assert_string_equal(result->values[0].mails, "alice@example.org\nalice@xn--bcher-kva.example\n");
    assert_string_equal(result->values[1].mails, result->values[0].mails);
    assert_string_equal(result->values[2].mails, "");
    expect_result(result, ASKED_ANSWERED, "");
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
    struct directory *directory = opened(&config);
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
    struct directory *directory = opened(&config);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        atomic_store(&result_code, rows[i].code);
        struct search_result *result = ask(directory, "alice@example.org", 2000);

        assert_int_equal(result->value_count, 1);
        assert_non_null(strstr(result->error, server.uri));
        expect_result(result, rows[i].result, rows[i].words);
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
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 4000, &took_ms), ASKED_UNAVAILABLE, "search: ");
    assert_true(took_ms < 3000);
    directory_close(&directory);
    played_stop(&server);
}

static bool say_reference(struct talk *talk, ber_int_t message)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s}}", message, LDAP_RES_SEARCH_REFERENCE, "ldap://elsewhere.example/dc=example");
    return played_send(talk, ber) && played_one(talk, message);
}

static void references_are_not_followed(void **state)
{
    static const struct play play = {.search = say_reference};
    static const char *const uris[] = {server.uri};
    int64_t took_ms = 0;

    (void)state;
    assert_true(played_start(&server, &play, 0));
    struct directory_config config = plain_config(uris, 1);
    struct directory *directory = opened(&config);

    expect_result(ask_timed(directory, 5000, &took_ms), ASKED_ANSWERED, "");
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
        struct directory *directory = opened(&config);

        expect_result(ask_timed(directory, 4000, &took_ms), ASKED_UNAVAILABLE, "search: ");
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
    static const struct play play = {.root = say_no_contexts, .search = played_one};
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
        struct directory *directory = opened(&config);

        expect_result(ask_timed(directory, 4000, &took_ms), rows[i].result, rows[i].words);
        directory_close(&directory);
    }
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
        cmocka_unit_test(spellings),
        cmocka_unit_test(equal_values_of_an_entry_count_once),
        cmocka_unit_test(an_entrys_mails_stand_with_each_value),
        cmocka_unit_test(of_too_many_mails_the_asked_one_is_kept),
        cmocka_unit_test(results),
        cmocka_unit_test(a_message_has_a_maximum),
        cmocka_unit_test(references_are_not_followed),
        cmocka_unit_test(unfit_messages_are_no_answer),
        cmocka_unit_test(root_answers),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
