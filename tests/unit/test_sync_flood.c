/* Following a directory that has more than there is room for, or tells more than anybody listens to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/sync.h"
#include "tests/unit/sync_play.h"

static unsigned flood_of;                    /* entries within each refresh */
static size_t flood_broken_at = SIZE_MAX;    /* the session that ends before its refresh does; none has entries later */

static bool flood(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200], mail[60];

    if (!scene_read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    size_t session = atomic_fetch_add(&scene.begun, 1);

    memcpy(scene.cookies[session % SESSIONS], cookie, sizeof(cookie));
    for (unsigned i = 0; i < (session > flood_broken_at ? 0 : flood_of); i++) {
        (void)snprintf(mail, sizeof(mail), "person%u@example.org", i);
        const struct step step = {MODIFY, (int)i, mail};

        if (!scene_say(talk, message, &step)) {
            return false;
        }
    }
    const struct step rest[] = {{DONE, 0, NULL, "c1"}, {WAIT}};

    if (session == flood_broken_at) {
        return false;
    }
    return scene_say(talk, message, &rest[0]) && scene_say(talk, message, &rest[1]) && false;
}

static void begin_flood(unsigned entries, int64_t sync_bytes)
{
    struct directory_config config = scene_config();

    flood_of = entries;
    config.sync_bytes = sync_bytes;
    scene.play.search = flood;
    scene_begin_with(NULL, 0, config);
}

static void a_directory_that_is_too_large(void **state)
{
    uint64_t limits = count_read(COUNT_LIMIT_SYNC_MEMORY);
    int64_t before = scene_failures();

    (void)state;
    begin_flood(100000, 1 << 20);
    assert_true(scene_comes_to(FAILURES, before + 1));
    assert_int_equal(count_read(COUNT_LIMIT_SYNC_MEMORY), limits + 1);
    assert_int_equal(scene_logged("there is no room in directories.sync-memory"), 1);
    assert_int_equal(scene_logged("raise directories.sync-memory"), 1);
    assert_int_equal(scene_shown(GAUGE), 0);
    assert_in_range(scene_shown("\ncertlookup_ldap_sync_bytes"), 1, 1 << 20);
    (void)poll(NULL, 0, 1500);
    assert_int_equal(atomic_load(&scene.begun), 1); /* an hour's rest */
    scene_expect("");
    scene_end();
}

/* More than can be told one by one within a refresh is told once. */
static void expect_all_in_the_end(const char *cookie)
{
    scene_expect("UNSEEN ");
    scene_pass();
    assert_in_range(scene_count_until("ALL "), 2, MAX_SYNC_REFRESH_CHANGES + 1);
    assert_string_equal(scene.cookies[1], "c1");
    assert_string_equal(scene.cookies[2], cookie);
    scene_end();
}

static void a_refresh_that_changes_everything(void **state)
{
    (void)state;
    scene.cookies[2][0] = '\0';
    begin_flood(MAX_SYNC_REFRESH_CHANGES + 100, 8 << 20);
    expect_all_in_the_end("");
}

/* What was not told one by one is told even if the refresh breaks off, and the next one has nothing new. */
static void one_that_breaks_off(void **state)
{
    (void)state;
    flood_broken_at = 1;
    begin_flood(MAX_SYNC_REFRESH_CHANGES + 100, 8 << 20);
    expect_all_in_the_end("c1");
}

/* The engine is slow: the server is not read any further, and the end comes in time. */
static void a_listener_that_does_not_listen(void **state)
{
    static const struct step script[][STEPS] = {{
        {ADD, 1, "a@example.org"}, {DONE, 0, NULL, "c1"}, {WAIT}, {MODIFY, 1, "a@example.org"},
        {MODIFY, 1, "b@example.org"}, {WAIT},
    }};

    (void)state;
    SCENE_BEGIN(script);
    scene_expect("UNSEEN ");
    atomic_store(&scene.deaf, true);
    scene_pass();
    (void)poll(NULL, 0, 200);
    scene_expect("");
    atomic_store(&scene.deaf, false);
    scene_expect("a@example.org a@example.org b@example.org ");
    atomic_store(&scene.deaf, true);
    scene_end();

    SCENE_BEGIN(script);
    scene_expect("UNSEEN ");
    atomic_store(&scene.deaf, true);
    scene_pass();
    (void)poll(NULL, 0, 100);
    scene_end();
}

