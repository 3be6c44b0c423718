/*
 * The engine: one thread with one event loop (libevent) that owns all flights,
 * timers, the connection to Redis, and signals. It never blocks. Other threads
 * reach it by engine_post() alone.
 *
 * Scenario tests put their own engine in the place of this one at link time:
 * the same functions, with time that the test moves.
 */
#ifndef GATEWAY_ENGINE_H
#define GATEWAY_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct event_base;

/* NULL: no memory, no descriptors. */
struct engine *engine_new(void);

/* After engine_run() returned, and after every timer was cleared. Tasks that are still posted are not run. */
void engine_free(struct engine **engine);

/* The event loop, for those who live on it (Redis). */
struct event_base *engine_base(struct engine *engine);

/* Runs on the calling thread, which is the engine thread from then on, until engine_stop(). May be run again. What the
 * thread logs meanwhile is gathered (see base/log.h), and written at the end of each turn of the loop. */
void engine_run(struct engine *engine);
void engine_stop(struct engine *engine);

/* Runs the tasks that are posted now, without waiting. */
void engine_run_posted(struct engine *engine);

/* Something to do on the engine thread. Lives in its owner's struct until `run` was called. */
struct task {
    void (*run)(struct task *task);
    struct task *next;
};

/* From any thread; never fails, never waits. In the order of posting. */
void engine_post(struct engine *engine, struct task *task);

/* Runs the task once the callbacks are through that are due now. Engine thread only; no system call. A task that is on
 * its way must not be given again. What has not run when engine_run() ends runs with the next one, if any. */
void engine_soon(struct engine *engine, struct task *task);

/* A moment to wake up at. Lives in its owner's struct, zeroed but for `fire`; engine thread only. */
struct timer {
    void (*fire)(struct timer *timer);
    struct engine *engine; /* the rest is the engine's */
    size_t place;          /* 0: it is not set */
    int64_t due_us;
};

/* (Re)sets the timer to `after_ms` from now. -1: out of memory, it is not set. */
int engine_timer_set(struct engine *engine, struct timer *timer, int64_t after_ms);
int engine_timer_set_us(struct engine *engine, struct timer *timer, int64_t after_us);
void engine_timer_clear(struct timer *timer);

/* Calls `caught` on the engine thread when the process gets the signal. -1: cannot. */
int engine_catch(struct engine *engine, int signal, void (*caught)(void *context, int signal), void *context);

#endif
