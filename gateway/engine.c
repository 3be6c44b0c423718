#include "gateway/engine.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/timers.h"

#define MAX_SIGNALS 8

struct signal_watch {
    struct event *event;
    void (*caught)(void *context, int signal);
    void *context;
};

struct engine {
    struct event_base *base;
    struct event *wake_event;
    int wake_fd;
    struct event *posted_event; /* made due by the engine itself, when it finds tasks before it would sleep */
    bool stopped;

    struct event *soon_event;
    struct task *soon;

    pthread_mutex_t lock; /* guards the queue; a leaf: nothing else is locked while it is held */
    struct task *first;
    struct task **last;
    bool sleeps; /* or is about to: whoever posts wakes it up */

    struct timers timers;
    struct event *timer_event;
    int timer_fd;
    int64_t armed_us; /* when timer_fd will be readable; INT64_MAX: never */

    struct signal_watch signals[MAX_SIGNALS];
    unsigned signal_count;
};

static struct task *take_posted(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct task *first = engine->first;
    engine->first = NULL;
    engine->last = &engine->first;
    engine->sleeps = false;
    pthread_mutex_unlock(&engine->lock);
    return first;
}

void engine_run_posted(struct engine *engine)
{
    for (struct task *task = take_posted(engine), *next; task != NULL; task = next) {
        next = task->next;
        task->run(task);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0) {
        /* Nothing to read means that somebody else was woken by it; the queue says what is to do. */
    }
    engine_run_posted(context);
}

static void on_soon(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct engine *engine = context;
    struct task *next;
    struct task *task = engine->soon;

    for (engine->soon = NULL; task != NULL; task = next) {
        next = task->next;
        task->run(task);
    }
}

void engine_soon(struct engine *engine, struct task *task)
{
    task->next = engine->soon;
    engine->soon = task;
    event_active(engine->soon_event, EV_TIMEOUT, 0); /* behind those that are active already */
}

static void on_posted(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    engine_run_posted(context);
}

/* The timer fires at the first one's time, or before, when that one was cleared: so it is rarely set anew. */
static void arm(struct engine *engine)
{
    const struct timer *first = timers_first(&engine->timers);
    if (first == NULL || first->due_us >= engine->armed_us) {
        return;
    }
    int64_t due_us = first->due_us > 0 ? first->due_us : 1; /* 0 would disarm it */
    const struct itimerspec at = {.it_value = {due_us / 1000000, due_us % 1000000 * 1000}};
    if (timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0) {
        engine->armed_us = due_us;
    }
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct engine *engine = context;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0) {
        /* It was set anew meanwhile; what is due is seen below. */
    }
    engine->armed_us = INT64_MAX;
    int64_t now_us = clock_mono_us();
    struct timer *timer;
    while (!engine->stopped && (timer = timers_first(&engine->timers)) != NULL && timer->due_us <= now_us) {
        timers_remove(&engine->timers, timer);
        timer->fire(timer);
    }
    arm(engine);
}

static struct event *listen_to(struct engine *engine, int fd, event_callback_fn callback)
{
    struct event *event = fd >= 0 ? event_new(engine->base, fd, EV_READ | EV_PERSIST, callback, engine) : NULL;
    if (event != NULL && event_add(event, NULL) != 0) {
        event_free(event);
        event = NULL;
    }
    return event;
}

struct engine *engine_new(void)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return NULL;
    }
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    engine->armed_us = INT64_MAX;
    pthread_mutex_init(&engine->lock, NULL);
    engine->last = &engine->first;

    engine->base = event_base_new();
    if (engine->base != NULL) {
        engine->wake_event = listen_to(engine, engine->wake_fd, on_wake);
        engine->timer_event = listen_to(engine, engine->timer_fd, on_time);
        engine->posted_event = event_new(engine->base, -1, 0, on_posted, engine);
        engine->soon_event = event_new(engine->base, -1, 0, on_soon, engine);
    }
    if (engine->wake_event == NULL || engine->timer_event == NULL || engine->posted_event == NULL ||
        engine->soon_event == NULL) {
        engine_free(&engine);
    }
    return engine;
}

static void event_end(struct event *event)
{
    if (event != NULL) {
        event_free(event);
    }
}

static void descriptor_end(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void engine_free(struct engine **engine_)
{
    struct engine *engine = *engine_;
    if (engine == NULL) {
        return;
    }
    for (unsigned i = 0; i < engine->signal_count; i++) {
        event_free(engine->signals[i].event);
    }
    event_end(engine->wake_event);
    event_end(engine->timer_event);
    event_end(engine->posted_event);
    event_end(engine->soon_event);
    if (engine->base != NULL) {
        event_base_free(engine->base);
    }
    descriptor_end(engine->wake_fd);
    descriptor_end(engine->timer_fd);
    timers_close(&engine->timers);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
    *engine_ = NULL;
}

struct event_base *engine_base(struct engine *engine)
{
    return engine->base;
}

/* What was posted while the engine was at work is no reason to wake it: it looks before it sleeps. */
static bool falls_asleep(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool sleeps = engine->sleeps = engine->first == NULL;
    pthread_mutex_unlock(&engine->lock);
    return sleeps;
}

void engine_run(struct engine *engine)
{
    engine->stopped = false;
    log_gather(true);
    for (int left = 0; left == 0 && !engine->stopped; log_flush()) {
        if (!falls_asleep(engine)) {
            event_active(engine->posted_event, EV_READ, 0);
        }
        left = event_base_loop(engine->base, EVLOOP_ONCE);
    }
    log_gather(false);
}

void engine_stop(struct engine *engine)
{
    engine->stopped = true;
    event_base_loopbreak(engine->base);
}

void engine_post(struct engine *engine, struct task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&engine->lock);
    bool sleeps = engine->sleeps;
    engine->sleeps = false;
    *engine->last = task;
    engine->last = &task->next;
    pthread_mutex_unlock(&engine->lock);

    uint64_t one = 1;
    if (sleeps && write(engine->wake_fd, &one, sizeof(one)) < 0) {
        /* Only a full counter refuses a write, and then the engine is awake anyway. */
    }
}

int engine_timer_set(struct engine *engine, struct timer *timer, int64_t after_ms)
{
    return engine_timer_set_us(engine, timer, after_ms * 1000);
}

int engine_timer_set_us(struct engine *engine, struct timer *timer, int64_t after_us)
{
    engine_timer_clear(timer);
    timer->engine = engine;
    if (timers_add(&engine->timers, timer, clock_mono_us() + (after_us < 0 ? 0 : after_us)) != 0) {
        return -1;
    }
    arm(engine);
    return 0;
}

void engine_timer_clear(struct timer *timer)
{
    if (timer->place != 0) {
        timers_remove(&timer->engine->timers, timer);
    }
}

static void on_signal(evutil_socket_t signal, short what, void *context)
{
    (void)what;
    struct signal_watch *watch = context;
    watch->caught(watch->context, signal);
}

int engine_catch(struct engine *engine, int signal, void (*caught)(void *context, int signal), void *context)
{
    if (engine->signal_count == MAX_SIGNALS) {
        return -1;
    }
    struct signal_watch *watch = &engine->signals[engine->signal_count];
    *watch = (struct signal_watch){.caught = caught, .context = context};
    watch->event = evsignal_new(engine->base, signal, on_signal, watch);
    if (watch->event == NULL) {
        return -1;
    }
    engine->signal_count++;
    return evsignal_add(watch->event, NULL);
}
