/*
 * Which pages of other origins may read what browsers fetch for them from here (the Fetch standard, "CORS protocol").
 * Private to http/.
 *
 * A browser sends the origin of the page in Origin, and gives the page an answer
 * of another origin only where that names it, or "*". This says who may read, and
 * nothing of who may ask: doors.h does. Of a request that cookies or a client
 * certificate went along with no page is given the answer, for that would take
 * Access-Control-Allow-Credentials, which is never sent: a page shows a token.
 *
 * Where origins are configured every answer says Vary: Origin, so that no cache
 * takes the one of a page for that of another; and what a request with an Origin
 * is answered is made for it alone.
 */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "http/respond.h"

/* Whether the answer is not to be shared with another request, nor be one that others had. */
static inline bool cors_is_alone(const struct request *request)
{
    return request->by_origin && request->headers.origins > 0;
}

/* Adds that the page which asks may read the response, if it may. Of one that is the request's alone. */
void cors_allow(const struct request *request, struct MHD_Response *response);

/* The same, and that the answer is another one for another Origin. */
void cors_complete(const struct request *request, struct MHD_Response *response);

/* What a browser asks before it sends a request that no form could: adds that it may, where `methods` are those of the
 * route. */
void cors_add_preflight(const struct request *request, const char *methods, struct response_headers *headers);

#endif
