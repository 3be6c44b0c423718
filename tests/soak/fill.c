/*
 * What an answer costs: the memory cache filled with answers as most are (tests/bench/answers.h), and how much larger
 * the process is by it.
 *
 *   fill ENTRIES LIMIT_BYTES
 *
 * Ends with status 1 when that is more than LIMIT_BYTES for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cache/memory.h"
#include "tests/bench/answers.h"
#include "tests/people/pki.h"

static double resident(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");

    must(statm != NULL && fscanf(statm, "%*u %lu", &pages) == 1, "/proc/self/statm");
    fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
    uint32_t entries = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

    if (entries == 0) {
        fprintf(stderr, "usage: fill ENTRIES LIMIT_BYTES\n");
        return 64;
    }
    answers_open();
    double before = resident();
    struct memory *memory = memory_new((size_t)64 << 30);
    must(memory != NULL, "out of memory");
    for (uint32_t i = 0; i < entries; i++) {
        struct answer *answer = answers_new(i);
        memory_put(memory, answer, clock_mono_ms() / 1000);
        answer_free(&answer);
    }
    double each = (resident() - before) / entries;
    struct answer *first = answers_new(0);
    printf("%u answers with a certificate of %zu bytes: the process grew by %.1f MB, %.0f bytes for each "
           "(counted as %.0f), allowed: %s\n", entries, first->certificates[0].value->size, each * entries / 1e6, each,
           (double)memory_bytes(memory) / entries, argv[2]);
    must(memory_entries(memory) == entries, "not all are there");
    answer_free(&first);
    memory_free(&memory);
    answers_close();
    return each <= atof(argv[2]) ? 0 : 1;
}
