/*
 * A purge on its way from the thread that read it to the engine, and the word
 * back that it is done.
 */
#ifndef GATEWAY_PURGING_H
#define GATEWAY_PURGING_H

#include "base/drop.h"
#include "gateway/lookup.h"

/* Any thread. `done` comes when nothing that was found before is served from here any more, and lookup_drop() has told
 * the others. -1: out of memory, and it never comes. */
int lookup_purge(struct lookup *lookup, const struct drop *drop, struct drop_waiter *waiter);

#endif
