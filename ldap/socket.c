#include "ldap/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"

#define SLICE_MS 100 /* between two looks at `stop` */

/* Firewalls forget idle connections without a word: ask now and then. */
static void tune(int socket)
{
    static const struct {
        int level, option, value;
    } ROWS[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60},
        {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},
    };

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        (void)setsockopt(socket, ROWS[i].level, ROWS[i].option, &ROWS[i].value, sizeof(ROWS[i].value));
    }
}

/* 0: connected. */
static int finish_connect(int socket, int64_t deadline_ms, const atomic_bool *stop, struct error *error)
{
    struct pollfd event = {.fd = socket, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int fault = ETIMEDOUT, ready = 0;
    int64_t left_ms;

    while (ready == 0 && (left_ms = deadline_ms - clock_mono_ms()) > 0 && (stop == NULL || !atomic_load(stop))) {
        ready = poll(&event, 1, (int)(stop != NULL && left_ms > SLICE_MS ? SLICE_MS : left_ms));
    }
    if (ready == 1) {
        (void)getsockopt(socket, SOL_SOCKET, SO_ERROR, &fault, &size);
    }
    return fault == 0 ? 0 : error_set(error, "%s", strerror(fault));
}

int socket_connect(int socket, const struct sockaddr *address, socklen_t size, int64_t deadline_ms,
                   const atomic_bool *stop, struct error *error)
{
    if (address->sa_family != AF_UNIX) {
        tune(socket);
    }
    while (connect(socket, address, size) != 0) {
        if (errno == EINPROGRESS) {
            return finish_connect(socket, deadline_ms, stop, error);
        }
        /* A socket in the file system whose listener is busy: there is nothing to poll for. */
        if (errno != EAGAIN || clock_mono_ms() >= deadline_ms) {
            return error_set(error, "%s", strerror(errno));
        }
        (void)poll(NULL, 0, 10);
    }
    return 0;
}

int64_t socket_share_ms(int64_t deadline_ms, int64_t count)
{
    int64_t now_ms = clock_mono_ms();

    return now_ms + (deadline_ms - now_ms) / count;
}
