/*
 * Responses that serve again, with another body of the same size. Private to http/.
 *
 * libmicrohttpd allocates three blocks for each header field of a response, and
 * most fields are the same in every answer of a kind. So a thread keeps responses
 * of answers that are not worth to be kept: the next body is written over the
 * last, and so are values of the same length; fields are replaced only from the
 * first of another length on. A response's size cannot be changed, so they are
 * found by that, and of the first few with the same fields one is taken whose
 * values are as long, if there is one.
 *
 * A response that is on its way must not change: it is whoever's took it until
 * libmicrohttpd says that the request is completed.
 */
#ifndef HTTP_SPARE_H
#define HTTP_SPARE_H

#include <microhttpd.h>

#include "base/bytes.h"

/* An ordinary certificate. Larger bodies are not copied. */
#define SPARE_BODY_BYTES 4096

struct response_headers;
struct spare;
struct spares;

/* `may_write`: values_may_be_written(); else a value is deleted and added. NULL: out of memory. To be freed only when
 * all that was taken is given back. */
struct spares *spares_new(bool may_write);
void spares_free(struct spares **spares);

/* A response with this body, of 1 to SPARE_BODY_BYTES, and these fields; both are copied. NULL: out of
 * memory, or they are more fields than there is room for. */
struct spare *spares_take(struct spares *spares, struct bytes body, const struct response_headers *headers);

/* The spare's: not to be destroyed. */
struct MHD_Response *spare_response(const struct spare *spare);

/* Takes back what was taken, for the next; or frees it. */
void spares_give_back(struct spares *spares, struct spare **spare);

/* How many it keeps, ready to be taken. */
size_t spares_count(const struct spares *spares);

#endif
