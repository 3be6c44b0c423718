/*
 * What the files of this folder share of one struct http. Private to http/.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"

struct hot;

struct http {
    struct http_backend backend;
    char *token;
    size_t max_waiting;
    size_t hot_bytes;

    atomic_size_t waiting;  /* places taken by suspended requests, from before the suspending to after the resuming */
    atomic_bool draining;

    pthread_key_t hot;      /* struct hot of each thread; freed as the thread ends */
    bool has_hot;
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

#endif
