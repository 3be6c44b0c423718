#include "cache/memory_shard.h"

#include <stdlib.h>

#include "base/metrics.h"

#define SLOTS_MIN 16
#define HAND_STEPS_MAX 128

static size_t slots_bytes(size_t slot_count)
{
    return slot_count * sizeof(struct slot);
}

static int lock_open(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    int result = -1;

    if (pthread_mutexattr_init(&attributes) != 0) {
        return -1;
    }
    /* Held for less than a context switch costs: a waiter spins before it sleeps. */
    if (pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP) == 0 &&
        pthread_mutex_init(lock, &attributes) == 0) {
        result = 0;
    }
    pthread_mutexattr_destroy(&attributes);
    return result;
}

int shard_open(struct shard *shard, size_t max_bytes)
{
    shard->slots = calloc(SLOTS_MIN, sizeof(*shard->slots));
    if (shard->slots == NULL) {
        return -1;
    }
    if (lock_open(&shard->lock) != 0) {
        free(shard->slots);
        return -1;
    }
    shard->max_bytes = max_bytes;
    shard->slot_count = SLOTS_MIN;
    shard->bytes = slots_bytes(SLOTS_MIN);
    gauge_add(GAUGE_MEMORY_BYTES, (int64_t)shard->bytes);
    return 0;
}

void shard_close(struct shard *shard)
{
    struct entry *newer;

    for (struct entry *entry = shard->oldest; entry != NULL; entry = newer) {
        newer = entry->newer;
        answer_free(&entry->answer);
        free(entry);
    }
    gauge_add(GAUGE_MEMORY_ENTRIES, -(int64_t)shard->entries);
    gauge_add(GAUGE_MEMORY_BYTES, -(int64_t)shard->bytes);
    free(shard->slots);
    pthread_mutex_destroy(&shard->lock);
}

struct entry *shard_find(const struct shard *shard, uint64_t hash, struct bytes address)
{
    size_t mask = shard->slot_count - 1;

    for (size_t i = hash & mask; shard->slots[i].entry != NULL; i = (i + 1) & mask) {
        if (shard->slots[i].hash == hash) {
            const struct answer *answer = shard->slots[i].entry->answer;

            if (bytes_equal(address, bytes_of(answer->address.text, answer->address.size))) {
                return shard->slots[i].entry;
            }
        }
    }
    return NULL;
}

static void slots_fill(struct slot *slots, size_t slot_count, uint64_t hash, struct entry *entry)
{
    size_t mask = slot_count - 1;
    size_t i = hash & mask;

    while (slots[i].entry != NULL) {
        i = (i + 1) & mask;
    }
    slots[i] = (struct slot){hash, entry};
}

/* Moves back what stands behind the gap, so that a probe never has to pass over the dead. */
static void slots_remove(struct slot *slots, size_t slot_count, const struct entry *entry)
{
    size_t mask = slot_count - 1;
    size_t gap = entry->hash & mask;

    while (slots[gap].entry != entry) {
        gap = (gap + 1) & mask;
    }
    for (size_t i = (gap + 1) & mask; slots[i].entry != NULL; i = (i + 1) & mask) {
        size_t from_home = (i - slots[i].hash) & mask;

        if (from_home >= ((i - gap) & mask)) {
            slots[gap] = slots[i];
            gap = i;
        }
    }
    slots[gap].entry = NULL;
}

/* Doubles a table that is three quarters full; touches slots only, no entry. False: no memory for it, and full. */
static bool slots_make_room(struct shard *shard)
{
    size_t doubled = shard->slot_count * 2;
    struct slot *slots;

    if ((shard->entries + 1) * 4 <= shard->slot_count * 3) {
        return true;
    }
    slots = calloc(doubled, sizeof(*slots));
    if (slots == NULL) {
        return shard->entries + 1 < shard->slot_count;
    }
    for (size_t i = 0; i < shard->slot_count; i++) {
        if (shard->slots[i].entry != NULL) {
            slots_fill(slots, doubled, shard->slots[i].hash, shard->slots[i].entry);
        }
    }
    shard->bytes += slots_bytes(doubled - shard->slot_count);
    gauge_add(GAUGE_MEMORY_BYTES, (int64_t)slots_bytes(doubled - shard->slot_count));
    free(shard->slots);
    shard->slots = slots;
    shard->slot_count = doubled;
    return true;
}

