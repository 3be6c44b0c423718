/*
 * What the files of this folder share of one struct http. Private to http/.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"

struct fragments;
struct hot;

struct http {
    struct http_backend backend;
    char *token;
    size_t max_waiting;
    size_t max_recipients;  /* of a batch */
    size_t max_batch_lookups;
    size_t hot_bytes;

    atomic_size_t waiting;  /* places taken by suspended requests, from before the suspending to after the resuming */
    atomic_size_t batch_lookups; /* started for batches and not back yet */
    atomic_size_t held;     /* bytes of bodies, and of answers to them; at most MAX_HELD_BYTES */
    atomic_bool draining;

    pthread_key_t hot;      /* struct hot of each thread; freed as the thread ends */
    bool has_hot;
    pthread_key_t fragments; /* likewise, struct fragments */
    bool has_fragments;
    struct MHD_Response *out_of_memory; /* 503, made at start: for when nothing can be made any more */

    size_t count;
    struct listener {
        /* Ours. libmicrohttpd has a duplicate, as it closes what it was given at some failures and not at others. */
        int socket;
        struct MHD_Daemon *daemon;
    } listeners[];
};

/* This thread's table of ready-made responses; NULL: out of memory. */
struct hot *http_hot(struct http *http);

/* Likewise of what batches say of recipients, as large again; a thread has none until a batch comes by. */
struct fragments *http_fragments(struct http *http);

#endif
