#include "http/worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "http/arrivals.h"
#include "base/metrics.h"
#include "http/fragments.h"
#include "http/hot.h"
#include "http/request.h"
#include "http/rules.h"
#include "http/slow.h"
#include "http/spare.h"
#include "http/values.h"

#define PAUSE_NS 10000000

/* How often flush() is called at least, arrivals are looked over, and whoever is deaf listens. */
#define SIDE_MS 1000

/* How long a wait may take while a request lingers. */
#define LINGER_MS 1

/* How many workers a thread puts off to wake; more are woken at once. */
#define MAX_UNWOKEN 64

void worker_init(struct worker *worker, struct http *http, atomic_size_t *connections)
{
    memset(worker, 0, sizeof(*worker));
    worker->http = http;
    worker->connections = connections;
    worker->may_write = values_may_be_written();
    worker->wake_fd = -1;
}

struct hot *worker_hot(struct worker *worker)
{
    if (worker->hot == NULL && worker->http->hot_bytes > 0) {
        worker->hot = hot_new(worker->http->hot_bytes);
    }
    return worker->hot;
}

struct fragments *worker_fragments(struct worker *worker)
{
    if (worker->fragments == NULL && worker->http->hot_bytes > 0) {
        worker->fragments = fragments_new(worker->http->hot_bytes);
    }
    return worker->fragments;
}

struct spares *worker_spares(struct worker *worker)
{
    if (worker->spares == NULL) {
        worker->spares = spares_new(worker->may_write);
    }
    return worker->spares;
}

const struct rules *worker_rules(struct worker *worker)
{
    struct http *http = worker->http;

    if (worker->rules == NULL ||
        worker->rules->number != atomic_load_explicit(&http->rules_number, memory_order_relaxed)) {
        rules_free(&worker->rules);
        pthread_mutex_lock(&http->rules_lock);
        worker->rules = rules_ref(http->rules);
        pthread_mutex_unlock(&http->rules_lock);
    }
    return worker->rules;
}

void worker_count_connection(struct worker *worker, int change)
{
    atomic_fetch_add_explicit(worker->connections, (size_t)change, memory_order_relaxed);
    gauge_add(GAUGE_HTTP_CONNECTIONS, change);
}

static void wake(struct worker *worker)
{
    uint64_t one = 1;

    if (write(worker->wake_fd, &one, sizeof(one)) < 0) {
        /* Only a full counter refuses a write, and nobody writes 2^64 times. */
    }
}

/* Whom this thread is to wake in http_wake(). */
static _Thread_local struct {
    void (*later)(void *context);
    void *context;
    struct worker *workers[MAX_UNWOKEN]; /* one may be there twice; each counts in its worker's `handing` */
    size_t count;
} unwoken;

void http_wake_later(void (*later)(void *context), void *context)
{
    unwoken.later = later;
    unwoken.context = context;
}

void http_wake(void)
{
    while (unwoken.count > 0) {
        struct worker *worker = unwoken.workers[--unwoken.count];
        wake(worker);
        atomic_fetch_sub(&worker->handing, 1);
    }
}

/* The worker whose thread this is: it looks before it waits. */
static _Thread_local const struct worker *own;

static bool put_off(struct worker *worker)
{
    if (unwoken.later == NULL || unwoken.count == MAX_UNWOKEN) {
        return false;
    }
    if (unwoken.count == 0) {
        unwoken.later(unwoken.context);
    }
    unwoken.workers[unwoken.count++] = worker;
    return true;
}

void worker_hand_back(struct request *request)
{
    struct worker *worker = request->worker;
    struct request *last = atomic_load(&worker->back);

    /* Once the request is in the list its worker may go on, and http_close() with it, which then waits for us. */
    atomic_fetch_add(&worker->handing, 1);
    do {
        request->next_back = last;
    } while (!atomic_compare_exchange_weak(&worker->back, &last, request));
    if (last == NULL && worker != own) {
        if (put_off(worker)) {
            return;
        }
        wake(worker);
    }
    atomic_fetch_sub(&worker->handing, 1);
}

bool worker_is_handed(const struct worker *worker)
{
    return atomic_load(&worker->handing) > 0;
}

static void take_back(struct worker *worker)
{
    struct request *next;

    for (struct request *request = atomic_exchange(&worker->back, NULL); request != NULL; request = next) {
        next = request->next_back;
        request_take_back(request);
    }
}

/* When no descriptor is left for a connection, libmicrohttpd stops to accept until one closes; a daemon that has none
 * tries again at once, for ever. Where nobody is connected nobody minds that we rest. */
static void rest_if_in_trouble(struct worker *worker)
{
    if (worker->complained) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (info == NULL || info->num_connections == 0) {
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        }
        worker->complained = false;
    }
}

static int epoll_of(const struct worker *worker)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    return info != NULL ? info->epoll_fd : -1;
}

