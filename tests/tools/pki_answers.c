#include "tests/tools/pki_answers.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tools/script.h"

#define ONCE_MAX 256
#define BIG_BYTES (3052L * 65536) /* a whole number of writes */
#define PATIENCE_MS (60 * 1000)

static bool say(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool say_text(int fd, const char *text)
{
    return say(fd, text, strlen(text));
}

static void say_status(const struct request *request, long code, const char *fields)
{
    char head[8192];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 %ld Status\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n", code,
                   fields);
    (void)say_text(request->fd, head);
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } ROWS[] = {
        {".crl", "application/pkix-crl"}, {".cer", "application/pkix-cert"}, {".crt", "application/pkix-cert"},
        {".der", "application/pkix-cert"}, {".p7c", "application/pkcs7-mime"}, {".ors", "application/ocsp-response"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (strcmp(dot, ROWS[i].suffix) == 0) {
            return ROWS[i].type;
        }
    }
    return "application/octet-stream";
}

/* The file that the rest of the target names, with its header sent. -1: there is none, and that was said. */
static int open_file(const struct request *request, const char *type, size_t *size)
{
    char path[8192], head[256];
    struct stat state;
    int file = -1;

    (void)snprintf(path, sizeof(path), "%s/%.*s", request->folder, (int)strcspn(request->rest, "?"), request->rest);
    if (strstr(request->rest, "..") == NULL) {
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (file < 0 || fstat(file, &state) != 0 || !S_ISREG(state.st_mode)) {
        say_status(request, 404, "");
        if (file >= 0) {
            close(file);
        }
        return -1;
    }
    *size = (size_t)state.st_size;
    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                   type != NULL ? type : type_of(path), *size);
    (void)say_text(request->fd, head);
    return file;
}

static void send_whole(const struct request *request, const char *type)
{
    size_t size = 0;
    int file = open_file(request, type, &size);

    while (file >= 0 && sendfile(request->fd, file, NULL, 1 << 20) > 0) {
    }
    if (file >= 0) {
        close(file);
    }
}

static void do_ok(const struct request *request)
{
    send_whole(request, NULL);
}

static void do_ocsp(const struct request *request)
{
    send_whole(request, "application/ocsp-response");
}

static void do_run(const struct request *request)
{
    char path[8192], head[256];
    size_t size = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", request->folder, request->rest);
    char *said = strstr(path, "..") == NULL ? script_run(path, request->body, request->body_size, &size) : NULL;
    if (said == NULL) {
        say_status(request, 500, "");
        return;
    }
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"
                                       "Content-Length: %zu\r\nConnection: close\r\n\r\n", size);
    if (say_text(request->fd, head)) {
        (void)say(request->fd, said, size);
    }
    free(said);
}

static void do_hang(const struct request *request)
{
    struct pollfd event = {.fd = request->fd, .events = POLLIN};

    (void)poll(&event, 1, PATIENCE_MS);
}

static void do_slow(const struct request *request)
{
    size_t size = 0;
    int file = open_file(request, NULL, &size);
    struct pollfd event = {.fd = request->fd, .events = POLLIN};
    char octet;

    while (file >= 0 && read(file, &octet, 1) == 1 && say(request->fd, &octet, 1) && poll(&event, 1, 1000) == 0) {
    }
    if (file >= 0) {
        close(file);
    }
}

static void send_zeros(const struct request *request, const char *before, const char *after)
{
    static const char zeros[65536];
    bool goes_on = true;

    for (long sent = 0; sent < BIG_BYTES && goes_on; sent += (long)sizeof(zeros)) {
        goes_on = say_text(request->fd, before) && say(request->fd, zeros, sizeof(zeros)) &&
                  say_text(request->fd, after);
    }
}

static void do_big(const struct request *request)
{
    char head[128];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\nConnection: close\r\n\r\n",
                   BIG_BYTES);
    if (say_text(request->fd, head)) {
        send_zeros(request, "", "");
    }
}

static void do_big_chunked(const struct request *request)
{
    if (say_text(request->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")) {
        send_zeros(request, "10000\r\n", "\r\n");
        (void)say_text(request->fd, "0\r\n\r\n");
    }
}

static void do_cut(const struct request *request)
{
    size_t size = 0;
    int file = open_file(request, NULL, &size);

    if (file >= 0) {
        (void)sendfile(request->fd, file, NULL, size / 2);
        close(file);
    }
}

static void do_drop(const struct request *request)
{
    (void)request;
}

static void do_html(const struct request *request)
{
    (void)say_text(request->fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n"
                                "Connection: close\r\n\r\n<html>hello!</html>");
}

/* Whether this target was never asked for before. */
static bool is_first(const char *target)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char *seen[ONCE_MAX];
    static size_t count;
    bool result = true;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        result = result && strcmp(seen[i], target) != 0;
    }
    if (result && count < ONCE_MAX) {
        seen[count++] = strdup(target);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static void do_once(const struct request *request)
{
    if (is_first(request->target)) {
        send_whole(request, NULL);
    } else {
        say_status(request, 404, "");
    }
}

static void do_status(const struct request *request)
{
    long code = strtol(request->rest, NULL, 10);

    const char *fields = code == 429 || code == 503 ? "Retry-After: 7\r\n" : "";

    say_status(request, code >= 100 && code <= 999 ? code : 400, fields);
}

static void do_redirect(const struct request *request)
{
    const char *to = strstr(request->rest, "?to=");
    long code = request->rest[0] == '/' ? strtol(request->rest + 1, NULL, 10) : 302;
    char field[8192];

    if (to == NULL) {
        say_status(request, 404, "");
        return;
    }
    (void)snprintf(field, sizeof(field), "Location: %s\r\n", to + strlen("?to="));
    say_status(request, code, field);
}

static void do_loop(const struct request *request)
{
    char field[128];

    (void)snprintf(field, sizeof(field), "Location: /loop/%ld\r\n", strtol(request->rest, NULL, 10) + 1);
    say_status(request, 302, field);
}

static const struct route {
    const char *prefix;
    void (*run)(const struct request *request);
} routes[] = {
    {"/ok/", do_ok}, {"/ocsp/", do_ocsp}, {"/run/", do_run}, {"/hang/", do_hang}, {"/slow/", do_slow}, {"/big/", do_big},
    {"/bigchunked/", do_big_chunked}, {"/cut/", do_cut}, {"/drop/", do_drop}, {"/html/", do_html},
    {"/once/", do_once}, {"/status/", do_status}, {"/redirect", do_redirect}, {"/loop/", do_loop},
};

void pki_answer(struct request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t size = strlen(routes[i].prefix);

        if (strncmp(request->target, routes[i].prefix, size) == 0) {
            request->rest = request->target + size;
            routes[i].run(request);
            return;
        }
    }
    say_status(request, 404, "");
}
