/*
 * Which entries of a directory answer for which addresses: entryUUID → keys. A
 * delete names the UUID alone, and a modify says nothing of the address that an
 * entry had before.
 *
 * Keys are lines: an address, normalised, or "@domain" for every address in it.
 * The table is bounded in bytes; it belongs to one thread.
 */
#ifndef LDAP_SYNC_TABLE_H
#define LDAP_SYNC_TABLE_H

#include "ldap/sync_wire.h"

struct sync_row {
    uint8_t uuid[SYNC_UUID_BYTES];
    uint8_t part;     /* which of the directory's bases it is below */
    bool is_endless;  /* it has more addresses than are kept: it may answer for any */
    uint16_t size;
    uint32_t mark;    /* of the refresh that named it last */
    char keys[];      /* `size` bytes, each key ended by '\n' */
};

struct sync_table;

/* NULL: out of memory. */
struct sync_table *sync_table_new(size_t max_bytes);
void sync_table_free(struct sync_table **table);
void sync_table_clear(struct sync_table *table);

/* Borrowed, until the table changes. NULL: not there. */
struct sync_row *sync_table_find(struct sync_table *table, const uint8_t *uuid);

/* Copies `row`, with its keys from `keys`, into the place of what is there. -1: no room, or out of memory; what was
 * there stays. */
int sync_table_put(struct sync_table *table, const struct sync_row *row, const char *keys);
void sync_table_remove(struct sync_table *table, const uint8_t *uuid);

/* Removes the rows of `part` that do not bear `mark`; `gone` hears of each before. */
void sync_table_sweep(struct sync_table *table, uint8_t part, uint32_t mark,
                      void (*gone)(void *context, const struct sync_row *row), void *context);

size_t sync_table_bytes(const struct sync_table *table);
size_t sync_table_entries(const struct sync_table *table);

#endif
