/*
 * A small number for each thread that runs, so that what threads would share
 * they can have one of each: the numbers of two threads at a time differ, and one
 * that ends gives its number back. More threads than there are numbers have the
 * last one together, so what stands under a number must bear two threads at a
 * time all the same.
 */
#ifndef BASE_LANE_H
#define BASE_LANE_H

#include <stddef.h>

#define LANES 64
#define LANE_BYTES 64 /* what stands for two lanes so far apart shares no line of the processors' caches */

/* The calling thread's, less than LANES. */
size_t lane(void);

#endif
