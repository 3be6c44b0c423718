/*
 * canned: an HTTP server that gives the same answer whatever it is asked.
 *
 *     canned PORT FILE…
 *
 * Listens on 127.0.0.1 and sends, for each request, the octets of the next FILE: status line, header fields, body, or
 * whatever else stands there. The last one is sent again and again. FILE - says nothing and does not hang up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 65536

static void fail(const char *what)
{
    fprintf(stderr, "canned: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 64) != 0) {
        fail(port);
    }
    return fd;
}

/* False: they hung up before they had asked. */
static bool read_request(int fd)
{
    static char request[REQUEST_MAX];
    size_t size = 0;

    while (size < sizeof(request) - 1) {
        ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return true;
}

static void send_file(int fd, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        fail(path);
    }
    while (sendfile(fd, file, NULL, 1 << 20) > 0) {
    }
    close(file);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 3) {
        fputs("usage: canned PORT FILE...\n", stderr);
        return 64;
    }
    int listener = listen_on(argv[1]);
    for (int next = 2;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || !read_request(fd)) {
            close(fd);
            continue;
        }
        if (strcmp(argv[next], "-") != 0) {
            send_file(fd, argv[next]);
            shutdown(fd, SHUT_WR);
            close(fd);
        }
        next += next + 1 < argc ? 1 : 0;
    }
}
