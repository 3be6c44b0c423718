/*
 * Finds answers in memory by what their certificates are searched for: a table
 * from the hash of a search key (base/search_key.h) to that of an address, by
 * which the memory is then asked.
 *
 * It may be wrong, and forgets: an entry stands until another takes its place,
 * whatever became of the answer. So whoever finds something looks the address up
 * as anybody would, and compares what comes with what was searched for; and what
 * is not found here may be found by its address still.
 *
 * The table has a fixed size: sets of 16 places, newest first, of which a new
 * entry takes the oldest. A key that many answers have, such as that of their
 * issuer, is spread over 4 sets and has 4 places in each, so that it neither
 * fills a set that others need nor is ever more than the newest 16 answers.
 */
#ifndef CACHE_FINDER_H
#define CACHE_FINDER_H

#include <stddef.h>
#include <stdint.h>

struct finder;

/* About this large, and at least a few KiB. NULL: out of memory. */
struct finder *finder_new(size_t bytes);
void finder_free(struct finder **finder);

/* Any thread: the answer under this address is found by this key from now on. */
void finder_put(struct finder *finder, uint64_t key, uint64_t address);

/* Any thread: the hashes of the addresses, each once; how many, at most `most`. */
size_t finder_get(struct finder *finder, uint64_t key, uint64_t *addresses, size_t most);

#endif
