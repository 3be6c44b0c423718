#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/answer.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "tests/unit/scarce.h"

static struct buffer shown;

static bool shows(const char *line)
{
    char wanted[300];

    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    buffer_clear(&shown);
    buffer_append_char(&shown, '\n');
    metrics_write(&shown);
    assert_false(shown.failed);
    return strstr(buffer_string(&shown), wanted) != NULL;
}

/* Must run first: with nothing counted, every metric is named already. */
static void names_are_all_there_at_once(void **state)
{
    static const char *const families[] = {
        "certlookup_lookups_total counter", "certlookup_lookups_joined_total counter",
        "certlookup_stale_total counter", "certlookup_renewals_total counter",
        "certlookup_outcomes_total counter", "certlookup_http_responses_total counter",
        "certlookup_memory_evictions_total counter", "certlookup_redis_gets_total counter",
        "certlookup_redis_sets_total counter", "certlookup_redis_hits_total counter",
        "certlookup_redis_misses_total counter", "certlookup_redis_errors_total counter",
        "certlookup_redis_reconnects_total counter", "certlookup_redis_bad_seals_total counter",
        "certlookup_redis_bad_records_total counter", "certlookup_redis_rejudged_total counter",
        "certlookup_reloads_total counter", "certlookup_reload_failures_total counter",
        "certlookup_fetches_total counter", "certlookup_fetched_bytes_total counter",
        "certlookup_limit_reached_total counter", "certlookup_refusals_total counter",
        "certlookup_ldap_searches_total counter", "certlookup_ldap_results_total counter",
        "certlookup_ldap_connects_total counter", "certlookup_ldap_connect_failures_total counter",
        "certlookup_ldap_sync_changes_total counter", "certlookup_ldap_sync_resets_total counter",
        "certlookup_ldap_sync_failures_total counter", "certlookup_ldap_sync_unreadable_total counter",
        "certlookup_ldap_sync gauge", "certlookup_ldap_sync_entries gauge", "certlookup_ldap_sync_bytes gauge",
        "certlookup_ldap_up gauge", "certlookup_lookup_seconds histogram",
        "certlookup_sampled_hit_seconds histogram", "certlookup_http_request_seconds histogram",
        "certlookup_http_connections gauge", "process_cpu_seconds_total counter",
        "process_virtual_memory_bytes gauge", "process_max_fds gauge", "process_threads gauge", "certlookup_memory_bytes gauge",
        "certlookup_memory_entries gauge", "certlookup_flights gauge", "certlookup_waiting_requests gauge",
        "certlookup_redis_up gauge", "certlookup_generation gauge", "certlookup_anchors gauge",
        "certlookup_evidence_total counter", "certlookup_evidence_refreshes_total counter",
        "certlookup_evidence_dropped_answers_total counter", "certlookup_evidence_crls gauge",
        "certlookup_evidence_ocsp_answers gauge", "certlookup_evidence_issuers gauge",
        "certlookup_evidence_bytes gauge", "certlookup_evidence_next_update_timestamp_seconds gauge",
        "certlookup_http_refused_total counter", "certlookup_http_tokens_ignored_total counter",
        "certlookup_tls_not_after_timestamp_seconds gauge",
        "certlookup_tls_client_crl_next_update_timestamp_seconds gauge",
        "certlookup_engine_worked_total counter", "certlookup_hedges_total counter",
        "certlookup_drops_total counter",
        "certlookup_redis_dels_total counter",
        "certlookup_redis_changes_total counter", "certlookup_redis_confirmed_total counter",
        "certlookup_redis_tracking_losses_total counter", "certlookup_redis_generations_total counter",
        "certlookup_redis_messages_total counter", "certlookup_redis_bad_messages_total counter",
        "certlookup_redis_tracking gauge", "certlookup_redis_names_bytes gauge",
        "certlookup_crls gauge", "process_start_time_seconds gauge", "process_resident_memory_bytes gauge",
        "process_open_fds gauge", "certlookup_build_info gauge",
    };
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        char line[100];

        snprintf(line, sizeof(line), "# TYPE %s", families[i]);
        if (!shows(line)) {
            fail_msg("%s", line);
        }
    }
    for (const char *at = buffer_string(&shown); (at = strstr(at, "\n# TYPE ")) != NULL; at++) {
        found++;
    }
    assert_int_equal(found, sizeof(families) / sizeof(families[0]));
    assert_null(strstr(buffer_string(&shown), "(null)"));
    assert_null(strstr(buffer_string(&shown), "directory=\""));
}

