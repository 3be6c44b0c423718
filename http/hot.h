/*
 * Ready-made responses for what is asked often. Private to http/.
 *
 * Each worker has a table of its own, so a hit takes no lock
 * that another thread wants, and parses, formats and allocates nothing. An entry
 * is found by the text of the request: the target and what Accept says, octet
 * for octet, in one key. Another spelling of the same address is another entry.
 *
 * An entry holds a reference to its answer, and says nothing of whether that may
 * still be served: whoever finds one asks the backend before each use, and drops
 * an entry that may not.
 *
 * Bounded in bytes, the answers' own included, since an entry may be the last to
 * hold one. What is asked once is not kept, or a walk through a million addresses
 * would push out the few that everybody asks for. Room is made as by CLOCK: a
 * hand goes round and takes what memory no longer keeps, and what has not been
 * used since it last came by.
 */
#ifndef HTTP_HOT_H
#define HTTP_HOT_H

#include "http/reply.h"

struct hot;
struct route;

struct hot_key {
    struct bytes text;
    uint64_t hash; /* of it, by a key that nobody outside knows; the same each time */
};

/* One entry. Its fields are the table's; who found it may give `reply` a not_modified, and says so to hot_charge(). */
struct ready {
    struct answer *answer;
    const struct route *route;
    struct reply reply;
    size_t bytes;
    bool used; /* since the hand last came by */
    size_t key_size;
    uint8_t key[];
};

/* Whether what is made of this may be kept for the next one who asks: it is a fresh answer from memory. */
bool hot_may_keep(const struct served *served);

/* NULL: out of memory. */
struct hot *hot_new(size_t max_bytes);
void hot_free(struct hot **hot);

/* The same hash will be asked for: lets what of the table that needs come from main memory meanwhile. First what tells
 * where the entry is; then, some time later, the entry. */
void hot_expect(const struct hot *hot, uint64_t hash);
void hot_expect_soon(const struct hot *hot, uint64_t hash);

/* Valid until the next hot_put() or hot_drop(). NULL: not here. */
struct ready *hot_get(struct hot *hot, const struct hot_key *key);

/* Whether the key was asked about before, lately: then an entry is worth its place. Remembers it. */
bool hot_wants(struct hot *hot, const struct hot_key *key);

/* In the place of what was under this key. Takes over what `reply` holds, and takes a reference to the answer. False:
 * larger than the whole table, or out of memory, and nothing happened. */
bool hot_put(struct hot *hot, const struct hot_key *key, struct answer *answer, const struct route *route,
             const struct reply *reply);

/* The entry has grown; room for it is made at the next hot_put(). */
void hot_charge(struct hot *hot, struct ready *ready, size_t bytes);

void hot_drop(struct hot *hot, const struct hot_key *key);

size_t hot_bytes(const struct hot *hot);

#endif
