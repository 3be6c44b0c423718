/*
 * The body of a record. Integers are big-endian; times are wall seconds as
 * two's complement in 64 bits. There is one way only to write an answer: what
 * record_decode() takes, record_encode() writes again byte for byte.
 *
 *   text n   u16 size ‖ UTF-8 without NUL, at most n bytes ‖ NUL: whoever opened the record uses it where it stands
 *   word     u8 size ‖ ASCII: the word of an enum, which outlives its numbers. Who does not know it, because it is
 *            older than who wrote it, asks the directories as if there were no record: a new word needs no new version,
 *            which would cost everybody all records
 *   blob     u32 size ‖ bytes, at most MAX_VALUE_BYTES
 *
 *   body     text address          normalised: parses to itself
 *            word outcome          found or none, never unknown
 *            word reason
 *            u8   partial          0 or 1
 *            32   policy           fingerprint
 *            u64  made_at, fresh_until, stale_until
 *            16   best_digest      of the first certificate; only when found
 *            u16  certificates     how many
 *            u16  asked            how many
 *            u16  issuers          each once, in the order of first use
 *            issuer …
 *            certificate …         usable ones first
 *            asked …
 *
 *   issuer   u8   form             0 one that the policy has, by its digest; 1 any other, whole
 *            32   SHA-256 of it, or blob
 *
 *   certificate
 *            blob value
 *            u8   der              0 absent, 1 same as value, 2 a blob follows
 *            u8   chain            number of links
 *            u16  issuer …         index into issuers
 *            text directory, text dn, word attribute, u32 index
 *            text mails            the entry's own: normalised addresses, each followed by a line end
 *            word reason, text detail
 *            word revocation, u64 revoked_at, u32 CRLReason (all ones: none), u64 this_update, u64 next_update,
 *            u8   awaited          0 or 1
 *            u64  not_after
 *            u8   links            number of them, at most MAX_CHAIN
 *            u64  link …           link_id() of each certificate below the anchor
 *
 *   asked    text directory, word result, u32 duration_ms, u32 entries, u32 values, text error
 */
#include "cache/record.h"

#include "cache/sealed.h"

static const struct sealed_form form = {"CLR", RECORD_VERSION, MAX_RECORD_BYTES, "record"};

const char *record_key(const struct seal_ring *ring, size_t which, const char *prefix, const struct digest *scope,
                       const struct address *address, char out[RECORD_KEY_BYTES])
{
    uint8_t named[DIGEST_BYTES + MAX_ADDRESS_BYTES];

    memcpy(named, scope->bytes, DIGEST_BYTES);
    memcpy(named + DIGEST_BYTES, address->text, address->size);
    return sealed_name(ring, which, prefix, "", bytes_of(named, DIGEST_BYTES + address->size), out);
}

int record_close(const struct seal_ring *ring, const char *key, const struct answer *answer,
                 const struct known_issuers *known, struct buffer *out)
{
    struct buffer plain;

    sealed_begin(&form, &plain);
    if (record_encode(answer, known, &plain) != 0) {
        buffer_free(&plain);
        return -1;
    }
    return sealed_close(&form, ring, 0, key, &plain, out);
}

enum record_result record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                               const struct known_issuers *known, struct record *record, struct error *error)
{
    struct buffer small = {
        .data = record->small, .capacity = sizeof(record->small), .max_bytes = RECORD_SMALL_BYTES};
    struct buffer *plain = value.size <= RECORD_SMALL_BYTES ? &small : &record->large;
    struct bytes body;

    buffer_init(&record->large, MAX_RECORD_BYTES - SEAL_OVERHEAD);
    enum record_result result = sealed_open(&form, ring, key, value, plain, &body, error);
    if (result == RECORD_GOOD && record_decode(body, known, &record->draft, error) != 0) {
        result = RECORD_BAD;
    }
    if (result != RECORD_GOOD) {
        buffer_free(&record->large);
    }
    return result;
}

void record_free(struct record *record)
{
    record_draft_free(&record->draft);
    buffer_free(&record->large);
}
