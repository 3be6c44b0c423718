/*
 * Lookups that failed a moment ago and are not to be tried again at once.
 *
 * A lookup that ended unknown rests for 1 s, then 2, 4 … up to 30 s while it
 * goes on failing; a success clears it. One whose directories answered, and
 * whose verdict waits for evidence, rests until there is other evidence, if that
 * is earlier: the number of a snapshot says which it was judged by. A fixed table
 * of 32,768 places; when the places for one are taken, the one that ends first
 * gives way, which costs that directory one search too many and nothing else.
 * Engine thread only.
 */
#ifndef GATEWAY_BACKOFF_H
#define GATEWAY_BACKOFF_H

#include "base/bytes.h"

struct backoff;

struct backoff *backoff_new(void); /* NULL: out of memory */
void backoff_free(struct backoff **backoff);

/* Milliseconds that the lookup of `address`, in the world of this generation, is still to rest, while `evidence` is the
 * snapshot; 0: it may be tried. */
int64_t backoff_remaining_ms(const struct backoff *backoff, struct bytes address, uint64_t generation,
                             uint64_t evidence, int64_t now_ms);

/* Whether its last attempt failed, within a minute after the rest that it got for that. */
bool backoff_failed_lately(const struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms);

/* How many milliseconds it would rest if it failed now. */
int64_t backoff_next_ms(const struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms);

/* It failed: how many milliseconds it rests now. `awaits`: for want of evidence that this snapshot has not; 0: for any
 * other reason. */
int64_t backoff_fail(struct backoff *backoff, struct bytes address, uint64_t generation, uint64_t awaits,
                     int64_t now_ms);

/* It may be tried now; if it fails, it rests as long as it did. */
void backoff_end_rest(struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms);

void backoff_clear(struct backoff *backoff, struct bytes address, uint64_t generation);

#endif
