#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "gateway/flight.h"

#define MANY 200

static struct world worlds[2] = {{.generation = 1}, {.generation = 2}};

static struct flight make(const char *text, struct world *world)
{
    struct flight flight = {.world = world};
    assert_int_equal(address_parse(bytes_of_string(text), &flight.address), ADDRESS_OK);
    return flight;
}

static void the_key_is_address_and_generation(void **state)
{
    (void)state;
    struct flights *flights = flights_new(8);
    struct flight alice = make("alice@example.org", &worlds[0]), later = make("Alice@example.org", &worlds[1]);
    struct flight bob = make("bob@example.org", &worlds[0]);
    assert_null(flights_any(flights));
    assert_int_equal(flights_add(flights, &alice), 0);
    assert_int_equal(flights_add(flights, &later), 0);
    assert_ptr_equal(flights_find(flights, &alice.address, 1), &alice);
    assert_ptr_equal(flights_find(flights, &alice.address, 2), &later);
    assert_null(flights_find(flights, &alice.address, 3));
    assert_null(flights_find(flights, &bob.address, 1));
    flights_remove(flights, &bob); /* is not there: nothing happens */
    flights_remove(flights, &alice);
    flights_remove(flights, &alice);
    assert_int_equal(flights_count(flights), 1);
    assert_null(flights_find(flights, &alice.address, 1));
    assert_ptr_equal(flights_any(flights), &later);
    flights_free(&flights);
    assert_null(flights);
}

static void as_many_as_there_may_be(void **state)
{
    (void)state;
    static struct flight many[MANY + 1];
    struct flights *flights = flights_new(MANY);
    for (int i = 0; i <= MANY; i++) {
        char text[64];
        snprintf(text, sizeof(text), "user%d@example.org", i);
        many[i] = make(text, &worlds[0]);
        assert_int_equal(flights_add(flights, &many[i]), i < MANY ? 0 : -1);
    }
    assert_int_equal(flights_count(flights), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(flights_find(flights, &many[i].address, 1), &many[i]);
    }
    for (struct flight *flight; (flight = flights_any(flights)) != NULL;) {
        flights_remove(flights, flight);
    }
    assert_int_equal(flights_count(flights), 0);
    flights_free(&flights);
}

struct witness {
    struct waiter waiter;
    unsigned times;
    struct served served;
};

static void on_ready(struct waiter *waiter, struct served served)
{
    struct witness *witness = (struct witness *)waiter;
    witness->times++;
    witness->served = served;
}

static void everybody_who_waits_gets_a_reference(void **state)
{
    (void)state;
    struct witness witnesses[3] = {{{.ready = on_ready}}, {{.ready = on_ready}}, {{.ready = on_ready}}};
    struct flight flight = make("alice@example.org", &worlds[0]);
    struct answer_draft draft = {.address = flight.address};
    struct answer *answer = answer_make(&draft);
    for (size_t i = 0; i < 3; i++) {
        flight_join(&flight, &witnesses[i].waiter);
    }
    assert_int_equal(flight.waiter_count, 3);
    flight_wake(&flight, answer, LAYER_REDIS, true);
    flight_wake(&flight, answer, LAYER_REDIS, true); /* nobody is left */
    assert_int_equal(atomic_load(&answer->references), 4);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(witnesses[i].times, 1);
        assert_int_equal(witnesses[i].served.layer, LAYER_REDIS);
        assert_true(witnesses[i].served.stale);
        answer_free(&witnesses[i].served.answer);
    }
    answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_address_and_generation),
        cmocka_unit_test(as_many_as_there_may_be),
        cmocka_unit_test(everybody_who_waits_gets_a_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
