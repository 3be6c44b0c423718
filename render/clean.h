/*
 * Text from outside, made fit to be shown.
 *
 * A subject, a DN or a server's words may hold anything: octets that are no
 * UTF-8, escape sequences that drive a terminal, characters that turn the
 * direction of writing or that nobody sees. These functions leave the rest as
 * it is and write such things so that they can be seen and do nothing.
 */
#ifndef RENDER_CLEAN_H
#define RENDER_CLEAN_H

#include "base/buffer.h"

/* The code point at text.data[*at], which moves behind it. -1: no UTF-8 there (RFC 3629); then it moves by one octet.
 * *at must be less than text.size. */
int32_t clean_next(struct bytes text, size_t *at);

/* What is not UTF-8 becomes U+FFFD: fit for JSON, which escapes the rest itself. */
void clean_append_utf8(struct buffer *out, struct bytes text);

/* The same, and controls, directional and invisible characters become \u{9b}: fit for a terminal. One line. */
void clean_append_terminal(struct buffer *out, struct bytes text);

/* For an address book: what a terminal may not be given becomes U+FFFD; joiners (U+200C, U+200D) stay, which names in
 * Persian and Indic scripts are spelled with. */
void clean_append_card(struct buffer *out, struct bytes text);

/* Whether that would change nothing. */
bool clean_is_fit_for_card(struct bytes text);

/* `json` is well-formed JSON: DEL, C1 controls, directional and invisible characters, which RFC 8259 allows raw inside
 * strings, become \u escapes. The meaning stays the same. */
void clean_append_json(struct buffer *out, struct bytes json);

#endif
