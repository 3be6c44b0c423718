/*
 * Bytes that grow, with a maximum from birth.
 *
 * Failure is sticky: once an append would pass `max_bytes` or memory is out, the
 * buffer is `failed`, holds what it held, and takes no more. So a writer appends
 * freely and asks once, at the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/bytes.h"

struct buffer {
    uint8_t *data; /* NULL until something is written; always followed by a NUL that `size` does not count */
    size_t size;
    size_t capacity;
    size_t max_bytes;
    bool failed;
};

void buffer_init(struct buffer *buffer, size_t max_bytes);
void buffer_free(struct buffer *buffer);    /* frees the bytes, leaves an empty buffer of the same maximum */
void buffer_clear(struct buffer *buffer);   /* keeps the memory, forgets the bytes and the failure */

void buffer_reserve(struct buffer *buffer, size_t more); /* room for about so much, in one step; a hint, never fails */

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_number(struct buffer *buffer, int64_t number); /* in decimal */
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for so many bytes, which count as written: the caller writes them at once. NULL: failed. */
uint8_t *buffer_append_room(struct buffer *buffer, size_t size);

/* Big-endian integers, for records. */
void buffer_append_u8(struct buffer *buffer, uint8_t value);
void buffer_append_u16(struct buffer *buffer, uint16_t value);
void buffer_append_u32(struct buffer *buffer, uint32_t value);
void buffer_append_u64(struct buffer *buffer, uint64_t value);

/* The bytes as a string ("" when there are none). Valid until the next append. */
const char *buffer_string(const struct buffer *buffer);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}

/* Hands the memory to the caller, who frees it with free(); the buffer is empty afterwards. NULL when failed. */
uint8_t *buffer_take(struct buffer *buffer, size_t *size);

#endif
