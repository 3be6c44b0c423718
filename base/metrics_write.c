#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/metrics_table.h"

const struct metrics_bucket metrics_buckets[METRICS_BUCKETS] = {
    {50, "0.00005"}, {100, "0.0001"}, {250, "0.00025"}, {500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"},
    {5000, "0.005"}, {10000, "0.01"}, {25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"},
    {500000, "0.5"}, {1000000, "1"}, {2500000, "2.5"}, {5000000, "5"}, {10000000, "10"},
};

_Static_assert(LAYER_MEMORY + 1 == METRICS_LAYERS, "one histogram for each layer");

/* One sample: its family, and its label, or two, where the family has them. Rows of one family stand together. */
struct row_info {
    const char *family;
    const char *label;
    const char *value;
    const char *help; /* at the first row of a family */
    const char *label2;
    const char *value2;
};

static const struct row_info counters[COUNT_COUNT] = {
    [COUNT_LOOKUPS_MEMORY] = {"certlookup_lookups_total", "layer", "memory",
                              "Lookups answered, by the layer that knew."},
    [COUNT_LOOKUPS_REDIS] = {"certlookup_lookups_total", "layer", "redis"},
    [COUNT_LOOKUPS_DIRECTORY] = {"certlookup_lookups_total", "layer", "directory"},
    [COUNT_LOOKUPS_STALE] = {"certlookup_lookups_total", "layer", "stale"},
    [COUNT_LOOKUPS_JOINED] = {"certlookup_lookups_joined_total", NULL, NULL,
                              "Lookups that waited with another for the same address."},
    [COUNT_ENGINE_WORKED] = {"certlookup_engine_worked_total", NULL, NULL,
                             "Answers judged or sealed by the engine itself, having little else to do."},
    [COUNT_HEDGED] = {"certlookup_hedges_total", "event", "begun",
                      "Lookups that asked Redis and the directories at the same time."},
    [COUNT_HEDGED_IN_VAIN] = {"certlookup_hedges_total", "event", "in_vain"},
    [COUNT_OUTCOME_FOUND] = {"certlookup_outcomes_total", "outcome", "found", "Requests answered, by outcome."},
    [COUNT_OUTCOME_NONE] = {"certlookup_outcomes_total", "outcome", "none"},
    [COUNT_OUTCOME_UNKNOWN] = {"certlookup_outcomes_total", "outcome", "unknown"},
    [COUNT_HTTP_2XX] = {"certlookup_http_responses_total", "class", "2xx", "HTTP responses, by class of status."},
    [COUNT_HTTP_3XX] = {"certlookup_http_responses_total", "class", "3xx"},
    [COUNT_HTTP_4XX] = {"certlookup_http_responses_total", "class", "4xx"},
    [COUNT_HTTP_5XX] = {"certlookup_http_responses_total", "class", "5xx"},
    [COUNT_REFUSED_LOOKUP] = {"certlookup_http_refused_total", "door", "lookup",
                              "Requests refused for want of a token, by what it would have to be for."},
    [COUNT_REFUSED_EXPLAIN] = {"certlookup_http_refused_total", "door", "explain"},
    [COUNT_REFUSED_ADMIN] = {"certlookup_http_refused_total", "door", "admin"},
    [COUNT_REFUSED_PROXY] = {"certlookup_http_refused_total", "door", "proxy"},
    [COUNT_REFUSED_TLS] = {"certlookup_http_refused_total", "door", "tls"},
    [COUNT_MEMORY_EVICTIONS] = {"certlookup_memory_evictions_total", NULL, NULL,
                                "Answers that left the memory cache for want of room."},
    [COUNT_DROPS] = {"certlookup_drops_total", NULL, NULL,
                     "Addresses, domains or everything dropped: an admin, a directory or another gateway said so."},
    [COUNT_REDIS_GETS] = {"certlookup_redis_gets_total", NULL, NULL, "Records asked of Redis."},
    [COUNT_REDIS_SETS] = {"certlookup_redis_sets_total", NULL, NULL, "Records sent to Redis."},
    [COUNT_REDIS_HITS] = {"certlookup_redis_hits_total", NULL, NULL, "Records that Redis had."},
    [COUNT_REDIS_MISSES] = {"certlookup_redis_misses_total", NULL, NULL, "Records that Redis did not have."},
    [COUNT_REDIS_ERRORS] = {"certlookup_redis_errors_total", NULL, NULL,
                            "Commands that Redis failed or left unanswered."},
    [COUNT_REDIS_RECONNECTS] = {"certlookup_redis_reconnects_total", NULL, NULL, "Connections to Redis made anew."},
    [COUNT_REDIS_BAD_SEAL] = {"certlookup_redis_bad_seals_total", NULL, NULL,
                              "Records refused: their seal is wrong, or of a key that we do not have."},
    [COUNT_REDIS_BAD_RECORD] = {"certlookup_redis_bad_records_total", NULL, NULL,
                                "Records refused under a good seal: their content is wrong."},
    [COUNT_REDIS_REJUDGED] = {"certlookup_redis_rejudged_total", NULL, NULL,
                              "Records of another policy, judged again without asking a directory."},
    [COUNT_REDIS_DELS] = {"certlookup_redis_dels_total", NULL, NULL, "Records deleted in Redis."},
    [COUNT_REDIS_CHANGES] = {"certlookup_redis_changes_total", NULL, NULL,
                             "Keys that others changed or that expired, as Redis told."},
    [COUNT_REDIS_CONFIRMED] = {"certlookup_redis_confirmed_total", NULL, NULL,
                               "Answers in memory that Redis was asked about and still has."},
    [COUNT_REDIS_TRACKING_LOST] = {"certlookup_redis_tracking_losses_total", NULL, NULL,
                                   "How often Redis no longer told what others change."},
    [COUNT_REDIS_GENERATIONS] = {"certlookup_redis_generations_total", NULL, NULL,
                                 "How often all that memory holds was to be confirmed anew."},
    [COUNT_REDIS_MESSAGES] = {"certlookup_redis_messages_total", NULL, NULL,
                              "What other gateways said to be dropped."},
    [COUNT_REDIS_BAD_MESSAGES] = {"certlookup_redis_bad_messages_total", NULL, NULL,
                                  "Messages refused: their seal or their content is wrong."},
    [COUNT_RELOADS] = {"certlookup_reloads_total", NULL, NULL, "Configurations taken over while running."},
    [COUNT_RELOADS_FAILED] = {"certlookup_reload_failures_total", NULL, NULL,
                              "Configurations refused while running; the one before stays."},
    [COUNT_STALE_RENEWING] = {"certlookup_stale_total", "why", "renewing", "Requests answered stale, by why."},
    [COUNT_STALE_SLOW] = {"certlookup_stale_total", "why", "slow"},
    [COUNT_STALE_FAILING] = {"certlookup_stale_total", "why", "failing"},
    [COUNT_RENEWALS_STARTED] = {"certlookup_renewals_total", "event", "started",
                                "Lookups that nobody waits for, to have an answer anew: what became of them."},
    [COUNT_RENEWALS_JOINED] = {"certlookup_renewals_total", "event", "joined"},
    [COUNT_RENEWALS_FAILED] = {"certlookup_renewals_total", "event", "failed"},
    [COUNT_RENEWALS_LIMITED] = {"certlookup_renewals_total", "event", "limited"},
    [COUNT_FETCH_CRL_OK] = {"certlookup_fetches_total", "purpose", "crl",
                            "Fetched from places that certificates name, by purpose and result.", "result", "ok"},
    [COUNT_FETCH_CRL_FAILED] = {"certlookup_fetches_total", "purpose", "crl", NULL, "result", "failed"},
    [COUNT_FETCH_CRL_REFUSED] = {"certlookup_fetches_total", "purpose", "crl", NULL, "result", "refused"},
    [COUNT_FETCH_CRL_LIMIT] = {"certlookup_fetches_total", "purpose", "crl", NULL, "result", "limit"},
    [COUNT_FETCH_OCSP_OK] = {"certlookup_fetches_total", "purpose", "ocsp", NULL, "result", "ok"},
    [COUNT_FETCH_OCSP_FAILED] = {"certlookup_fetches_total", "purpose", "ocsp", NULL, "result", "failed"},
    [COUNT_FETCH_OCSP_REFUSED] = {"certlookup_fetches_total", "purpose", "ocsp", NULL, "result", "refused"},
    [COUNT_FETCH_OCSP_LIMIT] = {"certlookup_fetches_total", "purpose", "ocsp", NULL, "result", "limit"},
    [COUNT_FETCH_ISSUER_OK] = {"certlookup_fetches_total", "purpose", "issuer", NULL, "result", "ok"},
    [COUNT_FETCH_ISSUER_FAILED] = {"certlookup_fetches_total", "purpose", "issuer", NULL, "result", "failed"},
    [COUNT_FETCH_ISSUER_REFUSED] = {"certlookup_fetches_total", "purpose", "issuer", NULL, "result", "refused"},
    [COUNT_FETCH_ISSUER_LIMIT] = {"certlookup_fetches_total", "purpose", "issuer", NULL, "result", "limit"},
    [COUNT_FETCHED_BYTES] = {"certlookup_fetched_bytes_total", NULL, NULL, "What was fetched, in bytes."},
    [COUNT_CRLS_GOOD] = {"certlookup_evidence_total", "kind", "crl",
                        "Evidence asked for, by kind and what came of it; shared: good, and from Redis.", "result",
                        "good"},
    [COUNT_CRLS_SHARED] = {"certlookup_evidence_total", "kind", "crl", NULL, "result", "shared"},
    [COUNT_CRLS_BAD] = {"certlookup_evidence_total", "kind", "crl", NULL, "result", "bad"},
    [COUNT_CRLS_FAILED] = {"certlookup_evidence_total", "kind", "crl", NULL, "result", "failed"},
    [COUNT_CRLS_REFUSED] = {"certlookup_evidence_total", "kind", "crl", NULL, "result", "refused"},
    [COUNT_OCSP_GOOD] = {"certlookup_evidence_total", "kind", "ocsp", NULL, "result", "good"},
    [COUNT_OCSP_SHARED] = {"certlookup_evidence_total", "kind", "ocsp", NULL, "result", "shared"},
    [COUNT_OCSP_BAD] = {"certlookup_evidence_total", "kind", "ocsp", NULL, "result", "bad"},
    [COUNT_OCSP_FAILED] = {"certlookup_evidence_total", "kind", "ocsp", NULL, "result", "failed"},
    [COUNT_OCSP_REFUSED] = {"certlookup_evidence_total", "kind", "ocsp", NULL, "result", "refused"},
    [COUNT_ISSUERS_GOOD] = {"certlookup_evidence_total", "kind", "issuer", NULL, "result", "good"},
    [COUNT_ISSUERS_SHARED] = {"certlookup_evidence_total", "kind", "issuer", NULL, "result", "shared"},
    [COUNT_ISSUERS_BAD] = {"certlookup_evidence_total", "kind", "issuer", NULL, "result", "bad"},
    [COUNT_ISSUERS_FAILED] = {"certlookup_evidence_total", "kind", "issuer", NULL, "result", "failed"},
    [COUNT_ISSUERS_REFUSED] = {"certlookup_evidence_total", "kind", "issuer", NULL, "result", "refused"},
    [COUNT_EVIDENCE_REFRESHES] = {"certlookup_evidence_refreshes_total", NULL, NULL,
                                  "Evidence asked for again before it ran out."},
    [COUNT_EVIDENCE_DROPPED] = {"certlookup_evidence_dropped_answers_total", NULL, NULL,
                                "Answers dropped from memory because new evidence revokes what they rest on."},
    [COUNT_LIMIT_CONNECTIONS] = {"certlookup_limit_reached_total", "limit", "connections",
                                 "Limits that were reached, by limit."},
    [COUNT_LIMIT_SLOW] = {"certlookup_limit_reached_total", "limit", "slow"},
    [COUNT_LIMIT_WAITING] = {"certlookup_limit_reached_total", "limit", "waiting"},
    [COUNT_LIMIT_CLIENT_LOOKUPS] = {"certlookup_limit_reached_total", "limit", "client_lookups"},
    [COUNT_LIMIT_CLIENT_NONE] = {"certlookup_limit_reached_total", "limit", "client_none"},
    [COUNT_LIMIT_BATCH_LOOKUPS] = {"certlookup_limit_reached_total", "limit", "batch_lookups"},
    [COUNT_LIMIT_HELD_BYTES] = {"certlookup_limit_reached_total", "limit", "held_bytes"},
    [COUNT_LIMIT_FLIGHTS] = {"certlookup_limit_reached_total", "limit", "flights"},
    [COUNT_LIMIT_VALIDATORS] = {"certlookup_limit_reached_total", "limit", "validators"},
    [COUNT_LIMIT_SEARCHES] = {"certlookup_limit_reached_total", "limit", "searches"},
    [COUNT_LIMIT_ADMISSION] = {"certlookup_limit_reached_total", "limit", "admission"},
    [COUNT_LIMIT_FETCHES] = {"certlookup_limit_reached_total", "limit", "fetches"},
    [COUNT_LIMIT_FETCH_RATE] = {"certlookup_limit_reached_total", "limit", "fetch_rate"},
    [COUNT_LIMIT_PLACES] = {"certlookup_limit_reached_total", "limit", "places"},
    [COUNT_LIMIT_ARRIVALS] = {"certlookup_limit_reached_total", "limit", "arrivals"},
    [COUNT_LIMIT_RESOLVERS] = {"certlookup_limit_reached_total", "limit", "resolvers"},
    [COUNT_LIMIT_REDIS_QUEUE] = {"certlookup_limit_reached_total", "limit", "redis_queue"},
    [COUNT_LIMIT_CHANGED_KEYS] = {"certlookup_limit_reached_total", "limit", "changed_keys"},
    [COUNT_LIMIT_ENTRIES] = {"certlookup_limit_reached_total", "limit", "entries"},
    [COUNT_LIMIT_VALUES] = {"certlookup_limit_reached_total", "limit", "values"},
    [COUNT_LIMIT_VALUE_BYTES] = {"certlookup_limit_reached_total", "limit", "value_bytes"},
    [COUNT_LIMIT_SYNC_MEMORY] = {"certlookup_limit_reached_total", "limit", "sync_memory"},
    [COUNT_LIMIT_BACKOFFS] = {"certlookup_limit_reached_total", "limit", "backoffs"},
    [COUNT_LIMIT_URI] = {"certlookup_limit_reached_total", "limit", "uri"},
    [COUNT_LIMIT_RECORD_BYTES] = {"certlookup_limit_reached_total", "limit", "record_bytes"},
    [COUNT_LIMIT_SIGNATURE_CHECKS] = {"certlookup_limit_reached_total", "limit", "signature_checks"},
    [COUNT_LIMIT_BUNDLE_CERTIFICATES] = {"certlookup_limit_reached_total", "limit", "bundle_certificates"},
    [COUNT_LIMIT_CERTIFICATE_NAMES] = {"certlookup_limit_reached_total", "limit", "certificate_names"},
    [COUNT_LIMIT_NAME_COMPARISONS] = {"certlookup_limit_reached_total", "limit", "name_comparisons"},
    [COUNT_LIMIT_SEARCH_RESULTS] = {"certlookup_limit_reached_total", "limit", "search_results"},
    [COUNT_LIMIT_NAME_SEARCHES] = {"certlookup_limit_reached_total", "limit", "name_searches"},
    [COUNT_LIMIT_EVIDENCE] = {"certlookup_limit_reached_total", "limit", "evidence"},
};

static const struct row_info gauges[GAUGE_COUNT] = {
    [GAUGE_MEMORY_BYTES] = {"certlookup_memory_bytes", NULL, NULL, "What the memory cache holds, in bytes."},
    [GAUGE_MEMORY_ENTRIES] = {"certlookup_memory_entries", NULL, NULL, "Answers in the memory cache."},
    [GAUGE_FLIGHTS] = {"certlookup_flights", NULL, NULL, "Lookups under way, each for another address."},
    [GAUGE_WAITING] = {"certlookup_waiting_requests", NULL, NULL, "Requests that wait for a lookup."},
    [GAUGE_REDIS_UP] = {"certlookup_redis_up", NULL, NULL, "Whether Redis is connected."},
    [GAUGE_REDIS_TRACKING] = {"certlookup_redis_tracking", NULL, NULL,
                              "Whether Redis tells what other gateways change."},
    [GAUGE_REDIS_NAMES_BYTES] = {"certlookup_redis_names_bytes", NULL, NULL,
                                 "What it takes to know the answers in memory by their names in Redis."},
    [GAUGE_GENERATION] = {"certlookup_generation", NULL, NULL, "Number of the configuration in force."},
    [GAUGE_ANCHORS] = {"certlookup_anchors", NULL, NULL, "Trust anchors loaded."},
    [GAUGE_CRLS] = {"certlookup_crls", NULL, NULL, "CRLs loaded and good."},
    [GAUGE_TLS_NOT_AFTER] = {"certlookup_tls_not_after_timestamp_seconds", NULL, NULL,
                             "When the certificate that listeners show ends; 0: there is none."},
    [GAUGE_START_TIME] = {"process_start_time_seconds", NULL, NULL, "When the process started, in seconds since 1970."},
    [GAUGE_EVIDENCE_CRLS] = {"certlookup_evidence_crls", NULL, NULL, "CRLs held that were fetched."},
    [GAUGE_EVIDENCE_OCSP] = {"certlookup_evidence_ocsp_answers", NULL, NULL, "OCSP answers held."},
    [GAUGE_EVIDENCE_ISSUERS] = {"certlookup_evidence_issuers", NULL, NULL,
                                "Certificates of issuers held that were fetched."},
    [GAUGE_EVIDENCE_BYTES] = {"certlookup_evidence_bytes", NULL, NULL, "What fetched evidence holds, in bytes."},
    [GAUGE_EVIDENCE_NEXT_UPDATE] = {"certlookup_evidence_next_update_seconds", NULL, NULL,
                                    "The earliest nextUpdate of what is held, in seconds since 1970; 0: none."},
};

static const struct row_info directory_counters[DIRECTORY_COUNTER_COUNT] = {
    [DIRECTORY_SEARCHES] = {"certlookup_ldap_searches_total", NULL, NULL, "Searches sent, by directory."},
    [DIRECTORY_ANSWERED] = {"certlookup_ldap_results_total", "result", "answered",
                            "Searches ended, by directory and result."},
    [DIRECTORY_CUT_OFF] = {"certlookup_ldap_results_total", "result", "cut_off"},
    [DIRECTORY_TIMED_OUT] = {"certlookup_ldap_results_total", "result", "timed_out"},
    [DIRECTORY_UNAVAILABLE] = {"certlookup_ldap_results_total", "result", "unavailable"},
    [DIRECTORY_OVERLOADED] = {"certlookup_ldap_results_total", "result", "overloaded"},
    [DIRECTORY_CONNECTS] = {"certlookup_ldap_connects_total", NULL, NULL, "Connections made, by directory."},
    [DIRECTORY_CONNECT_FAILURES] = {"certlookup_ldap_connect_failures_total", NULL, NULL,
                                    "Connections that failed, by directory."},
    [DIRECTORY_SYNC_CHANGES] = {"certlookup_ldap_sync_changes_total", NULL, NULL,
                                "Entries that changed, as the directory told, by directory."},
    [DIRECTORY_SYNC_RESETS] = {"certlookup_ldap_sync_resets_total", NULL, NULL,
                               "Times that all of the directory was dropped for changes that may have been missed."},
    [DIRECTORY_SYNC_FAILURES] = {"certlookup_ldap_sync_failures_total", NULL, NULL,
                                 "Times that following the directory did not begin or broke off."},
    [DIRECTORY_SYNC_UNREADABLE] = {"certlookup_ldap_sync_unreadable_total", NULL, NULL,
                                   "Values of address attributes that are no addresses, by directory."},
};

static const struct row_info directory_gauges[DIRECTORY_GAUGE_COUNT] = {
    [DIRECTORY_UP] = {"certlookup_ldap_up", NULL, NULL, "Whether a connection to the directory stands."},
    [DIRECTORY_SYNC] = {"certlookup_ldap_sync", NULL, NULL, "Whether the directory tells of its changes."},
    [DIRECTORY_SYNC_ENTRIES] = {"certlookup_ldap_sync_entries", NULL, NULL,
                                "Entries of the directory whose addresses are remembered."},
    [DIRECTORY_SYNC_BYTES] = {"certlookup_ldap_sync_bytes", NULL, NULL, "What these take, in bytes."},
};

static void write_head(struct buffer *out, const char *family, const char *type, const char *help)
{
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

/* Appends a label's value with the escapes of the format: \\ \" \n. */
static void write_label_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buffer_append_string(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            buffer_append_char(out, '\\');
        }
        buffer_append_char(out, *value);
    }
}

static void write_sample(struct buffer *out, const struct row_info *info, int64_t value)
{
    if (info->label2 != NULL) {
        buffer_append_format(out, "%s{%s=\"%s\",%s=\"%s\"} %lld\n", info->family, info->label, info->value,
                             info->label2, info->value2, (long long)value);
    } else if (info->label != NULL) {
        buffer_append_format(out, "%s{%s=\"%s\"} %lld\n", info->family, info->label, info->value, (long long)value);
    } else {
        buffer_append_format(out, "%s %lld\n", info->family, (long long)value);
    }
}

static void write_counters(struct buffer *out)
{
    for (size_t i = 0; i < COUNT_COUNT; i++) {
        if (counters[i].help != NULL) {
            write_head(out, counters[i].family, "counter", counters[i].help);
        }
        write_sample(out, &counters[i], (int64_t)count_read((enum counter)i));
    }
}

static void write_gauges(struct buffer *out)
{
    for (size_t i = 0; i < GAUGE_COUNT; i++) {
        write_head(out, gauges[i].family, "gauge", gauges[i].help);
        write_sample(out, &gauges[i], gauge_read((enum gauge)i));
    }
}

static void write_refusals(struct buffer *out)
{
    write_head(out, "certlookup_refusals_total", "counter", "Values refused, by reason.");
    for (size_t i = REASON_USABLE + 1; i < REASON_NO_DIRECTORY; i++) {
        buffer_append_format(out, "certlookup_refusals_total{reason=\"%s\"} %llu\n", reason_word((enum reason)i),
                             (unsigned long long)metrics_refusals((enum reason)i));
    }
}

static void write_directory_label(struct buffer *out, const char *family, const struct directory_row *row)
{
    buffer_append_format(out, "%s{directory=\"", family);
    write_label_value(out, row->name != NULL ? row->name : "other");
    buffer_append_char(out, '"');
}

/* All samples of counters `first` to before `end`, which are one family, for each directory. */
static void write_directory_family(struct buffer *out, size_t first, size_t end)
{
    const struct directory_row *row;

    write_head(out, directory_counters[first].family, "counter", directory_counters[first].help);
    for (size_t i = 0; (row = metrics_directory_row(i)) != NULL; i++) {
        for (size_t at = first; at < end; at++) {
            write_directory_label(out, directory_counters[at].family, row);
            if (directory_counters[at].label != NULL) {
                buffer_append_format(out, ",%s=\"%s\"", directory_counters[at].label, directory_counters[at].value);
            }
            buffer_append_format(out, "} %llu\n",
                                 (unsigned long long)atomic_load_explicit(&row->counters[at], memory_order_relaxed));
        }
    }
}

static void write_directory_gauge(struct buffer *out, enum directory_gauge gauge)
{
    const struct directory_row *row;

    write_head(out, directory_gauges[gauge].family, "gauge", directory_gauges[gauge].help);
    for (size_t i = 0; (row = metrics_directory_row(i)) != NULL; i++) {
        int64_t value = atomic_load_explicit(&row->gauges[gauge], memory_order_relaxed);

        if (value != GAUGE_NOT_SHOWN) {
            write_directory_label(out, directory_gauges[gauge].family, row);
            buffer_append_format(out, "} %lld\n", (long long)value);
        }
    }
}

static void write_directories(struct buffer *out)
{
    size_t end;

    for (size_t first = 0; first < DIRECTORY_COUNTER_COUNT; first = end) {
        for (end = first + 1; end < DIRECTORY_COUNTER_COUNT && directory_counters[end].help == NULL; end++) {
        }
        write_directory_family(out, first, end);
    }
    for (size_t i = 0; i < DIRECTORY_GAUGE_COUNT; i++) {
        write_directory_gauge(out, (enum directory_gauge)i);
    }
}

static void write_durations_of(struct buffer *out, enum layer layer)
{
    const char *word = layer_word(layer);
    struct histogram histogram;
    uint64_t below = 0;

    metrics_histogram((int)layer, &histogram);
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        below += histogram.buckets[i];
        buffer_append_format(out, "certlookup_lookup_seconds_bucket{layer=\"%s\",le=\"%s\"} %llu\n", word,
                             i < METRICS_BUCKETS ? metrics_buckets[i].most_s : "+Inf", (unsigned long long)below);
    }
    buffer_append_format(out, "certlookup_lookup_seconds_sum{layer=\"%s\"} %llu.%06llu\n", word,
                         (unsigned long long)(histogram.sum_us / 1000000),
                         (unsigned long long)(histogram.sum_us % 1000000));
    buffer_append_format(out, "certlookup_lookup_seconds_count{layer=\"%s\"} %llu\n", word, (unsigned long long)below);
}

