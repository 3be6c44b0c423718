#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/metrics.h"
#include "render/status.h"
#include "tests/unit/scarce.h"

static const char *const directories[] = {"corp", "partner \"x\"", "quiet"};
static const struct status all = {NULL, true, directories, 3};

static json_t *shown(const struct status *status)
{
    struct buffer out;

    buffer_init(&out, 65536);
    assert_int_equal(render_status(status, &out), 0);
    json_t *root = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    buffer_free(&out);
    return root;
}

/* "memory.bytes"; -1: it is not there, or no number. */
static long long number(const json_t *root, const char *path)
{
    char key[64];
    const char *dot = strchr(path, '.');

    snprintf(key, sizeof(key), "%.*s", (int)(dot != NULL ? dot - path : (long)strlen(path)), path);
    const json_t *value = json_object_get(root, key);
    if (dot != NULL) {
        return number(value, dot + 1);
    }
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static void every_number_is_its_own(void **state)
{
    static const struct {
        const char *path;
        enum counter counter;
    } counted[] = {
        {"lookups.joined", COUNT_LOOKUPS_JOINED},   {"outcomes.found", COUNT_OUTCOME_FOUND},
        {"outcomes.none", COUNT_OUTCOME_NONE},      {"outcomes.unknown", COUNT_OUTCOME_UNKNOWN},
        {"memory.evictions", COUNT_MEMORY_EVICTIONS}, {"redis.hits", COUNT_REDIS_HITS},
        {"redis.misses", COUNT_REDIS_MISSES},       {"redis.errors", COUNT_REDIS_ERRORS},
    };
    static const struct {
        const char *path;
        enum gauge gauge;
    } measured[] = {
        {"policy.generation", GAUGE_GENERATION}, {"policy.anchors", GAUGE_ANCHORS}, {"policy.crls", GAUGE_CRLS},
        {"flights", GAUGE_FLIGHTS}, {"waiting", GAUGE_WAITING}, {"memory.entries", GAUGE_MEMORY_ENTRIES},
        {"memory.bytes", GAUGE_MEMORY_BYTES}, {"evidence.crls", GAUGE_EVIDENCE_CRLS},
        {"evidence.ocsp_answers", GAUGE_EVIDENCE_OCSP}, {"evidence.issuers", GAUGE_EVIDENCE_ISSUERS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        count_add(counted[i].counter, 100 + i);
    }
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
        gauge_set(measured[i].gauge, (int64_t)(200 + i));
    }
    gauge_set(GAUGE_START_TIME, 1800000000);
    gauge_set(GAUGE_EVIDENCE_NEXT_UPDATE, 1800000001);
    json_t *root = shown(&all);
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        assert_int_equal(number(root, counted[i].path), 100 + i);
    }
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
        assert_int_equal(number(root, measured[i].path), 200 + i);
    }
    assert_string_equal(json_string_value(json_object_get(root, "version")), VERSION);
    assert_string_equal(json_string_value(json_object_get(root, "started_at")), "2027-01-15T08:00:00Z");
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "evidence"), "next_update")),
                        "2027-01-15T08:00:01Z");
    json_decref(root);
}

/* {"bounds_us": […], "layers": [{"layer": "memory", "counts": […], "sum_us": 7}, …]} */
static void times_are_told_by_layer(void **state)
{
    static const char *const layers[BY_COUNT] = {"memory", "redis", "directory", "stale"};
    uint64_t before = count_lookups_read(BY_REDIS);

    (void)state;
    count_lookups(BY_REDIS, OUTCOME_NONE, 7);
    count_lookup_time(BY_REDIS, OUTCOME_NONE, 6);
    count_hit_time(BY_MEMORY, OUTCOME_FOUND, 10000001);
    json_t *root = shown(&all);
    assert_int_equal(number(root, "lookups.redis"), before + 7);
    const json_t *latency = json_object_get(root, "latency"), *bounds = json_object_get(latency, "bounds_us");
    assert_int_equal(json_array_size(bounds), METRICS_BUCKETS);
    assert_int_equal(json_array_size(json_object_get(latency, "layers")), BY_COUNT);
    for (size_t i = 0; i < BY_COUNT; i++) {
        const json_t *layer = json_array_get(json_object_get(latency, "layers"), i);
        const json_t *counts = json_object_get(layer, "counts");
        assert_string_equal(json_string_value(json_object_get(layer, "layer")), layers[i]);
        assert_int_equal(json_array_size(counts), METRICS_BUCKETS + 1);
        assert_int_equal(json_integer_value(json_array_get(counts, METRICS_BUCKETS)), i == 0);
        assert_int_equal(json_integer_value(json_array_get(counts, 1)), i == 1);
        assert_int_equal(number(layer, "sum_us"), i == 0 ? 10000001 : i == 1 ? 6 : 0);
    }
    assert_int_equal(json_integer_value(json_array_get(bounds, 1)), 10);
    json_decref(root);
}

static void directories_are_those_of_now(void **state)
{
    static const enum directory_counter counters[] = {
        DIRECTORY_SEARCHES, DIRECTORY_ANSWERED, DIRECTORY_CUT_OFF,
        DIRECTORY_TIMED_OUT, DIRECTORY_UNAVAILABLE, DIRECTORY_OVERLOADED,
    };
    static const char *const keys[] = {"searches", "answered", "cut_off", "timed_out", "unavailable", "overloaded"};
    unsigned corp = metrics_directory("corp"), partner = metrics_directory(directories[1]);

    (void)state;
    (void)metrics_directory("of a configuration before");
    for (size_t i = 0; i < 6; i++) {
        for (size_t times = 0; times <= i; times++) {
            count_directory(corp, counters[i]);
        }
    }
    gauge_directory(corp, DIRECTORY_UP, 1);
    gauge_directory(corp, DIRECTORY_SYNC, 1);
    gauge_directory(partner, DIRECTORY_UP, 0);
    gauge_directory(partner, DIRECTORY_SYNC, GAUGE_NOT_SHOWN);
    json_t *root = shown(&all);
    const json_t *list = json_object_get(root, "directories");
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "name")), directories[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(number(json_array_get(list, 0), keys[i]), i + 1);
        assert_int_equal(number(json_array_get(list, 1), keys[i]), 0);
    }
    assert_true(json_is_true(json_object_get(json_array_get(list, 0), "up")));
    assert_true(json_is_true(json_object_get(json_array_get(list, 0), "followed")));
    assert_true(json_is_false(json_object_get(json_array_get(list, 1), "up")));
    assert_null(json_object_get(json_array_get(list, 1), "followed"));
    json_decref(root);
}

static void what_is_not_there_is_not_shown(void **state)
{
    const struct status bare = {"it has only just begun", false, NULL, 0};
    json_t *root = shown(&bare);

    (void)state;
    assert_true(json_is_false(json_object_get(root, "ready")));
    assert_string_equal(json_string_value(json_object_get(root, "why_not")), bare.why_not);
    assert_null(json_object_get(root, "redis"));
    assert_int_equal(json_array_size(json_object_get(root, "directories")), 0);
    json_decref(root);
    root = shown(&all);
    assert_true(json_is_true(json_object_get(root, "ready")));
    assert_null(json_object_get(root, "why_not"));
    assert_non_null(json_object_get(root, "redis"));
    json_decref(root);
}

static void too_little_room_is_said(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 300);
    assert_int_equal(render_status(&all, &out), -1);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_its_own),
        cmocka_unit_test(times_are_told_by_layer),
        cmocka_unit_test(directories_are_those_of_now),
        cmocka_unit_test(what_is_not_there_is_not_shown),
        cmocka_unit_test(too_little_room_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
