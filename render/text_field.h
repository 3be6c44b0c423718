/*
 * Lines of text for people: "     subject    CN=…", wrapped under themselves,
 * whatever comes from outside made clean. Private to render/text*.c.
 */
#ifndef RENDER_TEXT_FIELD_H
#define RENDER_TEXT_FIELD_H

#include "render/render.h"

#define TEXT_INDENT 5

struct writer {
    struct buffer *out;
    const struct render_options *options;
    int deeper; /* columns that the values of fields stand further in: for trees */
};

enum colour { COLOUR_GOOD, COLOUR_BAD, COLOUR_DOUBT };

void text_coloured(struct writer *writer, enum colour colour, const char *text);
void text_clean(struct writer *writer, const char *text);

/* `pieces` of what may come from outside, made clean and put together behind the label. A NULL piece ends them. */
void text_field(struct writer *writer, const char *label, const char *const *pieces);
#define FIELD(writer_, label_, ...) text_field((writer_), (label_), (const char *const[]){__VA_ARGS__, NULL})

#endif
