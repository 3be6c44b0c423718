/*
 * What a batch says of a recipient, ready-made, for answers that are asked for
 * often. Private to http/.
 *
 * As in hot.h: a table for each thread, found by the answer itself, to which an
 * entry holds a reference; bounded in bytes, the answers' own included. What is
 * said of an answer never changes, so a fragment is good as long as its answer
 * may be served, which is decided before anybody looks here.
 */
#ifndef HTTP_FRAGMENTS_H
#define HTTP_FRAGMENTS_H

#include "base/answer.h"
#include "base/bytes.h"

struct fragments;

/* NULL: out of memory. */
struct fragments *fragments_new(size_t max_bytes);
void fragments_free(struct fragments **fragments);

/* Until the next fragments_put(); .data NULL: none is here. */
struct bytes fragments_get(struct fragments *fragments, const struct answer *answer);

/* Keeps a copy, and a reference to the answer, if there is room for it at all. */
void fragments_put(struct fragments *fragments, struct answer *answer, struct bytes fragment);

size_t fragments_bytes(const struct fragments *fragments);

#endif
