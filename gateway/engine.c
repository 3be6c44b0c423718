#include "gateway/engine.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

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

    struct event *soon_event;
    struct task *soon;

    pthread_mutex_t lock; /* guards the queue; a leaf: nothing else is locked while it is held */
    struct task *first;
    struct task **last;

    struct signal_watch signals[MAX_SIGNALS];
    unsigned signal_count;
};

static struct task *take_posted(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct task *first = engine->first;
    engine->first = NULL;
    engine->last = &engine->first;
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

/* Timers that count real milliseconds: by default libevent reads a clock that lags behind by up to 10. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0) {
        base = event_base_new_with_config(config);
    }
    if (config != NULL) {
        event_config_free(config);
    }
    return base;
}

struct engine *engine_new(void)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return NULL;
    }
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&engine->lock, NULL);
    engine->last = &engine->first;

    engine->base = new_base();
    if (engine->wake_fd >= 0 && engine->base != NULL) {
        engine->wake_event = event_new(engine->base, engine->wake_fd, EV_READ | EV_PERSIST, on_wake, engine);
        engine->soon_event = event_new(engine->base, -1, 0, on_soon, engine);
    }
    if (engine->wake_event == NULL || engine->soon_event == NULL || event_add(engine->wake_event, NULL) != 0) {
        engine_free(&engine);
    }
    return engine;
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
    if (engine->wake_event != NULL) {
        event_free(engine->wake_event);
    }
    if (engine->soon_event != NULL) {
        event_free(engine->soon_event);
    }
    if (engine->base != NULL) {
        event_base_free(engine->base);
    }
    if (engine->wake_fd >= 0) {
        close(engine->wake_fd);
    }
    pthread_mutex_destroy(&engine->lock);
    free(engine);
    *engine_ = NULL;
}

struct event_base *engine_base(struct engine *engine)
{
    return engine->base;
}

void engine_run(struct engine *engine)
{
    event_base_dispatch(engine->base);
}

void engine_stop(struct engine *engine)
{
    event_base_loopbreak(engine->base);
}

void engine_post(struct engine *engine, struct task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&engine->lock);
    bool was_empty = engine->first == NULL;
    *engine->last = task;
    engine->last = &task->next;
    pthread_mutex_unlock(&engine->lock);

    uint64_t one = 1;
    if (was_empty && write(engine->wake_fd, &one, sizeof(one)) < 0) {
        /* Only a full counter refuses a write, and then the engine is awake anyway. */
    }
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct timer *timer = context;
    timer->fire(timer);
}

int engine_timer_set(struct engine *engine, struct timer *timer, int64_t after_ms)
{
    if (timer->event == NULL) {
        timer->event = evtimer_new(engine->base, on_timer, timer);
    }
    if (after_ms < 0) {
        after_ms = 0;
    }
    struct timeval after = {.tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000};
    return timer->event != NULL && evtimer_add(timer->event, &after) == 0 ? 0 : -1;
}

void engine_timer_clear(struct timer *timer)
{
    if (timer->event != NULL) {
        event_free(timer->event);
        timer->event = NULL;
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