/* Every line is a comment or "name{labels} number"; a family's lines stand together under one TYPE line. */
static void the_format_is_kept(void **state)
{
    char family[100] = "", name[100];
    const char *line, *end;

    (void)state;
    metrics_directory("corp");
    shows("");
    for (line = buffer_string(&shown) + 1; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        if (sscanf(line, "# TYPE %99s", family) == 1 || strncmp(line, "# HELP ", 7) == 0) {
            continue;
        }
        assert_int_equal(sscanf(line, "%99[a-z_]", name), 1);
        assert_memory_equal(name, family, strlen(family));
        assert_non_null(memchr(line, ' ', (size_t)(end - line)));
        assert_true(end[-1] >= '0' && end[-1] <= '9');
    }
}

static void counters_count(void **state)
{
    (void)state;
    count(COUNT_HEDGED);
    count_add(COUNT_HEDGED, 41);
    count(COUNT_LIMIT_RECORD_BYTES);
    count(COUNT_FETCH_OCSP_REFUSED);
    count_refusal(REASON_EXPIRED);
    assert_int_equal(count_read(COUNT_HEDGED), 42);
    assert_true(shows("certlookup_hedges_total{event=\"begun\"} 42"));
    assert_true(shows("certlookup_hedges_total{event=\"in_vain\"} 0"));
    assert_true(shows("certlookup_limit_reached_total{limit=\"record_bytes\"} 1"));
    assert_true(shows("certlookup_fetches_total{purpose=\"ocsp\",result=\"refused\"} 1"));
    assert_true(shows("certlookup_fetches_total{purpose=\"crl\",result=\"refused\"} 0"));
    assert_true(shows("certlookup_refusals_total{reason=\"expired\"} 1"));
    assert_true(shows("certlookup_refusals_total{reason=\"malformed\"} 0"));
    assert_true(shows("certlookup_build_info{version=\"" VERSION "\"} 1"));
    assert_null(strstr(buffer_string(&shown), "reason=\"usable\""));
    assert_null(strstr(buffer_string(&shown), "reason=\"no_entry\""));
}

static void lookups_and_responses_have_two_labels(void **state)
{
    (void)state;
    count_lookups(BY_STALE, OUTCOME_FOUND, 3);
    count_lookups(BY_STALE, OUTCOME_NONE, 4);
    count_lookups(BY_DIRECTORY, OUTCOME_UNKNOWN, 5);
    assert_int_equal(count_lookups_read(BY_STALE), 7);
    assert_true(shows("certlookup_lookups_total{layer=\"stale\",outcome=\"found\"} 3"));
    assert_true(shows("certlookup_lookups_total{layer=\"stale\",outcome=\"none\"} 4"));
    assert_true(shows("certlookup_lookups_total{layer=\"directory\",outcome=\"unknown\"} 5"));
    assert_true(shows("certlookup_lookups_total{layer=\"memory\",outcome=\"found\"} 0"));
    assert_null(strstr(buffer_string(&shown), "layer=\"memory\",outcome=\"unknown\""));

    count_response(ROUTE_BATCH, 200);
    count_response(ROUTE_OTHER, 299);
    count_response(ROUTE_CERTIFICATE, 503);
    assert_int_equal(count_responses_read(2), 2);
    assert_int_equal(count_responses_read(5), 1);
    assert_true(shows("certlookup_http_responses_total{class=\"2xx\",route=\"batch\"} 1"));
    assert_true(shows("certlookup_http_responses_total{class=\"2xx\",route=\"other\"} 1"));
    assert_true(shows("certlookup_http_responses_total{class=\"5xx\",route=\"certificate\"} 1"));
    assert_true(shows("certlookup_http_responses_total{class=\"4xx\",route=\"recipient\"} 0"));
}

