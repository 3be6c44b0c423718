/*
 * Clients that take too long. Private to http/.
 *
 * libmicrohttpd closes a connection that is silent for http.idle-timeout; one
 * over which now and then an octet comes or goes would stay for ever, and some
 * thousands of these are all that there is. So each step of a connection, reading
 * a request or sending what was answered, has its time, however it is spent.
 * While a request waits for its lookup it has none: that has a deadline.
 *
 * Requests cost no look at the clock: a step that has begun is noted, and gets its
 * time when the worker looks over its connections, about once a second.
 */
#ifndef HTTP_SLOW_H
#define HTTP_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct request;
struct worker;

/* One's place among the connections of its worker. */
struct slow {
    LIST_ENTRY(request) entry;
    bool is_answered;  /* the step is to send */
    size_t bytes;      /* so many, where that may be more than the largest answer */
    int64_t until_ms;  /* clock_mono_ms(); 0: the step has just begun */
};

/* The connection has come; and it goes. */
void slow_add(struct request *request);
void slow_remove(struct request *request);

/* Its next step begins. Inside of a request: on the hot path. */
static inline void slow_step(struct slow *slow, bool is_answered)
{
    slow->is_answered = is_answered;
    slow->bytes = 0;
    slow->until_ms = 0;
}

/* Ends the connections whose time is over, if the last look is long enough ago. The worker's own thread. */
void slow_look(struct worker *worker);

#endif
