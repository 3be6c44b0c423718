/*
 * Inside of load: clients that ask over HTTP, and what is expected to come.
 */
#ifndef TESTS_TOOLS_LOAD_H
#define TESTS_TOOLS_LOAD_H

#include <netinet/in.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/digest.h"

#define STATUSES_MAX 8
#define PATH_BYTES 3000
#define SLOWEST_MS 60000

/* One line of the list. */
struct question {
    char *path; /* {n} in it becomes the number of the request */
    int statuses[STATUSES_MAX];
    size_t status_count; /* 0: any */
    char sha256[DIGEST_HEX_BYTES]; /* of the body of a 200; "": any */
};

struct questions {
    struct question *list;
    size_t count;
};

struct settings {
    struct sockaddr_in server;
    long clients, most_requests, seconds, pause_ms, per_second, give_up_ms;
    FILE *answers; /* NULL: they are not written down */
};

struct tally {
    unsigned long asked, answered, wrong, failed, left, statuses[600];
    unsigned long paced; /* answered by the time that nothing more was asked */
    unsigned long took_ms[SLOWEST_MS + 1];
    int complaints;
};

enum client_state { CLIENT_RESTING, CLIENT_CONNECTING, CLIENT_READY, CLIENT_WAITING };

struct client {
    enum client_state state;
    int socket;    /* -1: none */
    bool used;     /* the connection has answered before: the server may be closing it as we ask */
    int64_t due_ms; /* resting: until then; connecting and waiting: no longer than that */
    int64_t asked_us;
    const struct question *question;
    char path[PATH_BYTES];
    struct buffer in;
};

struct load {
    struct settings settings;
    struct questions questions;
    struct tally tally;
    struct client *clients;
    int epoll;
    int64_t began_us, ended_us; /* of asking */
    bool ending; /* nothing new is asked */
};

/* A word on stderr; the first few only. */
void load_complain(struct load *load, const char *path, const char *what);

void client_connect(struct load *load, struct client *client);
void client_ask(struct load *load, struct client *client, const struct question *question, int64_t due_us);
void client_event(struct load *load, struct client *client); /* its socket has something to say */
void client_late(struct load *load, struct client *client);  /* due_ms has come, connecting or waiting */

#endif
