/*
 * Immutable bytes that several owners share: a certificate in an answer, an
 * issuer in a thousand answers. Reference-counted; the counts are atomic, so a
 * blob may be handed from thread to thread.
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stdatomic.h>

#include "base/bytes.h"

struct blob {
    atomic_uint references;
    bool interned; /* blob.c's own */
    size_t size;
    uint8_t data[];
};

/* Copies `bytes`. One reference, the caller's. NULL when out of memory. */
struct blob *blob_new(struct bytes bytes);

/* The same, but equal bytes mostly give the same blob while anybody holds it: for issuers, which recur. Thread-safe. */
struct blob *blob_intern(struct bytes bytes);

/* One reference more, for the caller. Returns `blob`; NULL gives NULL. */
struct blob *blob_ref(struct blob *blob);

/* What it takes of memory; 0 of NULL. */
size_t blob_memory_bytes(struct blob *blob);

/* Gives the caller's reference back and sets the pointer to NULL. */
void blob_free(struct blob **blob);

static inline struct bytes blob_bytes(const struct blob *blob)
{
    return (struct bytes){blob->data, blob->size};
}

#endif
