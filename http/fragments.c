#include "http/fragments.h"

#include <stdlib.h>

#define WAYS 4
#define MIN_SETS 16
#define MAX_SETS 16384
#define TYPICAL_BYTES 4096 /* of an entry; only sizes the table */

struct slot {
    struct answer *answer; /* NULL: free */
    bool used;             /* since the hand last came by */
    size_t bytes;          /* what the entry costs */
    struct bytes fragment; /* ours */
};

struct fragments {
    size_t max_bytes;
    size_t bytes;
    size_t sets; /* a power of two */
    size_t hand;
    struct slot slots[];
};

struct fragments *fragments_new(size_t max_bytes)
{
    size_t sets = MIN_SETS;

    while (sets < MAX_SETS && sets * WAYS * TYPICAL_BYTES < max_bytes) {
        sets *= 2;
    }
    struct fragments *fragments = calloc(1, sizeof(*fragments) + sets * WAYS * sizeof(fragments->slots[0]));
    if (fragments != NULL) {
        fragments->max_bytes = max_bytes;
        fragments->sets = sets;
    }
    return fragments;
}

static void empty(struct fragments *fragments, struct slot *slot)
{
    if (slot->answer != NULL) {
        fragments->bytes -= slot->bytes;
        free((void *)(uintptr_t)slot->fragment.data);
        answer_free(&slot->answer);
    }
}

void fragments_free(struct fragments **fragments)
{
    if (*fragments == NULL) {
        return;
    }
    for (size_t i = 0; i < (*fragments)->sets * WAYS; i++) {
        empty(*fragments, &(*fragments)->slots[i]);
    }
    free(*fragments);
    *fragments = NULL;
}

/* Answers are blocks of malloc(): the low bits of their addresses say nothing. */
static struct slot *set_of(struct fragments *fragments, const struct answer *answer)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)answer >> 4) * UINT64_C(0x9e3779b97f4a7c15);

    return &fragments->slots[(size_t)(mixed >> 40) % fragments->sets * WAYS];
}

struct bytes fragments_get(struct fragments *fragments, const struct answer *answer)
{
    struct slot *set = set_of(fragments, answer);

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].answer == answer) {
            set[i].used = true;
            return set[i].fragment;
        }
    }
    return bytes_of(NULL, 0);
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

static void make_room(struct fragments *fragments, size_t bytes)
{
    while (fragments->bytes + bytes > fragments->max_bytes) {
        struct slot *slot = &fragments->slots[fragments->hand];
        fragments->hand = (fragments->hand + 1) % (fragments->sets * WAYS);
        if (slot->used) {
            slot->used = false;
        } else {
            empty(fragments, slot);
        }
    }
}

void fragments_put(struct fragments *fragments, struct answer *answer, struct bytes fragment)
{
    size_t bytes = fragment.size + answer->memory_bytes;
    uint8_t *copy = bytes <= fragments->max_bytes ? malloc(fragment.size) : NULL;

    if (copy == NULL) {
        return;
    }
    memcpy(copy, fragment.data, fragment.size);
    struct slot *slot = choose(set_of(fragments, answer));
    empty(fragments, slot);
    make_room(fragments, bytes);
    *slot = (struct slot){answer_ref(answer), true, bytes, bytes_of(copy, fragment.size)};
    fragments->bytes += bytes;
}

size_t fragments_bytes(const struct fragments *fragments)
{
    return fragments->bytes;
}
