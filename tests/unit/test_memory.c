#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"
#include "cache/memory.h"
#include "tests/unit/scarce.h"

#define SMALLEST ((size_t)64 * 1024)

/* An answer of about `bytes`. */
static struct answer *answer_new(const char *address, size_t bytes)
{
    uint8_t *value = calloc(1, bytes + 1);
    struct certificate certificate = {.reason = REASON_EXPIRED};
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_EXPIRED, .certificates = &certificate,
                                 .certificate_count = 1};
    struct answer *answer;

    assert_non_null(value);
    assert_int_equal(address_parse(bytes_of_string(address), &draft.address), ADDRESS_OK);
    certificate.value = blob_new(bytes_of(value, bytes));
    answer = answer_make(&draft);
    assert_non_null(answer);
    blob_free(&certificate.value);
    free(value);
    return answer;
}

static void put(struct memory *memory, const char *address, size_t bytes, int64_t confirmed_at)
{
    struct answer *answer = answer_new(address, bytes);

    memory_put(memory, answer, confirmed_at);
    answer_free(&answer);
}

/* When it was confirmed; 0: it is not here. That it was expected makes no difference. */
static int64_t look(struct memory *memory, const char *address)
{
    uint64_t hash = digest_table_hash(bytes_of_string(address));
    int64_t confirmed_at;

    memory_expect(memory, hash, false);
    memory_expect(memory, hash, true);
    struct answer *answer = memory_get_hashed(memory, bytes_of_string(address), hash);
    if (answer == NULL) {
        return 0;
    }
    assert_string_equal(answer->address.text, address);
    confirmed_at = atomic_load(&answer->standing.confirmed);
    answer_free(&answer);
    return confirmed_at;
}

static const char *address_of(char letter)
{
    static char address[] = "x@example.org";

    address[0] = letter;
    return address;
}

