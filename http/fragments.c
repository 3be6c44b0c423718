#include "http/fragments.h"

#include <stdlib.h>

#include "base/digest.h"

#define WAYS 4
#define MIN_SETS 16
#define MAX_SETS 16384
#define TYPICAL_BYTES 4096 /* of an entry; only sizes the table */

struct slot {
    struct answer *answer; /* NULL: free */
    uint64_t hash;         /* of the address */
    bool used;             /* since the hand last came by */
    size_t bytes;          /* what the entry costs */
    uint8_t *data;         /* the address, then the text */
    size_t address_size, text_size;
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
        free(slot->data);
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

static struct slot *set_of(struct fragments *fragments, uint64_t hash)
{
    return &fragments->slots[(size_t)hash % fragments->sets * WAYS];
}

/* NULL: not here. */
static struct slot *find(struct slot *set, uint64_t hash, struct bytes address)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].answer != NULL && set[i].hash == hash &&
            bytes_equal(bytes_of(set[i].data, set[i].address_size), address)) {
            return &set[i];
        }
    }
    return NULL;
}

struct fragment fragments_get(struct fragments *fragments, struct bytes address)
{
    uint64_t hash = digest_table_hash(address);
    struct slot *slot = find(set_of(fragments, hash), hash, address);

    if (slot == NULL) {
        return (struct fragment){.answer = NULL};
    }
    slot->used = true;
    return (struct fragment){slot->answer, bytes_of(slot->data + slot->address_size, slot->text_size)};
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

void fragments_put(struct fragments *fragments, struct bytes address, const struct fragment *fragment)
{
    size_t bytes = address.size + fragment->text.size + fragment->answer->memory_bytes;
    uint8_t *data = bytes <= fragments->max_bytes ? malloc(address.size + fragment->text.size) : NULL;

    if (data == NULL) {
        return;
    }
    memcpy(data, address.data, address.size);
    memcpy(data + address.size, fragment->text.data, fragment->text.size);
    uint64_t hash = digest_table_hash(address);
    struct slot *set = set_of(fragments, hash), *slot = find(set, hash, address);
    struct answer *answer = answer_ref(fragment->answer);
    slot = slot != NULL ? slot : choose(set);
    empty(fragments, slot);
    make_room(fragments, bytes);
    *slot = (struct slot){answer, hash, true, bytes, data, address.size, fragment->text.size};
    fragments->bytes += bytes;
}

size_t fragments_bytes(const struct fragments *fragments)
{
    return fragments->bytes;
}
