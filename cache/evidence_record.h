/*
 * What a place gave (CRLs, an OCSP answer, issuers) as it stands in Redis, for
 * the other gateways: the bytes that came, under a seal.
 *
 *   key    prefix ‖ "e:" ‖ hex(HMAC(index key, need key)): no URL and no DN in clear
 *   value  seal( "CLE" ‖ version ‖ body ), associated data = version and key
 *   body   u64 fetched_at ‖ u16 size, source ‖ u16 count ‖ count × (u32 size ‖ bytes)
 *
 * The seal says only that a gateway of ours put it there; whoever takes it out
 * verifies it as if it came from the place itself. Integers are big-endian.
 * Fuzzed: tests/fuzz/fuzz_evidence_record.c.
 */
#ifndef CACHE_EVIDENCE_RECORD_H
#define CACHE_EVIDENCE_RECORD_H

#include "base/error.h"
#include "base/seal.h"
#include "cache/record.h"

#define EVIDENCE_RECORD_VERSION 1

/* All of it borrowed from whoever made it; what was decoded borrows from the body, but for the array, which
 * evidence_record_clear() frees. */
struct evidence_record {
    int64_t fetched_at;     /* wall seconds: when it came from the place */
    struct bytes source;    /* where from, for explain: UTF-8, at most MAX_SOURCE_BYTES */
    struct bytes *objects;
    size_t count;           /* at most MAX_EVIDENCE_OBJECTS */
};
void evidence_record_clear(struct evidence_record *record);

/* The key under which what `need` wants stands, sealed by key `which` of the ring. Returns `out`. */
const char *evidence_record_key(const struct seal_ring *ring, size_t which, const char *prefix,
                                const struct digest *need, char out[RECORD_KEY_BYTES]);

/* The body in clear, for tests and fuzzing. -1: larger than a record may be, or memory; not a record (nothing to
 * clear then). */
int evidence_record_encode(const struct evidence_record *record, struct buffer *out);
int evidence_record_decode(struct bytes body, struct evidence_record *record, struct error *error);

/* The sealed value for `key`. -1: larger than MAX_RECORD_BYTES, or memory. */
int evidence_record_close(const struct seal_ring *ring, const char *key, const struct evidence_record *record,
                          struct buffer *out);

/* Opens into `plain` (of MAX_RECORD_BYTES at most) and decodes: the record borrows from `plain`. There is something to
 * clear only when RECORD_GOOD. */
enum record_result evidence_record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                                        struct buffer *plain, struct evidence_record *record, struct error *error);

#endif
