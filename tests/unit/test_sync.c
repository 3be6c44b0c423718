/* Following a directory: what is heard of its changes, and from where it goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>

#include "tests/unit/scarce.h"
#include "tests/unit/sync_play.h"

static void changes_are_heard_as_they_come(void **state)
{
    static const struct step script[][STEPS] = {{
        {ADD, 1, "a@example.org"},
        {ADD, 2, "b@example.org B2@Example.org b@example.org nobody elsewhere@example.com"},
        {ADD, 3, "c@elsewhere.example"},
        {DONE, 0, NULL, "c1"},
        {WAIT},
        {MODIFY, 1, "a@example.org a2@example.org", "c2"}, /* one more */
        {MODIFY, 1, "a3@sub.example.org", "c3"},           /* both go, another comes */
        {DELETE, 2, NULL, "c4"},
        {DELETE, 3, NULL, "c5"},
        {ADD, 4, "j\xc3\xbcrgen@example.org", "c6"},
        {MODIFY, 1, NULL, "c7"},
        {MODIFY, 1, "a@example.org"},
        {NAMED_DELETED, 1},
        {WAIT},
    }};

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN ");
    assert_string_equal(scene.cookies[0], "-");
    assert_string_equal(scene.asked_for[0], "mail ");
    assert_int_equal(scene_shown(GAUGE), 1);
    assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 2);
    assert_int_equal(scene_shown("\ncertlookup_ldap_sync_unreadable_total"), 1);
    scene_pass();
    scene_expect("a@example.org a2@example.org a@example.org a2@example.org a3@sub.example.org "
                 "b@example.org b2@example.org @example.org a3@sub.example.org a@example.org a@example.org ");
    assert_true(scene_comes_to("\ncertlookup_ldap_sync_changes_total", 8));
    assert_int_equal(scene_logged("tells of its changes"), 1);
    scene_end();
}

static void it_goes_on_from_the_cookie(void **state)
{
    static const struct step script[][STEPS] = {
        {
            {ADD, 1, "a@example.org"},
            {ADD, 2, "b@example.org"},
            {ADD, 3, "c@example.org"},
            {ADD, 5, "e@example.org", "half"},
            {DONE_PRESENT, 0, NULL, "c1"},
            {MODIFY, 5, "e@example.org", "c2"},
            {WAIT},
            {HANG_UP},
        },
        {
            /* The rest is not named: it is gone. */
            {PRESENT, 1},
            {NAMED_PRESENT, 2},
            {MODIFY, 3, "c2@example.org"},
            {ADD, 6, "f@example.org"},
            {DONE_PRESENT, 0, NULL, "c3"},
            {COOKIE, 0, NULL, "c4"},
            {WAIT},
            {HANG_UP},
        },
        {
            /* Here the deletes are named. */
            {NAMED_DELETED, 1},
            {DELETE, 2},
            {DONE},
            {WAIT},
            {HANG_UP},
        },
        {{DONE, 0, NULL, "c5"}, {WAIT}},
    };

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN e@example.org ");
    scene_pass();
    scene_expect("c@example.org c2@example.org f@example.org e@example.org ");
    assert_string_equal(scene.cookies[1], "c2");
    scene_pass();
    scene_expect("a@example.org b@example.org ");
    assert_string_equal(scene.cookies[2], "c4");
    assert_int_equal(scene_shown(RESETS), 0);
    scene_pass();
    assert_true(scene_comes_to(FAILURES, 3));
    assert_true(scene_comes_to(GAUGE, 1));
    assert_string_equal(scene.cookies[3], "c4"); /* the last session gave none */
    assert_int_equal(scene_logged("does not tell of its changes any more"), 3);
    scene_expect("");
    scene_end();
}

