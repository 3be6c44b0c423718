#include "cache/evidence_record.h"

#include <stdlib.h>

#include "base/text.h"
#include "cache/record_private.h"

#define MAGIC "CLE"
#define MAGIC_BYTES 3
#define HEADER_BYTES (MAGIC_BYTES + 1)
#define PLAIN_MAX (MAX_RECORD_BYTES - SEAL_OVERHEAD)

void evidence_record_clear(struct evidence_record *record)
{
    free(record->objects);
    *record = (struct evidence_record){0};
}

const char *evidence_record_key(const struct seal_ring *ring, size_t which, const char *prefix,
                                const struct digest *need, char out[RECORD_KEY_BYTES])
{
    struct digest index = seal_index(ring, which, bytes_of(need->bytes, sizeof(need->bytes)));
    size_t size = strnlen(prefix, RECORD_PREFIX_MAX);

    memcpy(out, prefix, size);
    memcpy(out + size, "e:", 2);
    digest_hex(bytes_of(index.bytes, sizeof(index.bytes)), out + size + 2);
    return out;
}

int evidence_record_encode(const struct evidence_record *record, struct buffer *out)
{
    if (record->count > MAX_EVIDENCE_OBJECTS || record->source.size > MAX_SOURCE_BYTES) {
        return -1;
    }
    buffer_append_u64(out, (uint64_t)record->fetched_at);
    buffer_append_u16(out, (uint16_t)record->source.size);
    buffer_append_bytes(out, record->source);
    buffer_append_u16(out, (uint16_t)record->count);
    for (size_t i = 0; i < record->count; i++) {
        if (record->objects[i].size > MAX_RECORD_BYTES) {
            return -1;
        }
        buffer_append_u32(out, (uint32_t)record->objects[i].size);
        buffer_append_bytes(out, record->objects[i]);
    }
    return out->failed ? -1 : 0;
}

/* Takes `size` bytes from the front of `left`. False: it has not so many. */
static bool take(struct bytes *left, size_t size, struct bytes *taken)
{
    if (size > left->size) {
        return false;
    }
    *taken = bytes_of(left->data, size);
    left->data += size;
    left->size -= size;
    return true;
}

static bool take_number(struct bytes *left, size_t size, uint64_t *number)
{
    struct bytes bytes;

    if (!take(left, size, &bytes)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        *number = *number << 8 | bytes.data[i];
    }
    return true;
}

static bool take_sized(struct bytes *left, size_t size_bytes, struct bytes *taken)
{
    uint64_t size;

    return take_number(left, size_bytes, &size) && take(left, (size_t)size, taken);
}

/* The objects at the end of a body. NULL: all of it was well; else what is not. */
static const char *take_objects(struct bytes left, struct evidence_record *record)
{
    uint64_t count;

    if (!take_number(&left, 2, &count) || count > MAX_EVIDENCE_OBJECTS) {
        return "has no count of objects within the limit";
    }
    record->objects = calloc((size_t)count + 1, sizeof(*record->objects));
    if (record->objects == NULL) {
        return "out of memory";
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!take_sized(&left, 4, &record->objects[i])) {
            return "ends too early";
        }
        record->count++;
    }
    return left.size == 0 ? NULL : "has bytes behind its end";
}

int evidence_record_decode(struct bytes body, struct evidence_record *record, struct error *error)
{
    struct bytes source;
    uint64_t fetched_at;
    const char *fault;

    *record = (struct evidence_record){0};
    if (!take_number(&body, 8, &fetched_at) || !record_time_is_valid((int64_t)fetched_at)) {
        fault = "has no time within the years 1 to 9999";
    } else if (!take_sized(&body, 2, &source) || source.size > MAX_SOURCE_BYTES || !text_is_utf8(source) ||
               memchr(source.data, '\0', source.size) != NULL) {
        fault = "has no source in UTF-8";
    } else {
        record->fetched_at = (int64_t)fetched_at;
        record->source = source;
        fault = take_objects(body, record);
    }
    if (fault != NULL) {
        evidence_record_clear(record);
        return error_set(error, "evidence record: %s", fault);
    }
    return 0;
}

/* What the seal binds a record to: moved under another key or taken for another version, it does not open. */
static struct bytes associated(const char *key, uint8_t out[1 + RECORD_KEY_BYTES])
{
    size_t size = strnlen(key, RECORD_KEY_BYTES);

    out[0] = EVIDENCE_RECORD_VERSION;
    memcpy(out + 1, key, size);
    return bytes_of(out, 1 + size);
}

int evidence_record_close(const struct seal_ring *ring, const char *key, const struct evidence_record *record,
                          struct buffer *out)
{
    uint8_t bound[1 + RECORD_KEY_BYTES];
    struct buffer plain;
    int result = -1;

    buffer_init(&plain, PLAIN_MAX);
    buffer_append(&plain, MAGIC, MAGIC_BYTES);
    buffer_append_u8(&plain, EVIDENCE_RECORD_VERSION);
    if (evidence_record_encode(record, &plain) == 0 &&
        seal_close(ring, associated(key, bound), buffer_bytes(&plain), out) == 0 && !out->failed) {
        result = 0;
    }
    buffer_free(&plain);
    return result;
}

enum record_result evidence_record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                                        struct buffer *plain, struct evidence_record *record, struct error *error)
{
    static const uint8_t header[HEADER_BYTES] = {'C', 'L', 'E', EVIDENCE_RECORD_VERSION};
    uint8_t bound[1 + RECORD_KEY_BYTES];

    if (value.size > MAX_RECORD_BYTES || seal_open(ring, associated(key, bound), value, plain) != SEAL_OPENED) {
        error_set(error, "evidence record: the seal is broken, for another key, or by a seal key that we do not have");
        return RECORD_BAD_SEAL;
    }
    if (plain->size < HEADER_BYTES || memcmp(plain->data, header, HEADER_BYTES) != 0) {
        error_set(error, "evidence record: does not begin as one of version %d", EVIDENCE_RECORD_VERSION);
        return RECORD_BAD;
    }
    struct bytes body = bytes_of(plain->data + HEADER_BYTES, plain->size - HEADER_BYTES);
    return evidence_record_decode(body, record, error) == 0 ? RECORD_GOOD : RECORD_BAD;
}
