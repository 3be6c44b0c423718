/*
 * What the files of the fetcher share.
 *
 *   fetcher.c   threads and queue: who is next
 *   follow.c    one question, from redirect to redirect
 *   hosts.c     what is remembered of hosts
 *   transfer.c  one HTTP request
 *
 * Lock: one, fetcher->lock; a leaf. It guards the queue and hosts. No I/O and no callback happens under it.
 */
#ifndef FETCH_PRIVATE_H
#define FETCH_PRIVATE_H

#include <pthread.h>

#include "fetch/fetcher.h"
#include "fetch/hosts.h"
#include "fetch/url.h"

struct question {
    struct question *next;
    struct fetcher *fetcher;
    enum fetch_purpose purpose;
    char *url;
    struct url parsed;
    uint8_t *post; /* NULL: GET */
    size_t post_size;
    int64_t deadline_ms;
    struct fetched *fetched; /* what came so far */
    void (*done)(void *context, struct fetched *fetched);
    void *context;
};

struct fetcher {
    struct fetcher_config config; /* a copy */
    atomic_bool closing;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct question *first, **last;
    int64_t queued;
    struct hosts *hosts;
    size_t thread_count; /* that were started */
    pthread_t threads[];
};

/* How a question ends; the label `result` of the metrics. */
enum fetch_result { FETCH_OK, FETCH_FAILED, FETCH_REFUSED, FETCH_LIMIT, FETCH_RESULT_COUNT };

/* follow.c. Waits; fills in what came, or why nothing did. */
enum fetch_result question_follow(const struct question *question);

/* Whether the purpose allows the URL. False: see error. */
bool question_allows(const struct fetcher_config *config, enum fetch_purpose purpose, const struct url *url,
                     struct error *error);

/* fetcher.c. Takes one from the host's allowance; false: see fetched. */
bool fetcher_take(struct fetcher *fetcher, const char *host, struct fetched *fetched);

#endif