static bool has_back(const struct worker *worker)
{
    return atomic_load_explicit(&worker->back, memory_order_relaxed) != NULL;
}

/* Whether libmicrohttpd has something to do that no descriptor tells of. */
static bool has_pending(const struct worker *worker)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    return MHD_get_timeout(worker->daemon, &wait_ms) == MHD_YES && wait_ms == 0;
}

bool worker_is_owed(const struct worker *worker)
{
    return worker->side != NULL && worker->http->backend.side->is_owed(worker->side);
}

/* A lingering request is pending all the time. What else there may be waits with it, but not for long. */
static int32_t side_patience_ms(const struct worker *worker)
{
    return worker->lingering > 0 ? LINGER_MS : has_pending(worker) ? 0 : -1;
}

static void run_daemon(struct worker *worker, int32_t patience_ms)
{
    errno = 0; /* so that none is from before when libmicrohttpd complains */
    if (MHD_run_wait(worker->daemon, patience_ms) != MHD_YES) {
        worker->complained = true;
    }
}

static void begin_turn(struct worker *worker)
{
    worker->measures = ++worker->turns % METRICS_SAMPLED_TURNS == 0;
    worker->turn_us = 0;
}

/* Waits for requests, or for what lets those that wait go on; then sees to them. */
static void turn(struct worker *worker)
{
    const struct http_side *side = worker->http->backend.side;
    int32_t patience_ms = worker->side != NULL || worker->arrivals != NULL || worker->is_deaf ? SIDE_MS : -1;

    if (worker->arrivals != NULL) {
        arrivals_see(worker->arrivals);
    }
    begin_turn(worker);
    if (!has_back(worker) && worker->side != NULL && side->wants_wait(worker->side)) {
        side->wait(worker->side, side_patience_ms(worker));
        worker->waits++;
        patience_ms = 0;
    }
    if (has_back(worker)) {
        take_back(worker);
        patience_ms = 0;
    }
    run_daemon(worker, patience_ms);
    if (worker->answered_late) { /* libmicrohttpd only sends in its next run what was not answered at once */
        worker->answered_late = false;
        run_daemon(worker, 0);
    }
    if (worker->side != NULL) { /* once a turn: what both runs read goes to Redis in one write */
        side->flush(worker->side);
    }
}

/* A thread of SCHED_BATCH that is woken does not take the processor from who runs there: mostly a client, or Redis,
 * that is about to send more. So one waking sees to more requests; where a processor is idle, it runs at once all the
 * same. A system that forbids it leaves us as we were, and so does whoever chose another policy for us. */
static void let_others_finish(void)
{
    if (sched_getscheduler(0) == SCHED_OTHER) {
        (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    }
}

static void *run(void *context)
{
    struct worker *worker = context;
    const struct http_backend *backend = &worker->http->backend;

    own = worker;
    let_others_finish();
    worker->side = backend->side != NULL ? backend->side->begin(backend->context, epoll_of(worker)) : NULL;
    while (!atomic_load(&worker->ends)) {
        turn(worker);
        slow_look(worker);
        rest_if_in_trouble(worker);
    }
    if (worker->side != NULL) {
        backend->side->end(worker->side);
    }
    MHD_stop_daemon(worker->daemon);
    worker->daemon = NULL;
    return NULL;
}

/* libmicrohttpd waits for the descriptors in its epoll set, and passes over events that bear no pointer: what wakes us
 * is there too, so that one call waits for everything. By its edge, or each waking had to be read. */
static int watch_wakes(struct worker *worker)
{
    struct epoll_event wakes = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    struct epoll_event arrives = {.events = EPOLLIN, .data.ptr = NULL};

    return epoll_ctl(epoll_of(worker), EPOLL_CTL_ADD, worker->wake_fd, &wakes) == 0 &&
                   (worker->arrivals == NULL ||
                    epoll_ctl(epoll_of(worker), EPOLL_CTL_ADD, arrivals_fd(worker->arrivals), &arrives) == 0)
               ? 0 : -1;
}

/* Signals are the main thread's: a worker takes none. */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int fault = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    pthread_setname_np(worker->thread, "http");
    worker->has_thread = true;
    return 0;
}

int worker_start(struct worker *worker)
{
    worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return worker->wake_fd >= 0 && watch_wakes(worker) == 0 ? start_thread(worker) : -1;
}

void worker_stop(struct worker *worker)
{
    if (worker->has_thread) {
        atomic_store(&worker->ends, true);
        wake(worker);
        pthread_join(worker->thread, NULL);
    } else if (worker->daemon != NULL) {
        MHD_stop_daemon(worker->daemon);
    }
    arrivals_free(&worker->arrivals);
    hot_free(&worker->hot);
    fragments_free(&worker->fragments);
    spares_free(&worker->spares);
    rules_free(&worker->rules);
    if (worker->wake_fd >= 0) {
        close(worker->wake_fd);
    }
}
