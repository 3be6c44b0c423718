#include "cache/memory.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/metrics.h"
#include "cache/memory_shard.h"

#define SHARD_BYTES_MIN ((size_t)4 * 1024 * 1024) /* so that any answer of ordinary size fits well */
#define SHARDS_MAX 256

/* Blocks of many sizes come and go, and between them the allocator loses some: make soak saw up to a twelfth. A part of
 * that is counted with each answer, so that the process takes about what it was told to. */
#define LOST_PART 16

struct memory {
    struct shard *shards;
    size_t shard_count; /* a power of two */
};

static size_t shards_for(size_t max_bytes)
{
    size_t shards = 1;

    while (shards < SHARDS_MAX && max_bytes / (shards * 2) >= SHARD_BYTES_MIN) {
        shards *= 2;
    }
    return shards;
}

struct memory *memory_new(size_t max_bytes)
{
    struct memory *memory = calloc(1, sizeof(*memory));
    size_t shards = shards_for(max_bytes);

    if (memory == NULL) {
        return NULL;
    }
    memory->shards = aligned_alloc(_Alignof(struct shard), shards * sizeof(*memory->shards));
    if (memory->shards == NULL) {
        memory_free(&memory);
        return NULL;
    }
    memset(memory->shards, 0, shards * sizeof(*memory->shards));
    for (; memory->shard_count < shards; memory->shard_count++) {
        if (shard_open(&memory->shards[memory->shard_count], max_bytes / shards) != 0) {
            memory_free(&memory);
            return NULL;
        }
    }
    return memory;
}

bool memory_keeps(const struct memory *memory)
{
    return memory->shards[0].max_bytes > 0;
}

void memory_free(struct memory **memory)
{
    if (*memory == NULL) {
        return;
    }
    for (size_t i = 0; i < (*memory)->shard_count; i++) {
        shard_close(&(*memory)->shards[i]);
    }
    free((*memory)->shards);
    free(*memory);
    *memory = NULL;
}

/* The table inside a shard uses the low bits. */
static struct shard *shard_of(struct memory *memory, uint64_t hash)
{
    return &memory->shards[(hash >> 48) & (memory->shard_count - 1)];
}

void memory_expect(struct memory *memory, uint64_t hash, bool soon)
{
    struct shard *shard = shard_of(memory, hash);

    if (!soon) {
        shard_expect(shard, hash);
        return;
    }
    pthread_mutex_lock(&shard->lock);
    const struct slot *slot = shard_find_hashed(shard, hash);
    if (slot != NULL) {
        answer_fetch_ahead(slot->answer);
    }
    pthread_mutex_unlock(&shard->lock);
}

struct answer *memory_get(struct memory *memory, struct bytes address)
{
    return memory_get_hashed(memory, address, digest_table_hash(address));
}

struct answer *memory_get_hashed(struct memory *memory, struct bytes address, uint64_t hash)
{
    struct answer *answer = NULL;
    struct shard *shard = shard_of(memory, hash);
    struct slot *slot;

    if (!memory_keeps(memory)) {
        return NULL; /* all threads would come to the lock of one empty shard */
    }
    pthread_mutex_lock(&shard->lock);
    slot = shard_find(shard, hash, address);
    if (slot != NULL) {
        answer = answer_ref(slot->answer);
    }
    pthread_mutex_unlock(&shard->lock);
    if (answer != NULL) {
        answer_asked(answer);
    }
    return answer;
}

struct answer *memory_find(struct memory *memory, uint64_t hash)
{
    struct shard *shard = shard_of(memory, hash);
    struct answer *answer = NULL;

    pthread_mutex_lock(&shard->lock);
    const struct slot *slot = shard_find_hashed(shard, hash);
    if (slot != NULL) {
        answer = answer_ref(slot->answer);
    }
    pthread_mutex_unlock(&shard->lock);
    return answer;
}

static struct entry *entry_new(const struct answer *answer)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry != NULL) {
        entry->hash = digest_table_hash(bytes_of(answer->address.text, answer->address.size));
        entry->cost = answer->memory_bytes + heap_bytes(entry);
        entry->cost += entry->cost / LOST_PART;
    }
    return entry;
}

