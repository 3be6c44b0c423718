/*
 * No descriptor is left for one more connection. Private to http/.
 *
 * Whoever comes stays in the kernel's queue then. Nobody tries without rest, and
 * whoever stopped to accept looks again about once a second, as descriptors come
 * free elsewhere, too.
 */
#ifndef HTTP_SHORTAGE_H
#define HTTP_SHORTAGE_H

#include <stdbool.h>

struct worker;

/* Whether accept(2) failed by this errno for lack of descriptors or memory. Then the log says so, of all threads once a
 * minute. Any thread. */
bool shortage_is(int fault);

/* Libmicrohttpd, which accepts by itself, stops for that until it closes a connection: has it look again. The worker's
 * own thread. */
void shortage_look(struct worker *worker);

#endif
