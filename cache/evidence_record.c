#include "cache/evidence_record.h"

#include <stdlib.h>

#include "cache/record_private.h"
#include "cache/record_reader.h"
#include "cache/sealed.h"

static const struct sealed_form form = {"CLE", EVIDENCE_RECORD_VERSION, MAX_RECORD_BYTES, "evidence record"};

void evidence_record_clear(struct evidence_record *record)
{
    free(record->objects);
    *record = (struct evidence_record){0};
}

const char *evidence_record_key(const struct seal_ring *ring, size_t which, const char *prefix,
                                const struct digest *need, char out[RECORD_KEY_BYTES])
{
    return sealed_name(ring, which, prefix, "e:", bytes_of(need->bytes, sizeof(need->bytes)), out);
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
    size_t count = record_at_most(reader, record_get_u16(reader), MAX_EVIDENCE_OBJECTS);

    if (reader->fault != NULL) {
        return;
    }
    record->objects = calloc(count + 1, sizeof(*record->objects));
    if (record->objects == NULL) {
        record_fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && record->count < count) {
        size_t size = record_at_most(reader, record_get_u32(reader), MAX_RECORD_BYTES);

        record->objects[record->count++] = record_get_bytes(reader, size);
    }
}

int evidence_record_decode(struct bytes body, struct evidence_record *record, struct error *error)
{
    struct record_reader reader = {.left = body};

    *record = (struct evidence_record){0};
    record->fetched_at = record_get_time(&reader);
    record->source = record_get_text_bytes(&reader, MAX_SOURCE_BYTES);
    get_objects(&reader, record);
    if (record_end(&reader, form.what, error) != 0) {
        evidence_record_clear(record);
        return -1;
    }
    return 0;
}

int evidence_record_close(const struct seal_ring *ring, const char *key, const struct evidence_record *record,
                          struct buffer *out)
{
    struct buffer plain;

    sealed_begin(&form, &plain);
    if (evidence_record_encode(record, &plain) != 0) {
        buffer_free(&plain);
        return -1;
    }
    return sealed_close(&form, ring, 0, key, &plain, out);
}

enum record_result evidence_record_open(const struct seal_ring *ring, const char *key, struct bytes value,
                                        struct buffer *plain, struct evidence_record *record, struct error *error)
{
    struct bytes body;
    enum record_result result = sealed_open(&form, ring, key, value, plain, &body, error);

    if (result == RECORD_GOOD && evidence_record_decode(body, record, error) != 0) {
        result = RECORD_BAD;
    }
    return result;
}
