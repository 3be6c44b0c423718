/*
 * trap: a server that nobody must reach.
 *
 *     trap PORT LOG
 *
 * Listens on 127.0.0.1, 127.0.0.2 and ::1. LOG gets the address for each connection that comes. What is sent is not read;
 * the connection is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "trap: %s: %s\n", what, strerror(errno));
    exit(1);
}

static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "::1"};
#define ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

static int listen_on(const char *address, const char *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six.sin6_port};
    bool is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
    const struct sockaddr *place = is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    int yes = 1;
    int fd = socket(place->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, place, is_four ? sizeof(four) : sizeof(six)) != 0 || listen(fd, 64) != 0) {
        fail(address);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct pollfd listeners[ADDRESSES];

    if (argc != 3) {
        fputs("usage: trap PORT LOG\n", stderr);
        return 64;
    }
    FILE *log = fopen(argv[2], "a");
    if (log == NULL) {
        fail(argv[2]);
    }
    for (size_t i = 0; i < ADDRESSES; i++) {
        listeners[i] = (struct pollfd){listen_on(addresses[i], argv[1]), POLLIN, 0};
    }
    while (poll(listeners, ADDRESSES, -1) > 0) {
        for (size_t i = 0; i < ADDRESSES; i++) {
            int fd = listeners[i].revents != 0 ? accept4(listeners[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;
            if (fd >= 0) {
                fprintf(log, "%s\n", addresses[i]);
                fflush(log);
                close(fd);
            }
        }
    }
    return 1;
}
