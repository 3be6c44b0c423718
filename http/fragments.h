/*
 * What a batch says of a recipient, ready-made, for addresses that are asked for
 * often. Private to http/.
 *
 * As hot.h: a table for each thread, so that nobody takes a lock; bounded in
 * bytes, the answers' own included, since an entry may be the last to hold one.
 * An entry is found by the address as it was sent, letter for letter. What is
 * said of an answer never changes; whether it may still be served is for the
 * caller to ask, each time.
 */
#ifndef HTTP_FRAGMENTS_H
#define HTTP_FRAGMENTS_H

#include "base/answer.h"
#include "base/bytes.h"

struct fragments;

/* NULL: out of memory. */
struct fragments *fragments_new(size_t max_bytes);
void fragments_free(struct fragments **fragments);

struct fragment {
    struct answer *answer; /* borrowed; NULL: nothing is here */
    struct bytes text;
};

/* Both are the table's, until the next fragments_put(). */
struct fragment fragments_get(struct fragments *fragments, struct bytes address);

/* Keeps copies, and a reference to the answer, in the place of what was there; unless there is no room at all. */
void fragments_put(struct fragments *fragments, struct bytes address, const struct fragment *fragment);

size_t fragments_bytes(const struct fragments *fragments);

#endif
