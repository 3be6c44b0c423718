/*
 * The inside of cache/redis.h. Private to cache/redis*.c.
 *
 *   redis.c          commands: get, put, drop, and what their replies mean
 *   redis_wire.c     the one connection: resolve → connect → greet → up, and after a fault a rest
 *   redis_greet.c    what is said first on a connection
 *   redis_guard.c    bounds what a server may send before hiredis takes it apart
 *   redis_refusal.c  error replies in words, one line in the log per change
 *   redis_resolve.c  names, on a thread of their own
 *   redis_settings.c what is right in a configuration
 *   redis_tls.c      TLS, where hiredis_ssl is there
 *   redis_uri.c      the URI
 *
 * Who owns a command: from the moment it is sent until its callback, hiredis
 * does. It also stands in shared->commands as long as somebody waits for it;
 * once it is taken out, its `shared` is NULL and the callback only frees it. So
 * a callback of ours may close everything, and what hiredis still holds then
 * does no harm.
 */
#ifndef CACHE_REDIS_PRIVATE_H
#define CACHE_REDIS_PRIVATE_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <sys/queue.h>

#include "cache/redis.h"

struct event;

/* A server, as a URI names it. Strings are owned; "" where there is none. */
struct endpoint {
    char *host;     /* name or numeric, without brackets */
    char *path;     /* of a unix socket; "": by TCP */
    char *username;
    char *password;
    char *shown;    /* for the log: without user and password */
    uint16_t port;
    int database;
    bool tls;
};

/* -1: the words begin with "uri: " and never show the password; there is nothing to free. */
int endpoint_parse(const char *uri, struct endpoint *endpoint, struct error *error);
void endpoint_free(struct endpoint *endpoint); /* wipes the password */

/* redis_settings.c: the endpoint of a configuration, once all of that is sound. -1: the words name the setting. */
int endpoint_configure(const struct shared_config *config, struct endpoint *endpoint, struct error *error);

#define RESOLVED_MAX 8
#define RESOLVED_BYTES 64

struct resolved {
    char addresses[RESOLVED_MAX][RESOLVED_BYTES]; /* numeric */
    size_t count;
    char error[128]; /* why there are none */
};

struct resolution;

/* Asks for a name on a thread of its own. NULL: no thread to be had. */
struct resolution *resolution_start(const char *host);
int resolution_fd(const struct resolution *resolution); /* readable when it is done */
const struct resolved *resolution_result(const struct resolution *resolution); /* NULL: not done yet */
void resolution_free(struct resolution **resolution); /* at any time; waits for nothing */

struct tls;

bool tls_is_built(void);
struct tls *tls_new(const struct endpoint *endpoint, const char *ca_file, struct error *error);
void tls_free(struct tls **tls);
/* -1: context->errstr says why. */
int tls_start(const struct tls *tls, redisAsyncContext *context);

enum wire_state {
    WIRE_RESTING,    /* until the timer */
    WIRE_RESOLVING,
    WIRE_CONNECTING,
    WIRE_GREETING,   /* connected; AUTH, SELECT and PING are not all answered */
    WIRE_UP,
    WIRE_CLOSED
};

/* What the log has said of the connection. The larger is said even after the smaller. */
enum wire_fault { FAULT_NONE, FAULT_AWAY, FAULT_REFUSED };

enum refused { REFUSED_READ, REFUSED_WRITE, REFUSED_COUNT };
struct refusal;

struct command {
    TAILQ_ENTRY(command) entry;
    struct shared *shared; /* NULL: nobody waits for it any longer */
    void (*finish)(struct shared *shared, struct command *command, const redisReply *reply); /* NULL reply: none came */
    void (*done)(void *context, enum shared_result result, struct bytes value);
    void *context;
    size_t bytes;
    int64_t sent_ms;
};
TAILQ_HEAD(commands, command);

struct shared {
    struct event_base *base;
    struct endpoint endpoint;
    struct tls *tls;          /* NULL: none */
    int64_t timeout_ms;
    size_t max_queued;

    enum wire_state state;
    redisAsyncContext *context; /* while connecting, greeting and up; its `data` is this struct */
    struct event *timer;      /* resting: the next try; on the way up: the end of patience; up: the oldest command */
    struct event *resolved;
    struct resolution *resolution;
    struct resolved addresses;
    size_t next_address;
    int64_t rest_ms;          /* the next rest, before jitter */
    int64_t up_since_ms;
    const char *broken;       /* why the connection must be closed once hiredis is off the stack; NULL: it need not */
    enum wire_fault said;
    bool was_up;              /* ever */

    struct commands commands; /* in the order they were sent */
    size_t queued;
    size_t queued_bytes;

    const struct refusal *refusals[REFUSED_COUNT]; /* why reads and writes are refused; NULL: they are not */
    int64_t refused_ms[REFUSED_COUNT];
};

/* redis.c */
bool command_send(struct shared *shared, const struct command *draft, int argc, const char **argv, const size_t *sizes);

/* redis_wire.c */
int wire_open(struct shared *shared);  /* -1: out of memory; wire_close() is still due */
void wire_close(struct shared *shared);
void wire_watch(struct shared *shared, int64_t timeout_ms);  /* sets the timer */
void wire_break(struct shared *shared, const char *why);     /* from anywhere, inside hiredis too: closes soon */
void wire_up(struct shared *shared);                         /* the greeting is answered */
void wire_lost(struct shared *shared, enum wire_fault fault, const char *why); /* the last that its caller does */
void wire_gone(struct shared *shared, const redisAsyncContext *context); /* hiredis is about to free its context */

/* redis_greet.c: sends AUTH, SELECT, PING and the name. False: out of memory. */
bool wire_greet(struct shared *shared);

/* redis_guard.c: instead of redisLibeventAttach(). -1: out of memory. */
int guard_attach(redisAsyncContext *context, struct event_base *base);

/* redis_refusal.c */
bool refusal_is(const redisReply *reply, const char *code); /* an error reply that begins with this word */
void refusal_note(struct shared *shared, enum refused which, const redisReply *reply);
void refusal_over(struct shared *shared, enum refused which);

#endif
