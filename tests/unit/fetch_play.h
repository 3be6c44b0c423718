/*
 * Asking a fetcher and waiting for it.
 */
#ifndef TESTS_UNIT_FETCH_PLAY_H
#define TESTS_UNIT_FETCH_PLAY_H

#include "fetch/fetcher.h"

/* One question and what came of it. */
struct asked {
    struct fetched *fetched;
    atomic_uint done; /* how often */
};

/* A configuration that may reach 127.0.0.0/8: two threads, 3 s, 100 kB, ten in the queue, 1000 a minute. */
struct fetcher_config fetch_config(void);

struct fetcher *fetch_open(const struct fetcher_config *config);

/* Asks; `done` counts. */
void fetch_ask(struct fetcher *fetcher, enum fetch_purpose purpose, const char *url, struct asked *asked);

/* Until it is done. */
struct fetched *fetch_wait(struct asked *asked);

/* Both. */
struct fetched *fetch_now(struct fetcher *fetcher, enum fetch_purpose purpose, const char *url);

#endif
