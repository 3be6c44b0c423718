/*
 * The inside of cache/redis.h. Private to cache/redis*.c.
 *
 *   redis.c          commands: get, put, del, publish, and what their replies mean
 *   redis_line.c     one connection, whatever it is for
 *   redis_wire.c     the one that reads and writes: resolve → connect → greet → up, and after a fault a rest
 *   redis_greet.c    what is said first on a connection
 *   redis_listen.c   the second one, which hears what others change, while the first is up
 *   redis_tracking.c the first is told to tell the second; the heartbeat that goes through both
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

#include <event2/util.h>
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

/* What a message on the second connection is about. */
enum channel { CHANNEL_CHANGED, CHANNEL_SAID, CHANNEL_BEAT, CHANNEL_COUNT };

#define CHANNEL_BYTES 64

/* Of both connections. */
#define REST_MIN_MS 100
#define REST_MAX_MS 10000

/* A connection to the server, and what redis_guard.c knows of what comes there. */
struct line {
    redisAsyncContext *context; /* its `data` is this struct; NULL: there is none */
    struct event *timer;
    struct event *flush; /* sends what is to be sent; made due by the first command of a turn of the loop */
    bool is_flushing;    /* hiredis is sending; it says through the adapter whether that was all */
    const char *broken; /* why it must be closed once hiredis is off the stack; NULL: it need not */
    size_t unread_max;  /* as much may come ahead of what hiredis took apart */
    const char (*channels)[CHANNEL_BYTES]; /* of which messages may come unasked; NULL: none may */
    unsigned confirmed;                    /* channels whose subscription the server has confirmed: a bit for each */
    struct push {
        bool is_message;    /* or it confirms a subscription */
        enum channel channel;
    } push; /* the message that is being taken apart */
};

struct command {
    TAILQ_ENTRY(command) entry;
    struct shared *shared; /* NULL: nobody waits for it any longer */
    void (*finish)(struct shared *shared, struct command *command, const redisReply *reply); /* NULL reply: none came */
    void (*done)(void *context, enum shared_result result, struct bytes value);
    void *context;
    uint64_t try; /* of the second connection: which it is about */
    size_t bytes;
    int64_t sent_ms;
};
TAILQ_HEAD(commands, command);

enum listen_state {
    LISTEN_OFF,        /* nobody wants to hear, or the first connection is not up */
    LISTEN_RESTING,    /* until the timer */
    LISTEN_CONNECTING,
    LISTEN_GREETING,   /* AUTH and CLIENT ID are not all answered */
    LISTEN_SUBSCRIBING,
    LISTEN_TRACKING,   /* the first connection was told to tell this one, and has not said OK yet */
    LISTEN_ON
};

struct listener {
    struct line line;
    struct shared *shared;
    struct shared_ears ears; /* .changed == NULL: nobody wants to hear */
    char prefix[SHARED_PREFIX_MAX + 1];
    char channels[CHANNEL_COUNT][CHANNEL_BYTES];
    enum listen_state state;
    uint64_t try;         /* which connection it is; an address tells nothing, as the next may have the same */
    enum shared_state told; /* what `ears` was told last */
    int64_t rest_ms;
    bool refused;         /* this server, or this user of it, cannot do it */
    bool said;            /* the log knows that we hear nothing */
    long long id;         /* of the second connection, as CLIENT ID gives it */
    struct event *beat;
    int64_t heard_ms;     /* the last heartbeat */
};

struct shared {
    struct line line;
    struct event_base *base;
    struct endpoint endpoint;
    struct tls *tls;          /* NULL: none */
    int64_t timeout_ms;
    size_t max_queued;
    bool is_reader;           /* another connection speaks for this process */

    enum wire_state state;
    struct event *resolved;
    struct resolution *resolution;
    struct resolved addresses;
    size_t next_address;
    int64_t rest_ms;          /* the next rest, before jitter */
    int64_t up_since_ms;
    enum wire_fault said;
    bool was_up;              /* ever */

