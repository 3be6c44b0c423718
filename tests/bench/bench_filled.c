/*
 * The HTTP side in front of a memory cache that is full of answers (answers.h): what growth does to a hit. There is no
 * lookup; what is not in the cache is a fault of whoever asks.
 *
 *   bench_filled ENTRIES [THREADS]     0 threads: one for each core
 *
 * Prints the port when the cache is filled; ends by SIGTERM.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/memory.h"
#include "http/http.h"
#include "tests/bench/answers.h"
#include "tests/people/pki.h"

static bool may_serve(void *context, struct answer *answer)
{
    (void)context;
    if (!atomic_load(&answer->standing.kept) || clock_wall_s() >= answer->fresh_until) {
        return false;
    }
    answer_asked(answer);
    count_lookups(BY_MEMORY, answer->outcome, 1);
    return true;
}

static void expect(void *context, const struct address *address, bool soon)
{
    memory_expect(context, address->hash, soon);
}

static struct served get(void *context, const struct address *address)
{
    struct answer *answer = memory_get_hashed(context, address_bytes(address), address->hash);

    if (answer != NULL && !may_serve(context, answer)) {
        answer_free(&answer);
    }
    return (struct served){.answer = answer, .layer = LAYER_MEMORY};
}

static void start(void *context, const struct address *address, struct waiter *waiter)
{
    (void)context, (void)address;
    waiter->ready(waiter, (struct served){.answer = answer_internal_error(), .layer = LAYER_MEMORY});
}

static bool ready(void *context, char *why, size_t why_size)
{
    (void)context, (void)why, (void)why_size;
    return true;
}

static bool describe(void *context, void (*each)(void *closure, const char *directory), void *closure)
{
    (void)context, (void)each, (void)closure;
    return false;
}

static struct memory *filled(uint32_t entries)
{
    struct memory *memory = memory_new((size_t)64 << 30); /* bounds nothing here */

    must(memory != NULL, "out of memory");
    answers_open();
    for (uint32_t i = 0; i < entries; i++) {
        struct answer *answer = answers_new(i);

        memory_put(memory, answer, clock_mono_ms() / 1000);
        answer_free(&answer);
    }
    return memory;
}

int main(int argc, char **argv)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const struct http_config config = {
        .listen = listen, .listen_count = 1, .threads = argc > 2 ? atoi(argv[2]) : 0, .max_connections = 4096,
        .max_waiting = 2000, .idle_timeout_s = 30, .hot_bytes = 32L * 1024 * 1024, .token = "",
    };
    struct error error = {""};
    sigset_t ends;
    int signal;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_filled ENTRIES [THREADS]\n");
        return 64;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* in every thread that comes */
    struct memory *memory = filled((uint32_t)strtoul(argv[1], NULL, 10));
    const struct http_backend backend = {
        .context = memory, .get = get, .expect = expect, .may_serve = may_serve, .start = start, .ready = ready, .describe = describe, .explain = start,
    };
    struct http *http = http_open(&config, &backend, &error);
    if (http == NULL) {
        fprintf(stderr, "bench_filled: %s\n", error.text);
        return 1;
    }
    printf("%u\n", http_port(http, 0));
    fflush(stdout);
    sigwait(&ends, &signal);
    http_close(&http);
    memory_free(&memory);
    answers_close();
    return 0;
}
