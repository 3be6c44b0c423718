#include "cache/sealed.h"

#define HEADER_BYTES (SEALED_MAGIC_BYTES + 1)
#define BOUND_BYTES (1 + RECORD_KEY_BYTES)

const char *sealed_name(const struct seal_ring *ring, size_t which, const char *prefix, const char *kind,
                        struct bytes about, char out[RECORD_KEY_BYTES])
{
    struct digest index = seal_index(ring, which, about);
    size_t prefix_size = strnlen(prefix, RECORD_PREFIX_MAX), kind_size = strlen(kind);

    memcpy(out, prefix, prefix_size);
    memcpy(out + prefix_size, kind, kind_size);
    digest_hex(bytes_of(index.bytes, sizeof(index.bytes)), out + prefix_size + kind_size);
    return out;
}

static struct bytes associated(const struct sealed_form *form, const char *name, uint8_t out[BOUND_BYTES])
{
    size_t size = strnlen(name, RECORD_KEY_BYTES);

    out[0] = form->version;
    memcpy(out + 1, name, size);
    return bytes_of(out, 1 + size);
}

void sealed_begin(const struct sealed_form *form, struct buffer *plain)
{
    buffer_init(plain, form->max_bytes - SEAL_OVERHEAD);
    buffer_append(plain, form->magic, SEALED_MAGIC_BYTES);
    buffer_append_u8(plain, form->version);
}

int sealed_close(const struct sealed_form *form, const struct seal_ring *ring, size_t which, const char *name,
                 struct buffer *plain, struct buffer *out)
{
    uint8_t bound[BOUND_BYTES];
    int result = -1;

    if (!plain->failed) {
        result = seal_close_by(ring, which, associated(form, name, bound), buffer_bytes(plain), out);
    }
    buffer_free(plain);
    return result;
}

enum record_result sealed_open(const struct sealed_form *form, const struct seal_ring *ring, const char *name,
                               struct bytes value, struct buffer *plain, struct bytes *body, struct error *error)
{
    uint8_t bound[BOUND_BYTES];

    if (value.size > form->max_bytes) {
        error_set(error, "%s: %zu bytes are over the limit of %zu", form->what, value.size, form->max_bytes);
        return RECORD_BAD_SEAL;
    }
    if (seal_open(ring, associated(form, name, bound), value, plain) != SEAL_OPENED) {
        error_set(error, "%s: the seal is broken, for another key, or by a seal key that we do not have", form->what);
        return RECORD_BAD_SEAL;
    }
    if (plain->size < HEADER_BYTES || memcmp(plain->data, form->magic, SEALED_MAGIC_BYTES) != 0 ||
        plain->data[SEALED_MAGIC_BYTES] != form->version) {
        error_set(error, "%s: does not begin as one of version %d", form->what, form->version);
        return RECORD_BAD;
    }
    *body = bytes_of(plain->data + HEADER_BYTES, plain->size - HEADER_BYTES);
    return RECORD_GOOD;
}
