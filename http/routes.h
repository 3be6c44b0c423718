/*
 * The table of routes. Private to http/.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "http/request.h"
#include "render/render.h"

enum { METHOD_GET = 1, METHOD_HEAD = 2, METHOD_POST = 4 }; /* OPTIONS works everywhere */

struct route {
    const char *pattern;    /* "/v1/recipients/{address}": a segment in braces fits any one that is not empty */
    unsigned methods;
    bool privileged;        /* loopback or the token */
    enum MHD_Result (*answer)(struct request *request);
    const char *help;
    /* Of routes that answer with a recipient's certificates. */
    unsigned formats;       /* FORMAT_BIT()s; 0: nothing to negotiate */
    enum format preferred;
    bool best_only;
};

extern const struct route routes[];
extern const size_t routes_count;

/* Finds the route and lets it answer, or says why not: 400 404 405 403; OPTIONS is answered here. */
enum MHD_Result routes_answer(struct request *request);

#endif
