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
 *
 * Of issuers that the policy itself has, a record says the digest only; who has
 * the same policy knows them. Under any other policy the answer does not stand
 * as it is, only its values count, and no chain is read: a chain is whole, or
 * there is none.
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include "base/answer.h"
#include "base/known_issuers.h"
#include "base/seal.h"

#define RECORD_VERSION 3
#define RECORD_KEY_BYTES 128 /* room for a key with its prefix and NUL */
#define RECORD_PREFIX_MAX 32

/* The key under which the answer to `address` stands, sealed by key `which` of the ring. Returns `out`. */
const char *record_key(const struct seal_ring *ring, size_t which, const char *prefix, const struct digest *scope,
                       const struct address *address, char out[RECORD_KEY_BYTES]);

/* The body in clear, for tests and fuzzing; and back. `known` are the issuers of the policy that who calls has.
 * record_decode() fills a draft whose strings stand in the body; its best_digest is the record's, for which the seal
 * vouches. Generation and scope are not part of a record and stay as they were. The draft comes empty, but for these
 * and the address that is expected: what equals it is not parsed again. 0: the caller ends it with
 * record_draft_free(). -1: not a record; there is nothing to free. */
int record_encode(const struct answer *answer, const struct known_issuers *known, struct buffer *out);
int record_decode(struct bytes body, const struct known_issuers *known, struct answer_draft *draft,
                  struct error *error);
void record_draft_free(struct answer_draft *draft);

/* The sealed value for `key`. -1: larger than MAX_RECORD_BYTES, or memory. */
int record_close(const struct seal_ring *ring, const char *key, const struct answer *answer,
                 const struct known_issuers *known, struct buffer *out);

enum record_result { RECORD_GOOD, RECORD_BAD_SEAL, RECORD_BAD };

#define RECORD_SMALL_BYTES 4096 /* most records are smaller, and opened without a block of their own */

/* One that was opened: its draft's strings stand in the other two. */
struct record {
    struct answer_draft draft;
    struct buffer large;
    uint8_t small[RECORD_SMALL_BYTES + 1];
};

/* Opens and decodes, as record_decode() does, into record->draft. RECORD_GOOD: the caller ends it with record_free();
 * else there is nothing to free. The draft's address is the one in the record, which the caller compares with the one
 * it asked for. */
enum record_result record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                               const struct known_issuers *known, struct record *record, struct error *error);
void record_free(struct record *record);

#endif
