/*
 * What gateways tell each other of drops, through Redis: a message at once, to
 * those who listen; and one record that stays, for those who come later and for
 * records of addresses that no gateway has in memory.
 *
 *   message  seal( "CLD" ‖ version ‖ body ), associated data = version and prefix
 *   body     8 sender ‖ u64 at ‖ u8 what ‖ text of 254: an address, a domain, or nothing
 *
 *   key      prefix ‖ "p:" ‖ hex(HMAC(index key, "purged"))
 *   value    seal( "CLP" ‖ version ‖ body ), associated data = version and key
 *   body     u64 latest ‖ u64 all ‖ u16 count ‖ count × (text of 253: domain ‖ u64 at), domains ascending
 *
 * Times are wall seconds; what was found then or before is dropped. Both are
 * sealed by every key of the ring in turn, for those who have only one of them.
 * Whoever can write to Redis can repeat an old message, which drops more than
 * need be, and hold back or put back an old record. Integers are big-endian; a
 * text stands behind its size in two octets.
 * Fuzzed: tests/fuzz/fuzz_drop_message.c, fuzz_purged.c.
 */
#ifndef CACHE_DROP_RECORD_H
#define CACHE_DROP_RECORD_H

#include "base/drop.h"
#include "base/error.h"
#include "base/seal.h"
#include "cache/record.h"

#define DROP_VERSION 1
#define DROP_SENDER_BYTES 8

struct drop_message {
    uint8_t sender[DROP_SENDER_BYTES]; /* by chance; tells its own from others' */
    int64_t at;
    struct drop drop;
};

/* The body in clear, for tests and fuzzing; and back. -1: not a message. */
void drop_message_encode(const struct drop_message *message, struct buffer *out);
int drop_message_decode(struct bytes body, struct drop_message *message, struct error *error);

/* Sealed by key `which`; at most MAX_MESSAGE_BYTES. -1: memory. */
int drop_message_close(const struct seal_ring *ring, size_t which, const char *prefix,
                       const struct drop_message *message, struct buffer *out);
enum record_result drop_message_open(const struct seal_ring *ring, const char *prefix, struct bytes sealed,
                                     struct drop_message *message, struct error *error);

/* What was dropped that no deletion reaches. Times of 0: never. */
struct purged {
    int64_t latest; /* of all drops, of single addresses too: who knows of a later one sees that Redis has lost some */
    int64_t all;
    struct purged_domain {
        char domain[MAX_DOMAIN_BYTES + 1];
        int64_t at;
    } domains[MAX_PURGED_DOMAINS]; /* ascending */
    size_t count;
};

/* The time that a drop of a domain or of everything goes under which comes now: after all that is known of it, which
 * may be of a clock that is ahead; or else whoever reads the record would not see that there was one more. */
int64_t purged_time(const struct purged *purged, const struct drop *drop, int64_t now);

/* Adds a drop, of an address too. Where there are too many domains, the oldest becomes a drop of all. */
void purged_add(struct purged *purged, const struct drop *drop, int64_t at);

/* Adds all that `more` has, of its domains only what is later than its `all`. */
void purged_merge(struct purged *purged, const struct purged *more);

/* Whether `purged` says nothing that `other` does not say. */
bool purged_is_within(const struct purged *purged, const struct purged *other);

void purged_encode(const struct purged *purged, struct buffer *out);
int purged_decode(struct bytes body, struct purged *purged, struct error *error);

/* The key under which it stands, sealed by key `which` of the ring. Returns `out`. */
const char *purged_key(const struct seal_ring *ring, size_t which, const char *prefix, char out[RECORD_KEY_BYTES]);

int purged_close(const struct seal_ring *ring, size_t which, const char *key, const struct purged *purged,
                 struct buffer *out);
enum record_result purged_open(const struct seal_ring *ring, const char *key, struct bytes sealed,
                               struct purged *purged, struct error *error);

#endif
