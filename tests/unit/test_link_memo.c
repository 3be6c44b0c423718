#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "x509/link_memo.h"

#define ROUNDS 1000000

static struct digest digest_of(uint64_t number)
{
    struct digest digest;

    for (size_t i = 0; i < DIGEST_BYTES; i += sizeof(number)) {
        memcpy(digest.bytes + i, &number, sizeof(number));
    }
    return digest;
}

static int setup(void **state)
{
    (void)state;
    link_memo_clear();
    return 0;
}

static void test_remembers(void **state)
{
    const struct digest a = digest_of(1), b = digest_of(2), c = digest_of(3);

    (void)state;
    assert_false(link_memo_has(&a, &b));
    link_memo_add(&a, &b);
    assert_true(link_memo_has(&a, &b));
    assert_false(link_memo_has(&b, &a));
    assert_false(link_memo_has(&a, &c));
    assert_false(link_memo_has(&a, &a));
    link_memo_add(&a, &b);
    assert_true(link_memo_has(&a, &b));
    link_memo_clear();
    assert_false(link_memo_has(&a, &b));
}

/* Every octet of both counts. */
static void test_whole_digests(void **state)
{
    const struct digest a = digest_of(4), b = digest_of(5);

    (void)state;
    link_memo_add(&a, &b);
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        struct digest other_a = a, other_b = b;

        other_a.bytes[i] ^= 1;
        other_b.bytes[i] ^= 1;
        assert_false(link_memo_has(&other_a, &b));
        assert_false(link_memo_has(&a, &other_b));
    }
}

/* Whoever adds more than there are places takes the places of others; the last one always has its own. */
static void test_bounded(void **state)
{
    size_t held = 0;

    (void)state;
    for (uint64_t i = 1; i <= 4 * LINK_MEMO_PLACES; i++) {
        const struct digest a = digest_of(i), b = digest_of(i + 1);

        link_memo_add(&a, &b);
        assert_true(link_memo_has(&a, &b));
    }
    for (uint64_t i = 1; i <= 4 * LINK_MEMO_PLACES; i++) {
        const struct digest a = digest_of(i), b = digest_of(i + 1);

        held += link_memo_has(&a, &b);
    }
    assert_in_range(held, LINK_MEMO_PLACES / 2, LINK_MEMO_PLACES);
}

/* Two pairs that share a place, and a third that has its subject from one and its issuer from the other. */
static struct pairs {
    struct digest a, b, c, d;
    atomic_bool over;
} pairs;

/* Whether the pair takes the place of (a, b). */
static bool displaces(const struct digest *subject, const struct digest *issuer)
{
    link_memo_add(&pairs.a, &pairs.b);
    link_memo_add(subject, issuer);
    return !link_memo_has(&pairs.a, &pairs.b);
}

static void find_pairs(void)
{
    uint64_t number = 1;

    pairs.a = digest_of(number++);
    pairs.b = digest_of(number++);
    do {
        pairs.d = digest_of(number++);
    } while (!displaces(&pairs.a, &pairs.d));
    do {
        pairs.c = digest_of(number++);
    } while (!displaces(&pairs.c, &pairs.d));
    link_memo_clear();
}

static void *add_one(void *context)
{
    while (!atomic_load(&pairs.over)) {
        link_memo_add(&pairs.a, &pairs.b);
    }
    return context;
}

static void *add_other(void *context)
{
    while (!atomic_load(&pairs.over)) {
        link_memo_add(&pairs.c, &pairs.d);
    }
    return context;
}

/* Of two that are written into one place all the time, nobody ever reads half of each. */
static void test_torn(void **state)
{
    pthread_t threads[2];

    (void)state;
    find_pairs();
    assert_int_equal(pthread_create(&threads[0], NULL, add_one, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, add_other, NULL), 0);
    for (size_t i = 0; i < ROUNDS; i++) {
        assert_false(link_memo_has(&pairs.a, &pairs.d));
    }
    atomic_store(&pairs.over, true);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_remembers, setup),
        cmocka_unit_test_setup(test_whole_digests, setup),
        cmocka_unit_test_setup(test_bounded, setup),
        cmocka_unit_test_setup(test_torn, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
