/*
 * The seal on what we keep in Redis: AES-256-GCM. Whoever can write there can
 * delete or replay a record within its life, and no more.
 *
 * From the bytes of the seal-key file HKDF-SHA-256 (RFC 5869) makes three keys,
 * each by a label of its own: one names the file (key id), one seals, one hides
 * the addresses in Redis keys (index). A ring holds at most two files: the first
 * seals, both open, so that a key can be changed without losing what is stored.
 *
 * Sealed form: key id (8) ‖ nonce (12, random) ‖ ciphertext ‖ tag (16).
 * Immutable after seal_ring_new(); thread-safe.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/buffer.h"
#include "base/digest.h"
#include "base/error.h"

#define SEAL_KEY_MIN_BYTES 32
#define SEAL_KEY_ID_BYTES 8
#define SEAL_NONCE_BYTES 12
#define SEAL_TAG_BYTES 16
#define SEAL_OVERHEAD (SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES + SEAL_TAG_BYTES)
#define SEAL_KEYS_MAX 2

struct seal_ring;

/* One to SEAL_KEYS_MAX keys of at least SEAL_KEY_MIN_BYTES each, copied. NULL: see error. */
struct seal_ring *seal_ring_new(const struct bytes *keys, size_t count, struct error *error);
void seal_ring_free(struct seal_ring **ring); /* wipes the keys */

/* Appends the sealed form of `plain` to `out`; `associated` must be the same when it is opened. -1: libcrypto
 * failed, or `out` is full. */
int seal_close(const struct seal_ring *ring, struct bytes associated, struct bytes plain, struct buffer *out);

/* The same with key number `which`: for those who have that one only. */
int seal_close_by(const struct seal_ring *ring, size_t which, struct bytes associated, struct bytes plain,
                  struct buffer *out);

enum seal_result { SEAL_OPENED, SEAL_UNKNOWN_KEY, SEAL_BROKEN };

/* Appends the plain bytes to `out` only when SEAL_OPENED. */
enum seal_result seal_open(const struct seal_ring *ring, struct bytes associated, struct bytes sealed,
                           struct buffer *out);

/* HMAC under key number `which` (0 is the sealing one): the name of `bytes` in Redis. */
struct digest seal_index(const struct seal_ring *ring, size_t which, struct bytes bytes);
size_t seal_ring_count(const struct seal_ring *ring);

#endif
