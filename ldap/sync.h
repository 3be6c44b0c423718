/*
 * Following a directory: it says itself what changes (RFC 4533, the mode
 * refreshAndPersist), so that nobody serves for an hour what was replaced a
 * minute ago.
 *
 * One thread for each directory that is followed, with a link of its own, dialled
 * as those for searches are, to the server that these go to. On it stands one
 * search for each base, with a Sync Request control, for every entry that has
 * certificates; it asks for the attributes alone that addresses are made of
 * (sync_names.h), never for certificates. What comes is kept as entryUUID →
 * addresses (sync_table.h), because who is deleted or renamed is named by UUID,
 * and the address that an entry had before is in no message at all.
 *
 *   dial ──► refresh ──────────────────────► persist ──► lost ──► dial …
 *            what is there, or what changed   each change,  with the cookie
 *            since the cookie                 as it happens
 *
 * What the listener hears:
 *   an entry comes, changes, goes   each address that it has or had
 *   a refresh from a cookie         likewise, what the server names, and whatever it should have named "present" and
 *                                   did not; with more than MAX_SYNC_REFRESH_CHANGES, CHANGED_ALL at its end
 *   no cookie, or one that the      CHANGED_ALL at the end of the refresh: what changed in between cannot be known. The
 *   server does not go on from,     first time it is CHANGED_UNSEEN
 *   or another server
 *   an entry with more addresses    CHANGED_DOMAIN of each of their domains
 *   than are remembered changes
 *   one with more domains than      CHANGED_ALL, at most once in SYNC_ALL_REST: it is the only one whose changes may be
 *   that, or sent in pieces         seen later, so that one odd entry does not keep everything from being cached
 *
 * While it does not stand, nothing is heard, one line in the log and
 * certlookup_ldap_sync say so, and answers live as long as they do without it.
 *
 * A start that fails is an error in the log, with what to do about it, and is
 * tried again later and later. That is: the server does not offer the control,
 * gives no more entries than a limit, does not let us read, says nothing for
 * SYNC_PATIENCE times directories.timeout before the refresh is done, or does
 * not end it within SYNC_LONGEST of them. One that never answers is what a
 * limit makes of some servers. While it stands and is quiet, the server is asked
 * for a sign of life.
 */
#ifndef LDAP_SYNC_H
#define LDAP_SYNC_H

#include "ldap/private.h"

#define SYNC_PATIENCE 20   /* times directories.timeout: silence within a refresh */
#define SYNC_LONGEST 400   /* of them: a refresh */
#define SYNC_ALL_REST 20   /* of them: between two drops of everything for the sake of one entry */
#define SYNC_QUIET 5       /* of them: quiet until a sign of life is asked for, and how long that may take */

/* Starts the thread. -1: out of memory or threads. */
int sync_start(struct directory *directory, const struct directory_listener *listener);

/* Of a directory that is not to be followed there is nothing to show. */
void sync_show_none(const struct directory *directory);

/* Once directory->closing is set: ends the thread, and frees what it had. */
void sync_stop(struct directory *directory);

/* For keeper and dial; all are called under the lock. sync_give(): false: it was not waited for. */
bool sync_wants_link(const struct directory *directory);
bool sync_give(struct directory *directory, struct link *link);
void sync_servers_changed(struct directory *directory); /* searches may go to another one now */
void sync_not_dialled(struct directory *directory, const struct error *error);

#endif
