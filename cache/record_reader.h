/*
 * Walks the body of a record from Redis: numbers are big endian, what varies in
 * size stands behind its size. The first fault is kept; after it every read
 * gives zeros and nothing, so that whoever reads asks once, at the end.
 * Private to cache/.
 */
#ifndef CACHE_RECORD_READER_H
#define CACHE_RECORD_READER_H

#include <endian.h>

#include "base/blob.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cache/record_private.h"

struct record_reader {
    struct bytes left;
    const char *fault; /* NULL: none yet */
};

/* Nothing is read any more. */
void record_fail(struct record_reader *reader, const char *fault) __attribute__((cold));

/* After the last read: -1 if anything was wrong, or bytes are left; the words begin with `what`. */
int record_end(struct record_reader *reader, const char *what, struct error *error);

/* What a record has fifty of is read in line: where the size is known, it is one comparison and one load. */

/* Of the body itself, which is not copied. */
static inline struct bytes record_get_bytes(struct record_reader *reader, size_t size)
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

/* Big-endian, of `size` octets, which each caller knows: then it is one load. */
static inline uint64_t record_get_number(struct record_reader *reader, size_t size)
{
    struct bytes bytes = record_get_bytes(reader, size);
    uint64_t number = 0;

    if (bytes.size > 0) {
        memcpy((uint8_t *)&number + sizeof(number) - size, bytes.data, size);
    }
    return be64toh(number);
}

static inline uint8_t record_get_u8(struct record_reader *reader)
{
    return (uint8_t)record_get_number(reader, sizeof(uint8_t));
}

static inline uint16_t record_get_u16(struct record_reader *reader)
{
    return (uint16_t)record_get_number(reader, sizeof(uint16_t));
}

static inline uint32_t record_get_u32(struct record_reader *reader)
{
    return (uint32_t)record_get_number(reader, sizeof(uint32_t));
}

static inline uint64_t record_get_u64(struct record_reader *reader)
{
    return record_get_number(reader, sizeof(uint64_t));
}

/* `count`, which was read; 0 where it is more than `max`. */
static inline size_t record_at_most(struct record_reader *reader, size_t count, size_t max)
{
    if (count > max) {
        record_fail(reader, "a count is over its limit");
        return 0;
    }
    return count;
}

static inline bool record_get_flag(struct record_reader *reader)
{
    uint8_t number = record_get_u8(reader);

    if (number > 1) {
        record_fail(reader, "a flag is neither 0 nor 1");
    }
    return number == 1;
}

static inline int64_t record_get_time(struct record_reader *reader)
{
    int64_t wall_s = (int64_t)record_get_u64(reader);

    if (!record_time_is_valid(wall_s)) {
        record_fail(reader, "a time is outside the years 1 to 9999");
    }
    return wall_s;
}

/* UTF-8 without NUL behind a size of two octets, of the body itself. */
struct bytes record_get_text_bytes(struct record_reader *reader, size_t max);

/* The same before a NUL, so that it is a string where it stands; "" after a fault. */
const char *record_get_string(struct record_reader *reader, size_t max);

/* The same, but whoever reads looks at each octet himself. */
struct bytes record_get_raw_string(struct record_reader *reader, size_t max);

/* The number whose word stands next, of `count` words that `word_of` gives. */
unsigned record_get_enum(struct record_reader *reader, const char *(*word_of)(unsigned number), unsigned count);

/* Behind a size of four octets, made by blob_new() or blob_intern(). NULL after a fault. */
struct blob *record_get_blob(struct record_reader *reader, struct blob *(*make)(struct bytes bytes));

#endif
