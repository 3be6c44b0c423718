#include <stddef.h>

#include "base/metrics_table.h"

#define TEXT(number_) #number_
#define TEXT_OF(number_) TEXT(number_)

/* Labels and their words, as they stand in front of `le`. */
struct labels {
    const char *label;
    const char *word;
    const char *label2; /* NULL: only one */
    const char *word2;
};

static const char *const kinds[ROUTE_KINDS] = {
    [ROUTE_OTHER] = "other", [ROUTE_CERTIFICATE] = "certificate", [ROUTE_RECIPIENT] = "recipient",
    [ROUTE_BATCH] = "batch", [ROUTE_SEARCH] = "search", [ROUTE_PURGE] = "purge",
};

static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

const char *metrics_layer_word(enum known_by layer)
{
    static const char *const words[BY_COUNT] = {
        [BY_MEMORY] = "memory", [BY_REDIS] = "redis", [BY_DIRECTORY] = "directory", [BY_STALE] = "stale",
    };

    return words[layer];
}

/* As short as it can be: "0.00025" "10". */
static void write_seconds(struct buffer *out, uint64_t us)
{
    uint64_t fraction = us % 1000000;
    int digits = 6;

    for (; digits > 0 && fraction % 10 == 0; digits--) {
        fraction /= 10;
    }
    buffer_append_format(out, "%llu", (unsigned long long)(us / 1000000));
    if (digits > 0) {
        buffer_append_format(out, ".%0*llu", digits, (unsigned long long)fraction);
    }
}

static void write_labels(struct buffer *out, const struct labels *labels)
{
    buffer_append_format(out, "%s=\"%s\"", labels->label, labels->word);
    if (labels->label2 != NULL) {
        buffer_append_format(out, ",%s=\"%s\"", labels->label2, labels->word2);
    }
}

static void write_bucket(struct buffer *out, const char *family, const struct labels *labels, size_t bucket,
                         uint64_t below)
{
    buffer_append_format(out, "%s_bucket{", family);
    write_labels(out, labels);
    buffer_append_string(out, ",le=\"");
    if (bucket < METRICS_BUCKETS) {
        write_seconds(out, (uint64_t)metrics_bounds_us[bucket]);
    } else {
        buffer_append_string(out, "+Inf");
    }
    buffer_append_format(out, "\"} %llu\n", (unsigned long long)below);
}

/* `offset`: of the histogram in struct times_row. */
static void write_histogram(struct buffer *out, const char *family, const struct labels *labels, size_t offset)
{
    struct histogram histogram;
    uint64_t below = 0;

    metrics_histogram(offset, &histogram);
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        below += histogram.buckets[i];
        write_bucket(out, family, labels, i, below);
    }
    buffer_append_format(out, "%s_sum{", family);
    write_labels(out, labels);
    buffer_append_string(out, "} ");
    write_seconds(out, histogram.sum_us);
    buffer_append_format(out, "\n%s_count{", family);
    write_labels(out, labels);
    buffer_append_format(out, "} %llu\n", (unsigned long long)below);
}

/* Only who asked the directories can end as not knowing. */
static bool is_possible(size_t layer, size_t outcome)
{
    return layer == BY_DIRECTORY || outcome != OUTCOME_UNKNOWN;
}

static void write_lookups(struct buffer *out)
{
    const char *family = "certlookup_lookups_total";

    metrics_write_head(out, family, "counter", "Lookups answered, by the layer that knew and by outcome.");
    for (size_t layer = 0; layer < BY_COUNT; layer++) {
        for (size_t outcome = 0; outcome < METRICS_OUTCOMES; outcome++) {
            if (is_possible(layer, outcome)) {
                uint64_t value = metrics_lookups((enum known_by)layer, (enum outcome)outcome);
                buffer_append_format(out, "%s{layer=\"%s\",outcome=\"%s\"} %llu\n", family,
                                     metrics_layer_word((enum known_by)layer), outcome_word((enum outcome)outcome),
                                     (unsigned long long)value);
            }
        }
    }
}

