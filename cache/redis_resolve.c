#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache/redis_private.h"

/* Shared by the thread and by who asked; who comes last frees it. So a resolver that hangs holds up nobody. */
struct resolution {
    atomic_int owners;
    atomic_bool done; /* hands `resolved` over; the eventfd only wakes */
    int fd;
    struct resolved resolved;
    char host[];
};

static void resolution_leave(struct resolution *resolution)
{
    if (atomic_fetch_sub(&resolution->owners, 1) == 1) {
        close(resolution->fd);
        free(resolution);
    }
}

static void add_address(struct resolved *resolved, const struct addrinfo *info)
{
    char *address = resolved->addresses[resolved->count];

    if (getnameinfo(info->ai_addr, info->ai_addrlen, address, RESOLVED_BYTES, NULL, 0, NI_NUMERICHOST) == 0) {
        resolved->count++;
    }
}

static void *resolve(void *context)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct resolution *resolution = context;
    struct resolved *resolved = &resolution->resolved;
    struct addrinfo *list = NULL;
    int status = getaddrinfo(resolution->host, NULL, &hints, &list);

    if (status != 0) {
        snprintf(resolved->error, sizeof(resolved->error), "the name does not resolve: %s", gai_strerror(status));
    } else {
        for (struct addrinfo *info = list; info != NULL && resolved->count < RESOLVED_MAX; info = info->ai_next) {
            add_address(resolved, info);
        }
        freeaddrinfo(list);
        if (resolved->count == 0) {
            snprintf(resolved->error, sizeof(resolved->error), "the name has no address");
        }
    }
    atomic_store_explicit(&resolution->done, true, memory_order_release);
    eventfd_write(resolution->fd, 1);
    resolution_leave(resolution);
    return NULL;
}

/* Signals are the main thread's: this one takes none. */
static int start_thread(struct resolution *resolution)
{
    pthread_t thread;
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&thread, NULL, resolve, resolution);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

struct resolution *resolution_start(const char *host)
{
    struct resolution *resolution = calloc(1, sizeof(*resolution) + strlen(host) + 1);

    if (resolution == NULL) {
        return NULL;
    }
    memcpy(resolution->host, host, strlen(host) + 1);
    atomic_init(&resolution->owners, 2);
    atomic_init(&resolution->done, false);
    resolution->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolution->fd < 0 || start_thread(resolution) != 0) {
        if (resolution->fd >= 0) {
            close(resolution->fd);
        }
        free(resolution);
        return NULL;
    }
    return resolution;
}

int resolution_fd(const struct resolution *resolution)
{
    return resolution->fd;
}

const struct resolved *resolution_result(const struct resolution *resolution)
{
    return atomic_load_explicit(&resolution->done, memory_order_acquire) ? &resolution->resolved : NULL;
}

void resolution_free(struct resolution **resolution)
{
    if (*resolution != NULL) {
        resolution_leave(*resolution);
        *resolution = NULL;
    }
}
