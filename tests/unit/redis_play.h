/*
 * What tests of cache/redis play with: a real redis-server on a free port, an
 * event loop that runs until something is so, and a server that says whatever
 * the test tells it to.
 */
#ifndef TESTS_UNIT_REDIS_PLAY_H
#define TESTS_UNIT_REDIS_PLAY_H

#include <event2/event.h>

#include "cache/redis.h"

/* A redis-server of our own, in a folder of its own. */
struct server {
    int pid;
    uint16_t port;
    char folder[64];
    char socket[96];
    const char *const *options;
};

uint16_t server_free_port(void);

/* Starts and waits until it answers. `options`: more of them, NULL at the end; NULL: none. */
void server_start(struct server *server, const char *const *options);
void server_revive(struct server *server); /* after a kill, on the same port */
void server_kill(struct server *server);   /* -9 */
void server_stop(struct server *server);   /* and removes its folder */
/* Sends one inline command, returns the first line of the reply. */
const char *server_ask(const struct server *server, const char *command, char *line, size_t size);

/* Runs the loop until `is_so`. False: it was not so within the time. */
bool loop_until(struct event_base *base, bool (*is_so)(void *context), void *context, int64_t within_ms);
void loop_for(struct event_base *base, int64_t ms);

/* What a get gave. */
struct got {
    bool came;
    enum shared_result result;
    uint8_t *value;
    size_t size;
};
void got_it(void *context, enum shared_result result, struct bytes value); /* for shared_get(); context: struct got */
enum shared_result get_wait(struct event_base *base, struct shared *shared, const char *key, struct got *got);
void got_free(struct got *got);
bool wait_up(struct event_base *base, struct shared *shared);
bool wait_down(struct event_base *base, struct shared *shared);

/* A server that is none, on the loop of the test. */
struct fake {
    const char *hello;   /* said to who connects; NULL: nothing */
    const char *ping;    /* said to PING, and to CLIENT, AUTH and SELECT before it; NULL: nothing */
    const char *reply;   /* said to every other command; NULL: nothing */
    size_t endless;      /* after reply: so many bytes 'x' */
    bool closes;         /* after reply */
    bool tracks;         /* CLIENT ID is answered with a number, SUBSCRIBE confirmed, PUBLISH counted */
    bool holds;          /* CLIENT TRACKING is answered by fake_release() alone */
    const char *pushed;  /* said after SUBSCRIBE is confirmed, or instead; NULL: nothing */
    uint16_t port;
    unsigned connections;
    unsigned held;       /* replies, so far */
    size_t sent;
    struct event_base *base;
    struct event *listener;
    struct caller *callers;
};
void fake_start(struct fake *fake, struct event_base *base);
void fake_stop(struct fake *fake);
void fake_hang_up(struct fake *fake);                   /* on those who subscribed */
void fake_release(struct fake *fake, unsigned replies); /* that were held back, the oldest first */

/* The log's lines from here on go to a file, and come back as a text that the caller frees. */
void log_catch(void);
char *log_caught(void);
unsigned lines_with(const char *text, const char *part);

#endif
