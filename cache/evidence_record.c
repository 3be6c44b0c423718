#include "cache/evidence_record.h"

#include <stdlib.h>

#include "cache/record_private.h"
#include "cache/record_reader.h"

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

static void get_objects(struct record_reader *reader, struct evidence_record *record)
{
    size_t count = record_get_count(reader, 2, MAX_EVIDENCE_OBJECTS);

    if (reader->fault != NULL) {
        return;
    }
    record->objects = calloc(count + 1, sizeof(*record->objects));
    if (record->objects == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && record->count < count) {
        record->objects[record->count++] = record_get_bytes(reader, record_get_count(reader, 4, MAX_RECORD_BYTES));
    }
}

int evidence_record_decode(struct bytes body, struct evidence_record *record, struct error *error)
{
    struct record_reader reader = {.left = body};

    *record = (struct evidence_record){0};
    record->fetched_at = record_get_time(&reader);
    record->source = record_get_text_bytes(&reader, MAX_SOURCE_BYTES);
    get_objects(&reader, record);
    if (reader.fault == NULL && reader.left.size > 0) {
        record_fail(&reader, "bytes are left at its end");
    }
    if (reader.fault != NULL) {
        evidence_record_clear(record);
        return error_set(error, "evidence record: %s", reader.fault);
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
