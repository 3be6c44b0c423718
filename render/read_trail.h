/*
 * The reverse of json_trail_put(). Private to render/read_*.c.
 */
#ifndef RENDER_READ_TRAIL_H
#define RENDER_READ_TRAIL_H

#include "render/read_part.h"

/* `object` NULL: there is none, and *trail stays NULL. -1: more than MAX_TRAIL_* of something, or a word that is not
 * known; the words say which. *trail is then still the caller's to free. */
int read_trail(struct reader *reader, const json_t *object, struct trail **trail);

#endif