/* One histogram for each layer in `layers`, a set of bits, and each outcome. */
static void write_by_layer(struct buffer *out, const char *family, unsigned layers, size_t offset)
{
    for (size_t layer = 0; layer < BY_COUNT; layer++) {
        for (size_t outcome = 0; outcome < METRICS_OUTCOMES; outcome++) {
            const struct labels labels = {"layer", metrics_layer_word((enum known_by)layer), "outcome",
                                          outcome_word((enum outcome)outcome)};
            size_t which = layer * METRICS_OUTCOMES + outcome;
            if ((layers >> layer & 1) != 0 && is_possible(layer, outcome)) {
                write_histogram(out, family, &labels, offset + which * sizeof(struct histogram_row));
            }
        }
    }
}

static void write_lookup_times(struct buffer *out)
{
    metrics_write_head(out, "certlookup_lookup_seconds", "histogram",
                       "What clients waited for lookups that memory did not answer at once, each for itself, by the "
                       "layer that knew and by outcome.");
    write_by_layer(out, "certlookup_lookup_seconds", ~0U, offsetof(struct times_row, lookups));
    metrics_write_head(out, "certlookup_sampled_hit_seconds", "histogram",
                       "What it took to answer single requests from memory at once, by layer and outcome: a sample, "
                       "those of one in " TEXT_OF(METRICS_SAMPLED_TURNS) " turns of a thread. certlookup_lookups_total "
                       "has all of them.");
    write_by_layer(out, "certlookup_sampled_hit_seconds", 1U << BY_MEMORY | 1U << BY_STALE,
                   offsetof(struct times_row, hits));
}

static void write_responses(struct buffer *out)
{
    metrics_write_head(out, "certlookup_http_responses_total", "counter",
                       "HTTP responses, by class of status and by what was asked for.");
    for (unsigned hundreds = 2; hundreds <= 5; hundreds++) {
        for (size_t kind = 0; kind < ROUTE_KINDS; kind++) {
            buffer_append_format(out, "certlookup_http_responses_total{class=\"%s\",route=\"%s\"} %llu\n",
                                 classes[hundreds - 1], kinds[kind],
                                 (unsigned long long)metrics_responses((enum route_kind)kind, hundreds));
        }
    }
}

/* The routes of single lookups have none: a clock read twice for each of them is worth more than what it would tell
 * beyond the times of lookups. */
static void write_request_times(struct buffer *out)
{
    static const enum route_kind timed[] = {ROUTE_BATCH, ROUTE_SEARCH, ROUTE_PURGE, ROUTE_OTHER};

    metrics_write_head(out, "certlookup_http_request_seconds", "histogram",
                       "What it took to answer requests that are no single lookup, by what was asked for.");
    for (size_t i = 0; i < sizeof(timed) / sizeof(timed[0]); i++) {
        const struct labels labels = {"route", kinds[timed[i]]};
        write_histogram(out, "certlookup_http_request_seconds", &labels,
                        offsetof(struct times_row, requests) + timed[i] * sizeof(struct histogram_row));
    }
}

void metrics_write_times(struct buffer *out)
{
    write_lookups(out);
    write_lookup_times(out);
    write_responses(out);
    write_request_times(out);
}

static void add_histogram(struct histogram *sum, size_t offset)
{
    struct histogram one;

    metrics_histogram(offset, &one);
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        sum->buckets[i] += one.buckets[i];
    }
    sum->sum_us += one.sum_us;
}

void metrics_layer_times(enum known_by layer, struct histogram *out)
{
    *out = (struct histogram){0};
    for (size_t outcome = 0; outcome < METRICS_OUTCOMES; outcome++) {
        size_t at = (layer * METRICS_OUTCOMES + outcome) * sizeof(struct histogram_row);
        add_histogram(out, offsetof(struct times_row, lookups) + at);
        add_histogram(out, offsetof(struct times_row, hits) + at);
    }
}
