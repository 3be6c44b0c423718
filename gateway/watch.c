#include "gateway/watch.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"

/* A reload may have made the interval shorter. */
#define MOST_STEP_MS 1000

struct watch {
    struct engine *engine;
    struct pool *background;
    struct lookup *lookup;
    struct reload *reload;

    struct timer step;
    int64_t looked_ms;    /* the last time */
    struct digest tried;  /* the state of the files at which a load was started last */
    bool under_way;

    /* One look. */
    struct work look;
    struct task looked;
    struct world *world;
    struct digest state;
    bool has_state;
};

static void on_background(struct work *work)
{
    struct watch *watch = (struct watch *)((char *)work - offsetof(struct watch, look));
    watch->has_state = world_files_state(watch->world->config, &watch->state) == 0;
    engine_post(watch->engine, &watch->looked);
}

static void on_looked(struct task *task)
{
    struct watch *watch = (struct watch *)((char *)task - offsetof(struct watch, looked));
    bool is_current = watch->world == lookup_world(watch->lookup);
    if (watch->has_state && is_current && !reload_is_under_way(watch->reload) &&
        !digest_equal(&watch->state, &watch->world->files)) {
        bool again = digest_equal(&watch->state, &watch->tried);
        watch->tried = watch->state;
        reload_files(watch->reload, again);
    }
    world_retire(&watch->world, watch->background);
    watch->under_way = false;
}

static void look(struct watch *watch)
{
    watch->looked_ms = clock_mono_ms();
    watch->world = world_ref(lookup_world(watch->lookup));
    watch->under_way = pool_submit(watch->background, &watch->look);
    if (!watch->under_way) {
        world_retire(&watch->world, watch->background);
    }
}

static void on_step(struct timer *timer)
{
    struct watch *watch = (struct watch *)((char *)timer - offsetof(struct watch, step));
    int64_t interval = lookup_world(watch->lookup)->config->watch_ms;
    if (interval > 0 && clock_mono_ms() - watch->looked_ms >= interval && !watch->under_way) {
        look(watch);
    }
    /* Out of memory: not watched until the next start, which is better than to end. */
    (void)engine_timer_set(watch->engine, timer, interval > 0 && interval < MOST_STEP_MS ? interval : MOST_STEP_MS);
}

struct watch *watch_new(struct engine *engine, struct pool *background, struct lookup *lookup, struct reload *reload)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return NULL;
    }
    *watch = (struct watch){
        .engine = engine,
        .background = background,
        .lookup = lookup,
        .reload = reload,
        .step = {.fire = on_step},
        .look = {.run = on_background},
        .looked = {.run = on_looked},
        .looked_ms = clock_mono_ms(),
    };
    on_step(&watch->step);
    return watch;
}

void watch_end(struct watch *watch)
{
    engine_timer_clear(&watch->step);
}

bool watch_is_under_way(const struct watch *watch)
{
    return watch->under_way;
}

void watch_free(struct watch **watch)
{
    free(*watch);
    *watch = NULL;
}
