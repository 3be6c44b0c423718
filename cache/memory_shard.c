#include "cache/memory_shard.h"

#include <stdlib.h>

#include "base/metrics.h"

#define SLOTS_MIN 16
#define HAND_STEPS_MAX 128
#define SWEEP_STEPS_MAX 128

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
    for (size_t i = 0; i < shard->slot_count; i++) {
        if (shard->slots[i].answer != NULL) {
            atomic_store(&shard->slots[i].answer->standing.kept, false);
            answer_free(&shard->slots[i].answer);
            free(shard->slots[i].entry);
        }
    }
    gauge_add(GAUGE_MEMORY_ENTRIES, -(int64_t)shard->entries);
    gauge_add(GAUGE_MEMORY_BYTES, -(int64_t)shard->bytes);
    free(shard->slots);
    pthread_mutex_destroy(&shard->lock);
}

void shard_expect(const struct shard *shard, uint64_t hash)
{
    uintptr_t slots = (uintptr_t)atomic_load_explicit(&shard->slots, memory_order_relaxed);
    size_t mask = atomic_load_explicit(&shard->slot_count, memory_order_relaxed) - 1;

    __builtin_prefetch((const void *)(slots + slots_bytes(hash & mask))); /* no address is wrong for that */
}

struct slot *shard_find(const struct shard *shard, uint64_t hash, struct bytes address)
{
    size_t mask = shard->slot_count - 1;

    for (size_t i = hash & mask; shard->slots[i].answer != NULL; i = (i + 1) & mask) {
        struct slot *slot = &shard->slots[i];

        if (slot->hash != hash) {
            continue;
        }
        answer_fetch_ahead(slot->answer);
        if (bytes_equal(address, bytes_of(slot->answer->address.text, slot->answer->address.size))) {
            return slot;
        }
    }
    return NULL;
}

struct slot *shard_find_hashed(const struct shard *shard, uint64_t hash)
{
    size_t mask = shard->slot_count - 1;

    for (size_t i = hash & mask; shard->slots[i].answer != NULL; i = (i + 1) & mask) {
        if (shard->slots[i].hash == hash) {
            return &shard->slots[i];
        }
    }
    return NULL;
}

static struct slot *slot_of(const struct shard *shard, const struct entry *entry)
{
    size_t mask = shard->slot_count - 1;
    size_t i = entry->hash & mask;

    while (shard->slots[i].entry != entry) {
        i = (i + 1) & mask;
    }
    return &shard->slots[i];
}

static void slots_fill(struct slot *slots, size_t slot_count, const struct slot *slot)
{
    size_t mask = slot_count - 1;
    size_t i = slot->hash & mask;

    while (slots[i].answer != NULL) {
        i = (i + 1) & mask;
    }
    slots[i] = *slot;
}

/* Moves back what stands behind the gap, so that a probe never has to pass over the dead. Returns how many slots went
 * from the table's beginning to its end for it. */
static size_t slots_remove(struct slot *slots, size_t slot_count, size_t gap)
{
    size_t mask = slot_count - 1;
    size_t wraps = 0;

    for (size_t i = (gap + 1) & mask; slots[i].answer != NULL; i = (i + 1) & mask) {
        size_t from_home = (i - slots[i].hash) & mask;

        if (from_home >= ((i - gap) & mask)) {
            slots[gap] = slots[i];
            wraps += i < gap;
            gap = i;
        }
    }
    slots[gap] = (struct slot){0};
    return wraps;
}

