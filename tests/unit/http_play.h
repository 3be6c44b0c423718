/*
 * A backend that is played, and a client that speaks raw HTTP: for the tests and measurements of http/.
 *
 * The local part of an address says how its lookup fares:
 *
 *   hit none            in memory, found or none
 *   miss redis stale    found, after a wait, from the directory, Redis, an expired answer
 *   inline              found, and brought before start() returns
 *   gone                none, after a wait
 *   down late broken    unknown, after a wait: unavailable, deadline, a defect
 *   hold                found, when play_release() is called
 *
 * Anything else is none, in memory; "miss" and "hold" with more behind it ("miss17") fare as they do. A purge is told
 * by the thread that brings the others, and drops 3.
 */
#ifndef TESTS_UNIT_HTTP_PLAY_H
#define TESTS_UNIT_HTTP_PLAY_H

#include <pthread.h>

#include "base/answer.h"
#include "base/buffer.h"
#include "http/http.h"

#define PLAY_KINDS 11
#define PLAY_WAITERS_MAX 8192

#define PLAY_STALL_MS 1500
#define PLAY_MARK_BYTES 160

/* Whether the backends that are opened from now on have a side (struct http_side): each worker then waits by it while
 * there is somebody who waits, so that requests linger. */
extern bool play_has_side;

struct play {
    struct http *http;
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    bool ends;
    bool released;      /* hold waits no longer */
    bool not_ready;
    bool wakes_later;   /* who waits is answered first, and woken when all are; set before anybody waits */
    size_t wakings;     /* how often there was somebody to wake then */
    bool hit_is_stale;  /* "hit" is served as an expired answer is */
    bool hit_is_lost;   /* memory has it no more: it comes after a wait */
    struct answer *answers[PLAY_KINDS];
    struct pending {
        struct waiter *waiter;
        size_t kind;
        bool explain;
    } pending[PLAY_WAITERS_MAX];
    size_t pending_count;
    struct drop_waiter *drop_waiter;   /* who waits for a purge */
    struct drop purge;                 /* the last one that was asked for */
    bool is_stuck;      /* whoever waits by a side does, until this is over */
    size_t stuck;       /* so many are */
    unsigned stalls_at; /* when sides are asked for this time whether they are owed, it takes PLAY_STALL_MS; 0: never */
    struct address expected;           /* whose get() was said to come, last; and how often, also `soon` */
    size_t expectations, soon;
    size_t gets, served_again, starts, explains, purges;
    /* What searches find; set before they are made, owned by the test. */
    struct answer *found[MAX_SEARCH_RESULTS];
    size_t found_count;
    struct named named;
    size_t name_size;                  /* of the last name that was asked for */
    bool name_only_open;               /* likewise */
    size_t directories, open_directories; /* that a name is asked of */
    struct blob *crls[MAX_SEARCH_RESULTS];
    size_t crl_count;
};

/* A certificate, as bytes: CN=Hit, EC P-256, self-signed. */
struct bytes play_certificate(void);

/* An answer of one certificate whose value ends in `mark` (of PLAY_MARK_BYTES at most), so that two can be told
 * apart; none: zero of them. */
struct answer *play_answer(const char *address, enum outcome outcome, enum reason reason, const char *mark,
                           int64_t life_s);

/* A listener on a free port of 127.0.0.1. `config` NULL: 2 threads and small limits. */
struct play *play_open(const struct http_config *config);
void play_close(struct play **play);
uint16_t play_port(const struct play *play);

/* What memory answers to "hit" from now on; takes the reference over. */
void play_replace_hit(struct play *play, struct answer *answer);

/* Memory has lost it, or has it again. */
void play_lose_hit(struct play *play, bool lost);

/* Lets everyone go who waits for "hold", now and from now on. */
void play_release(struct play *play);

/* From now on, or no longer, workers stick in their side when they wait by it. */
void play_stick(struct play *play, bool sticks);

/* A connection to the port on loopback; its reads time out after five seconds. -1: refused. */
int play_connect(uint16_t port);
bool play_send(int fd, const char *data, size_t size);

/* Reads to the end of one response (by its Content-Length; `head`: there is no body). False: closed or timed out. */
bool play_read_response(int fd, bool head, struct buffer *response);

/* Reads to the end of the connection. False: timed out. */
bool play_read_all(int fd, struct buffer *all);

/* One request on a connection of its own, and everything that comes back. `request` is sent as it is. */
void play_exchange(uint16_t port, const char *request, size_t size, struct buffer *response);

/* "GET path HTTP/1.1" with Host, Connection: close and further `fields` ("Accept: x\r\n"). */
void play_request(uint16_t port, const char *method, const char *path, const char *fields, struct buffer *response);

int play_status(const struct buffer *response);

/* The value of a header field, in `out`; NULL: not there. */
const char *play_field(const struct buffer *response, const char *name, char *out, size_t size);
struct bytes play_body(const struct buffer *response);

#endif