    struct commands commands; /* in the order they were sent */
    size_t queued;
    size_t queued_bytes;

    struct listener listener;

    const struct refusal *refusals[REFUSED_COUNT]; /* why reads and writes are refused; NULL: they are not */
    int64_t refused_ms[REFUSED_COUNT];
};

/* redis.c */
bool command_send(struct shared *shared, const struct command *draft, int argc, const char **argv, const size_t *sizes);

/* redis_line.c. `line` is zeroed; its timer calls `fire` with `owner`. -1: out of memory, line_close() is still due. */
int line_open(struct line *line, struct event_base *base, void (*fire)(evutil_socket_t fd, short what, void *owner),
              void *owner);
void line_close(struct line *line);
/* Connects to a numeric address, or to the socket of the endpoint. False: `why` says what failed at once. */
bool line_dial(struct line *line, const struct shared *shared, const char *address, redisConnectCallback *on_connect,
               redisDisconnectCallback *on_disconnect, struct error *why);
/* Takes the context off the line; hiredis still has it, and calls back nobody that looks at its `data`. */
redisAsyncContext *line_detach(struct line *line);
void line_watch(struct line *line, int64_t timeout_ms);  /* sets the timer */

/* Sets it for a rest, half of which is chance, so that many gateways do not come back all at once; and how long the
 * next rest is. */
void line_rest(struct line *line, int64_t rest_ms);
int64_t line_longer_rest_ms(int64_t rest_ms);

void line_break(struct line *line, const char *why);     /* from anywhere, inside hiredis too: the timer is due */
void line_flush(struct line *line);                      /* sends now what would be at the end of the loop's turn */
const char *line_fault(const struct line *line, const redisAsyncContext *context); /* why the context ended */

/* redis_wire.c. The line's timer: resting, the next try; on the way up, the end of patience; up, the oldest command. */
int wire_open(struct shared *shared);  /* -1: out of memory; wire_close() is still due */
void wire_close(struct shared *shared);
void wire_up(struct shared *shared);                         /* the greeting is answered */
void wire_lost(struct shared *shared, enum wire_fault fault, const char *why); /* the last that its caller does */
void wire_gone(struct shared *shared, const redisAsyncContext *context); /* hiredis is about to free its context */

/* redis_greet.c: sends AUTH, SELECT, PING and the name. False: out of memory. */
bool wire_greet(struct shared *shared);

#define AUTH_WORDS 3

/* The words of AUTH for this endpoint; how many. 0: it has no password. */
int greet_auth(const struct endpoint *endpoint, const char *words[AUTH_WORDS]);

/* redis_listen.c */
int listen_open(struct shared *shared);  /* -1: out of memory; listen_close() is still due */
void listen_close(struct shared *shared);
void listen_start(struct shared *shared); /* the first connection is up */
void listen_stop(struct shared *shared);  /* it no longer is */
void listen_lost(struct listener *listener, const char *why);
void listen_refused(struct listener *listener, const char *why); /* the same, and asking again soon is of no use */
void listen_tell(struct listener *listener); /* tells `ears` how it stands, if that is news */

/* redis_tracking.c: the second connection is ready; then listen_tell() with LISTEN_ON, or listen_lost(). */
void tracking_start(struct listener *listener);
void tracking_stop(struct listener *listener);
void tracking_heard(struct listener *listener); /* a heartbeat */

/* redis_guard.c: instead of redisLibeventAttach(); context->data is the line already. -1: out of memory. */
int guard_attach(redisAsyncContext *context, struct event_base *base);

/* redis_refusal.c */
bool refusal_is(const redisReply *reply, const char *code); /* an error reply that begins with this word */
void refusal_note(struct shared *shared, enum refused which, const redisReply *reply);
void refusal_over(struct shared *shared, enum refused which);

#endif
