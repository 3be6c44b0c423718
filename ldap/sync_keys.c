#include "ldap/sync_private.h"

#define KEYS_BYTES UINT16_MAX

struct reading_keys {
    struct sync_keys *keys;
    const struct sync_names *names;
};

bool sync_keys_have(struct bytes lines, struct bytes line)
{
    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = end != NULL ? (size_t)(end - lines.data) : lines.size;

        if (bytes_equal(bytes_of(lines.data, size), line)) {
            return true;
        }
        size = size < lines.size ? size + 1 : size;
        lines = bytes_of(lines.data + size, lines.size - size);
    }
    return false;
}

/* Servers compare letters beyond ASCII without case, our keys do not: such an entry stands for all of its domain. */
static void add_key(void *context, const struct address *address)
{
    struct sync_keys *keys = context;
    struct bytes key = address_bytes(address);

    for (size_t i = 0; i < address->local_size; i++) {
        if ((unsigned char)address->text[i] >= 0x80) {
            key = bytes_of(address->text + address->local_size, address->size - address->local_size);
        }
    }
    if (sync_keys_have(buffer_bytes(&keys->lines), key)) {
        return;
    }
    if (keys->count == MAX_SYNC_ENTRY_KEYS) {
        keys->is_endless = true;
        return;
    }
    keys->count++;
    buffer_append_bytes(&keys->lines, key);
    buffer_append_char(&keys->lines, '\n');
}

static bool take_attribute(void *context, struct bytes description, const struct berval *values)
{
    struct reading_keys *reading = context;
    struct sync_keys *keys = reading->keys;

    keys->is_endless = keys->is_endless || entry_is_piece(description);
    for (size_t i = 0; values != NULL && values[i].bv_val != NULL && !keys->is_endless; i++) {
        bool is_read = sync_names_read(reading->names, bytes_of(values[i].bv_val, values[i].bv_len), add_key, keys);

        keys->unreadable += is_read ? 0 : 1;
    }
    return !keys->is_endless;
}

int sync_keys_read(struct sync_keys *keys, const struct sync_names *names, BerElement *ber)
{
    struct reading_keys reading = {keys, names};

    *keys = (struct sync_keys){0};
    buffer_init(&keys->lines, KEYS_BYTES);
    if (entry_read(ber, take_attribute, &reading) == COLLECT_BAD) {
        return -1;
    }
    if (keys->is_endless) {
        buffer_clear(&keys->lines);
    }
    return keys->lines.failed ? -1 : 0;
}

void sync_keys_free(struct sync_keys *keys)
{
    buffer_free(&keys->lines);
}