/* Four answers have room. "+x" puts, "?x" gets, "-x" drops; what is there in the end, in the order of the alphabet. */
static void evicts_as_sieve(void **state)
{
    static const struct {
        const char *name, *input, *want;
    } cases[] = {
        {"all fit", "+a +b +c +d", "abcd"},
        {"the oldest goes first", "+a +b +c +d +e", "bcde"},
        {"in order of coming", "+a +b +c +d +e +f +g +h", "efgh"},
        {"who was asked for stays", "+a +b +c +d ?a +e", "acde"},
        {"the hand goes on from where it was", "+a +b +c +d ?a +e +f", "adef"},
        {"the hand goes on to the youngest", "+a +b +c +d ?a +e +f +g +h +i", "aghi"},
        {"then it comes back to the forgiven", "+a +b +c +d ?a +e ?c ?d ?e +f", "cdef"},
        {"asked for twice counts once", "+a +b +c +d ?a ?a ?a +e ?c ?d ?e +f", "cdef"},
        {"all asked for: a whole round, then the oldest", "+a +b +c +d ?a ?b ?c ?d +e", "bcde"},
        {"asked for again after the hand came by", "+a +b +c +d ?a +e ?a +f +g +h +i +j", "ahij"},
        {"one-hit wonders do not push out what is asked for", "+a +b ?a ?b +c +d +e +f +g +h ?a ?b +i +j +k", "abjk"},
        {"a drop makes room", "+a +b +c +d -b +e", "acde"},
        {"a drop where the hand stands", "+a +b +c +d ?a +e -c +f +g", "aefg"},
        {"a drop of what is not there", "+a -b", "a"},
        {"a new answer takes the place of the old", "+a +b +c +d +a +b +c +d +e", "bcde"},
        {"and its mark of having been asked for", "+a +b +c +d ?a +a +e", "acde"},
        {"asking for what is not there", "?a +b ?a", "b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct memory *memory = memory_new(SMALLEST);
        char got[27] = "";

        assert_non_null(memory);
        for (const char *step = cases[i].input; *step != '\0'; step += step[2] == '\0' ? 2 : 3) {
            if (*step == '+') {
                put(memory, address_of(step[1]), 14 * 1024, 1);
            } else if (*step == '?') {
                look(memory, address_of(step[1]));
            } else {
                memory_drop(memory, bytes_of_string(address_of(step[1])));
            }
            assert_true(memory_bytes(memory) <= SMALLEST);
        }
        for (char letter = 'a'; letter <= 'z'; letter++) {
            if (look(memory, address_of(letter)) != 0) {
                strncat(got, &letter, 1);
            }
        }
        if (strcmp(got, cases[i].want) != 0) {
            fail_msg("%s: %s: want %s, got %s", cases[i].name, cases[i].input, cases[i].want, got);
        }
        assert_int_equal(memory_entries(memory), strlen(got));
        memory_free(&memory);
        assert_null(memory);
    }
}

static void replaces_and_remembers_when(void **state)
{
    struct memory *memory = memory_new(SMALLEST);

    (void)state;
    assert_int_equal(look(memory, "a@example.org"), 0);
    put(memory, "a@example.org", 100, 7);
    assert_int_equal(look(memory, "a@example.org"), 7);
    put(memory, "a@example.org", 50000, 8);
    assert_int_equal(look(memory, "a@example.org"), 8);
    put(memory, "a@example.org", 10, 9);
    assert_int_equal(look(memory, "a@example.org"), 9);
    assert_int_equal(memory_entries(memory), 1);
    memory_drop(memory, bytes_of_string("a@example.org"));
    assert_int_equal(memory_entries(memory), 0);
    memory_free(&memory);
    memory_free(&memory);
}

static void a_reader_keeps_what_was_evicted(void **state)
{
    struct memory *memory = memory_new(SMALLEST);
    struct answer *answer;

    (void)state;
    put(memory, "a@example.org", 100, 1);
    answer = memory_get(memory, bytes_of_string("a@example.org"));
    memory_drop(memory, bytes_of_string("a@example.org"));
    memory_free(&memory);
    assert_string_equal(answer->address.text, "a@example.org");
    answer_free(&answer);
}

/* Whoever holds a reference sees by the answer alone whether the memory still gives it out. */
static void an_answer_says_whether_it_is_kept(void **state)
{
    struct memory *memory = memory_new(SMALLEST);
    struct answer *first = answer_new("a@example.org", 100), *second = answer_new("a@example.org", 100);

    (void)state;
    assert_false(atomic_load(&first->standing.kept));
    memory_put(memory, first, 1);
    memory_put(memory, first, 2); /* again, in its own place */
    assert_true(atomic_load(&first->standing.kept));
    memory_put(memory, second, 3);
    assert_false(atomic_load(&first->standing.kept));
    assert_true(atomic_load(&second->standing.kept));
    memory_drop(memory, bytes_of_string("a@example.org"));
    assert_false(atomic_load(&second->standing.kept));
    memory_put(memory, first, 4);
    put(memory, "b@example.org", SMALLEST - 1000, 5); /* evicts it, or does not fit: then nothing is lost */
    assert_int_equal(atomic_load(&first->standing.kept), look(memory, "a@example.org") != 0);
    memory_put(memory, first, 6);
    memory_free(&memory);
    assert_false(atomic_load(&first->standing.kept));
    answer_free(&first);
    answer_free(&second);
}

static void too_large_is_not_kept_nor_the_older_word(void **state)
{
    struct memory *memory = memory_new(SMALLEST);

    (void)state;
    put(memory, "a@example.org", 100, 1);
    put(memory, "b@example.org", 100, 1);
    put(memory, "a@example.org", 70000, 2);
    assert_int_equal(look(memory, "a@example.org"), 0);
    assert_int_equal(look(memory, "b@example.org"), 1);
    memory_free(&memory);
}

/* One that needs the room of hundreds: more than are evicted in one go. */
static void a_large_one_pushes_out_many(void **state)
{
    struct memory *memory = memory_new(SMALLEST);
    char address[64];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(address, sizeof(address), "p%d@example.org", i);
        put(memory, address, 1, 1);
    }
    assert_true(memory_entries(memory) > 100);
    put(memory, "large@example.org", 52000, 2); /* with what is counted for it on top, nearly all there is */
    assert_int_equal(look(memory, "large@example.org"), 2);
    assert_true(memory_bytes(memory) <= SMALLEST);
    memory_free(&memory);
}

