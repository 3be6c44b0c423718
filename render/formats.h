/*
 * The function of each format, for the table in render.c. Options are never
 * NULL here.
 */
#ifndef RENDER_FORMATS_H
#define RENDER_FORMATS_H

#include "render/render.h"

int render_json(const struct answer *answer, const struct render_options *options, struct buffer *out);
int render_text(const struct answer *answer, const struct render_options *options, struct buffer *out);
int render_vcard(const struct answer *answer, const struct render_options *options, struct buffer *out);
int render_vcard3(const struct answer *answer, const struct render_options *options, struct buffer *out);
int render_ldif(const struct answer *answer, const struct render_options *options, struct buffer *out);

/* "alice@xn--bcher-kva.example" → the same with U-labels, in `parsed`; the address itself where it has none. */
const char *render_display_address(const struct answer *answer, struct address *parsed);

#endif
