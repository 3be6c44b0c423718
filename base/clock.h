/*
 * The only functions that read a clock. Scenario tests put their own in their
 * place at link time and move it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Seconds since 1970-01-01T00:00:00Z: validity, lives, HTTP dates. */
int64_t clock_wall_s(void);

/* The same in milliseconds, for the log. */
int64_t clock_wall_ms(void);

/* Milliseconds of a clock that never goes back: deadlines, durations. Its zero means nothing. */
int64_t clock_mono_ms(void);

/* The same in microseconds, for measuring. */
int64_t clock_mono_us(void);

/* Microseconds that the calling thread has been running. */
int64_t clock_thread_us(void);

#endif
