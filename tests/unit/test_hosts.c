/* Rates of hosts, and their share of the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>

#include "fetch/hosts.h"

static void a_minute_has_so_many(void **state)
{
    struct hosts *hosts = hosts_new(6, 4);
    int64_t wait_s = 0;

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_true(hosts_take(hosts, "a.example", 1000, &wait_s));
    }
    assert_false(hosts_take(hosts, "a.example", 1000, &wait_s));
    assert_int_equal(wait_s, 11);
    assert_true(hosts_take(hosts, "b.example", 1000, &wait_s));
    assert_false(hosts_take(hosts, "a.example", 10999, &wait_s));
    assert_int_equal(wait_s, 1);
    assert_true(hosts_take(hosts, "a.example", 11000, &wait_s));
    assert_false(hosts_take(hosts, "a.example", 11001, &wait_s));
    /* After a long rest there are as many as at first, and no more. */
    for (int i = 0; i < 6; i++) {
        assert_true(hosts_take(hosts, "a.example", 1000 * 1000, &wait_s));
    }
    assert_false(hosts_take(hosts, "a.example", 1000 * 1000, &wait_s));
    hosts_free(&hosts);
    assert_null(hosts);
}

static void the_longest_idle_is_forgotten(void **state)
{
    struct hosts *hosts = hosts_new(1, 4);
    int64_t wait_s = 0;
    char name[32];

    (void)state;
    assert_true(hosts_take(hosts, "busy", 0, &wait_s));
    hosts_start(hosts, "busy");
    assert_true(hosts_take(hosts, "first", 1, &wait_s));
    for (int i = 0; i < MAX_FETCH_HOSTS - 2; i++) {
        (void)snprintf(name, sizeof(name), "host%d", i);
        assert_true(hosts_take(hosts, name, 2, &wait_s));
    }
    assert_false(hosts_take(hosts, "first", 3, &wait_s));
    assert_true(hosts_take(hosts, "one more", 4, &wait_s));
    assert_false(hosts_take(hosts, "host0", 5, &wait_s));
    assert_false(hosts_take(hosts, "busy", 5, &wait_s));
    assert_true(hosts_take(hosts, "first", 5, &wait_s));
    hosts_free(&hosts);
}

/* As the fetcher does it. */
static void start(struct hosts *hosts, const char *name)
{
    int64_t wait_s = 0;

    assert_true(hosts_take(hosts, name, 1000, &wait_s));
    hosts_start(hosts, name);
}

static void threads_are_shared(void **state)
{
    struct hosts *hosts = hosts_new(1000, 4);

    (void)state;
    /* One host has half. */
    start(hosts, "slow");
    assert_true(hosts_may_start(hosts, "slow"));
    start(hosts, "slow");
    assert_false(hosts_may_start(hosts, "slow"));
    /* All that are not known to answer have all but one. */
    assert_true(hosts_may_start(hosts, "other"));
    start(hosts, "other");
    assert_false(hosts_may_start(hosts, "third"));
    hosts_end(hosts, "other", HOST_ANSWERED);
    start(hosts, "slow too");
    assert_false(hosts_may_start(hosts, "third"));
    assert_true(hosts_may_start(hosts, "other"));
    start(hosts, "other");
    hosts_end(hosts, "other", HOST_SILENT);
    assert_false(hosts_may_start(hosts, "other"));
    hosts_end(hosts, "slow too", HOST_SILENT);
    assert_true(hosts_may_start(hosts, "other"));
    /* An answer frees a host with all of its threads. */
    hosts_end(hosts, "slow", HOST_ANSWERED);
    assert_true(hosts_may_start(hosts, "slow"));
    start(hosts, "a");
    start(hosts, "b");
    start(hosts, "c");
    assert_false(hosts_may_start(hosts, "d"));
    hosts_end(hosts, "slow", HOST_SILENT);
    hosts_end(hosts, "a", HOST_SILENT);
    assert_true(hosts_may_start(hosts, "d"));
    hosts_free(&hosts);

    /* Whose question waited in the queue for so long that it was not asked, or hardly, is no worse for that. */
    hosts = hosts_new(1000, 2);
    start(hosts, "good");
    hosts_end(hosts, "good", HOST_ANSWERED);
    start(hosts, "good");
    hosts_end(hosts, "good", HOST_HAD_NO_TIME);
    start(hosts, "slow");
    assert_true(hosts_may_start(hosts, "good"));
    assert_false(hosts_may_start(hosts, "other"));
    hosts_end(hosts, "slow", HOST_SILENT);
    hosts_free(&hosts);

    /* A lone thread serves everybody. */
    hosts = hosts_new(1000, 1);
    assert_true(hosts_may_start(hosts, "a"));
    start(hosts, "a");
    assert_false(hosts_may_start(hosts, "a"));
    hosts_end(hosts, "a", HOST_SILENT);
    assert_true(hosts_may_start(hosts, "a"));
    hosts_free(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_has_so_many),
        cmocka_unit_test(the_longest_idle_is_forgotten),
        cmocka_unit_test(threads_are_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
