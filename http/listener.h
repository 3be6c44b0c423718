/*
 * What the files of this folder share of one struct http. Private to http/.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/http.h"
#include "http/worker.h"

struct http {
    struct http_backend backend;
    pthread_mutex_t rules_lock;
    struct rules *rules;
    _Atomic uint64_t rules_number; /* theirs; goes on whenever they are others */
    struct limiter *lookups, *none; /* what each client may still ask for, and be answered "none" */
    size_t max_connections; /* of each listener */
    size_t max_waiting;
    size_t max_recipients;  /* of a batch */
    size_t max_batch_lookups;
    size_t hot_bytes;
    int64_t idle_timeout_s;
    bool speaks_tls;        /* some listener */

    atomic_size_t waiting;  /* places taken by requests that wait, from before they ask to after they were answered */
    atomic_size_t batch_lookups; /* started for batches and not back yet */
    atomic_size_t held;     /* bytes of bodies, and of answers to them; at most MAX_HELD_BYTES */
    atomic_bool draining;

    struct MHD_Response *out_of_memory; /* 503, made at start: for when nothing can be made any more */

    size_t count;
    struct listener {
        bool is_bound;
        char *address;
        atomic_size_t connections; /* of all its workers */
        size_t worker_count;
        struct worker *workers;
        int *sockets;       /* one for each worker, once it is bound */
    } listeners[];
};

#endif
