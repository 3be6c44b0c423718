#include "http/body.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "http/listener.h"

bool body_hold(struct body *body, struct http *http, size_t bytes)
{
    size_t before = atomic_fetch_add(&http->held, bytes);

    if (before + bytes > MAX_HELD_BYTES) {
        atomic_fetch_sub(&http->held, bytes);
        count(COUNT_LIMIT_HELD_BYTES);
        return false;
    }
    body->held += bytes;
    return true;
}

static void lose(struct body *body)
{
    free(body->data);
    body->data = NULL;
    body->lost = true;
}

void body_take(struct body *body, struct http *http, struct bytes piece)
{
    if (body->length == 0 || body->lost) {
        return;
    }
    if (body->data == NULL) {
        body->data = malloc(body->length);
    }
    /* libmicrohttpd never gives more than was announced; what it is trusted with stays checked. */
    if (body->data == NULL || piece.size > body->length - body->size || !body_hold(body, http, piece.size)) {
        lose(body);
        return;
    }
    memcpy(body->data + body->size, piece.data, piece.size);
    body->size += piece.size;
}

void body_free(struct body *body, struct http *http)
{
    free(body->data);
    if (body->held > 0) {
        atomic_fetch_sub(&http->held, body->held);
    }
    *body = (struct body){0};
}
