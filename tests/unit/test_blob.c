#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/blob.h"
#include "tests/unit/scarce.h"

static void copies_and_counts(void **state)
{
    char text[] = "certificate";
    struct blob *blob = blob_new(bytes_of(text, sizeof(text))), *other;

    (void)state;
    text[0] = 'X';
    assert_int_equal(blob->size, sizeof(text));
    assert_string_equal((const char *)blob->data, "certificate");
    other = blob_ref(blob);
    assert_ptr_equal(other, blob);
    blob_free(&blob);
    assert_null(blob);
    assert_string_equal((const char *)other->data, "certificate");
    blob_free(&other);
    blob_free(&other);
    assert_null(blob_ref(NULL));
}

static void empty_bytes_are_a_blob(void **state)
{
    struct blob *made = blob_new(bytes_of(NULL, 0)), *interned = blob_intern(bytes_of(NULL, 0));

    (void)state;
    assert_int_equal(made->size, 0);
    assert_int_equal(interned->size, 0);
    blob_free(&made);
    blob_free(&interned);
}

static void equal_bytes_are_interned_once(void **state)
{
    struct blob *a = blob_intern(bytes_of("one\0a", 5)), *b = blob_intern(bytes_of("one\0a", 5));
    struct blob *other = blob_intern(bytes_of("one\0b", 5)), *made = blob_new(bytes_of("one\0a", 5));

    (void)state;
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, other);
    assert_ptr_not_equal(a, made);
    blob_free(&a);
    a = blob_intern(bytes_of("one\0a", 5));
    assert_ptr_equal(a, b);
    blob_free(&a);
    blob_free(&b);
    b = blob_intern(bytes_of("one\0a", 5));
    assert_memory_equal(b->data, "one\0a", 5);
    blob_free(&b);
    blob_free(&other);
    blob_free(&made);
}

static void many_share_the_table(void **state)
{
    static struct blob *blobs[10000];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 10000; i++) {
            blobs[i] = blob_intern(bytes_of(&i, sizeof(i)));
            assert_memory_equal(blobs[i]->data, &i, sizeof(i));
        }
        for (uint32_t i = 0; i < 10000; i++) {
            blob_free(&blobs[(i * 7919) % 10000]);
        }
    }
}

static struct blob *numbered(uint32_t number)
{
    uint8_t bytes[200] = {0};

    memcpy(bytes, &number, sizeof(number));
    return blob_intern(bytes_of(bytes, sizeof(bytes)));
}

/* Whoever writes certificates can give them equal ends: what that fills is not searched through each time. */
static void equal_ends_are_searched_for_a_while_only(void **state)
{
    static struct blob *blobs[1000];
    struct blob *again;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        blobs[i] = numbered(i);
        again = numbered(0); /* what is wanted often is found */
        assert_ptr_equal(again, blobs[0]);
        blob_free(&again);
    }
    again = numbered(1);
    assert_ptr_not_equal(again, blobs[1]);
    assert_memory_equal(again->data, blobs[1]->data, 200);
    blob_free(&again);
    for (uint32_t i = 0; i < 1000; i++) {
        blob_free(&blobs[(i * 7) % 1000]);
    }
    again = numbered(1);
    assert_int_equal(again->data[0], 1);
    blob_free(&again);
}

static void out_of_memory(void **state)
{
    (void)state;
    scarce_begin(1);
    assert_null(blob_new(bytes_of("x", 1)));
    assert_true(scarce_end());
    scarce_begin(1);
    assert_null(blob_intern(bytes_of("x", 1)));
    assert_true(scarce_end());
    assert_null(blob_new(bytes_of("x", SIZE_MAX)));
}

/* Blobs die and are made again all the time: whoever gets one must find its bytes whole. */
static void *churn(void *context)
{
    unsigned seed = *(unsigned *)context;

    for (int i = 0; i < 20000; i++) {
        uint32_t which = (seed = seed * 1103515245 + 12345) >> 16 & 3;
        char text[32];
        struct blob *blob, *second;

        snprintf(text, sizeof(text), "issuer number %u", (unsigned)which);
        blob = blob_intern(bytes_of_string(text));
        second = blob_ref(blob);
        if (blob == NULL || !bytes_equal(blob_bytes(blob), bytes_of_string(text))) {
            return context;
        }
        blob_free(&blob);
        blob_free(&second);
    }
    return NULL;
}

static void threads_intern_and_free(void **state)
{
    pthread_t threads[4];
    unsigned seeds[4] = {1, 2, 3, 4};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &seeds[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *result = NULL;

        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_and_counts),
        cmocka_unit_test(empty_bytes_are_a_blob),
        cmocka_unit_test(equal_bytes_are_interned_once),
        cmocka_unit_test(many_share_the_table),
        cmocka_unit_test(equal_ends_are_searched_for_a_while_only),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(threads_intern_and_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
