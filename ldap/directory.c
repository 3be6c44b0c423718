#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/private.h"
#include "ldap/settings.h"
#include "ldap/sync.h"

#define CLOSE_WAIT_MS 1000

/* Signals are for the main thread, and SIGPIPE, which libldap and GnuTLS do not keep from writing into a socket that
 * was shut down, is for nobody: blocked in the thread that causes it, it stays there. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int fault = pthread_create(thread, NULL, run, argument);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (fault == 0) {
        (void)pthread_setname_np(*thread, name);
    }
    return fault == 0 ? 0 : -1;
}

struct directory *directory_ref(struct directory *directory)
{
    atomic_fetch_add(&directory->references, 1);
    return directory;
}

void directory_release(struct directory *directory)
{
    if (atomic_fetch_sub(&directory->references, 1) != 1) {
        return;
    }
    for (size_t i = 0; directory->connections != NULL && i < (size_t)directory->config.connections; i++) {
        if (directory->connections[i].wake >= 0) {
            close(directory->connections[i].wake);
        }
        pthread_mutex_destroy(&directory->connections[i].turn);
    }
    free(directory->connections);
    settings_free(&directory->config);
    pthread_cond_destroy(&directory->dials_ended);
    pthread_cond_destroy(&directory->keeper_wake);
    pthread_mutex_destroy(&directory->lock);
    free(directory);
}

static void init_locks(struct directory *directory)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&directory->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&directory->keeper_wake, &monotonic);
    pthread_cond_init(&directory->dials_ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* NULL: out of memory. */
static struct directory *directory_new(const struct directory_config *config)
{
    struct directory *directory = calloc(1, sizeof(*directory));

    if (directory == NULL || settings_copy(config, &directory->config) != 0) {
        free(directory);
        return NULL;
    }
    atomic_init(&directory->references, 1);
    init_locks(directory);
    directory->number = metrics_directory_begin(config->name);
    directory->wanted_ms = clock_mono_ms();
    for (size_t i = 0; i < config->uri_count; i++) {
        directory->servers[i].name = directory->config.uris[i];
        (void)uri_parse(directory->config.uris[i], &directory->servers[i].uri, NULL);
    }
    return directory;
}

