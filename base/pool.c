#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock; /* a leaf: nothing else is locked under it, no work runs under it */
    pthread_cond_t wake;
    struct work *first, **last;
    size_t queued, max_queued;
    bool ending;
    size_t thread_count;
    pthread_t threads[];
};

/* Waits for work. NULL: there is none and there will be none. */
static struct work *pool_take(struct pool *pool)
{
    struct work *work;

    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->ending) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    work = pool->first;
    if (work != NULL) {
        pool->first = work->next;
        if (pool->first == NULL) {
            pool->last = &pool->first;
        }
        pool->queued--;
    }
    pthread_mutex_unlock(&pool->lock);
    return work;
}

static void *pool_thread(void *context)
{
    struct work *work;

    while ((work = pool_take(context)) != NULL) {
        work->run(work);
    }
    return NULL;
}

/* Signals are the main thread's: those of a pool take none. */
static void pool_start(struct pool *pool, const char *name, size_t threads)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->thread_count < threads &&
           pthread_create(&pool->threads[pool->thread_count], NULL, pool_thread, pool) == 0) {
        pthread_setname_np(pool->threads[pool->thread_count], name);
        pool->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct pool *pool_new(const char *name, size_t threads, size_t max_queued)
{
    struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));

    if (pool == NULL) {
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->last = &pool->first;
    pool->max_queued = max_queued;
    pool_start(pool, name, threads);
    if (pool->thread_count < threads || threads == 0) {
        pool_free(&pool);
    }
    return pool;
}

bool pool_submit(struct pool *pool, struct work *work)
{
    bool taken = false;

    pthread_mutex_lock(&pool->lock);
    if (!pool->ending && pool->queued < pool->max_queued) {
        work->next = NULL;
        *pool->last = work;
        pool->last = &work->next;
        pool->queued++;
        taken = true;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

void pool_free(struct pool **pool)
{
    struct pool *gone = *pool;

    *pool = NULL;
    if (gone == NULL) {
        return;
    }
    pthread_mutex_lock(&gone->lock);
    gone->ending = true;
    pthread_cond_broadcast(&gone->wake);
    pthread_mutex_unlock(&gone->lock);
    for (size_t i = 0; i < gone->thread_count; i++) {
        pthread_join(gone->threads[i], NULL);
    }
    pthread_cond_destroy(&gone->wake);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}
