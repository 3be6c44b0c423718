#include "gateway/trimming.h"

#include <malloc.h>
#include <stddef.h>

#define TRIM_EVERY_MS 20000

static void trim(struct work *work)
{
    struct trimming *trimming = (struct trimming *)((char *)work - offsetof(struct trimming, work));

#ifdef __GLIBC__
    malloc_trim(0);
#endif
    atomic_store(&trimming->under_way, false);
}

static void on_time(struct timer *timer)
{
    struct trimming *trimming = (struct trimming *)((char *)timer - offsetof(struct trimming, timer));

    if (!atomic_exchange(&trimming->under_way, true) && !pool_submit(trimming->background, &trimming->work)) {
        atomic_store(&trimming->under_way, false);
    }
    engine_timer_set(trimming->engine, timer, TRIM_EVERY_MS);
}

void trimming_begin(struct trimming *trimming, struct engine *engine, struct pool *background)
{
    *trimming = (struct trimming){.engine = engine, .background = background, .timer = {.fire = on_time},
                                  .work = {.run = trim}};
    engine_timer_set(engine, &trimming->timer, TRIM_EVERY_MS);
}

void trimming_end(struct trimming *trimming)
{
    if (trimming->engine != NULL) {
        engine_timer_clear(&trimming->timer);
    }
}
