/*
 * The table of routes. Private to http/.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "base/metrics.h"
#include "http/request.h"
#include "render/render.h"

enum { METHOD_GET = 1, METHOD_HEAD = 2, METHOD_POST = 4 }; /* OPTIONS works everywhere */

struct route {
    const char *pattern;    /* "/v1/recipients/{address}": a segment in braces fits any one that is not empty */
    unsigned methods;
    enum door door;
    enum MHD_Result (*answer)(struct request *request);
    const char *help;
    /* Of routes that answer with a recipient's certificates. */
    unsigned formats;       /* FORMAT_BIT()s; 0: nothing to negotiate */
    enum format preferred;
    bool best_only;
    const char *parameters; /* of the query, "a, b"; NULL: it may have others, too */
    size_t max_body;        /* of routes that take POST: how large a body of JSON they want */
    enum route_kind kind;   /* as what its requests are counted */
};

extern const struct route routes[];
extern const size_t routes_count;

/* How large a body this request may bring; 0: none is wanted. */
size_t routes_max_body(struct request *request);

/* The first of a route's methods: what a person would try. */
const char *routes_method(const struct route *route);

/* No more than the target was read: tells the backend whom it will be asked for, if it is asked for somebody. */
void routes_expect(struct request *request);

/* What a fault of header fields is answered, where a body of `max_body` is wanted; 0: none is. */
enum MHD_Result routes_refuse_framing(struct request *request, enum framing_fault fault, size_t max_body);

/* Finds the route and lets it answer, or says why not: 400 401 403 404 405 501; OPTIONS is answered here. */
enum MHD_Result routes_answer(struct request *request);

#endif
