#include "base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/lane.h"
#include "base/limits.h"
#include "base/metrics_table.h"

/*
 * Each thread counts in a row of its own, so that hits on different cores share
 * no cache line. Additions are atomic everywhere, so that threads which have a
 * lane together lose nothing.
 */
struct row {
    _Alignas(LANE_BYTES) atomic_uint_fast64_t counters[COUNT_COUNT];
    struct histogram_row durations[METRICS_LAYERS];
};

static struct row rows[LANES];

/* Counted seldom enough for one place each. */
static atomic_uint_fast64_t refusals[REASON_COUNT];
static atomic_int_fast64_t gauges[GAUGE_COUNT];
static struct directory_row directories[MAX_DIRECTORIES + 1]; /* the last one is "other" */
static atomic_uint directory_count;
static pthread_mutex_t directory_lock = PTHREAD_MUTEX_INITIALIZER; /* of naming; a leaf */

static struct row *row(void)
{
    return &rows[lane()];
}

static void add(atomic_uint_fast64_t *cell, uint64_t by)
{
    atomic_fetch_add_explicit(cell, by, memory_order_relaxed);
}

static uint64_t read_cell(const atomic_uint_fast64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

void count(enum counter counter)
{
    add(&row()->counters[counter], 1);
}

void count_add(enum counter counter, uint64_t by)
{
    add(&row()->counters[counter], by);
}

uint64_t count_read(enum counter counter)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LANES; i++) {
        sum += read_cell(&rows[i].counters[counter]);
    }
    return sum;
}

void count_outcome(enum outcome outcome)
{
    static const enum counter counters[] = {
        [OUTCOME_UNKNOWN] = COUNT_OUTCOME_UNKNOWN,
        [OUTCOME_NONE] = COUNT_OUTCOME_NONE,
        [OUTCOME_FOUND] = COUNT_OUTCOME_FOUND,
    };

    count(counters[outcome]);
}

void count_refusal(enum reason reason)
{
    add(&refusals[reason], 1);
}

uint64_t metrics_refusals(enum reason reason)
{
    return read_cell(&refusals[reason]);
}

void gauge_set(enum gauge gauge, int64_t value)
{
    atomic_store_explicit(&gauges[gauge], value, memory_order_relaxed);
}

void gauge_add(enum gauge gauge, int64_t by)
{
    atomic_fetch_add_explicit(&gauges[gauge], by, memory_order_relaxed);
}

int64_t gauge_read(enum gauge gauge)
{
    return atomic_load_explicit(&gauges[gauge], memory_order_relaxed);
}

/* Under directory_lock. Names never change once directory_count shows them. */
static unsigned directory_named(const char *name)
{
    unsigned number = atomic_load_explicit(&directory_count, memory_order_relaxed);

    for (unsigned i = 0; i < number; i++) {
        if (strcmp(directories[i].name, name) == 0) {
            return i;
        }
    }
    if (number < MAX_DIRECTORIES && (directories[number].name = strdup(name)) != NULL) {
        atomic_store_explicit(&directory_count, number + 1, memory_order_release);
        return number;
    }
    return MAX_DIRECTORIES;
}

unsigned metrics_directory(const char *name)
{
    unsigned number;

    pthread_mutex_lock(&directory_lock);
    number = directory_named(name);
    pthread_mutex_unlock(&directory_lock);
    return number;
}

static struct directory_row *directory_row(unsigned directory)
{
    return &directories[directory < MAX_DIRECTORIES ? directory : MAX_DIRECTORIES];
}

unsigned metrics_directory_begin(const char *name)
{
    pthread_mutex_lock(&directory_lock);
    unsigned number = directory_named(name);
    struct directory_row *row = directory_row(number);

    if (row->users++ == 0) {
        atomic_store_explicit(&row->gauges[DIRECTORY_UP], 0, memory_order_relaxed);
    }
    pthread_mutex_unlock(&directory_lock);
    return number;
}

void metrics_directory_end(unsigned directory)
{
    struct directory_row *row = directory_row(directory);

    pthread_mutex_lock(&directory_lock);
    if (--row->users == 0) {
        for (size_t i = 0; i < DIRECTORY_GAUGE_COUNT; i++) {
            atomic_store_explicit(&row->gauges[i], GAUGE_NOT_SHOWN, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&directory_lock);
}

void count_directory(unsigned directory, enum directory_counter counter)
{
    struct directory_row *target = directory_row(directory);

    atomic_store_explicit(&target->used, true, memory_order_relaxed);
    add(&target->counters[counter], 1);
}

uint64_t count_directory_read(unsigned directory, enum directory_counter counter)
{
    return read_cell(&directory_row(directory)->counters[counter]);
}

void gauge_directory(unsigned directory, enum directory_gauge gauge, int64_t value)
{
    atomic_store_explicit(&directory_row(directory)->gauges[gauge], value, memory_order_relaxed);
}

int64_t gauge_directory_read(unsigned directory, enum directory_gauge gauge)
{
    return atomic_load_explicit(&directory_row(directory)->gauges[gauge], memory_order_relaxed);
}

const struct directory_row *metrics_directory_row(size_t index)
{
    size_t named = atomic_load_explicit(&directory_count, memory_order_acquire);

    if (index < named) {
        return &directories[index];
    }
    if (index == named && atomic_load_explicit(&directories[MAX_DIRECTORIES].used, memory_order_relaxed)) {
        return &directories[MAX_DIRECTORIES];
    }
    return NULL;
}

void count_duration(int layer, int64_t duration_us)
{
    struct histogram_row *histogram = &row()->durations[layer];
    size_t bucket = 0;

    while (bucket < METRICS_BUCKETS && duration_us > metrics_buckets[bucket].most_us) {
        bucket++;
    }
    add(&histogram->buckets[bucket], 1);
    add(&histogram->sum_us, duration_us > 0 ? (uint64_t)duration_us : 0);
}

void metrics_histogram(int layer, struct histogram *out)
{
    *out = (struct histogram){0};
    for (size_t i = 0; i < LANES; i++) {
        const struct histogram_row *histogram = &rows[i].durations[layer];

        for (size_t bucket = 0; bucket <= METRICS_BUCKETS; bucket++) {
            out->buckets[bucket] += read_cell(&histogram->buckets[bucket]);
        }
        out->sum_us += read_cell(&histogram->sum_us);
    }
}
