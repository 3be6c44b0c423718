#include "http/arrivals.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/client.h"
#include "http/listener.h"
#include "http/proxied.h"
#include "http/rules.h"
#include "http/shortage.h"

#define EVENTS_MAX 64
#define ACCEPTS_MAX 64 /* in one go */

struct arrival {
    LIST_ENTRY(arrival) entry;
    int fd;
    int64_t until_ms;
};

struct arrivals {
    struct worker *worker;
    int epoll;
    int socket;
    LIST_HEAD(waiting, arrival) waiting;
    bool is_deaf; /* there was no descriptor for one more: until the next look nobody is accepted */
};

static void leave(struct arrivals *arrivals, struct arrival *arrival)
{
    LIST_REMOVE(arrival, entry);
    worker_count_connection(arrivals->worker, -1);
    free(arrival);
}

static void hang_up(struct arrivals *arrivals, struct arrival *arrival)
{
    close(arrival->fd);
    leave(arrivals, arrival);
}

/* By its edge: what has been looked at, and is no header yet, stays in the socket. `arrival` NULL: who comes. */
static int watch(struct arrivals *arrivals, int fd, struct arrival *arrival)
{
    struct epoll_event event = {.events = EPOLLIN | (arrival != NULL ? EPOLLRDHUP | EPOLLET : 0), .data.ptr = arrival};

    return epoll_ctl(arrivals->epoll, EPOLL_CTL_ADD, fd, &event);
}

struct arrivals *arrivals_new(struct worker *worker, int socket)
{
    struct arrivals *arrivals = calloc(1, sizeof(*arrivals));

    if (arrivals == NULL) {
        return NULL;
    }
    arrivals->worker = worker;
    arrivals->socket = socket;
    arrivals->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (arrivals->epoll < 0 || watch(arrivals, socket, NULL) != 0) {
        arrivals_free(&arrivals);
    }
    return arrivals;
}

void arrivals_free(struct arrivals **arrivals)
{
    if (*arrivals == NULL) {
        return;
    }
    while (!LIST_EMPTY(&(*arrivals)->waiting)) {
        hang_up(*arrivals, LIST_FIRST(&(*arrivals)->waiting));
    }
    if ((*arrivals)->epoll >= 0) {
        close((*arrivals)->epoll);
    }
    free(*arrivals);
    *arrivals = NULL;
}

int arrivals_fd(const struct arrivals *arrivals)
{
    return arrivals->epoll;
}

static bool may_come(const struct arrivals *arrivals, const struct sockaddr *peer)
{
    struct worker *worker = arrivals->worker;
    const struct http *http = worker->http;
    const struct rules *rules = worker_rules(worker);

    if (!client_is_proxy(rules->proxies, rules->proxy_count, peer)) {
        count(COUNT_REFUSED_PROXY);
        return false;
    }
    if (atomic_load_explicit(worker->connections, memory_order_relaxed) >= http->max_connections) {
        count(COUNT_LIMIT_CONNECTIONS);
        return false;
    }
    return !atomic_load(&http->draining);
}

/* Takes the connection over. */
static void add(struct arrivals *arrivals, int fd, const struct sockaddr_storage *peer)
{
    struct arrival *arrival = may_come(arrivals, (const struct sockaddr *)peer) ? calloc(1, sizeof(*arrival)) : NULL;

    if (arrival == NULL) {
        close(fd);
        return;
    }
    arrival->fd = fd;
    arrival->until_ms = clock_mono_ms() + arrivals->worker->http->idle_timeout_s * 1000;
    LIST_INSERT_HEAD(&arrivals->waiting, arrival, entry);
    worker_count_connection(arrivals->worker, 1);
    if (watch(arrivals, fd, arrival) != 0) {
        hang_up(arrivals, arrival);
    }
}

/* Whoever comes stays in the queue meanwhile, and would wake us all the time. */
static void rest_if_in_trouble(struct arrivals *arrivals)
{
    if (shortage_is(errno)) {
        arrivals->is_deaf = epoll_ctl(arrivals->epoll, EPOLL_CTL_DEL, arrivals->socket, NULL) == 0;
    }
}

static void accept_some(struct arrivals *arrivals)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof(peer);
        int fd = accept4(arrivals->socket, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            rest_if_in_trouble(arrivals);
            return;
        }
        add(arrivals, fd, &peer);
    }
}

/* From here on it is its client's connection, and libmicrohttpd's, which closes it whatever comes. Where the header
 * names nobody it has no address: not the proxy's, whose X-Forwarded-For would be believed. */
static void hand_over(struct arrivals *arrivals, struct arrival *arrival, const struct proxied *proxied)
{
    struct sockaddr_storage nobody = {.ss_family = AF_UNSPEC};
    const struct sockaddr_storage *address = proxied->has_address ? &proxied->address : &nobody;
    socklen_t size = address->ss_family == AF_INET6  ? sizeof(struct sockaddr_in6)
                     : address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr);
    int fd = arrival->fd;

    (void)epoll_ctl(arrivals->epoll, EPOLL_CTL_DEL, fd, NULL);
    leave(arrivals, arrival);
    (void)MHD_add_connection(arrivals->worker->daemon, fd, (const struct sockaddr *)address, size);
}

/* Takes the header out of the socket, and no octet more: what follows may be TLS. */
static bool take_header(const struct arrival *arrival, size_t size)
{
    uint8_t header[PROXIED_HEADER_MAX];

    return recv(arrival->fd, header, size, MSG_DONTWAIT) == (ssize_t)size;
}

static void read_header(struct arrivals *arrivals, struct arrival *arrival, bool has_ended)
{
    uint8_t begin[PROXIED_HEADER_MAX];
    struct proxied proxied;
    ssize_t size = recv(arrival->fd, begin, sizeof(begin), MSG_PEEK | MSG_DONTWAIT);
    enum proxied_state state =
        size > 0 ? proxied_parse(bytes_of(begin, (size_t)size), &proxied) : PROXIED_INCOMPLETE;

    if (state == PROXIED_GOOD && take_header(arrival, proxied.size)) {
        hand_over(arrivals, arrival, &proxied);
    } else if (state != PROXIED_INCOMPLETE || has_ended || size == 0) {
        count_add(COUNT_REFUSED_PROXY, state == PROXIED_BAD);
        hang_up(arrivals, arrival);
    }
}

void arrivals_see(struct arrivals *arrivals)
{
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(arrivals->epoll, events, EVENTS_MAX, 0);

    for (int i = 0; i < ready; i++) {
        struct arrival *arrival = events[i].data.ptr;

        if (arrival == NULL) {
            accept_some(arrivals);
        } else {
            read_header(arrivals, arrival, (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        }
    }
}

void arrivals_look(struct arrivals *arrivals)
{
    int64_t now_ms = clock_mono_ms();
    struct arrival *arrival, *next;

    if (arrivals->is_deaf) {
        arrivals->is_deaf = watch(arrivals, arrivals->socket, NULL) != 0;
    }
    for (arrival = LIST_FIRST(&arrivals->waiting); arrival != NULL; arrival = next) {
        next = LIST_NEXT(arrival, entry);
        if (now_ms >= arrival->until_ms) {
            count(COUNT_LIMIT_SLOW);
            hang_up(arrivals, arrival);
        }
    }
}
