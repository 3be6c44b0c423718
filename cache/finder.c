#include "cache/finder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 16
#define SPREAD 4                  /* sets in which a key may stand */
#define WAYS_OF_KEY (WAYS / SPREAD)
#define SETS_MIN 64
#define LOCKS 64                  /* each for every 64th group of sets */

/* Zeros: free. That a hash is zero is as good as never so. */
struct place {
    uint64_t key, address;
};

struct set {
    struct place places[WAYS]; /* newest first */
};

struct finder {
    struct set *sets;
    size_t mask; /* sets less one: a power of two less one */
    struct {
        _Alignas(64) pthread_mutex_t mutex;
    } locks[LOCKS];
};

struct finder *finder_new(size_t bytes)
{
    struct finder *finder = aligned_alloc(64, sizeof(*finder));
    size_t sets = SETS_MIN;

    if (finder == NULL) {
        return NULL;
    }
    while (sets <= bytes / sizeof(struct set) / 2) {
        sets *= 2;
    }
    finder->sets = calloc(sets, sizeof(*finder->sets)); /* which takes no memory until it is written */
    finder->mask = sets - 1;
    for (size_t i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&finder->locks[i].mutex, NULL);
    }
    if (finder->sets == NULL) {
        finder_free(&finder);
    }
    return finder;
}

void finder_free(struct finder **finder)
{
    if (*finder == NULL) {
        return;
    }
    for (size_t i = 0; i < LOCKS; i++) {
        pthread_mutex_destroy(&(*finder)->locks[i].mutex);
    }
    free((*finder)->sets);
    free(*finder);
    *finder = NULL;
}

/* The sets of a key stand side by side. */
static size_t group_of(const struct finder *finder, uint64_t key)
{
    return (size_t)(key >> 16) & finder->mask & ~(size_t)(SPREAD - 1);
}

static pthread_mutex_t *lock_of(struct finder *finder, size_t group)
{
    return &finder->locks[group / SPREAD % LOCKS].mutex;
}

/* The place whose entry goes: the same one, the oldest of the key where it has all that it may have, or the oldest. */
static size_t choose(const struct set *set, const struct place *entry)
{
    size_t of_key = 0, oldest_of_key = WAYS - 1;

    for (size_t i = 0; i < WAYS && set->places[i].key != 0; i++) {
        if (set->places[i].key != entry->key) {
            continue;
        }
        of_key++;
        oldest_of_key = i;
        if (set->places[i].address == entry->address) {
            return i;
        }
    }
    return of_key >= WAYS_OF_KEY ? oldest_of_key : WAYS - 1;
}

void finder_put(struct finder *finder, uint64_t key, uint64_t address)
{
    const struct place entry = {key, address};
    size_t group = group_of(finder, key);
    struct set *set = &finder->sets[group + address % SPREAD];
    pthread_mutex_t *lock = lock_of(finder, group);

    pthread_mutex_lock(lock);
    size_t goes = choose(set, &entry);
    memmove(&set->places[1], &set->places[0], goes * sizeof(entry));
    set->places[0] = entry;
    pthread_mutex_unlock(lock);
}

size_t finder_get(struct finder *finder, uint64_t key, uint64_t *addresses, size_t most)
{
    size_t group = group_of(finder, key), count = 0;
    pthread_mutex_t *lock = lock_of(finder, group);

    pthread_mutex_lock(lock);
    for (size_t i = 0; i < SPREAD * WAYS && count < most; i++) {
        const struct place *place = &finder->sets[group + i % SPREAD].places[i / SPREAD];
        if (place->key == key && key != 0) {
            addresses[count++] = place->address;
        }
    }
    pthread_mutex_unlock(lock);
    return count;
}
