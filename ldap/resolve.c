#include "ldap/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/private.h"

#define SLICE_MS 100 /* between two looks at `stop` */

/* Belongs to the thread and to who waits; the last one frees it. */
struct resolving {
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t came;  /* CLOCK_MONOTONIC */
    unsigned references;
    bool is_done;
    int fault;
    struct addrinfo *addresses;
    char host[MAX_DOMAIN_BYTES + 1], port[6];
};

static atomic_uint running;

static struct resolving *resolving_new(const char *host, const char *port)
{
    struct resolving *resolving = calloc(1, sizeof(*resolving));
    pthread_condattr_t monotonic;

    if (resolving == NULL || strlen(host) >= sizeof(resolving->host) || strlen(port) >= sizeof(resolving->port)) {
        free(resolving);
        return NULL;
    }
    memcpy(resolving->host, host, strlen(host) + 1);
    memcpy(resolving->port, port, strlen(port) + 1);
    resolving->references = 2;
    pthread_mutex_init(&resolving->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&resolving->came, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return resolving;
}

static void release(struct resolving *resolving)
{
    pthread_mutex_lock(&resolving->lock);
    bool is_last = --resolving->references == 0;

    pthread_mutex_unlock(&resolving->lock);
    if (!is_last) {
        return;
    }
    if (resolving->addresses != NULL) {
        freeaddrinfo(resolving->addresses);
    }
    pthread_cond_destroy(&resolving->came);
    pthread_mutex_destroy(&resolving->lock);
    free(resolving);
}

static void *resolving_main(void *context)
{
    struct resolving *resolving = context;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int fault = getaddrinfo(resolving->host, resolving->port, &hints, &addresses);

    pthread_mutex_lock(&resolving->lock);
    resolving->fault = fault;
    resolving->addresses = addresses; /* still NULL where there is a fault: RFC 3493 6.1 gives a list on success only */
    resolving->is_done = true;
    pthread_cond_signal(&resolving->came);
    pthread_mutex_unlock(&resolving->lock);
    release(resolving);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static int start(struct resolving *resolving, struct error *error)
{
    pthread_t thread;

    if (atomic_fetch_add(&running, 1) >= MAX_LEFT_RESOLVERS) {
        count(COUNT_LIMIT_RESOLVERS);
        error_set(error, "too many names are being resolved already");
    } else if (thread_start(&thread, "ldap-resolve", resolving_main, resolving) != 0) {
        error_set(error, "cannot start a thread");
    } else {
        pthread_detach(thread);
        return 0;
    }
    atomic_fetch_sub(&running, 1);
    return -1;
}

/* Under the lock, which is given away meanwhile. */
static void wait_a_slice(struct resolving *resolving, int64_t most_ms)
{
    int64_t left_ms = most_ms < SLICE_MS ? most_ms : SLICE_MS;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += left_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&resolving->came, &resolving->lock, &until);
}

static struct addrinfo *wait_for(struct resolving *resolving, int64_t deadline_ms, const atomic_bool *stop,
                                 struct error *error)
{
    int64_t left_ms = 0;

    pthread_mutex_lock(&resolving->lock);
    while (!resolving->is_done && (left_ms = deadline_ms - clock_mono_ms()) > 0 &&
           (stop == NULL || !atomic_load(stop))) {
        wait_a_slice(resolving, left_ms);
    }
    struct addrinfo *addresses = resolving->addresses;

    resolving->addresses = NULL;
    if (!resolving->is_done) {
        error_set(error, "resolve: no answer in time");
    } else if (addresses == NULL) {
        error_set(error, "resolve: %s", gai_strerror(resolving->fault));
    }
    pthread_mutex_unlock(&resolving->lock);
    return addresses;
}

struct addrinfo *resolve(const char *host, const char *port, int64_t deadline_ms, const atomic_bool *stop,
                         struct error *error)
{
    struct resolving *resolving = resolving_new(host, port);
    struct addrinfo *addresses = NULL;

    if (resolving == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (start(resolving, error) != 0) {
        release(resolving);
    } else {
        addresses = wait_for(resolving, deadline_ms, stop, error);
    }
    release(resolving);
    return addresses;
}
