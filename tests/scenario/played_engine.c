#include <stdlib.h>

#include "base/clock.h"
#include "base/pool.h"
#include "gateway/engine.h"
#include "tests/scenario/played.h"

#define TIMERS_MAX 256

struct engine {
    char unused;
};

struct pool {
    char unused;
};

static struct task *first_task, **last_task = &first_task;
static struct work *first_work, **last_work = &first_work;
static struct {
    struct timer *timer;
    int64_t due_ms;
} timers[TIMERS_MAX];

struct engine *engine_new(void)
{
    return calloc(1, sizeof(struct engine));
}

void engine_free(struct engine **engine)
{
    free(*engine);
    *engine = NULL;
}

struct event_base *engine_base(struct engine *engine)
{
    (void)engine;
    return NULL;
}

void engine_post(struct engine *engine, struct task *task)
{
    (void)engine;
    task->next = NULL;
    *last_task = task;
    last_task = &task->next;
}

void engine_run_posted(struct engine *engine)
{
    (void)engine;
    while (first_task != NULL) {
        struct task *task = first_task;
        first_task = task->next;
        if (first_task == NULL) {
            last_task = &first_task;
        }
        task->run(task);
    }
}

int engine_timer_set(struct engine *engine, struct timer *timer, int64_t after_ms)
{
    (void)engine;
    engine_timer_clear(timer);
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer == NULL) {
            timers[i].timer = timer;
            timers[i].due_ms = clock_mono_ms() + after_ms;
            return 0;
        }
    }
    return -1;
}

int engine_timer_set_us(struct engine *engine, struct timer *timer, int64_t after_us)
{
    return engine_timer_set(engine, timer, (after_us + 999) / 1000);
}

void engine_timer_clear(struct timer *timer)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer == timer) {
            timers[i].timer = NULL;
        }
    }
}

int64_t played_next_timer_ms(void)
{
    int64_t next = -1;
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        int64_t in = timers[i].due_ms - clock_mono_ms();
        if (timers[i].timer != NULL && (next < 0 || in < next)) {
            next = in > 0 ? in : 0;
        }
    }
    return next;
}

void played_fire_timers(void)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer != NULL && timers[i].due_ms <= clock_mono_ms()) {
            struct timer *timer = timers[i].timer;
            timers[i].timer = NULL;
            timer->fire(timer);
        }
    }
}

struct pool *pool_new(const char *name, size_t threads, size_t max_queued)
{
    (void)name, (void)threads, (void)max_queued;
    return calloc(1, sizeof(struct pool));
}

void pool_free(struct pool **pool)
{
    free(*pool);
    *pool = NULL;
}

bool pool_submit(struct pool *pool, struct work *work)
{
    (void)pool;
    work->next = NULL;
    *last_work = work;
    last_work = &work->next;
    return true;
}

static bool pools_hang, newest_first, only_once;

void played_pools(bool hang, bool newest)
{
    pools_hang = hang;
    newest_first = newest;
    only_once = false;
}

void played_pools_once(void)
{
    played_pools(false, false);
    only_once = true;
}

/* Turns the list round. */
static void turn_work(void)
{
    struct work *turned = NULL;
    last_work = &first_work;
    while (first_work != NULL) {
        struct work *next = first_work->next;
        if (turned == NULL) {
            last_work = &first_work->next;
        }
        first_work->next = turned;
        turned = first_work;
        first_work = next;
    }
    first_work = turned;
    if (turned == NULL) {
        last_work = &first_work;
    }
}

bool played_run_pools(void)
{
    if (pools_hang) {
        return false;
    }
    if (newest_first) {
        turn_work();
    }
    bool any = first_work != NULL;
    while (first_work != NULL) {
        struct work *work = first_work;
        first_work = work->next;
        if (first_work == NULL) {
            last_work = &first_work;
        }
        work->run(work);
    }
    if (only_once && any) {
        played_pools(true, false);
    }
    return any;
}

void played_settle(void)
{
    do {
        engine_run_posted(NULL);
    } while (played_run_pools());
}