static void gauges_go_up_and_down(void **state)
{
    (void)state;
    gauge_set(GAUGE_FLIGHTS, 10);
    gauge_add(GAUGE_FLIGHTS, -3);
    assert_int_equal(gauge_read(GAUGE_FLIGHTS), 7);
    assert_true(shows("certlookup_flights 7"));
    assert_null(strstr(buffer_string(&shown), "\ncertlookup_redis_up ")); /* no Redis is not one that is down */
    gauge_set(GAUGE_REDIS_UP, 0);
    assert_true(shows("certlookup_redis_up 0"));
    assert_false(shows("process_open_fds 0"));
    assert_false(shows("process_max_fds 0"));
    assert_false(shows("process_threads 0"));
    assert_false(shows("process_virtual_memory_bytes 0"));
    assert_false(shows("process_cpu_seconds_total 0.000000"));
    assert_false(shows("process_resident_memory_bytes 0"));
}

static void durations_fall_into_buckets(void **state)
{
    static const int64_t durations[] = {-5, 0, 5, 6, 10, 999, 1000, 9999999, 10000001, INT64_C(3600000000)};
    struct histogram histogram;

    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        count_lookup_time(BY_REDIS, OUTCOME_NONE, durations[i]);
    }
#define REDIS "{layer=\"redis\",outcome=\"none\""
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"0.000005\"} 3"));
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"0.00001\"} 5"));
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"0.0005\"} 5"));
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"0.001\"} 7"));
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"10\"} 8"));
    assert_true(shows("certlookup_lookup_seconds_bucket" REDIS ",le=\"+Inf\"} 10"));
    assert_true(shows("certlookup_lookup_seconds_count" REDIS "} 10"));
    assert_true(shows("certlookup_lookup_seconds_sum" REDIS "} 3620.00202"));
    assert_true(shows("certlookup_lookup_seconds_count{layer=\"redis\",outcome=\"found\"} 0"));
    assert_null(strstr(buffer_string(&shown), REDIS ",le=\"0.000005\"} 4"));

    count_hit_time(BY_STALE, OUTCOME_FOUND, 7);
    count_lookup_time(BY_STALE, OUTCOME_NONE, 2000000);
    count_request_time(ROUTE_BATCH, 30);
    assert_true(shows("certlookup_sampled_hit_seconds_count{layer=\"stale\",outcome=\"found\"} 1"));
    assert_true(shows("certlookup_sampled_hit_seconds_sum{layer=\"stale\",outcome=\"found\"} 0.000007"));
    assert_true(shows("certlookup_lookup_seconds_sum{layer=\"stale\",outcome=\"none\"} 2"));
    assert_true(shows("certlookup_http_request_seconds_bucket{route=\"batch\",le=\"0.00002\"} 0"));
    assert_true(shows("certlookup_http_request_seconds_bucket{route=\"batch\",le=\"0.00005\"} 1"));
    assert_null(strstr(buffer_string(&shown), "certlookup_http_request_seconds_count{route=\"certificate\""));

    metrics_layer_times(BY_STALE, &histogram); /* of both, and of all outcomes */
    assert_int_equal(histogram.sum_us, 2000007);
    assert_int_equal(histogram.buckets[1], 1);
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        assert_int_equal(histogram.buckets[i], i == 1 || metrics_bounds_us[i] == 2500000);
    }
}

