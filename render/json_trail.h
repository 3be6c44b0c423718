/*
 * The member "explanation" of a value. Private to render/json*.c.
 */
#ifndef RENDER_JSON_TRAIL_H
#define RENDER_JSON_TRAIL_H

#include "base/trail.h"
#include "render/json_tree.h"

/* NULL puts nothing. */
void json_trail_put(struct json_tree *tree, json_t *object, const struct trail *trail);

#endif