static void a_cookie_that_is_of_no_use(void **state)
{
    static const int codes[] = {LDAP_SYNC_REFRESH_REQUIRED, LDAP_UNWILLING_TO_PERFORM};
    struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}, {HANG_UP}},
        {{MODIFY, 1, "a@example.org"}, {RESULT, 0}, {WAIT}},
        {{ADD, 2, "b@example.org"}, {DONE, 0, NULL, "c2"}, {MODIFY, 2, "b@example.org"}, {WAIT}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        int64_t before = scene_shown(RESETS) < 0 ? 0 : scene_shown(RESETS);

        script[1][1].number = codes[i];
        SCENE_BEGIN(script);
        scene_expect("UNSEEN ");
        scene_pass();
        scene_expect("a@example.org ALL b@example.org ");
        assert_string_equal(scene.cookies[1], "c1");
        assert_string_equal(scene.cookies[2], "-");
        assert_int_equal(scene_shown(RESETS), before + 1);
        assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 1);
        assert_int_equal(scene_logged("everything of it is read again"), 1);
        assert_int_equal(scene_logged("error the directory does not tell"), 0);
        scene_end();
    }
}

/* A refresh that breaks off before its end is none: what it said is not gone on from. */
static void a_refresh_that_breaks_off(void **state)
{
    static const struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org", "c1"}, {COOKIE, 0, NULL, "c2"}, {HANG_UP}},
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c3"}, {WAIT}},
    };

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN ");
    assert_string_equal(scene.cookies[1], "-");
    scene_end();
}

/* What could not be read has to be said again. */
static void a_change_that_cannot_be_read(void **state)
{
    static const struct step script[][STEPS] = {
        {
            {ADD, 1, "a@example.org"},
            {DONE, 0, NULL, "c1"},
            {WAIT},
            {MODIFY, 1, "a@example.org", "c2"},
            {RAW, OCTETS("\x64\x08\x04\x00\x30\x04\x30\x02\x04\x7f\xa0\x39\x30\x37\x04\x18"
                         "1.3.6.1.4.1.4203.1.9.1.2"
                         "\x04\x1b\x30\x19\x0a\x01\x01\x04\x10" "0123456789abcdef" "\x04\x02" "c3")},
        },
        {{DONE, 0, NULL, "c4"}, {WAIT}},
    };

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN ");
    scene_pass();
    scene_expect("a@example.org ");
    assert_true(scene_comes_to(FAILURES, 1));
    assert_true(scene_comes_to(GAUGE, 1));
    assert_string_equal(scene.cookies[1], "c2");
    assert_int_equal(scene_logged("cannot be read"), 1);
    scene_end();
}

static bool two_contexts(struct talk *talk, ber_int_t message)
{
    BerElement *ber = scene_open_message(message, LDAP_RES_SEARCH_ENTRY);

    ber_printf(ber, "{s{{s[ss]}}}}", "", "namingContexts", "dc=example,dc=org", "dc=example,dc=com");
    return played_send(talk, ber) && played_result(talk, message, LDAP_SUCCESS, "");
}

/* The one that it left does not take its address from the one where it is now. */
static void an_entry_that_goes_to_another_base(void **state)
{
    static const struct step script[][STEPS] = {
        {{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}},
        {
            {DONE, 0, NULL, "d1"},
            {WAIT},
            {ADD, 1, "a@example.org"},
            {OF, 0},
            {DELETE, 1},
            {OF, 1},
            {WAIT},
            {DELETE, 1},
            {WAIT},
        },
    };
    struct directory_config config = scene_config();

    (void)state;
    config.base = "";
    scene.play.root = two_contexts;
    scene_begin_with(script, 2, config);
    scene_expect("UNSEEN ");
    scene_pass();
    scene_expect("a@example.org a@example.org ");
    assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 1);
    scene_pass();
    scene_expect("a@example.org ");
    assert_int_equal(scene_shown("\ncertlookup_ldap_sync_entries"), 0);
    scene_end();
}