/* Doubles a table that is three quarters full. False: it is full, and there is no memory for more. */
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
        if (shard->slots[i].answer != NULL) {
            slots_fill(slots, doubled, &shard->slots[i]);
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

void shard_remove(struct shard *shard, struct slot *slot, struct leavers *leavers)
{
    atomic_store(&slot->answer->standing.kept, false);
    leavers->items[leavers->count++] = (struct leaver){slot->answer, slot->entry};
    queue_remove(shard, slot->entry);
    shard->entries--;
    shard->bytes -= slot->entry->cost;
    shard->wraps += slots_remove(shard->slots, shard->slot_count, (size_t)(slot - shard->slots));
}

static bool was_asked(const struct slot *slot)
{
    return atomic_load_explicit(&slot->answer->standing.asked, memory_order_relaxed);
}

/* SIEVE: the hand goes from old to new, forgives who was asked for since it last came by, and takes the first who was
 * not. It forgives HAND_STEPS_MAX at most in one go: where everybody was asked for, a whole round under the lock would
 * keep readers waiting. */
static void evict_one(struct shard *shard, struct leavers *leavers)
{
    struct entry *hand = shard->hand != NULL ? shard->hand : shard->oldest;
    struct slot *slot = slot_of(shard, hand);

    for (int step = 0; was_asked(slot) && step < HAND_STEPS_MAX; step++) {
        atomic_store_explicit(&slot->answer->standing.asked, false, memory_order_relaxed);
        hand = hand->newer != NULL ? hand->newer : shard->oldest;
        slot = slot_of(shard, hand);
    }
    shard->hand = hand;
    shard_remove(shard, slot, leavers);
    count(COUNT_MEMORY_EVICTIONS);
}

/* The place in the queue and the mark of having been asked for stay those of the address. */
static void slot_swap(struct shard *shard, struct slot *there, struct slot *slot)
{
    struct answer *answer = there->answer;
    size_t cost = there->entry->cost;

    shard->bytes = shard->bytes - cost + slot->entry->cost;
    if (answer != slot->answer) {
        atomic_store(&slot->answer->standing.asked, was_asked(there));
        atomic_store(&slot->answer->standing.kept, true);
        atomic_store(&answer->standing.kept, false);
    }
    there->answer = slot->answer;
    there->entry->cost = slot->entry->cost;
    slot->answer = answer;
    slot->entry->cost = cost;
}

enum placing shard_place(struct shard *shard, struct slot *slot, struct leavers *leavers)
{
    size_t cost = slot->entry->cost;
    const struct answer *answer = slot->answer;
    struct slot *there = shard_find(shard, slot->hash, bytes_of(answer->address.text, answer->address.size));

    if (there != NULL && shard->bytes - there->entry->cost + cost <= shard->max_bytes) {
        slot_swap(shard, there, slot);
        return PLACED_IN_OLD;
    }
    if (there != NULL) {
        shard_remove(shard, there, leavers);
    }
    if (!slots_make_room(shard) || slots_bytes(shard->slot_count) + cost > shard->max_bytes) {
        return NOT_PLACED;
    }
    while (shard->bytes + cost > shard->max_bytes) {
        if (leavers->count == LEAVERS_MAX) {
            return NO_ROOM_YET;
        }
        evict_one(shard, leavers);
    }
    atomic_store(&slot->answer->standing.asked, false);
    atomic_store(&slot->answer->standing.kept, true);
    slots_fill(shard->slots, shard->slot_count, slot);
    queue_push(shard, slot->entry);
    shard->entries++;
    shard->bytes += cost;
    return PLACED;
}

/* From the end of the table to its beginning: what moves meanwhile to close a gap moves towards the beginning, where
 * the sweep has not been. When something moved the other way, or the table grew, it begins anew. */
bool shard_sweep(struct shard *shard, struct sweep *sweep, bool (*match)(void *context, const struct answer *answer),
                 void *context, struct leavers *leavers)
{
    for (int step = 0; step < SWEEP_STEPS_MAX && leavers->count < LEAVERS_MAX; step++) {
        if (sweep->slot_count != shard->slot_count || sweep->wraps != shard->wraps) {
            *sweep = (struct sweep){shard->slot_count, shard->wraps, shard->slot_count};
        }
        if (sweep->left == 0) {
            return true;
        }
        struct slot *slot = &shard->slots[sweep->left - 1];
        if (slot->answer != NULL && match(context, slot->answer)) {
            shard_remove(shard, slot, leavers); /* and what moved into its place is looked at next */
        } else {
            sweep->left--;
        }
    }
    return false;
}

void leavers_free(struct leavers *leavers)
{
    int64_t bytes = 0;

    if (leavers->count == 0) {
        return;
    }
    for (size_t i = 0; i < leavers->count; i++) {
        bytes += (int64_t)leavers->items[i].entry->cost;
        answer_free(&leavers->items[i].answer);
        free(leavers->items[i].entry);
    }
    gauge_add(GAUGE_MEMORY_ENTRIES, -(int64_t)leavers->count);
    gauge_add(GAUGE_MEMORY_BYTES, -bytes);
    leavers->count = 0;
}