static void write_durations(struct buffer *out)
{
    write_head(out, "certlookup_lookup_seconds", "histogram",
               "Time of lookups that were not answered from memory at once, by the layer that knew.");
    for (int layer = 0; layer < METRICS_LAYERS; layer++) {
        write_durations_of(out, (enum layer)layer);
    }
}

/* Pages in memory, the second number of /proc/self/statm. 0: cannot tell. */
static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long pages = 0;

    if (file != NULL) {
        if (fscanf(file, "%*s %lld", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t count = 0;

    if (folder == NULL) {
        return 0;
    }
    while ((entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
    return count - 1; /* less the folder's own */
}

static void write_process(struct buffer *out)
{
    static const struct row_info rows[] = {
        {"process_resident_memory_bytes", NULL, NULL, "Memory that the process occupies, in bytes."},
        {"process_open_fds", NULL, NULL, "Open file descriptors."},
        {"certlookup_build_info", "version", VERSION, "The version that runs; always 1."},
    };
    const int64_t values[] = {resident_bytes(), open_fds(), 1};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_head(out, rows[i].family, "gauge", rows[i].help);
        write_sample(out, &rows[i], values[i]);
    }
}

void metrics_write(struct buffer *buffer)
{
    write_counters(buffer);
    write_refusals(buffer);
    write_directories(buffer);
    write_durations(buffer);
    write_gauges(buffer);
    write_process(buffer);
}
