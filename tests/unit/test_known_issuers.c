/* Issuers by their digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/known_issuers.h"
#include "tests/unit/scarce.h"

#define MANY 300

static const struct digest policy = {"this one"}, other = {"another"};

static struct digest digest_of(unsigned number)
{
    return digest_sha256(bytes_of(&number, sizeof(number)));
}

/* Numbers from 0 on as issuers, each of them twice. */
static struct known_issuers *numbers(unsigned count, struct blob **blobs)
{
    struct known_issuers *known = known_issuers_new(&policy, 2 * (size_t)count);

    assert_non_null(known);
    for (unsigned i = 0; i < 2 * count; i++) {
        unsigned number = i % count;
        struct digest digest = digest_of(number);

        if (i < count) {
            blobs[i] = blob_new(bytes_of(&number, sizeof(number)));
        }
        known_issuers_add(known, &digest, blobs[number]);
    }
    known_issuers_sort(known);
    assert_int_equal(known->count, count);
    return known;
}

static void finds_what_is_there(void **state)
{
    struct blob *blobs[MANY];
    struct known_issuers *known = numbers(MANY, blobs);

    (void)state;
    for (unsigned number = 0; number < MANY; number++) {
        struct digest digest = digest_of(number), none = digest_of(number + MANY);
        struct blob *equal = blob_new(bytes_of(&number, sizeof(number)));

        assert_ptr_equal(known_issuers_find(known, bytes_of(digest.bytes, DIGEST_BYTES)), blobs[number]);
        assert_null(known_issuers_find(known, bytes_of(none.bytes, DIGEST_BYTES)));
        assert_true(known_issuers_hold(known, blobs[number]));
        assert_false(known_issuers_hold(known, equal));
        assert_memory_equal(known_issuers_digest(known, blobs[number]), digest.bytes, DIGEST_BYTES);
        assert_memory_equal(known_issuers_digest(known, equal), digest.bytes, DIGEST_BYTES);
        blob_free(&equal);
        blob_free(&blobs[number]);
    }
    assert_null(known_issuers_find(known, bytes_of("", 0)));
    known_issuers_free(&known);
    assert_null(known);
}

static void has_nothing_else(void **state)
{
    struct known_issuers *known = known_issuers_new(&policy, 0);
    struct blob *blob = blob_new(bytes_of_string("issuer"));
    struct digest digest = digest_sha256(bytes_of_string("issuer"));

    (void)state;
    assert_non_null(known);
    known_issuers_sort(known);
    assert_null(known_issuers_find(known, bytes_of(digest.bytes, DIGEST_BYTES)));
    assert_null(known_issuers_digest(known, blob));
    blob_free(&blob);
    known_issuers_free(&known);
}

static void are_of_one_policy(void **state)
{
    struct known_issuers *known = known_issuers_new(&policy, 0);

    (void)state;
    assert_true(known_issuers_are_of(known, &policy));
    assert_false(known_issuers_are_of(known, &other));
    assert_false(known_issuers_are_of(NULL, &policy));
    known_issuers_free(&known);
    known_issuers_free(&known);
}

static void refuses_without_memory(void **state)
{
    (void)state;
    assert_null(known_issuers_new(&policy, SIZE_MAX / sizeof(struct known_issuer)));
    scarce_begin(1);
    assert_null(known_issuers_new(&policy, 1));
    assert_true(scarce_end());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
        cmocka_unit_test(has_nothing_else),
        cmocka_unit_test(are_of_one_policy),
        cmocka_unit_test(refuses_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
