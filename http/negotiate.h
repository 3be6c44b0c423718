/*
 * Which format a client gets: `?format=`, else Accept (RFC 9110 12.5.1), else
 * what the resource gives by default.
 *
 * Among the formats a resource offers, the one with the highest quality wins;
 * between equals, the one that the client named more exactly ("application/json"
 * over a range with stars); then the resource's default; then the order of render_formats[].
 * A media range that cannot be read is passed over.
 */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include "base/bytes.h"
#include "render/render.h"

#define NEGOTIATE_RANGES_MAX 64 /* media ranges looked at; the rest is passed over */
#define NEGOTIATE_TYPES_MAX 16  /* media types that are chosen from */

/* What a resource offers: bit n for enum format n. */
#define FORMAT_BIT(format_) (1u << (format_))

/* `accept`: the values of all Accept fields; none, or none that can be read: everything is welcome.
 * False: nothing that is offered is acceptable; `format` is unchanged. */
bool negotiate_accept(const struct bytes *accept, size_t count, unsigned offered, enum format preferred,
                      enum format *format);

/* Likewise among media types, NEGOTIATE_TYPES_MAX at most, of which the first is given by default, and where none is
 * acceptable, too: that is of more use than a 406. Returns which. */
size_t negotiate_type(const struct bytes *accept, size_t count, const char *const *media_types, size_t type_count);

/* The value of `?format=`. False: no such format, or none for HTTP. Whether it is offered is the caller's to ask. */
bool negotiate_name(struct bytes name, enum format *format);

#endif
