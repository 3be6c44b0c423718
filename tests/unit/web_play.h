/*
 * Web servers and names for the tests of fetch/: servers on loopback that do
 * what no decent server does, and a resolver that is played.
 */
#ifndef TESTS_UNIT_WEB_PLAY_H
#define TESTS_UNIT_WEB_PLAY_H

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_REQUEST_BYTES 8192
#define WEB_TALKS 1024

/* What a path is answered with. */
struct web_page {
    const char *path;       /* the target, without its query */
    const char *first;      /* header, or whatever is said first; %PORT% is the server's own port */
    const char *again;      /* then this, */
    size_t repeat;          /* so often */
    int pause_ms;           /* before each time */
    int wait_ms;            /* before hanging up, unless they do */
};

struct web;

struct web_talk {
    struct web *web;
    int fd;
    pthread_t thread;
};

struct web {
    const struct web_page *pages; /* the last one has no path */
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    size_t talk_count;
    struct web_talk talks[WEB_TALKS];
    char last[WEB_REQUEST_BYTES];  /* the last request, body included */
    atomic_uint connections, requests;
    atomic_size_t sent;
};

/* On 127.0.0.1, or on another address. False: it cannot. `port` 0: a free one. */
bool web_start(struct web *web, const struct web_page *pages, int port);
bool web_start_at(struct web *web, const struct web_page *pages, int port, const char *address);
void web_stop(struct web *web);

/* getaddrinfo() of the whole program, libraries included, knows these names and numeric addresses only. */
struct web_name {
    const char *name;
    const char *answers[4]; /* one for each time it is asked, the last one again and again; "a,b": two addresses */
    int wait_ms;            /* before an answer */
    atomic_uint asked;
};

/* The last one has no name. */
void web_names(struct web_name *names);

int web_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result);
void web_freeaddrinfo(struct addrinfo *info);

/* Stands once in a test that plays names: takes the place of the C library's, for libcurl as well. Not in web_play.c,
 * or every test that resolves a name would be given these. */
#define WEB_PLAYS_NAMES                                                                                               \
    int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)    \
    {                                                                                                                 \
        return web_getaddrinfo(name, service, hints, result);                                                         \
    }                                                                                                                 \
                                                                                                                      \
    void freeaddrinfo(struct addrinfo *info)                                                                          \
    {                                                                                                                 \
        web_freeaddrinfo(info);                                                                                       \
    }

#endif
