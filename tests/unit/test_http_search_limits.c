/* What a search by name costs its client, and which directories it is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/http_play.h"

#define BURST 10
#define NAME "/certificates/search.cgi?name=Hit"
#define HASH "/certificates/search.cgi?certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN "Authorization: Bearer secret\r\n"

static const char *const listen_to[] = {"127.0.0.1:0"};
static const char *const domains[] = {"example.com"};
static struct network proxies[1];
static struct play *play;
static struct buffer response;

static int open_play(void **state)
{
    /* One comes back in a minute: none while this runs. */
    const struct http_config config = {
        .listen = listen_to, .listen_count = 1, .threads = 1, .max_connections = 64, .max_waiting = 10,
        .max_recipients = 10, .max_batch_lookups = 10, .idle_timeout_s = 10, .open_to = OPEN_TO_ALL,
        .token = "secret", .proxies = proxies, .proxy_count = 1, .domains = domains, .domain_count = 1,
        .limits = {.clients = {.lookups = {1, BURST}}, .places = 1000},
    };
    struct error error;

    (void)state;
    assert_int_equal(network_parse("127.0.0.1", &proxies[0], &error), 0);
    buffer_init(&response, 1024 * 1024);
    play = play_open(&config);
    play->named = (struct named){.outcome = OUTCOME_NONE};
    return 0;
}

static int close_play(void **state)
{
    (void)state;
    play_close(&play);
    buffer_free(&response);
    return 0;
}

/* A client of its own for each number; 0: this machine. */
static int ask(unsigned client, const char *target, const char *fields)
{
    char all[256] = "";

    if (client > 0) {
        snprintf(all, sizeof(all), "X-Forwarded-For: 198.51.100.%u\r\n", client);
    }
    strncat(all, fields, sizeof(all) - strlen(all) - 1);
    play_request(play_port(play), "GET", target, all, &response);
    return play_status(&response);
}

static unsigned asked_until_refused(unsigned client, const char *target)
{
    unsigned count = 0;

    while (count < 100 && ask(client, target, "") == 404) {
        count++;
    }
    assert_int_equal(play_status(&response), 429);
    return count;
}

static void a_name_costs_what_it_makes_others_do(void **state)
{
    static const struct {
        size_t directories;
        unsigned names; /* out of a whole bucket */
    } rows[] = {{0, BURST}, {1, BURST}, {2, BURST / 2}, {3, BURST / 3}, {BURST, 1}, {64, 1}};

    (void)state;
    play->directories = 1000; /* for others */
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        play->open_directories = rows[i].directories;
        assert_int_equal(asked_until_refused(1 + i, NAME), rows[i].names);
    }
    assert_int_equal(asked_until_refused(20, HASH), BURST);
}

/* What is too little for a name is enough for a hash; and when to come back says when it is enough. */
static void who_cannot_pay_for_all_pays_for_none(void **state)
{
    char value[32];

    (void)state;
    play->open_directories = 8;
    assert_int_equal(ask(30, HASH, ""), 404);
    assert_int_equal(ask(30, HASH, ""), 404);
    assert_int_equal(ask(30, HASH, ""), 404);
    assert_int_equal(ask(30, NAME, ""), 429); /* 7 are left */
    long wait_s = strtol(play_field(&response, "Retry-After", value, sizeof(value)), NULL, 10);
    assert_in_range(wait_s, 1, 60);
    play->open_directories = 64;
    assert_int_equal(ask(30, NAME, ""), 429); /* a whole bucket, so 3 minutes */
    wait_s = strtol(play_field(&response, "Retry-After", value, sizeof(value)), NULL, 10);
    assert_in_range(wait_s, 121, 180);
    assert_int_equal(asked_until_refused(30, HASH), 7);
}

static void who_may_ask_for_all_domains_asks_all_directories(void **state)
{
    (void)state;
    play->open_directories = play->directories = 1;
    assert_int_equal(ask(40, NAME, ""), 404);
    assert_true(play->name_only_open);
    assert_int_equal(ask(40, NAME, TOKEN), 404);
    assert_false(play->name_only_open);
    assert_int_equal(ask(0, NAME, ""), 404);
    assert_false(play->name_only_open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_costs_what_it_makes_others_do),
        cmocka_unit_test(who_cannot_pay_for_all_pays_for_none),
        cmocka_unit_test(who_may_ask_for_all_domains_asks_all_directories),
    };

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, open_play, close_play);
}
