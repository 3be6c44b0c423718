/*
 * The body of a request, while it comes. Private to http/.
 *
 * How long it gets was said in Content-Length and found acceptable before, so
 * memory for the whole is taken once, when its first bytes are there. What all
 * bodies and answers to them hold together has a bound, and counts as it comes:
 * who announces much and sends little takes nothing from others.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/bytes.h"

struct http;

struct body {
    uint8_t *data; /* NULL: nothing came */
    size_t size;
    size_t length; /* what it will be; 0: not wanted, and what comes is thrown away */
    size_t held;   /* counted as held, for this request */
    bool lost;     /* it had no place: it was thrown away */
};

/* A piece of it, as it comes. */
void body_take(struct body *body, struct http *http, struct bytes piece);

/* Counts `bytes` more as held by this request, until body_free(). False: all together would hold too much. */
bool body_hold(struct body *body, struct http *http, size_t bytes);

void body_free(struct body *body, struct http *http);

#endif
