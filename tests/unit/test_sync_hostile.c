/* Following a directory with servers that do it badly, not at all, or with malice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "tests/unit/sync_play.h"

/* The first connection is for searches; each after it for one session. */
static bool no_sync_root(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "", "supportedControl", bytes_of_string("1.2.840.113556.1.4.319")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static bool sync_root(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "", "supportedControl", bytes_of_string(LDAP_CONTROL_SYNC)) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static void a_start_that_fails_is_loud(void **state)
{
    static const struct {
        int code; /* 0: not offered by the RootDSE */
        const char *words, *advice;
    } rows[] = {
        {LDAP_SIZELIMIT_EXCEEDED, "Size limit exceeded (4): so it is", "limits dn.exact=BIND-DN size=unlimited"},
        {LDAP_ADMINLIMIT_EXCEEDED, "(11)", "limits dn.exact=BIND-DN"},
        {LDAP_TIMELIMIT_EXCEEDED, "(3)", "limits dn.exact=BIND-DN"},
        {LDAP_INSUFFICIENT_ACCESS, "(50)", "let bind-dn search and read"},
        {LDAP_UNAVAILABLE_CRITICAL_EXTENSION, "(12)", "overlay syncprov"},
        {LDAP_NO_SUCH_OBJECT, "(32)", "look at base"},
        {LDAP_SYNC_REFRESH_REQUIRED, "(4096)", "it is tried again"},
        {LDAP_BUSY, "(51)", "it is tried again"},
        {0, "does not offer the control 1.3.6.1.4.1.4203.1.9.1.1", "plugin Content Synchronization"},
    };
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{ADD, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{DONE, 0, NULL, "c"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t before = scene_failures();

        script[0][1].number = script[1][1].number = rows[i].code;
        scene.play.root = rows[i].code == 0 ? no_sync_root : sync_root;
        SCENE_BEGIN(script);
        assert_true(scene_comes_to(FAILURES, before + 1));
        assert_int_equal(scene_shown(GAUGE), 0);
        assert_int_equal(scene_logged("error the directory does not tell of its changes;"), 1);
        assert_int_equal(scene_logged("setting=directories.sync"), 1);
        assert_int_equal(scene_logged(rows[i].words), 1);
        assert_int_equal(scene_logged(rows[i].advice), 1);
        assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 0);
        /* It rests, and lookups go on. */
        (void)poll(NULL, 0, 300);
        assert_int_equal(atomic_load(&scene.begun), rows[i].code == 0 ? 0 : 1);
        struct search_result *result = ask(scene.directory, "alice@example.org", 2000);

        assert_int_equal(result->result, ASKED_ANSWERED);
        search_result_free(&result);
        if (i == 0) { /* the same again is no line more; then it works */
            scene_expect("UNSEEN ");
            assert_int_equal(scene_shown(FAILURES), before + 2);
            assert_int_equal(scene_logged("error the directory"), 1);
        }
        scene_end();
    }
}

static void silence_has_an_end(void **state)
{
    static const struct step within[][STEPS] = {{{ADD, 1, "a@example.org"}, {WAIT}}};
    static const struct step after[][STEPS] = {{{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}}};
    struct directory_config config = scene_config();

    (void)state;
    config.timeout_ms = 20;
    int64_t before = scene_failures();

    scene_begin_with(within, 1, config);
    assert_true(scene_comes_to(FAILURES, before + 1));
    assert_int_equal(scene_logged("no end of the refresh after 4"), 1); /* 20 times 20 ms */
    assert_int_equal(scene_logged("look for a limit of the server"), 1);
    scene_expect("");
    scene_end();

    scene_begin_with(after, 1, config);
    scene_expect("UNSEEN ");
    assert_true(scene_comes_to(FAILURES, before + 2));
    assert_true(scene_comes_to(FAILURES, before + 2) && scene_logged("sync: no sign of life in time") >= 1);
    scene_end();
}

/* One that answers the sign is left alone. */
static bool follow_and_go_on(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!scene_read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    atomic_fetch_add(&scene.begun, 1);
    const struct step steps[] = {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}};

    return scene_say(talk, message, &steps[0]) && scene_say(talk, message, &steps[1]);
}

