/*
 * An answer to a lookup as a response: status, header fields, body. Private to http/.
 *
 *   found    200 in the format asked for; ETag, and a 304 for who has that already
 *   none     404, a problem with the reason
 *   unknown  503 and Retry-After; 504 when time ran out; 500 for a defect of ours
 *
 * With `explain` the body is the whole JSON document, whatever the status.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <microhttpd.h>

#include "base/answer.h"
#include "http/etag.h"
#include "render/render.h"

struct request;
struct spare;
struct spares;

struct wish {
    struct request *refused; /* the one that this answer refuses, and which is named in it; NULL: none */
    enum reason told;        /* the reason that is told of an answer without a certificate */
    enum format format;
    bool best_only;
    bool explain;
    bool by_origin; /* the answer is another one for another Origin: cors.h */
    bool close; /* the connection, once this is sent */
    bool dated; /* has a Date, which values_renew_date() brings up to date; else libmicrohttpd adds one. Never with
                 * `close`: given Connection, libmicrohttpd forgets that there is a Date, and adds another. */
};

struct reply {
    unsigned status;
    char etag[ETAG_BYTES];             /* "": none */
    struct spare *spare;               /* whose `full` is, and which the caller gives back; NULL: the reply's */
    struct MHD_Response *full;         /* holds a reference to the answer where its body stands in there as it is */
    struct MHD_Response *not_modified; /* NULL: nobody asked for it yet */
    struct bytes body;                 /* of `full`, where that sends it from the answer; else empty */
    size_t size;                       /* of the body of `full`, where there is an etag */
    size_t bytes;                      /* about what `full` costs in memory, the answer aside */
};

/* The status of an answer: 200 404 500 503 504. */
unsigned reply_status(enum outcome outcome, enum reason reason);

/* The problem that an answer without a certificate is: `told` is the reason that is told of it. */
struct problem reply_problem(enum outcome outcome, enum reason reason, enum reason told, const char *address);

/* Without not_modified. `spares`: whence a reply that will not be kept may take its response; NULL: it is kept. -1: out
 * of memory, or the answer does not fit into MAX_RESPONSE_BYTES; `reply` then holds nothing. */
int reply_make(const struct served *served, const struct wish *wish, struct spares *spares, struct reply *reply);
void reply_free(struct reply *reply);

/* The body will be sent soon: lets it come from main memory meanwhile. */
void reply_fetch_ahead(const struct reply *reply);

/* Makes reply->not_modified, of a reply with an etag. What it costs, about; 0: out of memory. */
size_t reply_make_not_modified(const struct served *served, const struct wish *wish, struct reply *reply);

/* "alice@example.org.pem", with '_' for whatever a file's name or a quoted-string had better not hold. */
#define REPLY_FILE_NAME_BYTES 128
const char *reply_file_name(struct bytes address, const char *ending, char out[REPLY_FILE_NAME_BYTES]);

#endif
