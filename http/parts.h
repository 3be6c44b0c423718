/*
 * Several things in one body: multipart/mixed (RFC 2046 5.1.3), each part with
 * its Content-Type and its octets as they are, as RFC 4387 2 has it. One thing
 * alone is the body itself. Private to http/.
 *
 * Nothing is copied: the response reads the blobs where they are, and holds them
 * until it is gone. A list of revoked certificates may have tens of megabytes.
 */
#ifndef HTTP_PARTS_H
#define HTTP_PARTS_H

#include <microhttpd.h>

#include "base/search_key.h"
#include "http/etag.h"

#define PARTS_BOUNDARY_BYTES 40 /* with its NUL; RFC 2046 5.1.1 allows 70 characters */
#define PARTS_TYPE_BYTES (sizeof("multipart/mixed; boundary=") + PARTS_BOUNDARY_BYTES)

struct parts {
    const char *media_type; /* of each */
    size_t count;
    struct search_match items[MAX_SEARCH_RESULTS];
};

/* Gives the references back. */
void parts_free(struct parts *parts);

/* Takes over the reference, unless the same is there already, or there is no room: then it is given back. False: there
 * was no room. */
bool parts_add(struct parts *parts, struct search_match item);

/* The strong tag of the body, which is the same for the same parts. */
const char *parts_etag(const struct parts *parts, char out[ETAG_BYTES]);

/* A boundary that is in none of the parts; the same for the same parts. */
const char *parts_boundary(const struct parts *parts, char out[PARTS_BOUNDARY_BYTES]);

/* The body, of at least one part, with references of its own: `parts` stays the caller's. `type` becomes its
 * Content-Type. NULL: out of memory. */
struct MHD_Response *parts_respond(const struct parts *parts, char type[PARTS_TYPE_BYTES]);

#endif
