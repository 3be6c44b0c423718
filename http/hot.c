#include "http/hot.h"

#include <stdlib.h>

#define WAYS 4
#define MIN_SETS 16
#define MAX_SETS 16384
#define TYPICAL_BYTES 8192 /* of an entry; only sizes the table */

struct slot {
    struct answer *answer; /* NULL: free */
    unsigned variant;
    bool used;             /* since the hand last came by */
    size_t bytes;
    struct reply reply;
};

struct hot {
    size_t max_bytes;
    size_t bytes;
    size_t sets; /* a power of two */
    size_t hand;
    struct slot slots[];
};

struct hot *hot_new(size_t max_bytes)
{
    size_t sets = MIN_SETS;

    while (sets < MAX_SETS && sets * WAYS * TYPICAL_BYTES < max_bytes) {
        sets *= 2;
    }
    struct hot *hot = calloc(1, sizeof(*hot) + sets * WAYS * sizeof(hot->slots[0]));
    if (hot != NULL) {
        hot->max_bytes = max_bytes;
        hot->sets = sets;
    }
    return hot;
}

static void empty(struct hot *hot, struct slot *slot)
{
    if (slot->answer != NULL) {
        hot->bytes -= slot->bytes;
        reply_free(&slot->reply);
        answer_free(&slot->answer);
    }
}

void hot_free(struct hot **hot)
{
    if (*hot == NULL) {
        return;
    }
    for (size_t i = 0; i < (*hot)->sets * WAYS; i++) {
        empty(*hot, &(*hot)->slots[i]);
    }
    free(*hot);
    *hot = NULL;
}

/* Answers are blocks of malloc(): the low bits of their addresses say nothing. */
static struct slot *set_of(struct hot *hot, const struct answer *answer, unsigned variant)
{
    uint64_t mixed = (((uint64_t)(uintptr_t)answer >> 4) + variant) * UINT64_C(0x9e3779b97f4a7c15);

    return &hot->slots[(size_t)(mixed >> 40) % hot->sets * WAYS];
}

const struct reply *hot_get(struct hot *hot, const struct answer *answer, unsigned variant)
{
    struct slot *set = set_of(hot, answer, variant);

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].answer == answer && set[i].variant == variant) {
            set[i].used = true;
            return &set[i].reply;
        }
    }
    return NULL;
}

/* A free place among the ways; else one that was not used lately; else the first. */
static struct slot *choose(struct slot *set)
{
    struct slot *chosen = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].answer == NULL) {
            return &set[i];
        }
        if (!set[i].used && chosen->used) {
            chosen = &set[i];
        }
    }
    return chosen;
}

static void make_room(struct hot *hot, size_t bytes)
{
    while (hot->bytes + bytes > hot->max_bytes) {
        struct slot *slot = &hot->slots[hot->hand];
        hot->hand = (hot->hand + 1) % (hot->sets * WAYS);
        if (slot->used) {
            slot->used = false;
        } else {
            empty(hot, slot);
        }
    }
}

bool hot_put(struct hot *hot, struct answer *answer, unsigned variant, const struct reply *reply)
{
    size_t bytes = reply->bytes + answer->memory_bytes;

    if (bytes > hot->max_bytes) {
        return false;
    }
    struct slot *slot = choose(set_of(hot, answer, variant));
    empty(hot, slot);
    make_room(hot, bytes);
    *slot = (struct slot){answer_ref(answer), variant, true, bytes, *reply};
    hot->bytes += bytes;
    return true;
}

size_t hot_bytes(const struct hot *hot)
{
    return hot->bytes;
}
