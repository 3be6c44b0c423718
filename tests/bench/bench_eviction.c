/*
 * How often an answer is still there when it is asked for again: traces of requests against cache/memory itself, and
 * against what it could be instead, each with as many bytes.
 *
 *   bench_eviction [REQUESTS]     1000000 by default, of each trace
 *
 * Prints hit ratios. Traces are drawn from KEYS addresses, whose answers have the sizes of real ones; the caches hold a
 * hundredth, a tenth, and three tenths of them all.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/memory.h"
#include "tests/people/pki.h"

#define KEYS 100000
#define SCAN_KEYS 100000 /* beyond these: asked for once in a while, one after the other */
#define ALL_KEYS (KEYS + SCAN_KEYS)
#define PLACE_BYTES 90    /* an entry of the queue, and its part of a table that is between three eighths and three
                             quarters full */
#define NONE UINT32_MAX

/* Requests. */

static uint64_t chance;

static double drawn(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (double)(chance >> 11) / (double)(UINT64_C(1) << 53);
}

static double zipf_sums[KEYS];

static void zipf_prepare(double s)
{
    double sum = 0;

    for (size_t i = 0; i < KEYS; i++) {
        sum += pow((double)(i + 1), -s);
        zipf_sums[i] = sum;
    }
}

static uint32_t zipf_rank(void)
{
    double wanted = drawn() * zipf_sums[KEYS - 1];
    uint32_t low = 0, high = KEYS - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zipf_sums[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Ranks are scattered over the addresses. Every `shift_every` requests, `shift_count` addresses change their rank with
 * others. */
static const struct trace {
    const char *name;
    double s;
    size_t scan_every, scan_length, shift_every, shift_count;
} traces[] = {
    {.name = "Zipf 0.8", .s = 0.8},
    {.name = "Zipf 1.0", .s = 1.0},
    {.name = "Zipf 1.2", .s = 1.2},
    {.name = "Zipf 1.0, scans", .s = 1.0, .scan_every = 50000, .scan_length = 10000},
    {.name = "Zipf 1.0, popularity drifts", .s = 1.0, .shift_every = 1000, .shift_count = 100},
    {.name = "Zipf 1.0, others every 100,000", .s = 1.0, .shift_every = 100000, .shift_count = KEYS},
};

#define TRACES (sizeof(traces) / sizeof(traces[0]))

static uint32_t key_of_rank[KEYS];

static void shift(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t one = (size_t)(drawn() * KEYS), other = (size_t)(drawn() * KEYS);
        uint32_t key = key_of_rank[one];

        key_of_rank[one] = key_of_rank[other];
        key_of_rank[other] = key;
    }
}

static void trace_make(const struct trace *trace, uint32_t *requests, size_t count)
{
    uint32_t scan = 0;
    size_t scan_left = 0;

    chance = 88172645463325252u;
    zipf_prepare(trace->s);
    for (uint32_t i = 0; i < KEYS; i++) {
        key_of_rank[i] = i;
    }
    shift(KEYS);
    for (size_t i = 0; i < count; i++) {
        if (trace->scan_every != 0 && i % trace->scan_every == trace->scan_every - 1) {
            scan_left = trace->scan_length;
        }
        if (trace->shift_every != 0 && i % trace->shift_every == trace->shift_every - 1) {
            shift(trace->shift_count);
        }
        if (scan_left > 0) {
            scan_left--;
            requests[i] = KEYS + scan++ % SCAN_KEYS;
        } else {
            requests[i] = key_of_rank[zipf_rank()];
        }
    }
}

/* Answers. */

static uint32_t costs[ALL_KEYS];

/* Of a hundred answers: nothing there, one certificate of an elliptic curve, one of RSA, several, a bundle. */
static size_t value_bytes(uint32_t key)
{
    uint32_t kind = (key * 2654435761u >> 8) % 100;

    return kind < 25 ? 0 : kind < 35 ? 480 : kind < 85 ? 920 + kind : kind < 95 ? 2500 : 6000;
}

static struct answer *answer_new(uint32_t key)
{
    struct certificate certificate = {.detail = ""};
    struct answer_draft draft = {.certificates = &certificate, .certificate_count = value_bytes(key) > 0};
    uint8_t value[6000] = {0};
    char address[64];

    snprintf(address, sizeof(address), "firstname.lastname%u@example.org", key);
    must(address_parse(bytes_of_string(address), &draft.address) == ADDRESS_OK, address);
    certificate.value = blob_new(bytes_of(value, value_bytes(key)));
    struct answer *answer = answer_make(&draft);
    must(certificate.value != NULL && answer != NULL, "out of memory");
    blob_free(&certificate.value);
    return answer;
}

/* Policies. Each is told of a request, and says whether it was a hit; what was not there is there afterwards. */

/* A queue of keys, newest first. A key is in one queue at a time. */
struct queue {
    uint32_t newest, oldest;
    size_t bytes;
};

static uint32_t newer[ALL_KEYS], older[ALL_KEYS];
static uint8_t places[ALL_KEYS]; /* 0: not there; else the queue that it is in */
static uint8_t marks[ALL_KEYS];

static void queue_push(struct queue *queue, uint32_t key)
{
    older[key] = queue->newest;
    newer[key] = NONE;
    if (queue->newest != NONE) {
        newer[queue->newest] = key;
    } else {
        queue->oldest = key;
    }
    queue->newest = key;
    queue->bytes += costs[key];
}

static void queue_remove(struct queue *queue, uint32_t key)
{
    if (newer[key] != NONE) {
        older[newer[key]] = older[key];
    } else {
        queue->newest = older[key];
    }
    if (older[key] != NONE) {
        newer[older[key]] = newer[key];
    } else {
        queue->oldest = newer[key];
    }
    queue->bytes -= costs[key];
}

static struct queue queues[3];
static uint32_t hand;
static size_t capacity;
static struct memory *memory;

static bool ask_lru(uint32_t key)
{
    bool hit = places[key] != 0;

    if (hit) {
        queue_remove(&queues[0], key);
    }
    while (!hit && queues[0].bytes + costs[key] > capacity) {
        uint32_t gone = queues[0].oldest;
        queue_remove(&queues[0], gone);
        places[gone] = 0;
    }
    queue_push(&queues[0], key);
    places[key] = 1;
    return hit;
}

static bool ask_fifo_reinsertion(uint32_t key)
{
    if (places[key] != 0) {
        marks[key] = 1;
        return true;
    }
    while (queues[0].bytes + costs[key] > capacity) {
        uint32_t gone = queues[0].oldest;
        queue_remove(&queues[0], gone);
        if (marks[gone] != 0) {
            marks[gone] = 0;
            queue_push(&queues[0], gone);
        } else {
            places[gone] = 0;
        }
    }
    queue_push(&queues[0], key);
    places[key] = 1;
    marks[key] = 0;
    return false;
}

/* As published: the hand goes as far as it has to. */
static bool ask_sieve(uint32_t key)
{
    if (places[key] != 0) {
        marks[key] = 1;
        return true;
    }
    while (queues[0].bytes + costs[key] > capacity) {
        uint32_t at = hand != NONE ? hand : queues[0].oldest;
        while (marks[at] != 0) {
            marks[at] = 0;
            at = newer[at] != NONE ? newer[at] : queues[0].oldest;
        }
        hand = newer[at];
        queue_remove(&queues[0], at);
        places[at] = 0;
    }
    queue_push(&queues[0], key);
    places[key] = 1;
    marks[key] = 0;
    return false;
}

/* S3-FIFO: 0 small, a tenth; 1 main; 2 keys of what left the small one unasked. */
enum { S3_SMALL = 1, S3_MAIN, S3_GHOST };

static void s3_move(uint32_t key, uint8_t to)
{
    if (places[key] != 0) {
        queue_remove(&queues[places[key] - 1], key);
    }
    places[key] = to;
    marks[key] = 0;
    if (to != 0) {
        queue_push(&queues[to - 1], key);
    }
}

static void s3_evict(void)
{
    uint32_t key;

    if (queues[0].bytes > capacity / 10 || queues[1].oldest == NONE) {
        key = queues[0].oldest;
        s3_move(key, marks[key] > 1 ? S3_MAIN : S3_GHOST);
        while (queues[2].bytes > capacity * 9 / 10) {
            s3_move(queues[2].oldest, 0);
        }
        return;
    }
    key = queues[1].oldest;
    uint8_t mark = marks[key];
    s3_move(key, mark > 0 ? S3_MAIN : 0);
    marks[key] = mark > 0 ? (uint8_t)(mark - 1) : 0;
}

static bool ask_s3_fifo(uint32_t key)
{
    uint8_t place = places[key];

    if (place == S3_SMALL || place == S3_MAIN) {
        marks[key] = marks[key] < 3 ? (uint8_t)(marks[key] + 1) : 3;
        return true;
    }
    s3_move(key, 0);
    while (queues[0].bytes + queues[1].bytes + costs[key] > capacity) {
        s3_evict();
    }
    s3_move(key, place == S3_GHOST ? S3_MAIN : S3_SMALL);
    return false;
}

static bool ask_memory(uint32_t key)
{
    char address[64];
    int size = snprintf(address, sizeof(address), "firstname.lastname%u@example.org", key);
    struct answer *answer = memory_get(memory, bytes_of(address, (size_t)size));
    bool hit = answer != NULL;

    if (!hit) {
        answer = answer_new(key);
        memory_put(memory, answer, 1);
    }
    answer_free(&answer);
    return hit;
}

static const struct policy {
    const char *name;
    bool (*ask)(uint32_t key);
} policies[] = {
    {"cache/memory", ask_memory}, {"SIEVE", ask_sieve},     {"LRU", ask_lru},
    {"FIFO-reins.", ask_fifo_reinsertion}, {"S3-FIFO", ask_s3_fifo},
};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

static void forget_all(size_t bytes)
{
    memset(places, 0, sizeof(places));
    memset(marks, 0, sizeof(marks));
    for (size_t i = 0; i < 3; i++) {
        queues[i] = (struct queue){NONE, NONE, 0};
    }
    hand = NONE;
    capacity = bytes;
    memory_free(&memory);
    memory = memory_new(bytes);
    must(memory != NULL, "out of memory");
}

/* The first fifth only fills the cache. */
static double hit_ratio(const struct policy *policy, const uint32_t *requests, size_t count)
{
    size_t hits = 0, warm = count / 5;

    for (size_t i = 0; i < count; i++) {
        hits += policy->ask(requests[i]) && i >= warm;
    }
    return (double)hits / (double)(count - warm);
}

/* What each costs in cache/memory, its place in the tables included. Returns what all addresses but the scans' do. */
static size_t measure_costs(void)
{
    size_t all = 0;

    for (uint32_t key = 0; key < ALL_KEYS; key++) {
        struct answer *answer = answer_new(key);
        costs[key] = (uint32_t)answer->memory_bytes + PLACE_BYTES;
        all += key < KEYS ? costs[key] : 0;
        answer_free(&answer);
    }
    return all;
}

int main(int argc, char **argv)
{
    static const unsigned parts[] = {100, 10, 3};
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, all = measure_costs();
    uint32_t *requests = malloc(count * sizeof(*requests));

    must(requests != NULL, "out of memory");
    printf("%-30s %8s", "", "bytes");
    for (size_t i = 0; i < POLICIES; i++) {
        printf(" %12s", policies[i].name);
    }
    for (size_t i = 0; i < TRACES; i++) {
        trace_make(&traces[i], requests, count);
        for (size_t part = 0; part < 3; part++) {
            printf("\n%-30s %8zu", traces[i].name, all / parts[part]);
            for (size_t k = 0; k < POLICIES; k++) {
                forget_all(all / parts[part]);
                printf(" %12.4f", hit_ratio(&policies[k], requests, count));
                fflush(stdout);
            }
        }
    }
    printf("\n");
    memory_free(&memory);
    free(requests);
    return 0;
}
