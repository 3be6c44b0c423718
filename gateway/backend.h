/*
 * What the HTTP side asks of a gateway, answered by its lookup.
 */
#ifndef GATEWAY_BACKEND_H
#define GATEWAY_BACKEND_H

#include "gateway/lookup.h"
#include "http/http.h"

/* `lookup` is borrowed, and outlives whoever has this. */
struct http_backend backend_of(struct lookup *lookup);

#endif