static void signs_of_life(void **state)
{
    struct directory_config config = scene_config();

    (void)state;
    config.timeout_ms = 50;
    int64_t before = scene_failures();

    scene.play.search = follow_and_go_on;
    scene_begin_with(NULL, 0, config);
    scene_expect("UNSEEN ");
    (void)poll(NULL, 0, 2000);
    assert_int_equal(scene_shown(GAUGE), 1);
    assert_int_equal(atomic_load(&scene.begun), 1);
    assert_int_equal(scene_failures(), before);
    scene_end();
}

static void malice(void **state)
{
    static const struct {
        const char *name, *words;
        struct step step;
    } rows[] = {
        {"an entry without control", "without a Sync State control", {RAW, OCTETS("\x64\x09\x04\x05" "cn=aa" "\x30\x00")}},
        {"a control that is none", "without a Sync State control",
         {RAW, OCTETS("\x64\x04\x04\x00\x30\x00\xa0\x24\x30\x22\x04\x18" "1.3.6.1.4.1.4203.1.9.1.2"
                      "\x04\x06\x30\x04\x0a\x01\x01\x04")}},
        {"attributes that are none", "cannot be read",
         {RAW, OCTETS("\x64\x08\x04\x00\x30\x04\x30\x02\x04\x7f\xa0\x35\x30\x33\x04\x18"
                      "1.3.6.1.4.1.4203.1.9.1.2"
                      "\x04\x17\x30\x15\x0a\x01\x01\x04\x10" "0123456789abcdef")}},
        {"an entry that is none", "without a Sync State control", {RAW, OCTETS("\x64\x02\x04\x7f")}},
        {"an info that is none", "a Sync Info message that cannot be read",
         {RAW, OCTETS("\x79\x20\x80\x18" "1.3.6.1.4.1.4203.1.9.1.4" "\x81\x04\xa3\x02\x31\x7f")}},
        {"an info without value", "cannot be read", {RAW, OCTETS("\x79\x1a\x80\x18" "1.3.6.1.4.1.4203.1.9.1.4")}},
        {"a bind's answer", "cannot be read", {RAW, OCTETS("\x61\x07\x0a\x01\x00\x04\x00\x04\x00")}},
        {"a result of success", "the server ended the search", {RESULT, LDAP_SUCCESS}},
        {"a result that is none", "cannot be read", {RAW, OCTETS("\x65\x03\x0a\x01\x00")}},
    };
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {END}, {WAIT}},
        {{DONE, 0, NULL, "c1"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t before = scene_failures();

        script[0][1] = rows[i].step;
        SCENE_BEGIN(script);
        if (!scene_comes_to(FAILURES, before + 1)) {
            fail_msg("%s", rows[i].name);
        }
        if (scene_logged(rows[i].words) != 1) {
            fail_msg("%s: %s", rows[i].name, rows[i].words);
        }
        scene_expect("UNSEEN ");
        scene_end();
    }
}

/* What harms nobody. */
static void oddities(void **state)
{
    static const struct step script[][STEPS] = {{
        {RAW, OCTETS("\x73\x08\x04\x06" "ldap:/")},                     /* a referral */
        {RAW, OCTETS("\x79\x05\x80\x03" "1.2")},                        /* an intermediate message of another kind */
        {DELETE, 7},
        {PRESENT, 8},
        {NAMED_DELETED, 9},
        {MODIFY, 1, "a@example.org"},
        {DONE, 0, NULL, "c1"},
        {DONE_PRESENT, 0, NULL, "c2"}, /* once more: what it does not name is not gone */
        {MODIFY, 1, "b@example.org"},
        {WAIT},
    }};

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN a@example.org b@example.org ");
    assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 1);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_start_that_fails_is_loud, scene_clean_up),
        cmocka_unit_test_teardown(silence_has_an_end, scene_clean_up),
        cmocka_unit_test_teardown(signs_of_life, scene_clean_up),
        cmocka_unit_test_teardown(malice, scene_clean_up),
        cmocka_unit_test_teardown(oddities, scene_clean_up),
    };

    return cmocka_run_group_tests(tests, scene_start, NULL);
}
