#include "http/hot.h"

#include <stdlib.h>

#define WAYS 4
#define MIN_SETS 16
#define MAX_SETS 32768
#define TYPICAL_BYTES 1024 /* less than any entry, so that sets are rarely full; only sizes the table */

/* A look into a set reads one or two lines of the processor's cache, and the entry only where the hash is right. */
struct set {
    struct way {
        uint64_t hash;
        struct ready *ready; /* NULL: free */
    } ways[WAYS];
};

struct hot {
    size_t max_bytes;
    size_t bytes;
    size_t sets; /* a power of two */
    size_t hand;
    uint32_t *asked; /* for each set: half the hash of whom hot_wants() was asked about last */
    struct set table[];
};

bool hot_may_keep(const struct served *served)
{
    const struct answer *answer = served->answer;

    return served->layer == LAYER_MEMORY && !served->stale && answer->outcome != OUTCOME_UNKNOWN &&
           answer->reason != REASON_NO_DIRECTORY; /* not told to everybody: limits_told_reason() */
}

struct hot *hot_new(size_t max_bytes)
{
    size_t sets = MIN_SETS;

    while (sets < MAX_SETS && sets * WAYS * TYPICAL_BYTES < max_bytes) {
        sets *= 2;
    }
    struct hot *hot = calloc(1, sizeof(*hot) + sets * (sizeof(hot->table[0]) + sizeof(*hot->asked)));
    if (hot != NULL) {
        hot->max_bytes = max_bytes;
        hot->sets = sets;
        hot->asked = (uint32_t *)&hot->table[sets];
    }
    return hot;
}

static void empty(struct hot *hot, struct way *way)
{
    struct ready *ready = way->ready;

    if (ready != NULL) {
        hot->bytes -= ready->bytes;
        way->ready = NULL;
        reply_free(&ready->reply);
        answer_free(&ready->answer);
        free(ready);
    }
}

void hot_free(struct hot **hot)
{
    if (*hot == NULL) {
        return;
    }
    for (size_t i = 0; i < (*hot)->sets * WAYS; i++) {
        empty(*hot, &(*hot)->table[i / WAYS].ways[i % WAYS]);
    }
    free(*hot);
    *hot = NULL;
}

static size_t set_of(const struct hot *hot, uint64_t hash)
{
    return (size_t)hash & (hot->sets - 1);
}

static struct way *find(struct hot *hot, const struct hot_key *key)
{
    struct set *set = &hot->table[set_of(hot, key->hash)];

    for (size_t i = 0; i < WAYS; i++) {
        struct way *way = &set->ways[i];
        if (way->ready != NULL && way->hash == key->hash &&
            bytes_equal(bytes_of(way->ready->key, way->ready->key_size), key->text)) {
            return way;
        }
    }
    return NULL;
}

void hot_expect(const struct hot *hot, uint64_t hash)
{
    const struct set *set = &hot->table[set_of(hot, hash)];

    __builtin_prefetch(&set->ways[0]);
    __builtin_prefetch(&set->ways[WAYS - 1]); /* sets lie across two lines */
}

void hot_expect_soon(const struct hot *hot, uint64_t hash)
{
    const struct set *set = &hot->table[set_of(hot, hash)];

    for (size_t i = 0; i < WAYS; i++) {
        const struct ready *ready = set->ways[i].ready;
        if (ready != NULL && set->ways[i].hash == hash) {
            __builtin_prefetch(ready);
            __builtin_prefetch(ready->key);
        }
    }
}

struct ready *hot_get(struct hot *hot, const struct hot_key *key)
{
    const struct way *way = find(hot, key);

    if (way == NULL) {
        return NULL;
    }
    /* Whoever has found it looks at these next. */
    __builtin_prefetch(&way->ready->answer->standing);
    __builtin_prefetch(way->ready->reply.full);
    way->ready->used = true;
    return way->ready;
}

bool hot_wants(struct hot *hot, const struct hot_key *key)
{
    uint32_t *asked = &hot->asked[set_of(hot, key->hash)];
    uint32_t half = (uint32_t)(key->hash >> 32);
    bool before = *asked == half;

    *asked = half;
    return before;
}

/* What nobody used lately, or what memory gave up: nobody will be given it again. */
static bool is_idle(const struct ready *ready)
{
    return !ready->used || !atomic_load_explicit(&ready->answer->standing.kept, memory_order_relaxed);
}

/* A free place among the ways; else one that is idle; else the first. */
static struct way *choose(struct set *set)
{
    struct way *chosen = &set->ways[0];

    for (size_t i = 0; i < WAYS; i++) {
        struct way *way = &set->ways[i];
        if (way->ready == NULL) {
            return way;
        }
        if (!is_idle(chosen->ready) && is_idle(way->ready)) {
            chosen = way;
        }
    }
    return chosen;
}

static void make_room(struct hot *hot, size_t bytes)
{
    while (hot->bytes + bytes > hot->max_bytes) {
        struct way *way = &hot->table[hot->hand / WAYS].ways[hot->hand % WAYS];
        hot->hand = (hot->hand + 1) % (hot->sets * WAYS);
        if (way->ready != NULL && is_idle(way->ready)) {
            empty(hot, way);
        } else if (way->ready != NULL) {
            way->ready->used = false;
        }
    }
}

bool hot_put(struct hot *hot, const struct hot_key *key, struct answer *answer, const struct route *route,
             const struct reply *reply)
{
    size_t bytes = sizeof(struct ready) + key->text.size + reply->bytes + answer->memory_bytes;
    struct ready *ready = bytes <= hot->max_bytes ? malloc(sizeof(*ready) + key->text.size) : NULL;

    if (ready == NULL) {
        return false;
    }
    *ready = (struct ready){.answer = answer_ref(answer), .route = route, .reply = *reply, .bytes = bytes,
                            .used = true, .key_size = key->text.size};
    memcpy(ready->key, key->text.data, key->text.size);
    struct way *way = find(hot, key);
    if (way == NULL) {
        way = choose(&hot->table[set_of(hot, key->hash)]);
    }
    empty(hot, way);
    make_room(hot, bytes);
    *way = (struct way){key->hash, ready};
    hot->bytes += bytes;
    return true;
}

void hot_charge(struct hot *hot, struct ready *ready, size_t bytes)
{
    ready->bytes += bytes;
    hot->bytes += bytes;
}

void hot_drop(struct hot *hot, const struct hot_key *key)
{
    struct way *way = find(hot, key);

    if (way != NULL) {
        empty(hot, way);
    }
}

size_t hot_bytes(const struct hot *hot)
{
    return hot->bytes;
}