static void directories_have_names(void **state)
{
    unsigned corp = metrics_directory("corp"), odd = metrics_directory("o\"d\\d\n");
    char name[20];

    (void)state;
    assert_int_equal(metrics_directory("corp"), corp);
    assert_int_not_equal(corp, odd);
    count_directory(corp, DIRECTORY_SEARCHES);
    count_directory(corp, DIRECTORY_CUT_OFF);
    gauge_directory(corp, DIRECTORY_UP, true);
    assert_int_equal(count_directory_read(corp, DIRECTORY_SEARCHES), 1);
    assert_true(shows("certlookup_ldap_searches_total{directory=\"corp\"} 1"));
    assert_true(shows("certlookup_ldap_results_total{directory=\"corp\",result=\"cut_off\"} 1"));
    assert_true(shows("certlookup_ldap_results_total{directory=\"corp\",result=\"answered\"} 0"));
    assert_true(shows("certlookup_ldap_up{directory=\"corp\"} 1"));
    assert_true(shows("certlookup_ldap_up{directory=\"o\\\"d\\\\d\\n\"} 0"));
    gauge_directory(corp, DIRECTORY_UP, false);
    assert_true(shows("certlookup_ldap_up{directory=\"corp\"} 0"));

    /* One that a reload took away is not one that is down. */
    assert_int_equal(metrics_directory_begin("corp"), corp);
    gauge_directory(corp, DIRECTORY_UP, true);
    assert_int_equal(metrics_directory_begin("corp"), corp);
    metrics_directory_end(corp);
    assert_true(shows("certlookup_ldap_up{directory=\"corp\"} 1"));
    metrics_directory_end(corp);
    assert_false(shows("certlookup_ldap_up{directory=\"corp\"} 1"));
    assert_false(shows("certlookup_ldap_up{directory=\"corp\"} 0"));
    assert_true(shows("certlookup_ldap_searches_total{directory=\"corp\"} 1"));
    assert_int_equal(metrics_directory_begin("corp"), corp);
    assert_true(shows("certlookup_ldap_up{directory=\"corp\"} 0"));

    scarce_begin(1);
    assert_int_equal(metrics_directory("no room"), MAX_DIRECTORIES);
    assert_true(scarce_end());
    assert_false(shows("certlookup_ldap_searches_total{directory=\"other\"} 0"));
    for (int i = 2; i < MAX_DIRECTORIES; i++) {
        snprintf(name, sizeof(name), "directory%d", i);
        assert_int_equal(metrics_directory(name), i);
    }
    assert_int_equal(metrics_directory("one more"), MAX_DIRECTORIES);
    assert_int_equal(metrics_directory("corp"), corp);
    count_directory(MAX_DIRECTORIES, DIRECTORY_CONNECTS);
    assert_true(shows("certlookup_ldap_connects_total{directory=\"other\"} 1"));
}

static void *tally(void *context)
{
    for (int i = 0; i < 1000; i++) {
        count(COUNT_DROPS);
        count_hit_time(BY_MEMORY, OUTCOME_FOUND, 10);
        count_refusal(REASON_REVOKED);
    }
    return context;
}

/* More threads at a time than there are lanes, and again, so that lanes are given back and taken up. */
static void threads_lose_no_count(void **state)
{
    pthread_t threads[80];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 80; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, tally, NULL), 0);
        }
        shows("");
        for (int i = 0; i < 80; i++) {
            pthread_join(threads[i], NULL);
        }
    }
    assert_int_equal(count_read(COUNT_DROPS), 240000);
    assert_true(shows("certlookup_sampled_hit_seconds_count{layer=\"memory\",outcome=\"found\"} 240000"));
    assert_true(shows("certlookup_refusals_total{reason=\"revoked\"} 240000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_all_there_at_once),
        cmocka_unit_test(the_format_is_kept),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(lookups_and_responses_have_two_labels),
        cmocka_unit_test(gauges_go_up_and_down),
        cmocka_unit_test(durations_fall_into_buckets),
        cmocka_unit_test(directories_have_names),
        cmocka_unit_test(threads_lose_no_count),
    };
    int failed;

    buffer_init(&shown, 1 << 20);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_free(&shown);
    return failed;
}
