#include <time.h>

#include "base/clock.h"
#include "ldap/sync.h"

#define NAP_MS 1000
#define BUSY_MS 10000

void keeper_wake(struct directory *directory)
{
    directory->keeper_is_wanted = true;
    pthread_cond_signal(&directory->keeper_wake);
}

/* What a search in the queue waits for. */
static void tell_obstacle(const struct directory *directory, struct error *error)
{
    error_set(error, "%s: all connections are busy", directory->config.name);
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        const struct server *server = &directory->servers[i];

        if (server->dial != NULL && dial_deadline_ms(server->dial) != INT64_MAX) {
            error_set(error, "%s: %s: not done in time", server->name, dial_step_name(server->dial));
        }
    }
}

/* Under the lock, which it gives away for the time of the callbacks. */
static void expire_queue(struct directory *directory)
{
    struct search_list late = {NULL, NULL};
    int64_t now_ms = clock_mono_ms();
    struct error words;

    while (directory->queue.first != NULL && search_is_over(directory->queue.first, now_ms)) {
        list_add(&late, queue_take(directory));
    }
    if (late.first != NULL) {
        tell_obstacle(directory, &words);
        pthread_mutex_unlock(&directory->lock);
        search_finish_all(&late, ASKED_TIMED_OUT, words.text);
        pthread_mutex_lock(&directory->lock);
    }
}

/* Nobody waits for a directory that is known to be down. Likewise. */
static void fail_queue(struct directory *directory)
{
    struct search_list failed = {NULL, NULL};
    struct error words = directory->last_error;

    if (!directory_is_down(directory)) {
        return;
    }
    queue_take_all(directory, &failed);
    if (failed.first != NULL) {
        pthread_mutex_unlock(&directory->lock);
        search_finish_all(&failed, ASKED_UNAVAILABLE, words.text);
        pthread_mutex_lock(&directory->lock);
    }
}

static void give_up_late_dials(struct directory *directory)
{
    int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < directory->config.uri_count; i++) {
        struct dial *dial = directory->servers[i].dial;
        struct error error;

        if (dial != NULL && dial_deadline_ms(dial) <= now_ms) {
            dial_give_up(dial, &error);
            server_not_dialled(directory, i, false, &error);
        }
    }
}

/* When the server may be dialled; INT64_MAX: it is being dialled. */
static int64_t may_dial_ms(const struct directory *directory, const struct server *server)
{
    return server->dial != NULL ? INT64_MAX : server_due_ms(directory, server);
}

static void start_dial(struct directory *directory, size_t server, bool for_sync)
{
    struct error error;

    if (dial_start(directory, server, for_sync) != 0) {
        error_set(&error, "%s: connect: out of memory or threads", directory->servers[server].name);
        if (for_sync) {
            sync_not_dialled(directory, &error);
        }
        server_not_dialled(directory, server, false, &error);
    }
}

/* Servers before the best one in use, in their order: a good one is waited for, failing ones are tried beside it as
 * their rest ends. */
static void dial_better(struct directory *directory, size_t best)
{
    int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < directory->config.uri_count && i < best; i++) {
        struct server *server = &directory->servers[i];

        if (may_dial_ms(directory, server) <= now_ms) {
            start_dial(directory, i, false);
        }
        if (!server->failing) {
            return;
        }
    }
}

/* It follows the server that searches go to. */
static void dial_for_sync(struct directory *directory, size_t best)
{
    if (best != NO_SERVER && sync_wants_link(directory) &&
        may_dial_ms(directory, &directory->servers[best]) <= clock_mono_ms()) {
        start_dial(directory, best, true);
    }
}

static void start_dials(struct directory *directory)
{
    size_t best = directory_best_server(directory);

    if (directory->closing) {
        return;
    }
    dial_better(directory, best);
    dial_for_sync(directory, best);
    if (best == NO_SERVER || !directory->more_wanted) {
        return;
    }
    if (directory_spare_connection(directory) == NULL) {
        directory->more_wanted = false;
    } else if (may_dial_ms(directory, &directory->servers[best]) <= clock_mono_ms()) {
        directory->more_wanted = false;
        start_dial(directory, best, false);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there is something to do next. */
static int64_t next_ms(const struct directory *directory)
{
    size_t best = directory_best_server(directory);
    int64_t now_ms = clock_mono_ms();
    /* Under load the queue is filled and emptied all the time: a nap spares a wake-up for each search. */
    int64_t next = now_ms - directory->wanted_ms < BUSY_MS ? now_ms + NAP_MS : INT64_MAX;

    if (directory->queue.first != NULL) {
        next = earlier(next, directory->queue.first->deadline_ms);
    }
    if (best != NO_SERVER && sync_wants_link(directory)) {
        next = earlier(next, may_dial_ms(directory, &directory->servers[best]));
    }
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        const struct server *server = &directory->servers[i];

        if (server->dial != NULL) {
            next = earlier(next, dial_deadline_ms(server->dial));
        } else if (i < best && server->failing) {
            next = earlier(next, server_due_ms(directory, server));
        }
    }
    return next;
}

static void wait_until(struct directory *directory, int64_t until_ms)
{
    int64_t left_ms = until_ms - clock_mono_ms();
    struct timespec until;

    directory->keeper_until_ms = until_ms;
    if (until_ms == INT64_MAX) {
        pthread_cond_wait(&directory->keeper_wake, &directory->lock);
    } else if (left_ms > 0) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += left_ms / 1000;
        until.tv_nsec += left_ms % 1000 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&directory->keeper_wake, &directory->lock, &until);
    }
    directory->keeper_until_ms = 0;
}

void *keeper_main(void *argument)
{
    struct directory *directory = argument;

    pthread_mutex_lock(&directory->lock);
    while (!directory->closing) {
        directory->keeper_is_wanted = false;
        expire_queue(directory);
        give_up_late_dials(directory);
        start_dials(directory);
        directory_report(directory);
        fail_queue(directory);
        /* What was said while the lock was given away must not be slept over. */
        if (!directory->keeper_is_wanted) {
            wait_until(directory, next_ms(directory));
        }
    }
    pthread_mutex_unlock(&directory->lock);
    return NULL;
}
