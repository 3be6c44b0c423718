/*
 * What the memory cache and the records cost: gets per second by number of entries and threads, bytes per entry as
 * counted and as the allocator has them, records sealed and opened per second.
 *
 *   bench_cache [ENTRIES]      1000000 by default
 */
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/clock.h"
#include "cache/memory.h"
#include "cache/record.h"
#include "tests/bench/answers.h"
#include "tests/people/pki.h"

#define THREADS_MAX 4
#define RUN_US 1000000
#define NAMES 4096 /* looked up in one round, drawn from all */

struct reader {
    struct memory *memory;
    uint32_t entries;
    unsigned chance;
    uint64_t gets;
    double cpu_ns;
    pthread_t thread;
};

/* Of this thread: what counts on a machine that others use, too. */
static double cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *read_on(void *context)
{
    struct reader *reader = context;
    static _Thread_local char names[NAMES][ANSWERS_ADDRESS_BYTES];
    static _Thread_local size_t sizes[NAMES];
    int64_t end;
    double start;

    for (size_t i = 0; i < NAMES; i++) {
        sizes[i] = answers_address((uint32_t)rand_r(&reader->chance) % reader->entries, names[i]);
    }
    end = clock_mono_us() + RUN_US;
    while (clock_mono_us() < end) {
        start = cpu_ns();
        for (size_t i = 0; i < NAMES; i++) {
            struct answer *answer = memory_get(reader->memory, bytes_of(names[i], sizes[i]));

            must(answer != NULL, "what was put is not there");
            answer_free(&answer);
        }
        reader->cpu_ns += cpu_ns() - start;
        reader->gets += NAMES;
        for (size_t i = 0; i < NAMES; i += 4) { /* others, so that the processor's caches do not learn them */
            sizes[i] = answers_address((uint32_t)rand_r(&reader->chance) % reader->entries, names[i]);
        }
    }
    return NULL;
}

static void measure_gets(struct memory *memory, uint32_t entries)
{
    for (size_t threads = 1; threads <= THREADS_MAX; threads *= 2) {
        struct reader readers[THREADS_MAX];
        uint64_t gets = 0;
        double ns = 0;

        for (size_t i = 0; i < threads; i++) {
            readers[i] = (struct reader){.memory = memory, .entries = entries, .chance = (unsigned)i + 1};
            must(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]) == 0, "threads");
        }
        for (size_t i = 0; i < threads; i++) {
            pthread_join(readers[i].thread, NULL);
            gets += readers[i].gets;
            ns += readers[i].cpu_ns;
        }
        printf("%8" PRIu32 " entries  %zu threads  %6.2f million gets/s  %5.0f ns of a processor each\n", entries,
               threads, (double)gets / (RUN_US / 1e6) / 1e6, ns / (double)gets);
    }
}

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static int compare(const void *a, const void *b)
{
    const float *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

/* Of a processor: a put that makes a shard's table double is among the slowest, and a get may wait for it. */
static void show_puts(float *times_ns, uint32_t count)
{
    qsort(times_ns, count, sizeof(*times_ns), compare);
    printf("%8" PRIu32 " entries  a put takes %.1f us, 99.9 %% at most %.1f us, the slowest %.0f us\n", count,
           times_ns[count / 2] / 1e3, times_ns[(uint64_t)count * 999 / 1000] / 1e3, times_ns[count - 1] / 1e3);
}

static void measure_memory(uint32_t entries)
{
    size_t before = allocated(), counted;
    struct memory *memory = memory_new((size_t)8 << 30);
    int64_t start = clock_mono_us();
    float *times_ns = mmap(NULL, entries * sizeof(*times_ns), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(times_ns != MAP_FAILED, "out of memory"); /* beside what is counted */
    must(memory != NULL, "out of memory");
    for (uint32_t i = 0; i < entries; i++) {
        struct answer *answer = answers_new(i);

        double began = cpu_ns();
        memory_put(memory, answer, 1);
        times_ns[i] = (float)(cpu_ns() - began);
        answer_free(&answer);
    }
    counted = memory_bytes(memory);
    printf("%8" PRIu32 " entries  made and put at %.0f thousand/s  counted %zu bytes each, allocated %zu (%+.1f %%)\n",
           entries, entries / ((double)(clock_mono_us() - start) / 1e6) / 1e3, counted / entries,
           (allocated() - before) / entries,
           ((double)counted / (double)(allocated() - before) - 1) * 100);
    show_puts(times_ns, entries);
    munmap(times_ns, entries * sizeof(*times_ns));
    measure_gets(memory, entries);
    memory_free(&memory);
}

/* As if its policy had all issuers of its first certificate. */
static struct known_issuers *known_issuers_of(const struct answer *answer)
{
    const struct certificate *certificate = &answer->certificates[0];
    struct known_issuers *known = known_issuers_new(&answer->policy, certificate->chain_count);

    must(known != NULL, "out of memory");
    for (size_t i = 0; i < certificate->chain_count; i++) {
        struct digest digest = digest_sha256(blob_bytes(certificate->chain[i]));

        known_issuers_add(known, &digest, certificate->chain[i]);
    }
    known_issuers_sort(known);
    return known;
}

static void measure_records(void)
{
    struct bytes key = bytes_of_string("0123456789abcdef0123456789abcdef");
    struct seal_ring *ring = seal_ring_new(&key, 1, NULL);
    struct answer *answer = answers_new(1);
    struct known_issuers *known = known_issuers_of(answer);
    uint64_t closed = 0, opened = 0;
    struct address asked;
    struct buffer sealed;
    double start, close_ns, open_ns;
    int64_t end;

    must(ring != NULL, "seal");
    must(address_parse(bytes_of(answer->address.text, answer->address.size), &asked) == ADDRESS_OK, "address");
    buffer_init(&sealed, MAX_RECORD_BYTES);
    start = cpu_ns();
    for (end = clock_mono_us() + RUN_US; clock_mono_us() < end; closed++) {
        buffer_clear(&sealed);
        must(record_close(ring, "key", answer, known, &sealed) == 0, "seal");
    }
    close_ns = cpu_ns() - start;
    start = cpu_ns();
    for (end = clock_mono_us() + RUN_US; clock_mono_us() < end; opened++) {
        struct record record;

        answer_draft_begin(&record.draft, &asked);
        must(record_open(ring, "key", buffer_bytes(&sealed), known, &record, NULL) == RECORD_GOOD, "seal");
        struct answer *made = answer_make(&record.draft);
        record_free(&record);
        answer_free(&made);
    }
    open_ns = cpu_ns() - start;
    printf("records of %zu bytes: closed in %.2f us of a processor, opened and made an answer of in %.2f us\n",
           sealed.size, close_ns / (double)closed / 1e3, open_ns / (double)opened / 1e3);
    buffer_free(&sealed);
    answer_free(&answer);
    known_issuers_free(&known);
    seal_ring_free(&ring);
}

int main(int argc, char **argv)
{
    uint32_t entries = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;

    answers_open();
    measure_records();
    measure_memory(1000);
    if (entries > 1000) {
        measure_memory(entries);
    }
    answers_close();
    return 0;
}
