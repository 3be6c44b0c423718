#include "cache/record_reader.h"

#include "base/text.h"

void record_fail(struct record_reader *reader, const char *fault)
{
    if (reader->fault == NULL) {
        reader->fault = fault;
    }
    reader->left = bytes_of("", 0);
}

int record_end(struct record_reader *reader, const char *what, struct error *error)
{
    if (reader->fault == NULL && reader->left.size > 0) {
        record_fail(reader, "bytes are left at its end");
    }
    return reader->fault == NULL ? 0 : error_set(error, "%s: %s", what, reader->fault);
}

struct bytes record_get_text_bytes(struct record_reader *reader, size_t max)
{
    struct bytes bytes = record_get_bytes(reader, record_at_most(reader, record_get_u16(reader), max));

    if (!text_is_utf8_string(bytes)) {
        record_fail(reader, "a text is not UTF-8 without NUL");
        return bytes_of("", 0);
    }
    return bytes;
}

struct bytes record_get_raw_string(struct record_reader *reader, size_t max)
{
    struct bytes bytes = record_get_bytes(reader, record_at_most(reader, record_get_u16(reader), max));

    if (record_get_u8(reader) != 0) {
        record_fail(reader, "a text has no NUL behind it");
    }
    return reader->fault == NULL ? bytes : bytes_of("", 0);
}

const char *record_get_string(struct record_reader *reader, size_t max)
{
    struct bytes bytes = record_get_raw_string(reader, max);

    if (!text_is_utf8_string(bytes)) {
        record_fail(reader, "a text is not UTF-8 without NUL");
    }
    return reader->fault == NULL ? (const char *)bytes.data : "";
}

/* No word of ours has a NUL in it. */
static bool is_word(struct bytes bytes, const char *word)
{
    return *word == (char)bytes.data[0] && bytes_equal(bytes, bytes_of_string(word));
}

unsigned record_get_enum(struct record_reader *reader, const char *(*word_of)(unsigned number), unsigned count)
{
    struct bytes bytes = record_get_bytes(reader, record_get_u8(reader));

    for (unsigned i = 0; i < count && bytes.size > 0; i++) {
        if (is_word(bytes, word_of(i))) {
            return i;
        }
    }
    record_fail(reader, "a word is none that we know");
    return 0;
}

struct blob *record_get_blob(struct record_reader *reader, struct blob *(*make)(struct bytes bytes))
{
    struct bytes bytes = record_get_bytes(reader, record_at_most(reader, record_get_u32(reader), MAX_VALUE_BYTES));
    struct blob *blob = NULL;

    if (reader->fault == NULL) {
        blob = make(bytes);
        if (blob == NULL) {
            record_fail(reader, "out of memory");
        }
    }
    return blob;
}
