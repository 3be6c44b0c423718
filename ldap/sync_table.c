#include "ldap/sync_table.h"

#include <stdlib.h>

#include "base/digest.h"

#define LEAST_SLOTS 64
#define ALLOCATION_BYTES 16 /* what malloc needs beside a row, about */

/* Open addressing with linear probing; a power of two of slots, at most three quarters of them in use. */
struct sync_table {
    struct sync_row **slots;
    size_t slot_count;
    size_t entries;
    size_t row_bytes;
    size_t max_bytes;
};

static size_t bytes_of_row(const struct sync_row *row)
{
    return sizeof(*row) + row->size + ALLOCATION_BYTES;
}

static size_t home_of(const struct sync_table *table, const uint8_t *uuid)
{
    return (size_t)digest_table_hash(bytes_of(uuid, SYNC_UUID_BYTES)) & (table->slot_count - 1);
}

/* The slot that the entry is in, or would be. */
static size_t slot_of(const struct sync_table *table, const uint8_t *uuid)
{
    size_t at = home_of(table, uuid);

    while (table->slots[at] != NULL && memcmp(table->slots[at]->uuid, uuid, SYNC_UUID_BYTES) != 0) {
        at = (at + 1) & (table->slot_count - 1);
    }
    return at;
}

struct sync_table *sync_table_new(size_t max_bytes)
{
    struct sync_table *table = calloc(1, sizeof(*table));

    if (table != NULL) {
        table->max_bytes = max_bytes;
        table->slot_count = LEAST_SLOTS;
        table->slots = calloc(LEAST_SLOTS, sizeof(struct sync_row *));
    }
    if (table != NULL && table->slots == NULL) {
        sync_table_free(&table);
    }
    return table;
}

void sync_table_clear(struct sync_table *table)
{
    for (size_t i = 0; table->slots != NULL && i < table->slot_count; i++) {
        free(table->slots[i]);
        table->slots[i] = NULL;
    }
    table->entries = 0;
    table->row_bytes = 0;
}

void sync_table_free(struct sync_table **table)
{
    if (*table == NULL) {
        return;
    }
    sync_table_clear(*table);
    free((*table)->slots);
    free(*table);
    *table = NULL;
}

struct sync_row *sync_table_find(struct sync_table *table, const uint8_t *uuid)
{
    return table->slots[slot_of(table, uuid)];
}

static size_t bytes_with(const struct sync_table *table, size_t slot_count)
{
    return table->row_bytes + slot_count * sizeof(struct sync_row *);
}

/* While the slots double, both are there. */
static int grow(struct sync_table *table)
{
    struct sync_row **before = table->slots;
    size_t count_before = table->slot_count;
    struct sync_row **after = bytes_with(table, 3 * count_before) <= table->max_bytes
                                  ? calloc(2 * count_before, sizeof(struct sync_row *))
                                  : NULL;

    if (after == NULL) {
        return -1;
    }
    table->slots = after;
    table->slot_count = 2 * count_before;
    for (size_t i = 0; i < count_before; i++) {
        if (before[i] != NULL) {
            after[slot_of(table, before[i]->uuid)] = before[i];
        }
    }
    free(before);
    return 0;
}

int sync_table_put(struct sync_table *table, const struct sync_row *row, const char *keys)
{
    struct sync_row *known = sync_table_find(table, row->uuid);
    size_t freed = known != NULL ? bytes_of_row(known) : 0;

    if (known == NULL && (table->entries + 1) * 4 > table->slot_count * 3 && grow(table) != 0) {
        return -1;
    }
    if (bytes_with(table, table->slot_count) - freed + bytes_of_row(row) > table->max_bytes) {
        return -1;
    }
    struct sync_row *copy = malloc(sizeof(*copy) + row->size);

    if (copy == NULL) {
        return -1;
    }
    *copy = *row;
    memcpy(copy->keys, keys, row->size);
    table->slots[slot_of(table, row->uuid)] = copy;
    table->entries += known == NULL ? 1 : 0;
    table->row_bytes += bytes_of_row(copy) - freed;
    free(known);
    return 0;
}

/* Closes the gap, so that whoever stands behind it is still found from its home. */
static void empty_slot(struct sync_table *table, size_t gap)
{
    size_t mask = table->slot_count - 1;

    table->entries--;
    table->row_bytes -= bytes_of_row(table->slots[gap]);
    free(table->slots[gap]);
    table->slots[gap] = NULL;
    for (size_t at = (gap + 1) & mask; table->slots[at] != NULL; at = (at + 1) & mask) {
        size_t home = home_of(table, table->slots[at]->uuid);

        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table->slots[gap] = table->slots[at];
            table->slots[at] = NULL;
            gap = at;
        }
    }
}

void sync_table_remove(struct sync_table *table, const uint8_t *uuid)
{
    size_t at = slot_of(table, uuid);

    if (table->slots[at] != NULL) {
        empty_slot(table, at);
    }
}

void sync_table_sweep(struct sync_table *table, uint8_t part, uint32_t mark,
                      void (*gone)(void *context, const struct sync_row *row), void *context)
{
    for (size_t at = 0; at < table->slot_count;) {
        const struct sync_row *row = table->slots[at];

        if (row == NULL || row->part != part || row->mark == mark) {
            at++;
            continue;
        }
        gone(context, row);
        empty_slot(table, at); /* which may move another row here */
    }
}

size_t sync_table_bytes(const struct sync_table *table)
{
    return bytes_with(table, table->slot_count);
}

size_t sync_table_entries(const struct sync_table *table)
{
    return table->entries;
}
