/*
 * Ready-made responses for answers that are asked for often. Private to http/.
 *
 * Each thread of libmicrohttpd has a table of its own, so a hit takes no lock
 * that another thread wants, and formats and allocates nothing. What stands
 * here is found by the answer itself: an entry holds a reference to its answer,
 * so the same pointer is the same answer, and a newer answer for the same
 * address is simply another key. Whether an answer may still be served is
 * decided before anybody looks here.
 *
 * Bounded in bytes, the answers' own included, since an entry may be the last
 * to hold one. Room is made as by CLOCK: a hand goes round and takes what has
 * not been used since it last came by.
 */
#ifndef HTTP_HOT_H
#define HTTP_HOT_H

#include "http/reply.h"

struct hot;

/* NULL: out of memory. */
struct hot *hot_new(size_t max_bytes);
void hot_free(struct hot **hot);

/* `variant` tells apart the replies that one answer gives. The reply is the table's, until the next hot_put(). */
const struct reply *hot_get(struct hot *hot, const struct answer *answer, unsigned variant);

/* Takes over what `reply` holds and takes a reference to the answer. False: larger than the whole table, and nothing
 * happened. */
bool hot_put(struct hot *hot, struct answer *answer, unsigned variant, const struct reply *reply);

size_t hot_bytes(const struct hot *hot);

#endif
