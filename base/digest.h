/*
 * Hashes and keyed hashes, from libcrypto, and the texts made of them.
 * These never fail short of a broken libcrypto: then the process ends.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/buffer.h"

#define DIGEST_BYTES 32 /* SHA-256 */
#define DIGEST_HEX_BYTES (2 * DIGEST_BYTES + 1)

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

struct digest digest_sha256(struct bytes bytes);

/* SHA-1, where a protocol names things by it (RFC 4387 2.1). Two things of one name can be made, so who is given one by
 * its name must be as safe with any other. */
#define DIGEST_SHA1_BYTES 20
void digest_sha1(struct bytes bytes, uint8_t out[DIGEST_SHA1_BYTES]);

/* HMAC with SHA-256, by a key that is prepared once, which is most of the cost, for any number of threads. */
struct digest_key;
struct digest_key *digest_key_new(struct bytes key); /* NULL: out of memory */
void digest_key_free(struct digest_key **key);
struct digest digest_hmac(struct digest_key *key, struct bytes bytes);

bool digest_equal(const struct digest *a, const struct digest *b);

/* Of two secrets: how long it takes tells of nothing but their sizes. */
bool digest_equal_secrets(struct bytes a, struct bytes b);

/* Many parts, each length-prefixed (so that "ab","c" and "a","bc" differ), in one hash. */
struct digest_stream;
struct digest_stream *digest_stream_new(void); /* NULL: out of memory */
void digest_stream_add(struct digest_stream *stream, struct bytes part);
void digest_stream_add_string(struct digest_stream *stream, const char *part); /* NULL differs from "" */
void digest_stream_add_number(struct digest_stream *stream, int64_t part);
struct digest digest_stream_end(struct digest_stream **stream); /* frees it */

/* Lower-case hexadecimal, NUL-terminated; `out` holds 2 × size + 1. */
const char *digest_hex(struct bytes bytes, char *out);

/* Base64 with padding (RFC 4648 4). line = 0: one line; otherwise a '\n' after each `line` characters and at the end of
 * the last, shorter line. */
void digest_append_base64(struct buffer *buffer, struct bytes bytes, size_t line);

/* The reverse: strict alphabet and padding, white space only if `lenient`. -1: not base64. */
int digest_decode_base64(struct bytes text, struct buffer *out, bool lenient);

/* Cryptographically strong random bytes. */
void digest_random(void *out, size_t size);

/* A fast keyed hash for tables; the key is drawn at first use, so that nobody outside can aim at a bucket. */
uint64_t digest_table_hash(struct bytes bytes);

#endif
