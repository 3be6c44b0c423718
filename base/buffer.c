#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

void buffer_init(struct buffer *buffer, size_t max_bytes)
{
    *buffer = (struct buffer){.max_bytes = max_bytes};
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->max_bytes);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

/* Room for `more` bytes and the NUL behind them. */
static bool buffer_grow(struct buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
    size_t needed;
    uint8_t *data;

    if (buffer->failed || more > buffer->max_bytes - buffer->size || more >= SIZE_MAX - buffer->size) {
        buffer->failed = true;
        return false;
    }
    needed = buffer->size + more + 1;
    if (needed <= buffer->capacity) {
        return true;
    }
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    if (capacity - 1 > buffer->max_bytes) {
        capacity = buffer->max_bytes + 1;
    }
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t left = buffer->max_bytes - buffer->size;
    bool failed = buffer->failed;

    buffer_grow(buffer, more < left ? more : left);
    buffer->failed = failed;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0 || !buffer_grow(buffer, size)) {
        return;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_append(buffer, bytes.data, bytes.size);
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
    buffer_append(buffer, string, strlen(string));
}

void buffer_append_char(struct buffer *buffer, char c)
{
    if (buffer_grow(buffer, 1)) {
        buffer->data[buffer->size++] = (uint8_t)c;
        buffer->data[buffer->size] = '\0';
    }
}

void buffer_append_number(struct buffer *buffer, int64_t number)
{
    char digits[20];
    size_t first = sizeof(digits);
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--first] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0) {
        digits[--first] = '-';
    }
    buffer_append(buffer, digits + first, sizeof(digits) - first);
}

uint8_t *buffer_append_room(struct buffer *buffer, size_t size)
{
    if (!buffer_grow(buffer, size)) {
        return NULL;
    }
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return buffer->data + buffer->size - size;
}

/* Mostly there is room already, and the format is gone through once. */
void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    size_t room = buffer->failed ? 0 : buffer->capacity - buffer->size;
    char *end = room > 0 ? (char *)buffer->data + buffer->size : NULL;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(end, room, format, arguments);
    va_end(arguments);
    if (size <= 0 || !buffer_grow(buffer, (size_t)size)) {
        if (end != NULL) {
            *end = '\0';
        }
        buffer->failed = buffer->failed || size < 0;
        return;
    }
    if ((size_t)size >= room) {
        va_start(arguments, format);
        vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, arguments);
        va_end(arguments);
    }
    buffer->size += (size_t)size;
}

static void append_big_endian(struct buffer *buffer, uint64_t value, size_t size)
{
    uint8_t bytes[sizeof(value)];

    for (size_t i = size; i > 0; i--) {
        bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    buffer_append(buffer, bytes, size);
}

void buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    append_big_endian(buffer, value, sizeof(value));
}

void buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    append_big_endian(buffer, value, sizeof(value));
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    append_big_endian(buffer, value, sizeof(value));
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    append_big_endian(buffer, value, sizeof(value));
}

const char *buffer_string(const struct buffer *buffer)
{
    return buffer->data != NULL ? (const char *)buffer->data : "";
}

uint8_t *buffer_take(struct buffer *buffer, size_t *size)
{
    uint8_t *data = NULL;

    *size = 0;
    if (buffer->data == NULL && !buffer->failed && buffer_grow(buffer, 0)) {
        buffer->data[0] = '\0';
    }
    if (!buffer->failed) {
        data = buffer->data;
        *size = buffer->size;
        buffer->data = NULL;
    }
    buffer_free(buffer);
    return data;
}
