#include "x509/sst.h"

#include "base/limits.h"
#include "x509/shown.h"

#define HEADER_BYTES 8
#define PART_BYTES 12 /* id, encoding, length: before each property and each element; at the end alone */
#define ASN1_ENCODING 1
#define PROPERTY_MAX 0xffff

enum property { PROPERTY_USAGES = 9, PROPERTY_FRIENDLY_NAME = 11 };

/* A property or an element. */
struct part {
    uint32_t id;
    struct bytes bytes;
};

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool sst_is(struct bytes file)
{
    static const uint8_t header[HEADER_BYTES] = {0, 0, 0, 0, 'C', 'E', 'R', 'T'};

    return file.size >= HEADER_BYTES && memcmp(file.data, header, HEADER_BYTES) == 0;
}

/* 1: a part. 0: the end. */
static int part_take(struct bytes *left, struct part *part, struct error *error)
{
    if (left->size < PART_BYTES) {
        return error_set(error, "the file ends too early");
    }
    uint32_t encoding = u32(left->data + 4), length = u32(left->data + 8);

    part->id = u32(left->data);
    *left = bytes_of(left->data + PART_BYTES, left->size - PART_BYTES);
    if (part->id == 0) {
        return encoding == 0 && length == 0 ? 0 : error_set(error, "its end is not one");
    }
    if (encoding != ASN1_ENCODING || part->id > PROPERTY_MAX) {
        return error_set(error, "property %u with encoding %u", part->id, encoding);
    }
    if (length > left->size) {
        return error_set(error, "property %u is longer than what is left", part->id);
    }
    part->bytes = bytes_of(left->data, length);
    *left = bytes_of(left->data + length, left->size - length);
    return 1;
}

static bool is_element(uint32_t id)
{
    return id >= SST_CERTIFICATE && id <= SST_CTL;
}

static int note_property(struct sst_element *element, const struct part *part, struct error *error)
{
    if (part->id == PROPERTY_USAGES) {
        if (element->has_usages) {
            return error_set(error, "its use is restricted twice (property 9)");
        }
        element->usages = part->bytes;
        element->has_usages = true;
    } else if (part->id == PROPERTY_FRIENDLY_NAME) {
        element->friendly_name = part->bytes;
    }
    return 0;
}

/* 1: an element. 0: the end, before any property. */
static int element_take(struct bytes *left, struct sst_element *element, struct error *error)
{
    size_t properties = 0;
    struct part part = {0};
    int taken;

    *element = (struct sst_element){0};
    for (; (taken = part_take(left, &part, error)) > 0; properties++) {
        if (is_element(part.id)) {
            element->kind = (enum sst_kind)part.id;
            element->der = part.bytes;
            return 1;
        }
        if (properties == MAX_SST_PROPERTIES) {
            return error_set(error, "more than %d properties", MAX_SST_PROPERTIES);
        }
        if (note_property(element, &part, error) < 0) {
            return -1;
        }
    }
    return taken == 0 && properties > 0 ? error_set(error, "properties of nothing") : taken;
}

int sst_each(struct bytes file, int (*visit)(void *context, const struct sst_element *element, struct error *error),
             void *context, struct error *error)
{
    struct sst_element element;
    size_t number = 1;
    int taken;

    if (!sst_is(file)) {
        return error_set(error, "not a serialized store of version 0");
    }
    struct bytes left = bytes_of(file.data + HEADER_BYTES, file.size - HEADER_BYTES);
    for (; (taken = element_take(&left, &element, error)) > 0; number++) {
        if (number > MAX_SST_ELEMENTS) {
            return error_set(error, "more than %d elements", MAX_SST_ELEMENTS);
        }
        if (visit(context, &element, error) < 0) {
            return -1;
        }
    }
    if (taken < 0) {
        return error_prefix(error, "element %zu", number);
    }
    return left.size == 0 ? 0 : error_set(error, "%zu bytes after its end", left.size);
}

static size_t utf8_of(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3f));
    }
    out[0] = (char)((0xf00 >> size) | c);
    return size;
}

/* The character at `*at`, which it moves on; half a surrogate pair is U+FFFD. */
static uint32_t utf16_next(struct bytes text, size_t *at)
{
    uint32_t c = (uint32_t)text.data[*at] | (uint32_t)text.data[*at + 1] << 8;

    *at += 2;
    if (c >= 0xd800 && c < 0xdc00 && *at + 1 < text.size && (text.data[*at + 1] & 0xfc) == 0xdc) {
        uint32_t low = (uint32_t)text.data[*at] | (uint32_t)text.data[*at + 1] << 8;
        *at += 2;
        return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return c >= 0xd800 && c < 0xe000 ? 0xfffd : c;
}

const char *sst_name(const struct sst_element *element, char out[SST_NAME_BYTES])
{
    char utf8[2 * SST_NAME_BYTES];
    size_t size = 0, at = 0;

    while (at + 1 < element->friendly_name.size && size + 4 <= sizeof(utf8)) {
        uint32_t c = utf16_next(element->friendly_name, &at);
        if (c == 0) {
            break;
        }
        size += utf8_of(c, utf8 + size);
    }
    return shown_copy(out, SST_NAME_BYTES, bytes_of(utf8, size));
}
