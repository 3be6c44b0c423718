/*
 * sip: a client that takes its answer slowly.
 *
 *     sip PORT REQUEST STEP_BYTES
 *
 * Sends the file REQUEST to 127.0.0.1:PORT and has little room for what comes: of that it takes at most so many octets in
 * every STEP_MS, to the end; 0: none, until it is ended. Then it says how many of the body it took, of how many
 * (Content-Length), and how long that went on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 200
#define ROOM_BYTES 4096 /* of the socket */
#define SEGMENT_BYTES 536
#define HEAD_BYTES 4096

static void fail(const char *what)
{
    fprintf(stderr, "sip: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int come(const char *port)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int room = ROOM_BYTES, segment = SEGMENT_BYTES;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) != 0 ||
        connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0) {
        fail("connect");
    }
    return fd;
}

static void ask(int fd, const char *path)
{
    char piece[65536];
    FILE *file = fopen(path, "re");
    size_t size;

    if (file == NULL) {
        fail(path);
    }
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        if (send(fd, piece, size, MSG_NOSIGNAL) != (ssize_t)size) {
            fail("send");
        }
    }
    fclose(file);
}

/* The header; what Content-Length says. */
static unsigned long take_head(int fd)
{
    char head[HEAD_BYTES + 1];
    size_t size = 0;

    do {
        if (size == HEAD_BYTES || recv(fd, head + size, 1, 0) != 1) {
            fail("no header");
        }
        head[++size] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
    const char *length = strcasestr(head, "\r\nContent-Length:");

    return length != NULL ? strtoul(strchr(length, ':') + 1, NULL, 10) : 0;
}

/* False: that was all. */
static int take_step(int fd, size_t step, size_t *taken)
{
    char piece[4096];
    ssize_t came = 1;

    for (size_t left = step; left > 0 && came > 0; left -= (size_t)came) {
        came = recv(fd, piece, left < sizeof(piece) ? left : sizeof(piece), 0);
        if (came < 0) {
            fail("recv");
        }
        *taken += (size_t)came;
    }
    return came > 0;
}

int main(int argc, char **argv)
{
    size_t taken = 0;

    if (argc != 4) {
        fputs("usage: sip PORT REQUEST STEP_BYTES\n", stderr);
        return 64;
    }
    size_t step = strtoul(argv[3], NULL, 10);
    int fd = come(argv[1]);

    ask(fd, argv[2]);
    if (step == 0) {
        for (;;) {
            pause();
        }
    }
    int64_t began_ms = now_ms();
    unsigned long length = take_head(fd);

    while (take_step(fd, step, &taken)) {
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
    printf("octets %zu\nlength %lu\nmilliseconds %lld\n", taken, length, (long long)(now_ms() - began_ms));
    return 0;
}
