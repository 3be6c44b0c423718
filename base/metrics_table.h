/*
 * What metrics.c counts and metrics_write.c shows: between these two only.
 */
#ifndef BASE_METRICS_TABLE_H
#define BASE_METRICS_TABLE_H

#include <stdatomic.h>

#include "base/metrics.h"

#define METRICS_LAYERS 3   /* enum layer, base/answer.h */
#define METRICS_BUCKETS 17 /* and one more, without an upper bound */

/* The upper bounds of the histogram's buckets, ascending. */
extern const struct metrics_bucket {
    int64_t most_us;
    const char *most_s; /* the same as the label le */
} metrics_buckets[METRICS_BUCKETS];

struct histogram_row {
    atomic_uint_fast64_t buckets[METRICS_BUCKETS + 1]; /* each counts its own, not those below */
    atomic_uint_fast64_t sum_us;
};

struct histogram {
    uint64_t buckets[METRICS_BUCKETS + 1];
    uint64_t sum_us;
};

struct directory_row {
    char *name; /* NULL: "other" */
    atomic_bool used;
    unsigned users; /* under the lock of metrics.c: directories of this name that are open */
    atomic_int_fast64_t gauges[DIRECTORY_GAUGE_COUNT];
    atomic_uint_fast64_t counters[DIRECTORY_COUNTER_COUNT];
};

uint64_t metrics_refusals(enum reason reason);
void metrics_histogram(int layer, struct histogram *out);

/* The directories to show, by index from 0. NULL: no more. */
const struct directory_row *metrics_directory_row(size_t index);

#endif