/* An entry with one address more than are kept, all in one domain, or each in its own: "*.example.org". */
static bool say_crowd(struct talk *talk, ber_int_t message, enum sync_state state, const char *domain)
{
    struct berval value = scene_state_of(state, 1, NULL);
    BerElement *ber = scene_open_message(message, LDAP_RES_SEARCH_ENTRY);
    char mail[60];

    ber_printf(ber, "{s{{s[", "cn=somebody", "mail");
    for (unsigned i = 0; i <= MAX_SYNC_ENTRY_KEYS; i++) {
        bool own = domain[0] == '*';
        (void)snprintf(mail, sizeof(mail), own ? "person@d%u%s" : "person%u@%s", i, domain + own);
        ber_printf(ber, "s", mail);
    }
    ber_printf(ber, "]}}}t{{sO}}}", LDAP_TAG_CONTROLS, LDAP_CONTROL_SYNC_STATE, &value);
    return played_send(talk, ber);
}

static bool crowded_entry(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!scene_read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    const struct step done = {DONE, 0, NULL, "c1"}, one = {MODIFY, 1, "a@example.org"}, gone = {DELETE, 1},
                      rest = {WAIT};

    return scene_say(talk, message, &done) && say_crowd(talk, message, SYNC_ADD, "example.org") &&
           say_crowd(talk, message, SYNC_MODIFY, "some.example.org") && scene_say(talk, message, &one) &&
           scene_say(talk, message, &gone) && scene_say(talk, message, &rest) && false;
}

static bool endless_entry(struct talk *talk, ber_int_t message)
{
    char cookie[40], attributes[200];

    if (!scene_read_request(talk, cookie, attributes)) {
        return played_result(talk, message, LDAP_SUCCESS, "");
    }
    const struct step done = {DONE, 0, NULL, "c1"}, other = {ADD, 2, "b@example.org"},
                      one = {MODIFY, 1, "a@example.org"};

    return scene_say(talk, message, &done) && say_crowd(talk, message, SYNC_ADD, "*.example.org") &&
           say_crowd(talk, message, SYNC_MODIFY, "*.some.example.org") && scene_say(talk, message, &one) &&
           scene_say(talk, message, &other); /* and goes on, to give signs of life */
}

static void begin_crowd(bool (*search)(struct talk *talk, ber_int_t message), int64_t timeout_ms)
{
    struct directory_config config = scene_config();

    config.timeout_ms = timeout_ms;
    scene.play.search = search;
    scene_begin_with(NULL, 0, config);
}

/* More addresses than are kept: their domains stand for them. */
static void an_entry_with_too_many_addresses(void **state)
{
    (void)state;
    begin_crowd(crowded_entry, 5000);
    scene_expect("UNSEEN @example.org @example.org @some.example.org @some.example.org a@example.org a@example.org ");
    assert_int_equal(scene_logged("all that the directory answers for is dropped"), 0);
    scene_end();
}

/* And more domains: it may answer for any, but does not have everything dropped again and again. */
static void an_entry_with_too_many_domains(void **state)
{
    (void)state;
    begin_crowd(endless_entry, 200);
    int64_t from_ms = clock_mono_ms();

    scene_expect("UNSEEN ALL a@example.org b@example.org ");
    scene_expect("ALL ");
    assert_in_range(clock_mono_ms() - from_ms, SYNC_ALL_REST * 200, PATIENT_MS);
    assert_int_equal(scene_logged("all that the directory answers for is dropped"), 2);
    scene_end();
}

static int clean_up(void **state)
{
    flood_broken_at = SIZE_MAX;
    return scene_clean_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_directory_that_is_too_large, clean_up),
        cmocka_unit_test_teardown(a_refresh_that_changes_everything, clean_up),
        cmocka_unit_test_teardown(one_that_breaks_off, clean_up),
        cmocka_unit_test_teardown(a_listener_that_does_not_listen, clean_up),
        cmocka_unit_test_teardown(an_entry_with_too_many_addresses, clean_up),
        cmocka_unit_test_teardown(an_entry_with_too_many_domains, clean_up),
    };

    return cmocka_run_group_tests(tests, scene_start, NULL);
}
