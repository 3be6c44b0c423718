/*
 * Walks the body of a record from Redis: numbers are big endian, what varies in
 * size stands behind its size. The first fault is kept; after it every read
 * gives zeros and nothing, so that whoever reads asks once, at the end.
 * Private to cache/.
 */
#ifndef CACHE_RECORD_READER_H
#define CACHE_RECORD_READER_H

#include "base/blob.h"
#include "base/bytes.h"
#include "base/error.h"

#define RECORD_WORD_BYTES 40 /* longer than any word of ours */

struct record_reader {
    struct bytes left;
    const char *fault; /* NULL: none yet */
};

/* Nothing is read any more. */
void record_fail(struct record_reader *reader, const char *fault);

/* After the last read: -1 if anything was wrong, or bytes are left; the words begin with `what`. */
int record_end(struct record_reader *reader, const char *what, struct error *error);

/* Of the body itself, which is not copied. */
struct bytes record_get_bytes(struct record_reader *reader, size_t size);

uint64_t record_get_number(struct record_reader *reader, size_t size);

/* A number of `size` octets, at most `max`. */
size_t record_get_count(struct record_reader *reader, size_t size, size_t max);

bool record_get_flag(struct record_reader *reader);
int64_t record_get_time(struct record_reader *reader);

/* UTF-8 without NUL behind a size of two octets, of the body itself. */
struct bytes record_get_text_bytes(struct record_reader *reader, size_t max);

/* The same before a NUL, so that it is a string where it stands; "" after a fault. */
const char *record_get_string(struct record_reader *reader, size_t max);

/* Behind a size of one octet. Returns `out`. */
const char *record_get_word(struct record_reader *reader, char out[RECORD_WORD_BYTES]);

/* The number whose word stands next, of `count` words that `word_of` gives. */
unsigned record_get_enum(struct record_reader *reader, const char *(*word_of)(unsigned number), unsigned count);

/* Behind a size of four octets, made by blob_new() or blob_intern(). NULL after a fault. */
struct blob *record_get_blob(struct record_reader *reader, struct blob *(*make)(struct bytes bytes));

#endif
