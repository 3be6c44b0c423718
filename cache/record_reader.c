#include "cache/record_reader.h"

#include "base/text.h"
#include "cache/record_private.h"

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

struct bytes record_get_bytes(struct record_reader *reader, size_t size)
{
    struct bytes bytes = {reader->left.data, size};

    if (size > reader->left.size) {
        record_fail(reader, "ends too early");
        return bytes_of("", 0);
    }
    reader->left.data += size;
    reader->left.size -= size;
    return bytes;
}

uint64_t record_get_number(struct record_reader *reader, size_t size)
{
    struct bytes bytes = record_get_bytes(reader, size);
    uint64_t number = 0;

    if (bytes.size == 1) { /* most are */
        return bytes.data[0];
    }
    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    return number;
}

size_t record_get_count(struct record_reader *reader, size_t size, size_t max)
{
    size_t number = (size_t)record_get_number(reader, size);

    if (number > max) {
        record_fail(reader, "a count is over its limit");
        return 0;
    }
    return number;
}

bool record_get_flag(struct record_reader *reader)
{
    uint64_t number = record_get_number(reader, 1);

    if (number > 1) {
        record_fail(reader, "a flag is neither 0 nor 1");
    }
    return number == 1;
}

int64_t record_get_time(struct record_reader *reader)
{
    int64_t wall_s = (int64_t)record_get_number(reader, 8);

    if (!record_time_is_valid(wall_s)) {
        record_fail(reader, "a time is outside the years 1 to 9999");
    }
    return wall_s;
}

struct bytes record_get_text_bytes(struct record_reader *reader, size_t max)
{
    struct bytes bytes = record_get_bytes(reader, record_get_count(reader, 2, max));

    if (!text_is_utf8(bytes) || memchr(bytes.data, '\0', bytes.size) != NULL) {
        record_fail(reader, "a text is not UTF-8 without NUL");
        return bytes_of("", 0);
    }
    return bytes;
}

const char *record_get_string(struct record_reader *reader, size_t max)
{
    struct bytes text = record_get_text_bytes(reader, max);

    if (record_get_number(reader, 1) != 0) {
        record_fail(reader, "a text has no NUL behind it");
    }
    return reader->fault == NULL ? (const char *)text.data : "";
}

const char *record_get_word(struct record_reader *reader, char out[RECORD_WORD_BYTES])
{
    struct bytes bytes = record_get_bytes(reader, record_get_count(reader, 1, RECORD_WORD_BYTES - 1));

    if (memchr(bytes.data, '\0', bytes.size) != NULL) {
        record_fail(reader, "a word has a NUL in it");
    }
    memcpy(out, bytes.data, bytes.size);
    out[bytes.size] = '\0';
    return out;
}

unsigned record_get_enum(struct record_reader *reader, const char *(*word_of)(unsigned number), unsigned count)
{
    char word[RECORD_WORD_BYTES];

    record_get_word(reader, word);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, word_of(i)) == 0) {
            return i;
        }
    }
    record_fail(reader, "a word is none that we know");
    return 0;
}

struct blob *record_get_blob(struct record_reader *reader, struct blob *(*make)(struct bytes bytes))
{
    struct bytes bytes = record_get_bytes(reader, record_get_count(reader, 4, MAX_VALUE_BYTES));
    struct blob *blob = NULL;

    if (reader->fault == NULL) {
        blob = make(bytes);
        if (blob == NULL) {
            record_fail(reader, "out of memory");
        }
    }
    return blob;
}
