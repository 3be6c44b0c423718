#include <time.h>

#include "base/clock.h"
#include "tests/scenario/played.h"

#define SLOW_US 200000

static int64_t start_wall_s, passed_ms, ahead_s, thread_us, look_us;

void played_clock_start(void)
{
    start_wall_s = time(NULL);
    passed_ms = ahead_s = look_us = 0;
}

void played_clock_pass(int64_t ms)
{
    passed_ms += ms;
}

void played_clock_slow(bool slow)
{
    look_us = slow ? SLOW_US : 0;
}

void played_clock_ahead(int64_t s)
{
    ahead_s = s;
}

int64_t clock_wall_s(void)
{
    return start_wall_s + ahead_s + passed_ms / 1000;
}

int64_t clock_wall_ms(void)
{
    return (start_wall_s + ahead_s) * 1000 + passed_ms;
}

int64_t clock_mono_ms(void)
{
    return 1000000 + passed_ms;
}

int64_t clock_mono_us(void)
{
    return clock_mono_ms() * 1000;
}

int64_t clock_thread_us(void)
{
    return thread_us += look_us;
}
