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

static struct bytes domain_of(struct bytes key)
{
    const uint8_t *at = memrchr(key.data, '@', key.size);

    return bytes_of(at, key.size - (size_t)(at - key.data));
}

/* False: there are too many. */
static bool add_line(struct sync_keys *keys, struct bytes line)
{
    if (sync_keys_have(buffer_bytes(&keys->lines), line)) {
        return true;
    }
    if (keys->count == MAX_SYNC_ENTRY_KEYS) {
        return false;
    }
    keys->count++;
    buffer_append_bytes(&keys->lines, line);
    buffer_append_char(&keys->lines, '\n');
    return true;
}

/* The addresses are too many: their domains stand for them, which are fewer. */
static void keep_domains_alone(struct sync_keys *keys)
{
    struct buffer before = keys->lines;
    struct bytes rest = buffer_bytes(&before);

    buffer_init(&keys->lines, KEYS_BYTES);
    keys->count = 0;
    keys->are_domains = true;
    while (rest.size > 0) {
        size_t size = (size_t)((const uint8_t *)memchr(rest.data, '\n', rest.size) - rest.data);

        add_line(keys, domain_of(bytes_of(rest.data, size)));
        rest = bytes_of(rest.data + size + 1, rest.size - size - 1);
    }
    buffer_free(&before);
}

/* Servers compare letters beyond ASCII without case, our keys do not: such an entry stands for all of its domain. */
static bool has_letters_beyond_ascii(const struct address *address)
{
    for (size_t i = 0; i < address->local_size; i++) {
        if ((unsigned char)address->text[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static void add_key(void *context, const struct address *address)
{
    struct sync_keys *keys = context;
    struct bytes key = address_bytes(address), domain = domain_of(key);

    if (keys->are_domains || has_letters_beyond_ascii(address)) {
        key = domain;
    }
    if (!add_line(keys, key) && !keys->are_domains) {
        keep_domains_alone(keys);
        key = domain;
    }
    keys->is_endless = !add_line(keys, key);
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
