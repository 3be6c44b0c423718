/*
 * A thread that reads requests and sends answers. Private to http/.
 *
 * Each worker has a daemon of libmicrohttpd to itself, and runs it in a loop of
 * its own. Whoever brings what a request waits for puts the request into the
 * worker's list of those that are back. The first one into an empty list wakes
 * the worker, which lets all of them go on in one go. Were their connections
 * resumed one by one from outside, as libmicrohttpd's own threads would have it,
 * each would cost a wake-up and a fight for the daemon's lock. A thread that
 * brings many at a time wakes when it is through with them (http_wake_later()).
 */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/clock.h"

struct arrivals;
struct fragments;
struct hot;
struct http;
struct request;
struct rules;
struct spares;

struct worker {
    struct http *http;
    struct MHD_Daemon *daemon;   /* only its thread calls it, from worker_start() on; NULL: was never opened */
    struct hot *hot;             /* made when first wanted; likewise fragments and spares */
    struct fragments *fragments;
    struct spares *spares;
    bool may_write;              /* over values of responses: values.h */
    atomic_size_t *connections;  /* of all workers of its listener */
    bool expects;                /* what was asked for last was in memory, but not ready-made: so the next, perhaps */
    uint64_t accept_hash;        /* of the last request's Accept: so the next one's, perhaps */
    bool complained;             /* libmicrohttpd did, since the loop last looked */
    bool is_deaf;                /* it may accept nobody until it closes a connection; see shortage.h */
    void *side;                  /* see struct http_side; NULL: there is none */
    size_t waits;                /* how often it has waited by that */
    size_t lingering;            /* requests that linger (request.h) */
    bool answered_late;          /* in this run a request was answered that had waited */
    int64_t told_s;              /* mono: lines about refusals in the log are those of this second */
    unsigned told;
    size_t turns;
    bool measures;               /* what is answered in this turn of its loop is one of the sample of times */
    int64_t turn_us;             /* mono, when the first request of such a turn was seen to; 0: none yet */
    bool is_local;               /* its listener: this machine alone reaches it */
    bool is_tls;                 /* its listener: it speaks TLS */
    struct arrivals *arrivals;   /* where its listener is for proxies that say for whom they connect; else NULL */
    LIST_HEAD(connected, request) connected; /* all its connections; see slow.h */
    int64_t looked_ms;           /* when it last looked for slow ones */
    struct rules *rules;         /* a reference; NULL: not wanted yet */
    bool has_thread;
    pthread_t thread;
    int wake_fd;

    _Atomic(struct request *) back; /* whose waiting is over: the last that came, and on by request->next_back */
    atomic_size_t handing;          /* threads that are in worker_hand_back() */
    atomic_bool ends;
};

/* `connections`: of its listener, over all workers. */
void worker_init(struct worker *worker, struct http *http, atomic_size_t *connections);

/* Starts the thread, which runs worker->daemon: the caller has set that, with no thread of its own, and arrivals, if
 * there are any. -1: errno. */
int worker_start(struct worker *worker);

/* Ends the connections, the daemon and the thread. No request may wait, nor be brought back any more. */
void worker_stop(struct worker *worker);

/* A connection has come (1) or gone (-1). */
void worker_count_connection(struct worker *worker, int change);

/* A request is being seen to: where times are measured, that of the first begins here, and that of all others in the
 * turn, which wait for it. */
static inline void worker_look_at_clock(struct worker *worker)
{
    if (worker->measures && worker->turn_us == 0) {
        worker->turn_us = clock_mono_us();
    }
}

/* Lets the request go on. Any thread. The request is the worker's again; it may be gone on return. */
void worker_hand_back(struct request *request);

/* Whether its own waiting, by its side, may soon bring what requests wait for. Its own thread only. */
bool worker_is_owed(const struct worker *worker);

/* Whether some thread still is about to wake the worker. */
bool worker_is_handed(const struct worker *worker);

/* This worker's table of ready-made responses, and of what batches say of recipients, as large again. Its own thread
 * only; NULL: out of memory. */
struct hot *worker_hot(struct worker *worker);
struct fragments *worker_fragments(struct worker *worker);

/* Its responses that serve again. Its own thread only; NULL: out of memory. */
struct spares *worker_spares(struct worker *worker);

/* Those of now. Its own thread only; they stay until the next call. */
const struct rules *worker_rules(struct worker *worker);

#endif
