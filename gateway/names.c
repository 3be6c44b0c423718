#include "gateway/names.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/metrics.h"

/* Tables that grow one by one, so that the engine never waits for all of them. */
#define TABLES 64
#define SLOTS_MIN 16
#define SWEPT 4 /* slots, for each new name: more than one in four may be of the dead only for a while */

struct slot {
    uint64_t name;    /* 0: free */
    uint64_t address; /* its hash, as memory has it */
};

struct table {
    struct slot *slots;
    size_t slot_count; /* a power of two; 0: none yet */
    size_t count;
    size_t hand;
};

struct names {
    struct memory *memory;
    size_t max_slots; /* of one table */
    size_t slots, count;
    struct table tables[TABLES];
};

struct names *names_new(struct memory *memory, size_t max_bytes)
{
    struct names *names = calloc(1, sizeof(*names));
    if (names == NULL) {
        return NULL;
    }
    names->memory = memory;
    names->max_slots = SLOTS_MIN;
    while (names->max_slots * 2 * sizeof(struct slot) * TABLES <= max_bytes) {
        names->max_slots *= 2;
    }
    return names;
}

void names_free(struct names **names)
{
    if (*names == NULL) {
        return;
    }
    for (size_t i = 0; i < TABLES; i++) {
        free((*names)->tables[i].slots);
    }
    free(*names);
    *names = NULL;
}

static size_t find(const struct table *table, uint64_t name)
{
    size_t mask = table->slot_count - 1, i = name & mask;
    while (table->slots[i].name != 0 && table->slots[i].name != name) {
        i = (i + 1) & mask;
    }
    return i;
}

/* Moves back what stands behind the gap. */
static void remove_at(struct names *names, struct table *table, size_t gap)
{
    size_t mask = table->slot_count - 1;
    for (size_t i = (gap + 1) & mask; table->slots[i].name != 0; i = (i + 1) & mask) {
        if (((i - table->slots[i].name) & mask) >= ((i - gap) & mask)) {
            table->slots[gap] = table->slots[i];
            gap = i;
        }
    }
    table->slots[gap] = (struct slot){0};
    table->count--;
    names->count--;
}

static void sweep(struct names *names, struct table *table)
{
    for (int step = 0; step < SWEPT; step++) {
        struct slot *slot = &table->slots[table->hand & (table->slot_count - 1)];
        if (slot->name != 0 && !memory_has(names->memory, slot->address)) {
            remove_at(names, table, (size_t)(slot - table->slots));
        } else {
            table->hand++;
        }
    }
}

/* The one under the hand goes, and its answer with it. */
static void evict(struct names *names, struct table *table)
{
    size_t mask = table->slot_count - 1;
    while (table->slots[table->hand & mask].name == 0) {
        table->hand++;
    }
    memory_drop_hashed(names->memory, table->slots[table->hand & mask].address);
    remove_at(names, table, table->hand & mask);
}

static void grow(struct names *names, struct table *table)
{
    size_t slot_count = table->slot_count > 0 ? table->slot_count * 2 : SLOTS_MIN;
    struct slot *slots = slot_count <= names->max_slots ? calloc(slot_count, sizeof(*slots)) : NULL;
    if (slots == NULL) {
        return;
    }
    struct table before = *table;
    names->slots += slot_count - table->slot_count;
    gauge_set(GAUGE_REDIS_NAMES_BYTES, (int64_t)names_bytes(names));
    table->slots = slots;
    table->slot_count = slot_count;
    for (size_t i = 0; i < before.slot_count; i++) {
        if (before.slots[i].name != 0) {
            table->slots[find(table, before.slots[i].name)] = before.slots[i];
        }
    }
    free(before.slots);
}

static bool is_full(const struct table *table)
{
    return (table->count + 1) * 4 > table->slot_count * 3;
}

static struct table *table_of(struct names *names, uint64_t name)
{
    return &names->tables[name >> 58];
}

static uint64_t never_0(uint64_t name)
{
    return name != 0 ? name : 1;
}

uint64_t names_find(const struct names *names, uint64_t name)
{
    const struct table *table = &names->tables[never_0(name) >> 58];
    return table->slot_count > 0 ? table->slots[find(table, never_0(name))].address : 0;
}

void names_put(struct names *names, uint64_t name, struct bytes address)
{
    struct table *table = table_of(names, never_0(name));
    uint64_t hash = digest_table_hash(address);
    if (table->slot_count > 0) {
        sweep(names, table);
    }
    if (is_full(table)) {
        grow(names, table);
    }
    if (table->slot_count == 0) {
        memory_drop_hashed(names->memory, hash);
        return;
    }
    while (is_full(table)) {
        evict(names, table);
    }
    struct slot *slot = &table->slots[find(table, never_0(name))];
    names->count += slot->name == 0;
    table->count += slot->name == 0;
    *slot = (struct slot){never_0(name), hash};
}

void names_changed(struct names *names, uint64_t name)
{
    struct table *table = table_of(names, never_0(name));
    if (table->slot_count == 0) {
        return;
    }
    size_t at = find(table, never_0(name));
    if (table->slots[at].name != 0) {
        memory_drop_hashed(names->memory, table->slots[at].address);
        remove_at(names, table, at);
    }
}

size_t names_bytes(const struct names *names)
{
    return sizeof(*names) + names->slots * sizeof(struct slot);
}

size_t names_count(const struct names *names)
{
    return names->count;
}
