/*
 * Bytes from outside, by HTTP, under limits: what `certlookup -u` asks of a
 * gateway.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "base/buffer.h"
#include "base/error.h"

struct fetch_request {
    const char *url;         /* http or https, nothing else */
    const char *accept;      /* NULL: anything */
    const char *token;       /* Authorization: Bearer; NULL: none */
    const char *ca_file;     /* NULL: the system's */
    int64_t timeout_ms;
    struct bytes post;       /* .data NULL: GET */
    const char *post_type;
};

struct fetch_answer {
    long status;             /* of HTTP */
    char content_type[128];
    struct buffer body;      /* the caller sets it up with its maximum, and frees it */
};

/* Waits. Follows no redirect, uses no proxy of the environment. -1: no answer; the words say why. */
int fetch_exchange(const struct fetch_request *request, struct fetch_answer *answer, struct error *error);

/* Appends `text` percent-encoded as one path segment (RFC 3986 3.3). */
void fetch_append_segment(struct buffer *out, struct bytes text);

#endif
