/*
 * How much each of many clients may have: a token bucket for each, in a table of
 * fixed size.
 *
 * A bucket holds `burst` at most, and fills at `per_minute`. It is kept as one
 * number, the time at which it will be full again (the "theoretical arrival time"
 * of the generic cell rate algorithm, ITU-T I.371): taking moves that time into
 * the future, and more than the whole burst into the future it must not get.
 *
 * The table never grows, whoever asks. A client that is not in it takes over the
 * place, of the few where it may be, whose bucket is nearest to full, with what is
 * missing in there. So who asks under ever new names gets no more than all places
 * together give; and nothing is missing in most places, as a bucket that was left
 * alone is full again.
 *
 * No lock: any thread, at any time.
 */
#ifndef BASE_LIMITER_H
#define BASE_LIMITER_H

#include <stddef.h>
#include <stdint.h>

struct limiter;

struct rate {
    int64_t per_minute; /* 1 to MAX_RATE; 0: no limit */
    int64_t burst;      /* at once, after a rest: 1 to MAX_RATE */
};

#define MAX_RATE 60000000

/* Of so many places, rounded up to a power of two. NULL: out of memory. */
struct limiter *limiter_new(size_t places);
void limiter_free(struct limiter **limiter);

/* Takes `wanted` for the client, or as many as there are, if these are `least` or more: returns how many. `client` is a
 * hash that nobody outside can aim at, and not 0. Microseconds of a clock that never goes back. */
size_t limiter_take(struct limiter *limiter, uint64_t client, const struct rate *rate, size_t least, size_t wanted,
                    int64_t now_us);

/* How many it could take. */
size_t limiter_left(const struct limiter *limiter, uint64_t client, const struct rate *rate, int64_t now_us);

/* In how many seconds `wanted`, at most a whole burst, will be there for it: 1 or more, 0 if they are there now. */
int64_t limiter_wait_s(const struct limiter *limiter, uint64_t client, const struct rate *rate, size_t wanted,
                       int64_t now_us);

#endif
