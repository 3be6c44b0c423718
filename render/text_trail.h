/*
 * How a verdict came about, for people. Private to render/text*.c.
 */
#ifndef RENDER_TEXT_TRAIL_H
#define RENDER_TEXT_TRAIL_H

#include "render/text_field.h"

/* Why the value stands where it does, by which policy, which rules it breaks, and each chain as a tree. */
void text_trail(struct writer *writer, const struct trail *trail);

#endif
