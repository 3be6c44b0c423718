/*
 * The HTTP side: listens, reads requests, sends answers.
 *
 *   listener.c   the workers of each address, their limits, draining; socket*.c bind
 *   worker.c     a thread that runs a daemon of libmicrohttpd, and resumes what has waited
 *   arrivals.c   connections of proxies, until their header has come; proxied.c reads it
 *   request.c    one request from its first byte to its last, and the wait for an answer
 *   slow.c       connections whose clients take too long; shortage.c when no descriptor is left for one more
 *   target.c     path segments and query parameters of a request
 *   headers.c    its header fields, and whether its framing is sound
 *   body.c       its body, where one is wanted
 *   routes.c     the table of routes; pages.c answers those that need no lookup
 *   recipients.c the routes that look somebody up
 *   doors.c      who may ask what; tokens.c who has which, access.c what tells of who asks
 *   cors.c       which pages of other origins may read the answers
 *   limits.c     how much a client may ask for; client.c which client it is; rules.c all that as configured
 *   credentials.c  TLS: the certificate that listeners show, and those of clients
 *   wanted.c     what a request wants of a route's formats; negotiate.c by Accept
 *   request_id.c by what a refusal is found in the log
 *   reply.c      an answer as a response; etag.c its tag
 *   lookups.c    many lookups for one request
 *   batch.c      the route that looks many recipients up at once; fragments.c keeps ready what it says of each;
 *                bundle.c the certificates of all in one
 *   search.c     the routes of RFC 4387; search_query.c what they are asked for, search_crls.c those of CRLs,
 *                parts.c several things in one body
 *   purge.c      the route that drops answers
 *   hot.c        ready-made responses for answers that are asked for often
 *   respond.c    responses with their headers; problems
 *
 * A request is read on the thread of a worker. An answer from memory goes
 * out from there; otherwise the request waits until the lookup brings it back
 * (request.h says how). This folder knows no lookup: the gateway hands in
 * struct http_backend.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/answer.h"
#include "base/drop.h"
#include "base/error.h"
#include "base/limiter.h"
#include "base/named.h"
#include "base/network.h"
#include "base/search_key.h"

struct http_backend {
    void *context;
    /* A fresh answer that is in memory now, or .answer = NULL. Any thread; does not wait. */
    struct served (*get)(void *context, const struct address *address);
    /* That get() of this address is to come: what it reads lies one behind the other, far away in main memory, and can
     * be on its way while the request is still being read. Called when the address is known, and again, `soon`, when
     * the header fields are. Any thread; does not wait. */
    void (*expect)(void *context, const struct address *address, bool soon);
    /* Whether get() would give this answer out now, which it did before. True: it counts as given out. Any thread;
     * takes no lock. */
    bool (*may_serve)(void *context, struct answer *answer);
    /* Starts, or joins, the lookup; waiter->ready comes exactly once, at the latest at the lookup's deadline. Any
     * thread; does not wait. */
    void (*start)(void *context, const struct address *address, struct waiter *waiter);
    /* Whether we can answer: for /readyz. False: `why` says in one sentence why not. */
    bool (*ready)(void *context, char *why, size_t why_size);
    /* What /v1/status says of the configuration of now: gives `each` the name of every directory, and returns whether
     * there is a Redis. Any thread; does not wait. */
    bool (*describe)(void *context, void (*each)(void *closure, const char *directory), void *closure);
    /* As start, but for one who wants to know why: the answer carries how each verdict came about (certificate.trail).
     * It is made for this one and stands in no cache; it comes at twice the lookup's deadline at the latest. */
    void (*explain)(void *context, const struct address *address, struct waiter *waiter);
    /* Drops answers; waiter->done comes when that is so here, and the others that share our Redis have been told. Any
     * thread; does not wait. -1: out of memory, and it never comes. */
    int (*purge)(void *context, const struct drop *drop, struct drop_waiter *waiter);
    /* Answers in memory that have a certificate of this key, at most `most`, with a reference each for the caller; how
     * many. Whether they may be given out still is not looked at. Any thread; does not wait. */
    size_t (*find)(void *context, const struct search_key *key, struct answer **answers, size_t most);
    /* Asks every directory whom it knows by this name, valid UTF-8 of at most MAX_SEARCH_NAME_BYTES, or `only_open`,
     * those that may answer for a domain of limits.domains; waiter->ready comes exactly once, at the latest at the
     * lookup's deadline. Any thread; does not wait. */
    void (*name)(void *context, struct bytes name, bool only_open, struct name_waiter *waiter);
    /* How many directories that would ask. Any thread; does not wait. */
    size_t (*name_searches)(void *context, bool only_open);
    /* CRLs that are verified and current, by iHash or sKIDHash: complete ones first, then the newest; likewise. */
    size_t (*crls)(void *context, const struct search_key *key, struct search_match *crls, size_t most);
    /* What the lookups of a worker wait for on the worker's own thread; NULL: nothing. */
    const struct http_side *side;
};

/* Something of the gateway's that lives on the thread of a worker. All of it is called there. */
struct http_side {
    /* `fd` is readable when there is something to do for requests. NULL: this worker has none. */
    void *(*begin)(void *context, int fd);
    void (*end)(void *side); /* when no request waits any longer */
    /* Whether the thread is to wait by wait() now: for `fd`, and for what answers come by. Else it waits for requests
     * alone. */
    bool (*wants_wait)(void *side);
    void (*wait)(void *side, int32_t patience_ms); /* at most; 0: takes only what is there already; -1: any */
    /* Whether a wait, once what was started has been flushed, may soon bring what requests wait for. */
    bool (*is_owed)(void *side);
    void (*flush)(void *side); /* requests were read, and have started what they start; at least once a second */
};

