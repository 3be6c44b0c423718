/*
 * Threads that take work from one bounded queue: the validators, the resolvers.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* One piece of work; lives inside the submitter's struct until `run` was called. */
struct work {
    void (*run)(struct work *work);
    struct work *next;
};

/* `name` (at most 15 characters) names the threads. NULL: no threads to be had. */
struct pool *pool_new(const char *name, size_t threads, size_t max_queued);

/* False: the queue is full or the pool ends; nothing happened. Thread-safe. */
bool pool_submit(struct pool *pool, struct work *work);

/* Runs what is queued to its end, then ends the threads. */
void pool_free(struct pool **pool);

#endif