static enum placing place(struct memory *memory, struct slot *slot)
{
    struct shard *shard = shard_of(memory, slot->hash);
    struct leavers leavers = {.count = 0};
    enum placing placing;

    do {
        pthread_mutex_lock(&shard->lock);
        placing = shard_place(shard, slot, &leavers);
        pthread_mutex_unlock(&shard->lock);
        leavers_free(&leavers);
    } while (placing == NO_ROOM_YET);
    return placing;
}

void memory_put(struct memory *memory, struct answer *answer, int64_t confirmed)
{
    struct entry *entry = entry_new(answer);
    struct slot slot;
    enum placing placing;
    int64_t cost;

    if (entry == NULL) {
        /* Nobody shall be given the older word, even if the newer one cannot be kept. */
        memory_drop(memory, bytes_of(answer->address.text, answer->address.size));
        return;
    }
    cost = (int64_t)entry->cost;
    slot = (struct slot){.hash = entry->hash, .answer = answer_ref(answer), .entry = entry};
    atomic_store(&answer->standing.confirmed, confirmed);
    placing = place(memory, &slot);
    if (placing == PLACED) {
        gauge_add(GAUGE_MEMORY_ENTRIES, 1);
        gauge_add(GAUGE_MEMORY_BYTES, cost);
        return; /* the entry is the shard's, or gone already */
    }
    if (placing == PLACED_IN_OLD) {
        gauge_add(GAUGE_MEMORY_BYTES, cost - (int64_t)entry->cost);
    }
    answer_free(&slot.answer);
    free(entry);
}

void memory_drop(struct memory *memory, struct bytes address)
{
    uint64_t hash = digest_table_hash(address);
    struct shard *shard = shard_of(memory, hash);
    struct leavers leavers = {.count = 0};
    struct slot *slot;

    pthread_mutex_lock(&shard->lock);
    slot = shard_find(shard, hash, address);
    if (slot != NULL) {
        shard_remove(shard, slot, &leavers);
    }
    pthread_mutex_unlock(&shard->lock);
    leavers_free(&leavers);
}

void memory_drop_hashed(struct memory *memory, uint64_t hash)
{
    struct shard *shard = shard_of(memory, hash);
    struct leavers leavers = {.count = 0};
    struct slot *slot;

    pthread_mutex_lock(&shard->lock);
    while (leavers.count < LEAVERS_MAX && (slot = shard_find_hashed(shard, hash)) != NULL) {
        shard_remove(shard, slot, &leavers);
    }
    pthread_mutex_unlock(&shard->lock);
    leavers_free(&leavers);
}

bool memory_has(struct memory *memory, uint64_t hash)
{
    struct shard *shard = shard_of(memory, hash);
    bool has;

    pthread_mutex_lock(&shard->lock);
    has = shard_find_hashed(shard, hash) != NULL;
    pthread_mutex_unlock(&shard->lock);
    return has;
}

size_t memory_drop_if(struct memory *memory, bool (*match)(void *context, const struct answer *answer), void *context)
{
    struct leavers leavers = {.count = 0};
    size_t dropped = 0;

    for (size_t i = 0; i < memory->shard_count; i++) {
        struct shard *shard = &memory->shards[i];
        struct sweep sweep = {0};
        bool done;
        do {
            pthread_mutex_lock(&shard->lock);
            done = shard_sweep(shard, &sweep, match, context, &leavers);
            pthread_mutex_unlock(&shard->lock);
            dropped += leavers.count;
            leavers_free(&leavers);
        } while (!done);
    }
    return dropped;
}

size_t memory_bytes(struct memory *memory)
{
    size_t bytes = 0;

    for (size_t i = 0; i < memory->shard_count; i++) {
        pthread_mutex_lock(&memory->shards[i].lock);
        bytes += memory->shards[i].bytes;
        pthread_mutex_unlock(&memory->shards[i].lock);
    }
    return bytes;
}

size_t memory_entries(struct memory *memory)
{
    size_t entries = 0;

    for (size_t i = 0; i < memory->shard_count; i++) {
        pthread_mutex_lock(&memory->shards[i].lock);
        entries += memory->shards[i].entries;
        pthread_mutex_unlock(&memory->shards[i].lock);
    }
    return entries;
}