static void keeps_nothing_without_room(void **state)
{
    struct memory *memory = memory_new(0);

    (void)state;
    assert_non_null(memory);
    put(memory, "a@example.org", 1, 1);
    assert_int_equal(look(memory, "a@example.org"), 0);
    assert_int_equal(memory_entries(memory), 0);
    memory_free(&memory);
}

static void stays_within_its_bytes(void **state)
{
    static const size_t sizes[] = {SMALLEST, (size_t)1024 * 1024, (size_t)20 * 1024 * 1024};
    uint64_t before = count_read(COUNT_MEMORY_EVICTIONS);
    char address[64];

    (void)state;
    srand(1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct memory *memory = memory_new(sizes[i]);

        for (int j = 0; j < 5000; j++) {
            snprintf(address, sizeof(address), "p%d@example.org", rand() % 2000);
            switch (rand() % 8) {
            case 0:
                memory_drop(memory, bytes_of_string(address));
                break;
            case 1:
                look(memory, address);
                break;
            default:
                put(memory, address, (size_t)rand() % 20000, 1);
            }
            assert_true(memory_bytes(memory) <= sizes[i]);
        }
        assert_int_equal(gauge_read(GAUGE_MEMORY_BYTES), memory_bytes(memory));
        assert_int_equal(gauge_read(GAUGE_MEMORY_ENTRIES), memory_entries(memory));
        memory_free(&memory);
        assert_int_equal(gauge_read(GAUGE_MEMORY_BYTES), 0);
        assert_int_equal(gauge_read(GAUGE_MEMORY_ENTRIES), 0);
    }
    assert_true(count_read(COUNT_MEMORY_EVICTIONS) > before);
}

/* Tables grow, and probing survives removals from their middle. */
static void finds_each_of_many(void **state)
{
    struct memory *memory = memory_new((size_t)256 * 1024 * 1024);
    char address[64];

    (void)state;
    for (int i = 0; i < 30000; i++) {
        snprintf(address, sizeof(address), "p%d@example.org", i);
        put(memory, address, 1, i + 1);
    }
    for (int i = 0; i < 30000; i += 3) {
        snprintf(address, sizeof(address), "p%d@example.org", i);
        memory_drop(memory, bytes_of_string(address));
    }
    for (int i = 0; i < 30000; i++) {
        snprintf(address, sizeof(address), "p%d@example.org", i);
        assert_int_equal(look(memory, address), i % 3 == 0 ? 0 : i + 1);
    }
    assert_int_equal(memory_entries(memory), 20000);
    memory_free(&memory);
}

static void *hammer(void *context)
{
    struct memory *memory = context;
    unsigned chance = (unsigned)(uintptr_t)&chance;
    char address[64];

    for (int i = 0; i < 5000; i++) {
        snprintf(address, sizeof(address), "p%d@example.org", rand_r(&chance) % 64);
        switch (rand_r(&chance) % 16) {
        case 0:
            memory_drop(memory, bytes_of_string(address));
            break;
        case 1:
        case 2:
            put(memory, address, (size_t)rand_r(&chance) % 4000, 1);
            break;
        case 3:
            if (memory_bytes(memory) > SMALLEST) {
                abort();
            }
            break;
        default:
            look(memory, address);
        }
    }
    return NULL;
}

static void many_threads(void **state)
{
    struct memory *memory = memory_new(SMALLEST);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, memory), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(gauge_read(GAUGE_MEMORY_BYTES), memory_bytes(memory));
    memory_free(&memory);
}

