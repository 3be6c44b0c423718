/*
 * One HTTP request and its answer, by libcurl, under limits: what fetch_exchange()
 * and the fetcher have in common. A handle of libcurl's own for each, so that
 * nothing of one is left for the next: no connection, cookie, name or session.
 *
 * Nothing of the environment has a say: no proxy, no .netrc. No redirect is
 * followed, nothing is decompressed that was not asked to be compressed, HTTP/0.9
 * is no answer, TLS is 1.2 or better and verified.
 */
#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/network.h"

struct transfer_request {
    const char *url;
    const char *accept;        /* NULL: anything */
    const char *token;         /* Authorization: Bearer; NULL: none */
    const char *ca_file;       /* NULL: the system's */
    int64_t timeout_ms;        /* of the whole */
    struct bytes post;         /* .data NULL: GET */
    const char *post_type;
    /* Where a connection may go: checked at the very address that is connected to. */
    bool anywhere;             /* whoever asks has chosen the URL */
    const struct network *networks; /* else: public addresses, and these */
    size_t network_count;
    const atomic_bool *stop;   /* set: broken off within a second; NULL: never */
};

struct transfer_answer {
    long status;               /* of HTTP */
    char content_type[128];
    char *redirect;            /* where a redirect leads, absolute; NULL: nowhere */
    int64_t retry_after_s;     /* 0: not said */
    bool refused;              /* every address was one that no connection may go to */
    struct buffer body;        /* the caller sets it up with its maximum */
};

/* Waits. -1: no answer; the words say why. In any case the caller calls transfer_clear(). */
int transfer_run(const struct transfer_request *request, struct transfer_answer *answer, struct error *error);

/* Frees body and redirect. */
void transfer_clear(struct transfer_answer *answer);

#endif
