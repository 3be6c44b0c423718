/*
 * What metrics.c counts and metrics_*.c show: between these only.
 *
 *   metrics_names.c    the tables of names and help
 *   metrics_write.c    everything, in the text format of Prometheus
 *   metrics_times.c    of that, the histograms
 *   metrics_process.c  and what the kernel says of our process
 */
#ifndef BASE_METRICS_TABLE_H
#define BASE_METRICS_TABLE_H

#include <stdatomic.h>

#include "base/metrics.h"

/* One sample: its family, and its label, or two, where the family has them. Rows of one family stand together. */
struct metrics_name {
    const char *family;
    const char *label;
    const char *value;
    const char *help; /* at the first row of a family */
    const char *label2;
    const char *value2;
};
extern const struct metrics_name metrics_counters[COUNT_COUNT];
extern const struct metrics_name metrics_gauges[GAUGE_COUNT];
extern const struct metrics_name metrics_directory_counters[DIRECTORY_COUNTER_COUNT];
extern const struct metrics_name metrics_directory_gauges[DIRECTORY_GAUGE_COUNT];

/* Durations of one thread. */
struct histogram_row {
    atomic_uint_fast64_t buckets[METRICS_BUCKETS + 1];
    atomic_uint_fast64_t sum_us;
};
struct times_row {
    struct histogram_row lookups[BY_COUNT][METRICS_OUTCOMES];
    struct histogram_row hits[BY_COUNT][METRICS_OUTCOMES];
    struct histogram_row requests[ROUTE_KINDS];
};

struct directory_row {
    char *name; /* NULL: "other" */
    atomic_bool used;
    unsigned users; /* under the lock of metrics.c: directories of this name that are open */
    atomic_int_fast64_t gauges[DIRECTORY_GAUGE_COUNT];
    atomic_uint_fast64_t counters[DIRECTORY_COUNTER_COUNT];
};

uint64_t metrics_refusals(enum reason reason);
uint64_t metrics_lookups(enum known_by layer, enum outcome outcome);
uint64_t metrics_responses(enum route_kind kind, unsigned hundreds);

/* Adds up over threads the histogram that lies so many octets into a struct times_row. */
void metrics_histogram(size_t offset, struct histogram *out);

/* Parts of metrics_write(). */
void metrics_write_head(struct buffer *out, const char *family, const char *type, const char *help);
void metrics_write_times(struct buffer *out);
void metrics_write_process(struct buffer *out);

/* The directories to show, by index from 0. NULL: no more. */
const struct directory_row *metrics_directory_row(size_t index);

#endif
