/*
 * What directories say themselves about their changes (RFC 4533, ldap/sync.h)
 * becomes drops. Their threads leave changes in a queue of fixed size; the
 * engine takes a few at a time, so that a directory that changes wholesale keeps
 * no lookup waiting. While the queue is full they are told so, and read nothing
 * more from their servers until there is room.
 *
 *   ldap/sync ──► queue ──► engine ──► lookup_drop()   memory, Redis, other gateways
 *                                 └──► lookup_renew()  with directories.warm, what was in memory
 *
 * Of several gateways any may be the first to hear of a change, and tells the
 * others, or the last. So what another one drops is looked up anew as well.
 *
 * When a directory is followed for the first time, only this gateway's memory is
 * swept: it may hold what was found before and has changed since. What Redis
 * holds was found by gateways that followed, or lives as long as without that;
 * a gateway that starts must not take the others' cache away.
 */
#ifndef GATEWAY_FOLLOWING_H
#define GATEWAY_FOLLOWING_H

#include "gateway/lookup.h"

struct following;

/* NULL: out of memory. Freed once every directory that was followed is closed: directories may be held by others longer
 * than by the lookup. */
struct following *following_new(struct engine *engine);
void following_free(struct following **following);

/* Engine thread, from here on. Changes are drops of this lookup; after the end they are nobody's. */
void following_begin(struct following *following, struct lookup *lookup);
void following_end(struct following *following); /* twice does no harm */

/* Another gateway has the address dropped, which is about to be done here. */
void following_told(struct following *following, const struct address *address);

/* The answer with this digest_table_hash() of its address, if it is in memory, is about to leave it because its record
 * is another one now, or none: that is heard before we are told why. */
void following_lost(struct following *following, uint64_t hash);

/* Follows the directories of this world that are to be followed. */
void following_adopt(struct following *following, const struct world *world);

#endif
