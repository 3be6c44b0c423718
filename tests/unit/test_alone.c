#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdlib.h>

#include "gateway/steps.h"

static void few_flights_and_no_rest(void **state)
{
    (void)state;
    static const struct {
        size_t most_flights;
        int64_t rests_until_ms;
        size_t flights;
        int64_t now_ms;
        bool want;
    } rows[] = {
        {0, 0, 1, 5, false}, {2, 0, 1, 5, true},     {2, 0, 2, 5, true},
        {2, 0, 3, 5, false}, {2, 100, 1, 99, false}, {2, 100, 1, 100, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct alone alone = {rows[i].most_flights, rows[i].rests_until_ms};
        assert_int_equal(alone_may_work(&alone, rows[i].flights, rows[i].now_ms), rows[i].want);
    }
}

static void what_took_long_is_the_last_for_a_while(void **state)
{
    (void)state;
    struct alone alone = {.most_flights = 2};
    alone_worked(&alone, 3000, 1000);
    assert_true(alone_may_work(&alone, 1, 1000));
    alone_worked(&alone, 3001, 1000);
    assert_false(alone_may_work(&alone, 1, 1299));
    assert_true(alone_may_work(&alone, 1, 1300));
    alone_worked(&alone, 20000, 2000);
    assert_false(alone_may_work(&alone, 1, 3999));
    assert_true(alone_may_work(&alone, 1, 4000));
    alone_worked(&alone, 3001, 2001); /* of the same turn: it does not end the rest sooner */
    assert_false(alone_may_work(&alone, 1, 3999));
    assert_true(alone_may_work(&alone, 1, 4000));
    alone_worked(&alone, INT64_MAX / 1000, 5000);
    assert_false(alone_may_work(&alone, 1, 14999));
    assert_true(alone_may_work(&alone, 1, 15000));
}

static void only_small_certificates(void **state)
{
    (void)state;
    static const struct {
        size_t count, bytes;
        enum attribute attribute;
        enum judging judging;
        bool want;
    } rows[] = {
        {0, 0, ATTRIBUTE_USER_CERTIFICATE, JUDGING_FOUND, true},
        {1, 900, ATTRIBUTE_USER_CERTIFICATE, JUDGING_FOUND, true},
        {2, ALONE_MAX_VALUE_BYTES, ATTRIBUTE_USER_CERTIFICATE, JUDGING_RECORD, true},
        {2, ALONE_MAX_VALUE_BYTES + 1, ATTRIBUTE_USER_CERTIFICATE, JUDGING_FOUND, false},
        {3, 900, ATTRIBUTE_USER_CERTIFICATE, JUDGING_FOUND, false},
        {1, 900, ATTRIBUTE_USER_SMIME_CERTIFICATE, JUDGING_FOUND, false},
        {1, 900, ATTRIBUTE_USER_CERTIFICATE, JUDGING_EXPLAINED, false},
        {1, 900, ATTRIBUTE_USER_CERTIFICATE, JUDGING_FALLBACK, true},
    };
    static const uint8_t octets[ALONE_MAX_VALUE_BYTES + 1];
    struct lookup lookup = {.alone = {.most_flights = 2}, .alive = 1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct candidate candidates[3] = {{0}};
        struct flight flight = {.lookup = &lookup, .judging = rows[i].judging, .candidates = candidates,
                                .candidate_count = rows[i].count};
        struct blob *value = blob_new(bytes_of(octets, rows[i].bytes));
        assert_non_null(value);
        for (size_t k = 0; k < rows[i].count; k++) { /* only the last one is as the row says */
            candidates[k].value = k + 1 == rows[i].count ? value : blob_new(bytes_of(octets, 1));
            candidates[k].source.attribute = rows[i].attribute;
        }
        assert_int_equal(engine_may_work(&flight), rows[i].want);
        for (size_t k = 0; k + 1 < rows[i].count; k++) {
            blob_free(&candidates[k].value);
        }
        blob_free(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_flights_and_no_rest),
        cmocka_unit_test(what_took_long_is_the_last_for_a_while),
        cmocka_unit_test(only_small_certificates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
