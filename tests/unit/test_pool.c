#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "tests/unit/scarce.h"

struct job {
    struct work work;
    atomic_int runs;
    int order;
};

static atomic_int done;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void run_job(struct work *work)
{
    struct job *job = (struct job *)work;

    atomic_fetch_add(&job->runs, 1);
    job->order = atomic_fetch_add(&done, 1);
}

/* Holds a thread up until the test opens the gate. */
static void run_held(struct work *work)
{
    atomic_fetch_add(&((struct job *)work)->runs, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void everything_queued_runs_once(void **state)
{
    static struct job jobs[1000];
    struct pool *pool = pool_new("testers", 4, 1000);

    (void)state;
    assert_non_null(pool);
    for (int i = 0; i < 1000; i++) {
        jobs[i].work.run = run_job;
        assert_true(pool_submit(pool, &jobs[i].work));
    }
    pool_free(&pool);
    assert_null(pool);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(atomic_load(&jobs[i].runs), 1);
    }
}

static void one_thread_keeps_the_order(void **state)
{
    static struct job jobs[100];
    struct pool *pool = pool_new("a name of more than fifteen characters", 1, 100);

    (void)state;
    atomic_store(&done, 0);
    for (int i = 0; i < 100; i++) {
        jobs[i].work.run = run_job;
        assert_true(pool_submit(pool, &jobs[i].work));
    }
    pool_free(&pool);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(jobs[i].order, i);
    }
}

static void a_full_queue_refuses(void **state)
{
    struct job held = {{run_held, NULL}, 0, 0}, first = {{run_job, NULL}, 0, 0}, second = first, third = first;
    struct pool *pool = pool_new("testers", 1, 2);

    (void)state;
    pthread_mutex_lock(&gate);
    assert_true(pool_submit(pool, &held.work));
    while (atomic_load(&held.runs) == 0) {
        sched_yield();
    }
    assert_true(pool_submit(pool, &first.work));
    assert_true(pool_submit(pool, &second.work));
    assert_false(pool_submit(pool, &third.work));
    pthread_mutex_unlock(&gate);
    pool_free(&pool);
    assert_int_equal(atomic_load(&first.runs), 1);
    assert_int_equal(atomic_load(&second.runs), 1);
    assert_int_equal(atomic_load(&third.runs), 0);
}

static struct pool *ending;
static atomic_int late_taken;

static void run_late(struct work *work)
{
    static struct job late = {{run_job, NULL}, 0, 0};

    run_held(work);
    while (pool_submit(ending, &late.work)) {
        while (atomic_load(&late.runs) == atomic_load(&late_taken)) {
            sched_yield();
        }
        atomic_fetch_add(&late_taken, 1);
    }
}

static void *end_pool(void *context)
{
    struct pool *pool = context;

    pool_free(&pool);
    return NULL;
}

/* Work that submits more work while the pool ends is told no, and the pool ends. */
static void an_ending_pool_refuses(void **state)
{
    struct job job = {{run_late, NULL}, 0, 0};
    pthread_t thread;

    (void)state;
    ending = pool_new("testers", 2, 10);
    pthread_mutex_lock(&gate);
    assert_true(pool_submit(ending, &job.work));
    assert_int_equal(pthread_create(&thread, NULL, end_pool, ending), 0);
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&job.runs), 1);
}

static void run_signals(struct work *work)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    ((struct job *)work)->order = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
}

static void signals_go_elsewhere(void **state)
{
    struct job job = {{run_signals, NULL}, 0, 0};
    struct pool *pool = pool_new("testers", 1, 1);
    sigset_t blocked;

    (void)state;
    pool_submit(pool, &job.work);
    pool_free(&pool);
    assert_true(job.order);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    assert_false(sigismember(&blocked, SIGTERM));
}

static void out_of_memory(void **state)
{
    struct pool *none = NULL;

    (void)state;
    scarce_begin(1);
    assert_null(pool_new("testers", 1, 1));
    assert_true(scarce_end());
    assert_null(pool_new("testers", 0, 1));
    pool_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_queued_runs_once),
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(an_ending_pool_refuses),
        cmocka_unit_test(signals_go_elsewhere),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
