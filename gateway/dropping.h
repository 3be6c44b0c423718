/*
 * Dropping answers: a directory changed, or an admin says so. From the moment
 * that lookup_drop() returns, nothing that was found before is given to one who
 * asks: a flight under way answers who waits for it already, but nobody joins it
 * and nothing of it is stored.
 *
 * A whole domain is swept out of memory in the background; until that is done
 * an answer of it may still come from there, but no flight takes it up.
 *
 * Engine thread only.
 */
#ifndef GATEWAY_DROPPING_H
#define GATEWAY_DROPPING_H

#include "gateway/dropped.h"
#include "gateway/lookup.h"

/* Out of memory, out of Redis, and out of the other gateways' memory. While Redis is away that is done when it is
 * back. `waiter` hears when the others were told and it is done here, a domain swept out as well, which may be before
 * this returns; NULL: nobody wants to know. */
void lookup_drop(struct lookup *lookup, const struct drop *drop, struct drop_waiter *waiter);

/* The same for this gateway alone, of all that was found at `at` (wall seconds) or before: what another one told us. */
void lookup_drop_here(struct lookup *lookup, const struct drop *drop, int64_t at);

#endif
