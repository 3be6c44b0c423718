/*
 * The body of a record. Integers are big-endian; times are wall seconds as
 * two's complement in 64 bits. There is one way only to write an answer: what
 * record_decode() takes, record_encode() writes again byte for byte.
 *
 *   text n   u16 size ‖ UTF-8 without NUL, at most n bytes
 *   word     u8 size ‖ ASCII: the word of an enum, which outlives its numbers
 *   blob     u32 size ‖ bytes, at most MAX_VALUE_BYTES
 *
 *   body     text address          normalised: parses to itself
 *            word outcome          found or none, never unknown
 *            word reason
 *            u8   partial          0 or 1
 *            32   policy           fingerprint
 *            u64  made_at, fresh_until, stale_until
 *            u16  issuers          each once, in the order of first use
 *            blob issuer …
 *            u16  certificates     usable ones first
 *            certificate …
 *            u16  asked
 *            asked …
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

#define MAGIC "CLR"
#define MAGIC_BYTES 3
#define HEADER_BYTES (MAGIC_BYTES + 1)
#define PLAIN_MAX (MAX_RECORD_BYTES - SEAL_OVERHEAD)
#define SMALL_BYTES 4096 /* most records are smaller, and opened without a block of their own */

const char *record_key(const struct seal_ring *ring, size_t which, const char *prefix, const struct digest *scope,
                       const struct address *address, char out[RECORD_KEY_BYTES])
{
    uint8_t named[DIGEST_BYTES + MAX_ADDRESS_BYTES];
    struct digest index;
    size_t size = strnlen(prefix, RECORD_PREFIX_MAX);

    memcpy(named, scope->bytes, DIGEST_BYTES);
    memcpy(named + DIGEST_BYTES, address->text, address->size);
    index = seal_index(ring, which, bytes_of(named, DIGEST_BYTES + address->size));
    memcpy(out, prefix, size);
    digest_hex(bytes_of(index.bytes, sizeof(index.bytes)), out + size);
    return out;
}

/* What the seal binds a record to: moved under another key or taken for another version, it does not open. */
static struct bytes associated(const char *key, uint8_t out[1 + RECORD_KEY_BYTES])
{
    size_t size = strnlen(key, RECORD_KEY_BYTES);

    out[0] = RECORD_VERSION;
    memcpy(out + 1, key, size);
    return bytes_of(out, 1 + size);
}

int record_close(const struct seal_ring *ring, const char *key, const struct answer *answer, struct buffer *out)
{
    uint8_t bound[1 + RECORD_KEY_BYTES];
    struct buffer plain;
    int result = -1;

    buffer_init(&plain, PLAIN_MAX);
    buffer_append(&plain, MAGIC, MAGIC_BYTES);
    buffer_append_u8(&plain, RECORD_VERSION);
    if (record_encode(answer, &plain) == 0 &&
        seal_close(ring, associated(key, bound), buffer_bytes(&plain), out) == 0 && !out->failed) {
        result = 0;
    }
    buffer_free(&plain);
    return result;
}

enum record_result record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                               struct answer_draft *draft, struct error *error)
{
    static const uint8_t header[HEADER_BYTES] = {'C', 'L', 'R', RECORD_VERSION};
    uint8_t bound[1 + RECORD_KEY_BYTES];
    enum record_result result = RECORD_BAD_SEAL;
    uint8_t memory[SMALL_BYTES + 1];
    struct buffer small = {.data = memory, .capacity = sizeof(memory), .max_bytes = SMALL_BYTES}, large;
    struct buffer *plain = value.size <= SMALL_BYTES ? &small : &large;

    buffer_init(&large, PLAIN_MAX);
    if (value.size > MAX_RECORD_BYTES) {
        error_set(error, "record: %zu bytes are over the limit of %d", value.size, MAX_RECORD_BYTES);
        goto out;
    }
    if (seal_open(ring, associated(key, bound), value, plain) != SEAL_OPENED) {
        error_set(error, "record: the seal is broken, for another key, or by a seal key that we do not have");
        goto out;
    }
    result = RECORD_BAD;
    if (plain->size < HEADER_BYTES || memcmp(plain->data, header, HEADER_BYTES) != 0) {
        error_set(error, "record: does not begin as one of version %d", RECORD_VERSION);
        goto out;
    }
    if (record_decode(bytes_of(plain->data + HEADER_BYTES, plain->size - HEADER_BYTES), draft, error) == 0) {
        result = RECORD_GOOD;
    }
out:
    buffer_free(&large);
    return result;
}
