/*
 * One shard of the memory cache: a hash table over a SIEVE queue, and the lock
 * over both. Private to cache/memory.c.
 *
 * Functions that say "locked" are called with the shard's lock held. What
 * leaves the shard is collected in struct leavers and freed without it.
 */
#ifndef CACHE_MEMORY_SHARD_H
#define CACHE_MEMORY_SHARD_H

#include <pthread.h>

#include "base/answer.h"

#define LEAVERS_MAX 32

/* The place of an answer in a doubly linked list in the order of coming. */
struct entry {
    struct entry *newer, *older;
    uint64_t hash;
    size_t cost;
};

/* Open addressing with linear probing. All that a hit needs stands in here, with the whole hash: so it reads one
 * slot and the answer, no entry, and growing and deleting stay inside the table. With a million entries each of these
 * reads is a miss of the processor's caches, and nothing else counts. */
struct slot {
    uint64_t hash;
    struct answer *answer; /* NULL: free */
    struct entry *entry;
};

/* No two shards are ever locked together, and nothing that locks is called under the lock. */
struct shard {
    _Alignas(64) pthread_mutex_t lock;
    /* Changed with the lock held, read without it by shard_expect() alone, which does not mind if they do not match. */
    _Atomic(struct slot *) slots;
    atomic_size_t slot_count; /* a power of two */
    size_t entries;
    size_t bytes;
    size_t max_bytes;
    size_t wraps; /* how often closing a gap moved a slot from the table's beginning to its end */
    struct entry *newest, *oldest;
    struct entry *hand; /* where the next eviction looks first; NULL: at the oldest */
};

struct leavers {
    struct leaver {
        struct answer *answer;
        struct entry *entry;
    } items[LEAVERS_MAX];
    size_t count;
};

/* `shard` is zeroed. -1: out of memory, nothing to close. */
int shard_open(struct shard *shard, size_t max_bytes);
void shard_close(struct shard *shard);

/* Not locked: lets the first slot that shard_find() will look at come from main memory. */
void shard_expect(const struct shard *shard, uint64_t hash);

/* Locked. NULL: not here. Valid until anything else changes the shard. */
struct slot *shard_find(const struct shard *shard, uint64_t hash, struct bytes address);

/* Locked. The first whose address has this hash, whatever it is; likewise. */
struct slot *shard_find_hashed(const struct shard *shard, uint64_t hash);

/* Locked. */
void shard_remove(struct shard *shard, struct slot *slot, struct leavers *leavers);

enum placing {
    PLACED,        /* answer and entry are the shard's */
    PLACED_IN_OLD, /* the answer took the place of one of the same address, which is now in `slot`, with a free entry */
    NO_ROOM_YET,   /* the leavers are full: free them and come again, so that no answer holds the lock long */
    NOT_PLACED     /* larger than the shard, or no memory; what had its address is gone */
};

/* Locked. `slot` holds what is to be placed, with hash and entry. */
enum placing shard_place(struct shard *shard, struct slot *slot, struct leavers *leavers);

/* A look at every slot, a few at a time. Begins as {0}. */
struct sweep {
    size_t slot_count, wraps; /* of the shard when the sweep began */
    size_t left;              /* slots below this are still to be looked at */
};

/* Locked. Removes what matches among the next few slots. True: every slot was looked at that was there when the sweep
 * began and still is. */
bool shard_sweep(struct shard *shard, struct sweep *sweep, bool (*match)(void *context, const struct answer *answer),
                 void *context, struct leavers *leavers);

void leavers_free(struct leavers *leavers);

#endif
