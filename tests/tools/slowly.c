/*
 * slowly: stands before a server and holds back what it says.
 *
 *     slowly PORT SERVER_PORT DELAY
 *
 * Listens on 127.0.0.1 and passes each connection on to SERVER_PORT there. What the client says goes on at once; what
 * the server says comes as many milliseconds later as the number in the file DELAY says when it is said. Many answers
 * are held back at a time, so that each of them takes that much longer and no more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 64
#define PIECE_BYTES 65536
#define STEP_MS 5

/* Said by the server, and held back. */
struct piece {
    struct piece *next;
    int64_t due_ms;
    size_t size, sent;
    unsigned char data[];
};

static struct pair {
    int client, server;
    struct piece *first;
} pairs[PAIRS_MAX];
static size_t pair_count;
static const char *delay_path;

static void fail(const char *what)
{
    fprintf(stderr, "slowly: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long read_delay_ms(void)
{
    FILE *file = fopen(delay_path, "re");
    char line[32] = "";

    if (file != NULL) {
        (void)!fgets(line, sizeof(line), file);
        fclose(file);
    }
    return strtol(line, NULL, 10);
}

static struct sockaddr_in address_of(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
    };
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = address_of(port);
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 64) != 0) {
        fail("listen");
    }
    return fd;
}

static void take(int listener, const char *server_port)
{
    struct sockaddr_in address = address_of(server_port);
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (client < 0 || server < 0 || pair_count == PAIRS_MAX ||
        connect(server, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(client);
        close(server);
        return;
    }
    struct pair *pair = &pairs[pair_count++];
    *pair = (struct pair){client, server, NULL};
}

static void end_pair(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    while (pair->first != NULL) {
        struct piece *next = pair->first->next;
        free(pair->first);
        pair->first = next;
    }
    *pair = pairs[--pair_count];
}

static void hold_back(struct pair *pair, const unsigned char *data, size_t size)
{
    struct piece *piece = malloc(sizeof(*piece) + size);
    struct piece **end = &pair->first;

    if (piece == NULL) {
        fail("memory");
    }
    *piece = (struct piece){.due_ms = now_ms() + read_delay_ms(), .size = size};
    memcpy(piece->data, data, size);
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = piece;
}

/* False: one side hung up. */
static bool read_both(struct pair *pair)
{
    static unsigned char data[PIECE_BYTES];
    ssize_t said = recv(pair->client, data, sizeof(data), MSG_DONTWAIT);

    if (said == 0 || (said < 0 && errno != EAGAIN) ||
        (said > 0 && send(pair->server, data, (size_t)said, MSG_NOSIGNAL) != said)) {
        return false;
    }
    said = recv(pair->server, data, sizeof(data), MSG_DONTWAIT);
    if (said > 0) {
        hold_back(pair, data, (size_t)said);
    }
    return said > 0 || (said < 0 && errno == EAGAIN);
}

static bool let_go(struct pair *pair)
{
    while (pair->first != NULL && pair->first->due_ms <= now_ms()) {
        struct piece *piece = pair->first;
        ssize_t sent = send(pair->client, piece->data + piece->sent, piece->size - piece->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN;
        }
        piece->sent += (size_t)sent;
        if (piece->sent < piece->size) {
            return true;
        }
        pair->first = piece->next;
        free(piece);
    }
    return true;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc != 4) {
        fputs("usage: slowly PORT SERVER_PORT DELAY\n", stderr);
        return 64;
    }
    delay_path = argv[3];
    int listener = listen_on(argv[1]);
    for (;;) {
        struct pollfd events[1 + 2 * PAIRS_MAX] = {{.fd = listener, .events = POLLIN}};
        for (size_t i = 0; i < pair_count; i++) {
            events[1 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
            events[2 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
        }
        if (poll(events, 1 + 2 * pair_count, STEP_MS) > 0 && (events[0].revents & POLLIN) != 0) {
            take(listener, argv[2]);
        }
        for (size_t i = pair_count; i-- > 0;) {
            if (!read_both(&pairs[i]) || !let_go(&pairs[i])) {
                end_pair(&pairs[i]);
            }
        }
    }
}
