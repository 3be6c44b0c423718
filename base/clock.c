#include "base/clock.h"

#include <time.h>

/* clock_gettime() cannot fail for these clocks on Linux. */
static struct timespec clock_read(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return now;
}

int64_t clock_wall_s(void)
{
    return clock_read(CLOCK_REALTIME).tv_sec;
}

int64_t clock_wall_ms(void)
{
    struct timespec now = clock_read(CLOCK_REALTIME);

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

static int64_t in_us(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return in_us(clock_read(CLOCK_MONOTONIC));
}

int64_t clock_thread_us(void)
{
    return in_us(clock_read(CLOCK_THREAD_CPUTIME_ID));
}