static void survives_lack_of_memory(void **state)
{
    struct answer *answers[64];
    struct memory *memory = NULL;
    char address[64];
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        scarce_begin(nth);
        memory = memory_new((size_t)64 * 1024 * 1024);
        failed = scarce_end();
        assert_true(failed == (memory == NULL));
    }
    for (int i = 0; i < 64; i++) {
        snprintf(address, sizeof(address), "p%d@example.org", i);
        answers[i] = answer_new(address, 10);
        memory_put(memory, answers[i], 1);
    }
    for (int i = 0; i < 64; i++) {
        scarce_begin(1);
        memory_put(memory, answers[i], 2);
        assert_true(scarce_end());
        assert_int_equal(look(memory, answers[i]->address.text), 0);
    }
    memory_free(&memory);
    memory = memory_new(SMALLEST);
    for (int i = 0; i < 64; i++) {
        scarce_begin(2); /* the entry is there, a larger table is not */
        memory_put(memory, answers[i], 3);
        scarce_end();
        answer_free(&answers[i]);
    }
    assert_int_equal(memory_entries(memory), 15);
    memory_free(&memory);
}

/* An answer whose address begins with one of these letters. */
static bool begins_with(void *context, const struct answer *answer)
{
    return strchr(context, answer->address.text[0]) != NULL;
}

static void drops_what_matches_and_nothing_else(void **state)
{
    struct memory *memory = memory_new((size_t)16 * 1024 * 1024);
    char address[32];

    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(address, sizeof(address), "%c%d@example.org", "abc"[i % 3], i);
        put(memory, address, 10, 1);
    }
    assert_int_equal(memory_drop_if(memory, begins_with, "x"), 0);
    assert_int_equal(memory_drop_if(memory, begins_with, "ac"), 2000);
    assert_int_equal(memory_entries(memory), 1000);
    for (int i = 0; i < 3000; i++) {
        snprintf(address, sizeof(address), "%c%d@example.org", "abc"[i % 3], i);
        assert_int_equal(look(memory, address), i % 3 == 1);
    }
    assert_int_equal(memory_drop_if(memory, begins_with, "b"), 1000);
    assert_int_equal(memory_entries(memory), 0);
    memory_free(&memory);
}

struct churn {
    struct memory *memory;
    atomic_bool stop;
};

/* Puts and drops "k…" so that tables grow and gaps close while somebody sweeps. */
static void *churn(void *context)
{
    struct churn *churn = context;
    char address[32];

    for (unsigned i = 0; !atomic_load(&churn->stop); i++) {
        snprintf(address, sizeof(address), "k%u@example.org", i % 5000);
        put(churn->memory, address, 10, 1);
        snprintf(address, sizeof(address), "k%u@example.org", i * 7 % 5000);
        memory_drop(churn->memory, bytes_of_string(address));
    }
    return NULL;
}

/* Whatever moves in the table meanwhile, nothing that was there and matches is missed. */
static void misses_nothing_while_others_change_the_table(void **state)
{
    struct churn shared = {.memory = memory_new((size_t)2 * 1024 * 1024)};
    pthread_t thread;
    char address[32];

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, churn, &shared), 0);
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(address, sizeof(address), "x%d@example.org", i);
            put(shared.memory, address, 10, 1);
        }
        memory_drop_if(shared.memory, begins_with, "x");
        for (int i = 0; i < 100; i++) {
            snprintf(address, sizeof(address), "x%d@example.org", i);
            assert_int_equal(look(shared.memory, address), 0);
        }
    }
    atomic_store(&shared.stop, true);
    pthread_join(thread, NULL);
    memory_free(&shared.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evicts_as_sieve),
        cmocka_unit_test(replaces_and_remembers_when),
        cmocka_unit_test(a_reader_keeps_what_was_evicted),
        cmocka_unit_test(an_answer_says_whether_it_is_kept),
        cmocka_unit_test(too_large_is_not_kept_nor_the_older_word),
        cmocka_unit_test(a_large_one_pushes_out_many),
        cmocka_unit_test(keeps_nothing_without_room),
        cmocka_unit_test(stays_within_its_bytes),
        cmocka_unit_test(finds_each_of_many),
        cmocka_unit_test(drops_what_matches_and_nothing_else),
        cmocka_unit_test(misses_nothing_while_others_change_the_table),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
