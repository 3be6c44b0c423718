/*
 * What the engine does itself instead of having a validator do it.
 *
 * Handing work over and taking it back wakes two threads, which with nothing
 * else to do takes as long as judging a small certificate. So when hardly a
 * flight is under way the engine judges, and seals, what is small. Nobody's
 * certificate shall keep the engine from others, though: one that took long is
 * the last one for a hundred times as long.
 */
#ifndef GATEWAY_ALONE_H
#define GATEWAY_ALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values that are small: so many, of such a length, plain certificates. */
#define ALONE_MAX_VALUES 2
#define ALONE_MAX_VALUE_BYTES 4096

/* Engine thread only. */
struct alone {
    size_t most_flights;    /* with more under way everything is for validators; 0: always */
    int64_t rests_until_ms; /* after one that took long */
};

/* Whether the engine may work itself: with so many flights under way, at this time of clock_mono_ms(). */
bool alone_may_work(const struct alone *alone, size_t flights, int64_t now_ms);

/* It did, and took so much of its thread's time (clock_thread_us()). */
void alone_worked(struct alone *alone, int64_t took_us, int64_t now_ms);

#endif
