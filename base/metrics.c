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
    atomic_uint_fast64_t lookups[BY_COUNT][METRICS_OUTCOMES];
    atomic_uint_fast64_t responses[6][ROUTE_KINDS]; /* by the hundreds of the status */
    struct times_row times;
};

const int64_t metrics_bounds_us[METRICS_BUCKETS] = {
    5, 10, 20, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000, 10000000,
};

static struct row rows[LANES];

/* Counted seldom enough for one place each. */
static atomic_uint_fast64_t refusals[REASON_COUNT];
static atomic_int_fast64_t gauges[GAUGE_COUNT] = {
    [GAUGE_REDIS_UP] = GAUGE_NOT_SHOWN,
    [GAUGE_REDIS_TRACKING] = GAUGE_NOT_SHOWN,
};
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

void count_lookups(enum known_by layer, enum outcome outcome, uint64_t by)
{
    add(&row()->lookups[layer][outcome], by);
}

uint64_t metrics_lookups(enum known_by layer, enum outcome outcome)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LANES; i++) {
        sum += read_cell(&rows[i].lookups[layer][outcome]);
    }
    return sum;
}

uint64_t count_lookups_read(enum known_by layer)
{
    return metrics_lookups(layer, OUTCOME_UNKNOWN) + metrics_lookups(layer, OUTCOME_NONE) +
           metrics_lookups(layer, OUTCOME_FOUND);
}

void count_response(enum route_kind kind, unsigned status)
{
    add(&row()->responses[status / 100][kind], 1);
}

uint64_t metrics_responses(enum route_kind kind, unsigned hundreds)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LANES; i++) {
        sum += read_cell(&rows[i].responses[hundreds][kind]);
    }
    return sum;
}

uint64_t count_responses_read(unsigned hundreds)
{
    uint64_t sum = 0;

    for (size_t kind = 0; kind < ROUTE_KINDS; kind++) {
        sum += metrics_responses((enum route_kind)kind, hundreds);
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

static void add_time(struct histogram_row *histogram, int64_t took_us)
{
    size_t bucket = 0;

    while (bucket < METRICS_BUCKETS && took_us > metrics_bounds_us[bucket]) {
        bucket++;
    }
    add(&histogram->buckets[bucket], 1);
    add(&histogram->sum_us, took_us > 0 ? (uint64_t)took_us : 0);
}

void count_lookup_time(enum known_by layer, enum outcome outcome, int64_t took_us)
{
    add_time(&row()->times.lookups[layer][outcome], took_us);
}

void count_hit_time(enum known_by layer, enum outcome outcome, int64_t took_us)
{
    add_time(&row()->times.hits[layer][outcome], took_us);
}

void count_request_time(enum route_kind kind, int64_t took_us)
{
    add_time(&row()->times.requests[kind], took_us);
}

void metrics_histogram(size_t offset, struct histogram *out)
{
    *out = (struct histogram){0};
    for (size_t i = 0; i < LANES; i++) {
        const struct histogram_row *histogram =
            (const struct histogram_row *)((const char *)&rows[i].times + offset);

        for (size_t bucket = 0; bucket <= METRICS_BUCKETS; bucket++) {
            out->buckets[bucket] += read_cell(&histogram->buckets[bucket]);
        }
        out->sum_us += read_cell(&histogram->sum_us);
    }
}