/* Who may look somebody up without a token. */
enum http_open_to {
    OPEN_TO_LOOPBACK, /* who asks by a listener that this machine alone reaches, or from this machine itself */
    OPEN_TO_ALL,
    OPEN_TO_NOBODY
};

/* Of each client. */
struct http_rates {
    struct rate lookups; /* recipients that it may ask for */
    struct rate none;    /* of them, those that may be answered "none" */
};

struct http_limits {
    struct http_rates clients; /* without a token: by address */
    struct http_rates tokens;
    int64_t places;            /* clients that are known at a time, about; see base/limiter.h */
};

/* Who has to show a client certificate, where some are trusted. */
enum http_tls_clients {
    TLS_CLIENTS_ASK,    /* who has one */
    TLS_CLIENTS_REQUIRE /* everybody: who has none that verifies does not get through the handshake */
};

/* All files are in PEM. */
struct http_tls {
    struct bytes certificate;        /* content of a file: ours, then its issuers; empty: there is no TLS */
    struct bytes key;
    struct bytes client_authorities; /* who vouches for client certificates; empty: none is asked for */
    struct bytes client_crls;
    const char *priorities;          /* of GnuTLS */
    enum http_tls_clients clients;
};

struct http_config {
    const char *const *listen; /* "127.0.0.1:8080" "[::1]:8080"; port 0: a free one. "unix:/run/certlookup/http";
                                  "systemd" "systemd:NAME"; before it "https://": TLS; before all "proxy:": a header
                                  of the PROXY protocol begins each connection */
    size_t listen_count;
    int64_t threads;           /* of each listener; 0: one for each core */
    int64_t max_connections;   /* of each listener */
    int64_t max_waiting;       /* requests that wait, all listeners; at most max_connections / 2 - 1 */
    int64_t max_recipients;    /* of one batch */
    int64_t max_batch_lookups; /* under way for all batches together; over it a recipient is answered "limit" */
    int64_t idle_timeout_s;
    int64_t hot_bytes;         /* ready-made responses, for each thread */
    enum http_open_to open_to;
    struct bytes tokens;       /* content of the file of tokens, see http/tokens.h; empty: there is none */
    const char *token;         /* one token more, that opens everything and has no end; "": none */
    const struct network *proxies; /* whose X-Forwarded-For is believed */
    size_t proxy_count;
    struct http_limits limits;
    const char *const *domains; /* patterns of base/address.h: whom clients without a token may ask for; none: all */
    size_t domain_count;
    const char *const *origins; /* of pages that may read answers: "https://webmail.example.org:8443"; or
                                 * HTTP_ORIGIN_ANY alone; none: no page of another origin may */
    size_t origin_count;
    struct http_tls tls;
    struct rules *rules;        /* of all that, for http_adopt(), made by http_rules_make(); NULL: it is not */
};

struct http;

#define HTTP_ORIGIN_ANY "*"

/* Whether this is an origin as browsers write it, or HTTP_ORIGIN_ANY. -1: the words say what is wrong. */
int http_origin_check(const char *text, struct error *error);

/* Whether this is an address to listen on. Binds nothing. -1: the words say what is wrong. */
int http_listen_check(const char *address, struct error *error);

/* Whether it is sure that this machine alone reaches a listener of this address, which is fit to listen on. Not where a
 * proxy connects for others, wherever that is. */
bool http_listen_is_local(const char *address);

/* Whether it wants TLS. */
bool http_listen_is_tls(const char *address);

/* Whether it is for proxies that say in a header of the PROXY protocol for whom they connect. */
bool http_listen_is_proxied(const char *address);

/* "10.1.2.3" "2001:db8::/120": as network_parse(); and "unix", whoever connects to a socket in the file system. */
int http_proxy_parse(const char *text, struct network *network, struct error *error);

/* Makes what http_adopt() takes over, on whatever thread may read certificates and long revocation lists. The
 * configuration's, to be freed. -1: the words say what is wrong, and behind which setting's name. */
int http_rules_make(struct http_config *config, struct error *error);
void http_rules_free(struct http_config *config);

/* Whether the certificate that listeners show, where they show one, is valid now by its dates; of a configuration whose
 * rules are made. -1: the words name the setting and the dates. */
int http_certificate_check(const struct http_config *config, struct error *error);

/* From now on who may ask what is as the configuration says, whatever a connection was let through before, and who
 * connects is shown its certificate; all else stays. Each configuration once. One thread. -1: the words say why not. */
int http_adopt(struct http *http, const struct http_config *config, struct error *error);

/* Binds and starts. NULL: the words name the address. */
struct http *http_open(const struct http_config *config, const struct http_backend *backend, struct error *error);

/* The port that listener number `which` listens on. */
uint16_t http_port(const struct http *http, size_t which);

/* For the time before the end: a new connection is closed at once, a request that would have to wait is answered 503,
 * and a connection ends with the answer to its request. */
void http_drain(struct http *http);

/* How many requests wait for a lookup. */
size_t http_waiting(const struct http *http);

/* For a thread that calls many waiters at a time: from now on it wakes those who send the answers in http_wake(), all
 * at once. When there is somebody to wake `later` is called, on this thread, and sees to it that http_wake() is. */
void http_wake_later(void (*later)(void *context), void *context);
void http_wake(void);

/* Every waiter must have been called before: ends connections and threads. */
void http_close(struct http **http);

#endif
