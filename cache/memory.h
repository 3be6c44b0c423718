/*
 * The first cache: answers in this process's memory.
 *
 * Sharded by a keyed hash of the address; each shard has one mutex, held for a
 * few instructions, and SIEVE eviction (a hit sets one bit, moves nothing). The
 * whole is bounded in bytes; what an answer costs is answer->memory_bytes plus
 * the entry's own, and a little for what the allocator loses between blocks.
 * memory_get() neither allocates nor does I/O.
 *
 * It knows no lives and no policy: it keeps what it is given until there is no
 * room or it is replaced, and gives it back. Whether that may still be served is
 * gateway/lookup.c's to say. answer->standing tells whoever kept a reference what
 * became of it here.
 */
#ifndef CACHE_MEMORY_H
#define CACHE_MEMORY_H

#include "base/answer.h"

struct memory;

/* NULL: out of memory. max_bytes is at least 64 KiB, or 0: then nothing is kept. */
struct memory *memory_new(size_t max_bytes);
bool memory_keeps(const struct memory *memory); /* false: it never has anything */
void memory_free(struct memory **memory);

/* With a reference for the caller; NULL: not here. */
struct answer *memory_get(struct memory *memory, struct bytes address);

/* The same for who has digest_table_hash() of the address. */
struct answer *memory_get_hashed(struct memory *memory, struct bytes address, uint64_t hash);

/* Whatever has digest_table_hash() of its address, for who knows no more of it: without counting as asked for. */
struct answer *memory_find(struct memory *memory, uint64_t hash);

/* That memory_get_hashed() will be called: lets what it reads come from main memory. The place in the table first;
 * `soon`, once that had time to come, the answer. */
void memory_expect(struct memory *memory, uint64_t hash, bool soon);

/* Keeps one reference of its own to the answer, under answer->address, in the place of what was there. An answer larger
 * than a shard is not kept. An answer belongs into one memory only. */
void memory_put(struct memory *memory, struct answer *answer, int64_t confirmed);

void memory_drop(struct memory *memory, struct bytes address);

/* The same by digest_table_hash() of the address, for those who keep no more of it: whatever has this hash. */
void memory_drop_hashed(struct memory *memory, uint64_t hash);
bool memory_has(struct memory *memory, uint64_t hash);

/* Drops every answer that matches; how many. What is put meanwhile may be missed. Looks at everything, a few answers
 * for each taking of a lock: for a thread that may compute. `match` must not call back into the memory. */
size_t memory_drop_if(struct memory *memory, bool (*match)(void *context, const struct answer *answer), void *context);

size_t memory_bytes(struct memory *memory);
size_t memory_entries(struct memory *memory);

#endif
