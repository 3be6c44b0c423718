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

/* One answer, in a doubly linked list in the order of coming. */
struct entry {
    struct answer *answer;
    uint64_t hash;
    struct entry *newer, *older;
    int64_t confirmed_at;
    size_t cost;
    bool visited;
};

/* Open addressing with linear probing. The whole hash stands beside the pointer, so that probing, growing and deleting
 * stay inside the table: a hit reads one slot, one entry and the answer. */
struct slot {
    uint64_t hash;
    struct entry *entry; /* NULL: free */
};

/* No two shards are ever locked together, and nothing that locks is called under the lock. */
struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t entries;
    size_t bytes;
    size_t max_bytes;
    struct entry *newest, *oldest;
    struct entry *hand; /* where the next eviction looks first; NULL: at the oldest */
};

struct leavers {
    struct entry *entries[LEAVERS_MAX];
    size_t count;
};

/* `shard` is zeroed. -1: out of memory, nothing to close. */
int shard_open(struct shard *shard, size_t max_bytes);
void shard_close(struct shard *shard);

/* Locked. NULL: not here. */
struct entry *shard_find(const struct shard *shard, uint64_t hash, struct bytes address);

/* Locked. */
void shard_remove(struct shard *shard, struct entry *entry, struct leavers *leavers);

enum placing {
    PLACED,        /* the entry is the shard's */
    PLACED_IN_OLD, /* the entry of the same address took its answer; what that one had is in `entry`, to be freed */
    NO_ROOM_YET,   /* the leavers are full: free them and come again, so that no answer holds the lock long */
    NOT_PLACED     /* larger than the shard, or no memory; what had its address is gone */
};

/* Locked. */
enum placing shard_place(struct shard *shard, struct entry *entry, struct leavers *leavers);

void leavers_free(struct leavers *leavers);

#endif
