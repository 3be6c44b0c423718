/*
 * An answer as it stands in Redis: a versioned record under a seal.
 *
 *   key    prefix ‖ hex(HMAC(index key, scope ‖ address)): no address in clear;
 *          `scope` is the fingerprint of the directories that are asked for it
 *   value  seal( "CLR" ‖ version ‖ body ), associated data = key and version
 *
 * The body holds the DER values with their sources, chains, verdicts, times and
 * the policy's fingerprint, all lengths checked against what is left, every
 * count against its limit. A record of another version is as good as absent.
 * Layout: comment in record.c. Fuzzed: tests/fuzz/fuzz_record.c.
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include "base/answer.h"
#include "base/seal.h"

#define RECORD_VERSION 2
#define RECORD_KEY_BYTES 128 /* room for a key with its prefix and NUL */
#define RECORD_PREFIX_MAX 32

/* The key under which the answer to `address` stands, sealed by key `which` of the ring. Returns `out`. */
const char *record_key(const struct seal_ring *ring, size_t which, const char *prefix, const struct digest *scope,
                       const struct address *address, char out[RECORD_KEY_BYTES]);

/* The body in clear, for tests and fuzzing; and back. record_decode() fills a draft whose strings and blobs are its own
 * (answer_draft_free()); generation and scope are not part of a record and stay as they were. The draft may come with
 * the address that is expected: what equals it is not parsed again. -1: not a record. */
int record_encode(const struct answer *answer, struct buffer *out);
int record_decode(struct bytes body, struct answer_draft *draft, struct error *error);

/* The sealed value for `key`. -1: larger than MAX_RECORD_BYTES, or memory. */
int record_close(const struct seal_ring *ring, const char *key, const struct answer *answer, struct buffer *out);

enum record_result { RECORD_GOOD, RECORD_BAD_SEAL, RECORD_BAD };

/* Opens and decodes, as record_decode() does. The draft is filled only when RECORD_GOOD; its address is the one in the
 * record, which the caller compares with the one it asked for. */
enum record_result record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                               struct answer_draft *draft, struct error *error);

#endif
