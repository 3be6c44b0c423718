/*
 * What everything that we keep in Redis has in common, whatever its body is:
 * how it is called, its header, and what its seal binds it to.
 *
 *   name   prefix ‖ kind ‖ hex(HMAC(index key, what it is about))
 *   value  seal( magic ‖ version ‖ body ), associated data = version and name
 *
 * Moved under another name, or taken for another version, a value does not open.
 * Private to cache/.
 */
#ifndef CACHE_SEALED_H
#define CACHE_SEALED_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/seal.h"
#include "cache/record.h"

#define SEALED_MAGIC_BYTES 3

struct sealed_form {
    char magic[SEALED_MAGIC_BYTES + 1];
    uint8_t version;
    size_t max_bytes; /* of the value, seal and all */
    const char *what; /* for errors */
};

/* The name of what is about `about`, by key `which` of the ring; RECORD_KEY_BYTES have room for it. Returns `out`. */
const char *sealed_name(const struct seal_ring *ring, size_t which, const char *prefix, const char *kind,
                        struct bytes about, char out[RECORD_KEY_BYTES]);

/* Makes `plain` ready for the body, which the caller appends. */
void sealed_begin(const struct sealed_form *form, struct buffer *plain);

/* Seals it by key `which`, and frees `plain`. -1: larger than it may be, or memory. */
int sealed_close(const struct sealed_form *form, const struct seal_ring *ring, size_t which, const char *name,
                 struct buffer *plain, struct buffer *out);

/* Opens into `plain`, in which the body then lives. */
enum record_result sealed_open(const struct sealed_form *form, const struct seal_ring *ring, const char *name,
                               struct bytes value, struct buffer *plain, struct bytes *body, struct error *error);

#endif
