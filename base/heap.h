/*
 * What memory costs, as the allocator has it.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <malloc.h>
#include <stddef.h>

/* Of a block of malloc(): what may be used of it, rounding included, and the allocator's word before it. */
static inline size_t heap_bytes(void *block)
{
    return block != NULL ? malloc_usable_size(block) + sizeof(size_t) : 0;
}

#endif
