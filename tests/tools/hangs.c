/*
 * hangs: a server that does not serve, in one of several ways.
 *
 *     hangs MODE PORT
 *
 * Listens on 127.0.0.1. MODE says what a client meets:
 *
 *     silent    takes every connection, reads what it is sent, never says a word
 *     deaf      takes every connection and does not read either
 *     drip-ldap as silent, but sends the beginning of a large LDAP message, one octet after the other
 *     drip-tls  likewise of a TLS handshake
 *     full      never takes a connection: its queue is full, so that connecting does not end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 1000
#define DRIP_MS 100
#define FILLERS 8

static const struct mode {
    const char *word;
    bool reads, full;
    const char *drip; /* hexadecimal; NUL octets follow without end */
} modes[] = {
    {"silent", true, false, NULL},
    {"deaf", false, false, NULL},
    {"drip-ldap", true, false, "3084000fffff020101" "6484000ffff00484000fff00"},
    {"drip-tls", true, false, "1603034000" "0200003ffc0303"},
    {"full", false, true, NULL},
};

static struct client {
    int socket;
    size_t sent;
} clients[CLIENTS_MAX];
static size_t client_count;

static void fail(const char *what)
{
    fprintf(stderr, "hangs: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_on(struct sockaddr_in *address, int backlog)
{
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, backlog) != 0) {
        fail("listen");
    }
    return fd;
}

/* Linux takes one connection more than the queue is long; the others wait for a place that never comes free. */
static void fill_queue(const struct sockaddr_in *address)
{
    for (int i = 0; i < FILLERS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno != EINPROGRESS)) {
            fail("connect");
        }
    }
}

static unsigned char drip_octet(const char *drip, size_t at)
{
    unsigned octet = 0;

    if (at < strlen(drip) / 2) {
        (void)sscanf(drip + 2 * at, "%2x", &octet);
    }
    return (unsigned char)octet;
}

static void drip(const struct mode *mode)
{
    for (size_t i = 0; i < client_count; i++) {
        unsigned char octet = drip_octet(mode->drip, clients[i].sent);
        if (send(clients[i].socket, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
            clients[i].sent++;
        }
    }
}

static void take(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0 && client_count < CLIENTS_MAX) {
        clients[client_count++] = (struct client){.socket = fd};
    } else if (fd >= 0) {
        close(fd);
    }
}

/* Reads what is there; who hung up is forgotten. */
static void read_all(void)
{
    char ignored[4096];

    for (size_t i = client_count; i-- > 0;) {
        ssize_t size = recv(clients[i].socket, ignored, sizeof(ignored), MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN)) {
            close(clients[i].socket);
            clients[i] = clients[--client_count];
        }
    }
}

static void serve(const struct mode *mode, int listener)
{
    struct pollfd event = {.fd = listener, .events = POLLIN};

    for (;;) {
        if (poll(&event, 1, DRIP_MS) > 0) {
            take(listener);
        }
        if (mode->reads) {
            read_all();
        }
        if (mode->drip != NULL) {
            drip(mode);
        }
    }
}

static const struct mode *find_mode(const char *word)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].word, word) == 0) {
            return &modes[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct mode *mode = argc == 3 ? find_mode(argv[1]) : NULL;

    if (mode == NULL) {
        fprintf(stderr, "usage: hangs silent|deaf|drip-ldap|drip-tls|full PORT\n");
        return 64;
    }
    address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    int listener = listen_on(&address, mode->full ? 0 : 128);
    if (!mode->full) {
        serve(mode, listener);
    }
    fill_queue(&address);
    for (;;) {
        pause();
    }
}
