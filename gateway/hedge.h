/*
 * Whether Redis and the directories are asked at the same time.
 *
 * Mostly Redis is asked first, and the directories when it has nothing: that
 * spares them a search. A Redis that is cold, after a start or a flush, or
 * addresses that nobody asked for before, make each lookup wait for nothing
 * first. So once several lookups in a row found nothing there, both are asked at
 * once, while hardly a flight is under way. The first thing that Redis has ends
 * it: of so many lookups the directories search for one, or for as many as may
 * be under way, without need.
 *
 * Whatever comes first serves: a record that may, or the whole answer of all the
 * directories, which is newer than any record. What is less than that waits for
 * what Redis has.
 */
#ifndef GATEWAY_HEDGE_H
#define GATEWAY_HEDGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Any thread. */
struct hedge {
    unsigned after;      /* so many lookups in a row; 0: never */
    size_t most_flights; /* with more under way, directories are asked when it is known that they must be */
    atomic_uint misses;  /* in a row, no further than `after` */
};

/* Whether it is worth it, for a lookup that makes it so many flights under way. */
bool hedge_is_on(const struct hedge *hedge, size_t flights);

/* Redis answered, and had a record, whatever became of that, or none. */
void hedge_note(struct hedge *hedge, bool had_one);

#endif
