/*
 * trap: a server that nobody must reach.
 *
 *     trap PORT LOG
 *
 * Listens on every address of this machine, IPv4 and IPv6. LOG gets a line for each connection: who, and whereto. What
 * is sent is not read; the connection is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

static int listen_on(const char *port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    int yes = 1, no = 0;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    any.sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) != 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 64) != 0) {
        fail(port);
    }
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: trap PORT LOG\n", stderr);
        return 64;
    }
    FILE *log = fopen(argv[2], "a");
    if (log == NULL) {
        fail(argv[2]);
    }
    for (int listener = listen_on(argv[1]);;) {
        struct sockaddr_in6 from = {0}, to = {0};
        socklen_t from_size = sizeof(from), to_size = sizeof(to);
        char texts[2][INET6_ADDRSTRLEN] = {"?", "?"};
        int fd = accept4(listener, (struct sockaddr *)&from, &from_size, SOCK_CLOEXEC);

        if (fd >= 0 && getsockname(fd, (struct sockaddr *)&to, &to_size) == 0) {
            inet_ntop(AF_INET6, &from.sin6_addr, texts[0], sizeof(texts[0]));
            inet_ntop(AF_INET6, &to.sin6_addr, texts[1], sizeof(texts[1]));
            fprintf(log, "%s to %s\n", texts[0], texts[1]);
            fflush(log);
            close(fd);
        }
    }
}