static int make_connections(struct directory *directory, struct error *error)
{
    size_t count = (size_t)directory->config.connections;

    directory->connections = calloc(count, sizeof(*directory->connections));
    if (directory->connections == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        directory->connections[i].directory = directory;
        directory->connections[i].server = NO_SERVER;
        pthread_mutex_init(&directory->connections[i].turn, NULL);
        directory->connections[i].wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    for (size_t i = 0; i < count; i++) {
        if (directory->connections[i].wake < 0) {
            return error_set(error, "eventfd: %s", strerror(errno));
        }
    }
    return 0;
}

static int start_threads(struct directory *directory, struct error *error)
{
    for (size_t i = 0; i < (size_t)directory->config.connections; i++) {
        struct connection *connection = &directory->connections[i];

        if (thread_start(&connection->thread, "ldap-connection", connection_main, connection) != 0) {
            return error_set(error, "cannot start a thread");
        }
        pthread_mutex_lock(&directory->lock);
        directory->connection_count++;
        pthread_mutex_unlock(&directory->lock);
    }
    if (thread_start(&directory->keeper, "ldap-keeper", keeper_main, directory) != 0) {
        return error_set(error, "cannot start a thread");
    }
    directory->has_keeper = true;
    return 0;
}

static void warn_of_clear_text(const struct directory *directory)
{
    const struct directory_config *config = &directory->config;

    for (size_t i = 0; i < config->uri_count; i++) {
        if (config->tls == TLS_NONE && config->password[0] != '\0' && !uri_is_local(&directory->servers[i].uri)) {
            log_event(LEVEL_WARNING, "the password of the directory goes over the network in clear text",
                      LOG_TEXT("directory", config->name), LOG_TEXT("server", config->uris[i]));
        }
    }
}

struct directory *directory_open(const struct directory_config *config, struct error *error)
{
    struct directory *directory = NULL;

    if (directory_config_check(config, error) != 0) {
        return NULL;
    }
    directory = directory_new(config);
    if (directory == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (make_connections(directory, error) != 0 || start_threads(directory, error) != 0) {
        directory_close(&directory);
        return NULL;
    }
    warn_of_clear_text(directory);
    return directory;
}

static void stop_threads(struct directory *directory)
{
    struct error ignored;

    pthread_mutex_lock(&directory->lock);
    directory->closing = true;
    keeper_wake(directory);
    for (size_t i = 0; i < directory->connection_count; i++) {
        connection_wake(&directory->connections[i]);
    }
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        struct dial *dial = directory->servers[i].dial;

        if (dial != NULL && dial_deadline_ms(dial) != INT64_MAX) {
            dial_give_up(dial, &ignored);
        }
    }
    pthread_mutex_unlock(&directory->lock);
    sync_stop(directory);
    if (directory->has_keeper) {
        pthread_join(directory->keeper, NULL);
    }
    for (size_t i = 0; i < directory->connection_count; i++) {
        pthread_join(directory->connections[i].thread, NULL);
    }
}

static void end_queue(struct directory *directory)
{
    struct search_list left = {NULL, NULL};

    pthread_mutex_lock(&directory->lock);
    queue_take_all(directory, &left);
    pthread_mutex_unlock(&directory->lock);
    search_finish_all(&left, ASKED_UNAVAILABLE, "the directory is being closed");
}

/* One that is stuck in the resolver is left behind; it holds a reference. */
static void wait_for_dials(struct directory *directory)
{
    struct timespec until;
    int fault = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CLOSE_WAIT_MS / 1000;
    pthread_mutex_lock(&directory->lock);
    while (directory->dials > 0 && fault == 0) {
        fault = pthread_cond_timedwait(&directory->dials_ended, &directory->lock, &until);
    }
    dial_leave_all(directory);
    pthread_mutex_unlock(&directory->lock);
}

void directory_close(struct directory **directory)
{
    struct directory *closed = *directory;

    if (closed == NULL) {
        return;
    }
    *directory = NULL;
    stop_threads(closed);
    end_queue(closed);
    wait_for_dials(closed);
    metrics_directory_end(closed->number);
    directory_release(closed);
}

int directory_follow(struct directory *directory, const struct directory_listener *listener)
{
    if (!directory->config.sync) {
        sync_show_none(directory);
        return 0;
    }
    return directory->sync == NULL ? sync_start(directory, listener) : 0;
}

const struct directory_config *directory_settings(const struct directory *directory)
{
    return &directory->config;
}

/* The open connection with the least in flight. */
static struct connection *find_idlest(const struct directory *directory)
{
    struct connection *idlest = NULL;

    for (size_t i = 0; i < directory->connection_count; i++) {
        struct connection *connection = &directory->connections[i];

        if (connection->server != NO_SERVER && (idlest == NULL || connection->in_flight < idlest->in_flight)) {
            idlest = connection;
        }
    }
    return idlest;
}

/* Under the lock: whoever has to do something about a new search hears of it. The connection that the asker is to send
 * it on, as nothing else is under way; NULL: none. */
static struct connection *announce(struct directory *directory, const struct search *search)
{
    struct connection *idlest = find_idlest(directory);
    bool is_alone = idlest != NULL && directory->open_searches == 1;
    bool keeper_has_work = idlest == NULL;

    if (idlest != NULL && !is_alone) {
        connection_wake(idlest);
    }
    if (idlest != NULL && (idlest->in_flight > 0 || directory->queue.first != directory->queue.last) &&
        !directory->more_wanted && directory->no_more_until_ms <= search->started_ms &&
        directory_spare_connection(directory) != NULL) {
        directory->more_wanted = true;
        keeper_has_work = true;
    }
    if (keeper_has_work) {
        keeper_wake(directory);
    }
    return is_alone ? idlest : NULL;
}

/* Under the lock: whether there are so many that one more has no use. */
static bool is_overloaded(const struct directory *directory, const struct search *search)
{
    if (directory->open_searches >= (size_t)directory->config.max_queued) {
        count(COUNT_LIMIT_SEARCHES);
        return true;
    }
    if (!admission_allows(directory, search)) {
        count(COUNT_LIMIT_ADMISSION);
        return true;
    }
    return false;
}

/* Under the lock: 0: in the queue, and what announce() says. -1: there is no use in waiting, and what there is
 * instead. */
static int enqueue(struct directory *directory, struct search *search, struct connection **idle,
                   enum asked_result *result, struct error *error)
{
    bool overloaded = is_overloaded(directory, search);

    *result = ASKED_UNAVAILABLE;
    if (directory->open_searches == 0) {
        directory->moved_ms = search->started_ms;
    }
    directory->open_searches++;
    if (directory->closing) {
        return error_set(error, "the directory is being closed");
    }
    if (overloaded) {
        *result = ASKED_OVERLOADED;
        return error_set(error, "%s: %s", directory->config.name, ADMISSION_WORDS);
    }
    if (directory_is_down(directory)) {
        /* It rests longer while nobody asks. */
        if (search->started_ms - directory->wanted_ms > CLOSE_WAIT_MS) {
            keeper_wake(directory);
        }
        directory->wanted_ms = search->started_ms;
        *error = directory->last_error;
        return -1;
    }
    directory->wanted_ms = search->started_ms;
    queue_add(directory, search);
    *idle = announce(directory, search);
    return 0;
}

struct search *search_submit(struct search *search)
{
    struct directory *directory = search->directory;
    struct error error;

    pthread_mutex_lock(&directory->lock);
    enum asked_result instead;
    struct connection *idle = NULL;
    bool waits = enqueue(directory, search, &idle, &instead, &error) == 0;

    pthread_mutex_unlock(&directory->lock);
    if (idle != NULL) {
        connection_send(idle);
    }
    if (waits) {
        return search;
    }
    search_finish(search, instead, error.text);
    search_release(search);
    return NULL;
}

struct search *directory_search(struct directory *directory, const struct address *address, int64_t timeout_ms,
                                void (*done)(void *context, struct search_result *result), void *context)
{
    struct search *search = search_new(directory, &kind_recipient, timeout_ms);

    if (search == NULL) {
        done(context, NULL);
        return NULL;
    }
    search->address = *address;
    search->done = done;
    search->context = context;
    return search_submit(search);
}

struct search *directory_search_name(struct directory *directory, const char *name, int64_t timeout_ms,
                                     void (*done)(void *context, struct search_result *result), void *context)
{
    struct search *search = search_new(directory, &kind_names, timeout_ms);

    if (search != NULL && (search->name = strdup(name)) == NULL) {
        search_release(search); /* nobody has heard of it, so both references are ours */
        search_release(search);
        search = NULL;
    }
    if (search == NULL) {
        done(context, NULL);
        return NULL;
    }
    search->done = done;
    search->context = context;
    return search_submit(search);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_done;
    struct search_result *result;
};

static void on_result(void *context, struct search_result *result)
{
    struct waiting *waiting = context;

    pthread_mutex_lock(&waiting->lock);
    waiting->result = result;
    waiting->is_done = true;
    pthread_cond_signal(&waiting->came);
    pthread_mutex_unlock(&waiting->lock);
}

struct search_result *directory_search_wait(struct directory *directory, const struct address *address,
                                            int64_t timeout_ms)
{
    struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    struct search *search = directory_search(directory, address, timeout_ms, on_result, &waiting);

    pthread_mutex_lock(&waiting.lock);
    while (!waiting.is_done) {
        pthread_cond_wait(&waiting.came, &waiting.lock);
    }
    pthread_mutex_unlock(&waiting.lock);
    search_abandon(&search);
    pthread_cond_destroy(&waiting.came);
    pthread_mutex_destroy(&waiting.lock);
    return waiting.result;
}
