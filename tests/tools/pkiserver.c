/*
 * pkiserver: what a PKI publishes over HTTP, served well or badly.
 *
 *     pkiserver FOLDER LOG [PORT]
 *
 * Listens on 127.0.0.1 only, on PORT or a free one, and prints the port on a line of its own when it is ready. LOG gets
 * one line for each request, as "GET /ok/ca.crl" or "POST /ocsp/alice.ors", written before it is answered: who wants to
 * count fetches counts lines. A file is read anew for each request, so that it may be replaced. It runs until it is
 * killed. At most 256 connections at a time; each is closed after one answer. A request over 64 KiB gets none. What
 * it answers: tests/tools/pki_answers.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tools/pki_answers.h"

#define REQUEST_MAX 65536
#define CONNECTIONS_MAX 256

static int log_file;
static atomic_uint connections;

static void fail(const char *what)
{
    fprintf(stderr, "pkiserver: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void log_request(const struct request *request)
{
    char line[sizeof(request->method) + sizeof(request->target) + 2];
    int size = snprintf(line, sizeof(line), "%s %s\n", request->method, request->target);

    (void)!write(log_file, line, (size_t)size);
}

/* Octets of the body that are not here yet. */
static size_t body_left(const char *text, size_t size)
{
    const char *end = strstr(text, "\r\n\r\n") + 4;
    const char *field = strcasestr(text, "\r\nContent-Length:");
    size_t announced = field != NULL ? (size_t)strtoul(field + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    size_t here = size - (size_t)(end - text);

    return announced > here ? announced - here : 0;
}

/* Reads header and body. False: they hung up before they had asked. */
static bool read_request(struct request *request)
{
    char *text = calloc(1, REQUEST_MAX);
    size_t size = 0;
    bool is_whole = false;

    while (text != NULL && !is_whole && size < REQUEST_MAX - 1) {
        ssize_t got = recv(request->fd, text + size, REQUEST_MAX - 1 - size, 0);

        if (got <= 0) {
            break;
        }
        size += (size_t)got;
        is_whole = strstr(text, "\r\n\r\n") != NULL && body_left(text, size) == 0;
    }
    request->text = text;
    if (is_whole) {
        request->body = strstr(text, "\r\n\r\n") + 4;
        request->body_size = size - (size_t)(request->body - text);
        is_whole = sscanf(text, "%15s %4095s", request->method, request->target) == 2;
    }
    return is_whole;
}

static void *serve(void *context)
{
    struct request *request = context;

    if (read_request(request)) {
        log_request(request);
        pki_answer(request);
    }
    (void)shutdown(request->fd, SHUT_WR);
    close(request->fd);
    free(request->text);
    free(request);
    atomic_fetch_sub(&connections, 1);
    return NULL;
}

static void take(int fd, const char *folder)
{
    struct request *request = calloc(1, sizeof(*request));
    pthread_t thread;

    if (request != NULL && atomic_fetch_add(&connections, 1) < CONNECTIONS_MAX) {
        request->fd = fd;
        request->folder = folder;
        if (pthread_create(&thread, NULL, serve, request) == 0) {
            pthread_detach(thread);
            return;
        }
    }
    atomic_fetch_sub(&connections, request != NULL);
    free(request);
    close(fd);
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        fail(port);
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 3 || argc > 4) {
        fputs("usage: pkiserver FOLDER LOG [PORT]\n", stderr);
        return 64;
    }
    log_file = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_file < 0) {
        fail(argv[2]);
    }
    int listener = listen_on(argc == 4 ? argv[3] : "0");
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            take(fd, argv[1]);
        }
    }
}