static void queue_push(struct shard *shard, struct entry *entry)
{
    entry->older = shard->newest;
    entry->newer = NULL;
    if (shard->newest != NULL) {
        shard->newest->newer = entry;
    } else {
        shard->oldest = entry;
    }
    shard->newest = entry;
}

static void queue_remove(struct shard *shard, const struct entry *entry)
{
    if (shard->hand == entry) {
        shard->hand = entry->newer;
    }
    if (entry->newer != NULL) {
        entry->newer->older = entry->older;
    } else {
        shard->newest = entry->older;
    }
    if (entry->older != NULL) {
        entry->older->newer = entry->newer;
    } else {
        shard->oldest = entry->newer;
    }
}

void shard_remove(struct shard *shard, struct entry *entry, struct leavers *leavers)
{
    slots_remove(shard->slots, shard->slot_count, entry);
    queue_remove(shard, entry);
    shard->entries--;
    shard->bytes -= entry->cost;
    leavers->entries[leavers->count++] = entry;
}

/* SIEVE: the hand goes from old to new, forgives who was asked for since it last came by, and takes the first who was
 * not. It forgives HAND_STEPS_MAX at most in one go: where everybody was asked for, a whole round under the lock would
 * keep readers waiting. */
static void evict_one(struct shard *shard, struct leavers *leavers)
{
    struct entry *hand = shard->hand != NULL ? shard->hand : shard->oldest;

    for (int step = 0; hand->visited && step < HAND_STEPS_MAX; step++) {
        hand->visited = false;
        hand = hand->newer != NULL ? hand->newer : shard->oldest;
    }
    shard->hand = hand;
    shard_remove(shard, hand, leavers);
    count(COUNT_MEMORY_EVICTIONS);
}

/* The place in the queue and the mark of having been asked for stay those of the address. */
static void entry_swap(struct shard *shard, struct entry *there, struct entry *entry)
{
    struct entry old = *there;

    shard->bytes = shard->bytes - old.cost + entry->cost;
    there->answer = entry->answer;
    there->cost = entry->cost;
    there->confirmed_at = entry->confirmed_at;
    entry->answer = old.answer;
    entry->cost = old.cost;
}

enum placing shard_place(struct shard *shard, struct entry *entry, struct leavers *leavers)
{
    const struct answer *answer = entry->answer;
    struct entry *there = shard_find(shard, entry->hash, bytes_of(answer->address.text, answer->address.size));

    if (there != NULL && shard->bytes - there->cost + entry->cost <= shard->max_bytes) {
        entry_swap(shard, there, entry);
        return PLACED_IN_OLD;
    }
    if (there != NULL) {
        shard_remove(shard, there, leavers);
    }
    if (!slots_make_room(shard) || slots_bytes(shard->slot_count) + entry->cost > shard->max_bytes) {
        return NOT_PLACED;
    }
    while (shard->bytes + entry->cost > shard->max_bytes) {
        if (leavers->count == LEAVERS_MAX) {
            return NO_ROOM_YET;
        }
        evict_one(shard, leavers);
    }
    slots_fill(shard->slots, shard->slot_count, entry->hash, entry);
    queue_push(shard, entry);
    shard->entries++;
    shard->bytes += entry->cost;
    return PLACED;
}

void leavers_free(struct leavers *leavers)
{
    int64_t bytes = 0;

    if (leavers->count == 0) {
        return;
    }
    for (size_t i = 0; i < leavers->count; i++) {
        bytes += (int64_t)leavers->entries[i]->cost;
        answer_free(&leavers->entries[i]->answer);
        free(leavers->entries[i]);
    }
    gauge_add(GAUGE_MEMORY_ENTRIES, -(int64_t)leavers->count);
    gauge_add(GAUGE_MEMORY_BYTES, -bytes);
    leavers->count = 0;
}
