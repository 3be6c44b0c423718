/*
 * crawl: clients that keep connections without coming to the point.
 *
 *     crawl PORT SLOW IDLE
 *
 * Of 127.0.0.1:PORT, SLOW send a request that never ends, an octet of its header in every STEP_MS; IDLE say nothing. Who
 * is hung up on comes again. Writes "ready" to standard output when all are connected, and runs until it is ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 250
#define CLIENTS_MAX 10000

static const char request[] = "GET /v1/recipients/somebody@example.org HTTP/1.1\r\nHost: a\r\nX-Slow: ";

static struct client {
    int socket;
    bool is_slow;
    size_t sent;
} clients[CLIENTS_MAX];

static struct sockaddr_in server = {.sin_family = AF_INET};

static void fail(const char *what)
{
    fprintf(stderr, "crawl: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void come(struct client *client)
{
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    client->sent = 0;
    if (client->socket < 0 || connect(client->socket, (struct sockaddr *)&server, sizeof(server)) != 0) {
        fail("connect");
    }
}

static bool was_hung_up_on(const struct client *client)
{
    struct pollfd look = {.fd = client->socket, .events = POLLIN};

    return poll(&look, 1, 0) != 0;
}

static void step(struct client *client)
{
    size_t at = client->sent++;
    char octet = at < sizeof(request) - 1 ? request[at] : 'a';

    if (was_hung_up_on(client) || (client->is_slow && send(client->socket, &octet, 1, MSG_NOSIGNAL) != 1)) {
        close(client->socket);
        come(client);
    }
}

static size_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value > CLIENTS_MAX) {
        fprintf(stderr, "crawl: \"%s\" is no number up to %d\n", text, CLIENTS_MAX);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct rlimit files = {CLIENTS_MAX, CLIENTS_MAX};

    if (argc != 4) {
        fprintf(stderr, "usage: crawl PORT SLOW IDLE\n");
        return 2;
    }
    size_t slow = number(argv[2]), count = slow + number(argv[3]);

    if (count > CLIENTS_MAX) {
        fprintf(stderr, "crawl: more than %d clients\n", CLIENTS_MAX);
        return 2;
    }
    server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (size_t i = 0; i < count; i++) {
        clients[i].is_slow = i < slow;
        come(&clients[i]);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            step(&clients[i]);
        }
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
}
