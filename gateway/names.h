/*
 * Which answers in memory stand under which names in Redis: Redis tells of a
 * change by name, memory knows addresses. Two hashes for each, and no more; one
 * whose answer has left memory is found and forgotten little by little, a few
 * for each new one. When there is no room the answer leaves memory with its
 * name, so that there is never one in memory whose change would go unheard.
 * Engine thread only.
 */
#ifndef GATEWAY_NAMES_H
#define GATEWAY_NAMES_H

#include "cache/memory.h"

struct names;

/* NULL: out of memory. Never holds more than max_bytes, at least 64 KiB. */
struct names *names_new(struct memory *memory, size_t max_bytes);
void names_free(struct names **names);

/* `name`: 64 bits of the name, evenly spread. The answer to this address stands under it. */
void names_put(struct names *names, uint64_t name, struct bytes address);

/* digest_table_hash() of the address whose answer stands under it, or stood before it left memory; 0: none. */
uint64_t names_find(const struct names *names, uint64_t name);

/* What stood under it leaves memory. */
void names_changed(struct names *names, uint64_t name);

size_t names_bytes(const struct names *names);
size_t names_count(const struct names *names);

#endif
