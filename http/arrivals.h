/*
 * Connections of proxies that say in a header for whom they are (proxied.h):
 * they wait here until that has come, and then are libmicrohttpd's, as if their
 * client had connected. Private to http/.
 *
 * Whoever sends that header may be anybody, so only who is in
 * http.trusted-proxies is listened to.
 */
#ifndef HTTP_ARRIVALS_H
#define HTTP_ARRIVALS_H

struct arrivals;
struct worker;

/* Accepts from `socket`, which stays the caller's and has to live as long, for the worker, whose daemon listens to
 * nothing. NULL: errno. */
struct arrivals *arrivals_new(struct worker *worker, int socket);
void arrivals_free(struct arrivals **arrivals); /* hangs up on those that wait */

/* To be readable in the worker's epoll set when there is something to see to. */
int arrivals_fd(const struct arrivals *arrivals);

/* Sees to what has come; does not wait. The worker's own thread. */
void arrivals_see(struct arrivals *arrivals);

/* Hangs up on those whose header takes too long. The worker's own thread. */
void arrivals_look(struct arrivals *arrivals);

#endif
