/*
 * The second cache: sealed records in Redis, shared by several gateways.
 *
 * One connection, asynchronous, on its owner's event loop; the commands of all
 * lookups share its pipeline. A second one, if somebody wants to hear, tells what
 * other gateways change: Redis tracks the keys under a prefix for us (CLIENT
 * TRACKING, Redis 6), and a heartbeat each second goes out on the first and must
 * come back on the second. The engine has such a pair; threads that read requests
 * have one each that only reads. What is opened here is its owner's thread's
 * alone, and every callback comes there. Nothing waits: while Redis is away,
 * shared_get() says so at once; reconnecting backs off from 100 ms to 10 s with
 * jitter, in the background, names resolved on a thread of its own. One line in
 * the log when Redis goes, one when it is back. A command unanswered for
 * `timeout_ms` counts as an error and closes the connection.
 */
#ifndef CACHE_REDIS_H
#define CACHE_REDIS_H

#include "base/bytes.h"
#include "base/error.h"

struct event_base;

struct shared_config {
    const char *uri;      /* redis://[user[:password]@]host[:port][/db], redis+unix:///path[?db=n]; rediss:// where
                           * hiredis_ssl is there */
    const char *username; /* "": none; over the URI's */
    const char *password; /* "": none; over the URI's; from redis.password-file */
    const char *ca_file;  /* of rediss://; NULL or "": the system's */
    int64_t timeout_ms;   /* of one command, and of connecting */
    int64_t max_queued;   /* commands under way; over it shared_get() fails and shared_put() drops, counted */
    bool is_reader;       /* one more connection of a process that has another, whose word on how Redis is counts: this
                           * one says nothing of it in log and gauges */
};

/* Checks a configuration without opening anything. -1: the words name what is wrong. */
int shared_config_check(const struct shared_config *config, struct error *error);

struct shared;

/* Never waits, never fails because Redis is away. NULL: the configuration is wrong, or out of memory. */
struct shared *shared_open(struct event_base *base, const struct shared_config *config, struct error *error);

/* Ends the connection; every open get gets its callback (SHARED_FAILED) before this returns. */
void shared_close(struct shared **shared);

bool shared_is_up(const struct shared *shared);

/* For one who runs the loop only when there is a reason to: whether there is. */
bool shared_wants_loop(const struct shared *shared);

/* How many commands are under way. */
size_t shared_queued(const struct shared *shared);

/* For one who waits in another way than by the loop: what is readable when replies come, and then to call. -1: the loop
 * alone knows what to wait for. Its timers want it run all the same, a few times in timeout_ms. */
int shared_fd(const struct shared *shared);
void shared_read(struct shared *shared);

/* Sends what else goes out at the end of this turn of the loop. May call back, as the loop does. */
void shared_flush(struct shared *shared);

enum shared_result { SHARED_HIT, SHARED_MISS, SHARED_FAILED };

/* `done` is called exactly once, later or from within (when Redis is away); `value` lives as long as the call. */
void shared_get(struct shared *shared, const char *key,
                void (*done)(void *context, enum shared_result result, struct bytes value), void *context);

/* The same for what says what others must not serve any longer: `max_queued` does not hold it up. Without a place, too,
 * it is SHARED_FAILED. */
void shared_get_first(struct shared *shared, const char *key,
                      void (*done)(void *context, enum shared_result result, struct bytes value), void *context);

/* DEL key. False: Redis is away or its queue is full, nothing was sent; what was sent may still be lost with the
 * connection. */
bool shared_del(struct shared *shared, const char *key);

/* PUBLISH to all who listen with the same prefix, this gateway too. False: likewise. */
bool shared_publish(struct shared *shared, struct bytes message);

/* How much we know of what others change. */
enum shared_state {
    SHARED_AWAY,  /* there is no connection */
    SHARED_DEAF,  /* there is one, but nothing tells us of changes */
    SHARED_HEARS  /* every change of a key is told from now on, as long as this state lasts */
};

#define SHARED_PREFIX_MAX 32

/* What somebody wants to hear. None of these may close `shared`. */
struct shared_ears {
    void (*state)(void *context, enum shared_state state); /* it is another one now */
    void (*changed)(void *context, struct bytes key); /* somebody else set or deleted it, or it expired; .data NULL: any
                                                       * key may have changed */
    void (*said)(void *context, struct bytes message); /* published under the prefix, by whoever may */
    void *context;
};

/* From now on; again, with another prefix, it ends what was and begins anew. `prefix`: at most SHARED_PREFIX_MAX
 * bytes. */
void shared_listen(struct shared *shared, const char *prefix, const struct shared_ears *ears);

/* SET key value PX life_ms; copied, sent and forgotten: a failure is counted, nothing waits for it. */
void shared_put(struct shared *shared, const char *key, struct bytes value, int64_t life_ms);

/* As shared_get_first(). False: as of shared_del(). */
bool shared_put_first(struct shared *shared, const char *key, struct bytes value, int64_t life_ms);

#endif
