/*
 * Entity tags (RFC 9110 8.8.3) and If-None-Match (13.1.2).
 */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include "base/answer.h"
#include "http/headers.h"

#define ETAG_BYTES (2 * ANSWER_DIGEST_BYTES + 3) /* with quotes and NUL */

/* The strong tag of a body: half of its SHA-256. Same bytes, same tag, on every gateway. Returns `out`. */
const char *etag_make(struct bytes body, char out[ETAG_BYTES]);

/* The same from the half of the digest that counts. */
const char *etag_of_digest(const uint8_t half[ANSWER_DIGEST_BYTES], char out[ETAG_BYTES]);

/* Whether a value of If-None-Match names the tag: "*", or a list of tags, compared weakly (W/ makes no difference).
 * What is not a tag ends the list. */
bool etag_listed(struct bytes list, const char *etag);

/* Whether one of these values does. */
static inline bool etag_is_known(const struct header_list *values, const char *etag)
{
    size_t i = 0;

    while (i < values->count && !etag_listed(values->values[i], etag)) {
        i++;
    }
    return i < values->count;
}

#endif