static void the_better_server_is_followed(void **state)
{
    static const struct step script[][STEPS] = {{{ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}}};
    static struct played first;
    static char first_uri[64];
    int port = free_port();
    struct directory_config config = scene_config();

    (void)state;
    scene_begin_with(script, 1, config);
    directory_close(&scene.directory);
    scene_forget();
    (void)snprintf(first_uri, sizeof(first_uri), "ldap://127.0.0.1:%d", port);
    config.uris = (const char *const[]){first_uri, scene.server.uri};
    config.uri_count = 2;
    atomic_store(&scene.begun, 0);
    scene.directory = directory_open(&config, &(struct error){""});
    assert_int_equal(directory_follow(scene.directory, &scene_listener), 0);
    scene_expect("UNSEEN ");
    assert_true(played_start(&first, &scene.play, port));
    scene_expect("ALL "); /* cookies are one server's */
    assert_string_equal(scene.cookies[1], "-");
    assert_int_equal(scene_logged("followed at the server further up"), 1);
    assert_int_equal(scene_logged("does not tell"), 0);
    assert_true(played_talks(&first) >= 2);
    directory_close(&scene.directory);
    played_stop(&first);
    scene_end();
}

static void who_is_not_to_be_followed_is_not(void **state)
{
    static const struct step script[][STEPS] = {{{DONE, 0, NULL, "c1"}}};
    struct directory_config config = scene_config();

    (void)state;
    config.sync = false;
    scene_begin_with(script, 1, config);
    (void)poll(NULL, 0, 200);
    assert_int_equal(atomic_load(&scene.begun), 0);
    assert_int_equal(scene_shown(GAUGE), -1);
    scene_end();
}

static void settings(void **state)
{
    static const struct {
        const char *filter;
        bool sync, warm;
        int64_t bytes;
        const char *words;
    } rows[] = {
        {"(mail=%m)", true, true, 1000, NULL},
        {"(mail=*%m*)", false, false, 0, NULL},
        {"(mail=%m)", false, true, 1000, "warm: needs sync"},
        {"(mail=*%m*)", true, false, 1000, "sync: from the filter it cannot be told"},
        {"(mail=%m)", true, false, 0, "sync-memory: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct directory_config config = scene_config();
        struct error error = {""};

        config.uris = (const char *const[]){"ldap://127.0.0.1"};
        config.filter = rows[i].filter;
        config.sync = rows[i].sync;
        config.warm = rows[i].warm;
        config.sync_bytes = rows[i].bytes;
        assert_int_equal(directory_config_check(&config, &error), rows[i].words == NULL ? 0 : -1);
        assert_true(rows[i].words == NULL || strstr(error.text, rows[i].words) == error.text);
    }
}

static void memory_runs_out(void **state)
{
    static const char *const uris[] = {"ldap://127.0.0.1:1"};
    struct directory_config config = scene_config();

    (void)state;
    config.uris = uris;
    scene.directory = directory_open(&config, &(struct error){""});
    for (int nth = 1; nth <= 3; nth++) {
        scarce_begin(nth);
        int result = directory_follow(scene.directory, &scene_listener);

        assert_true(scarce_end());
        assert_int_equal(result, -1);
    }
    assert_int_equal(directory_follow(scene.directory, &scene_listener), 0);
    directory_close(&scene.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(changes_are_heard_as_they_come, scene_clean_up),
        cmocka_unit_test_teardown(it_goes_on_from_the_cookie, scene_clean_up),
        cmocka_unit_test_teardown(a_cookie_that_is_of_no_use, scene_clean_up),
        cmocka_unit_test_teardown(a_refresh_that_breaks_off, scene_clean_up),
        cmocka_unit_test_teardown(a_change_that_cannot_be_read, scene_clean_up),
        cmocka_unit_test_teardown(an_entry_that_goes_to_another_base, scene_clean_up),
        cmocka_unit_test_teardown(the_better_server_is_followed, scene_clean_up),
        cmocka_unit_test_teardown(who_is_not_to_be_followed_is_not, scene_clean_up),
        cmocka_unit_test_teardown(settings, scene_clean_up),
        cmocka_unit_test_teardown(memory_runs_out, scene_clean_up),
    };

    return cmocka_run_group_tests(tests, scene_start, NULL);
}
