/*
 * What a thread that reads requests does besides: it has a connection to Redis of
 * its own, so that an answer which is there need not cross to the engine and back.
 *
 * The thread mostly waits for requests alone. Only while Redis owes it a reply,
 * or is not connected, does it wait in the loop of that connection (libevent),
 * in which the descriptor of the requests stands as well.
 *
 * Everything is called on that one thread.
 */
#ifndef GATEWAY_READER_H
#define GATEWAY_READER_H

#include <stdbool.h>
#include <stdint.h>

struct lookup;
struct reader;

/* `fd` is readable when there is something to do for requests. NULL: there is no Redis, or no memory: then the engine
 * asks it. */
struct reader *reader_new(struct lookup *lookup, int fd);
void reader_free(struct reader **reader); /* no request may wait any longer */

/* Whether the thread is to wait in reader_wait(): until the descriptor is readable or something came from Redis, for
 * `patience_ms` at most (0: takes what has come, and does not wait; -1: a second). */
bool reader_wants_wait(const struct reader *reader);
void reader_wait(struct reader *reader, int32_t patience_ms);

/* Whether Redis owes an answer that the next wait may bring. */
bool reader_is_owed(const struct reader *reader);

/* Requests were read: what they want of Redis goes out in one piece. To be called once a second at least, so that it is
 * seen when Redis ended a connection on which nothing was asked. */
void reader_flush(struct reader *reader);

#endif
