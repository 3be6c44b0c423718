#include "x509/der.h"

#define MAX_DEPTH 32

struct element {
    bool constructed;
    struct bytes content;
    size_t size; /* with tag and length */
};

static bool length_read(struct bytes bytes, size_t *length, size_t *octets)
{
    uint8_t first = bytes.size > 0 ? bytes.data[0] : 0x80;

    if (first < 0x80) {
        *length = first;
        *octets = 1;
        return true;
    }
    *octets = 1 + (first & 0x7fU);
    if (first == 0x80 || *octets > 5 || *octets > bytes.size) {
        return false;
    }
    *length = 0;
    for (size_t i = 1; i < *octets; i++) {
        *length = *length << 8 | bytes.data[i];
    }
    return bytes.data[1] != 0 && *length >= 0x80;
}

/* Tags above 30 take more than one octet; no certificate has any. */
static bool element_read(struct bytes bytes, struct element *element)
{
    size_t length, octets;

    if (bytes.size < 2 || (bytes.data[0] & 0x1f) == 0x1f ||
        !length_read(bytes_of(bytes.data + 1, bytes.size - 1), &length, &octets) || length > bytes.size - 1 - octets) {
        return false;
    }
    element->constructed = (bytes.data[0] & 0x20) != 0;
    element->content = bytes_of(bytes.data + 1 + octets, length);
    element->size = 1 + octets + length;
    return true;
}

static bool elements_are_strict(struct bytes bytes, int depth)
{
    struct element element;

    while (bytes.size > 0) {
        if (depth > MAX_DEPTH || !element_read(bytes, &element) ||
            (element.constructed && !elements_are_strict(element.content, depth + 1))) {
            return false;
        }
        bytes = bytes_of(bytes.data + element.size, bytes.size - element.size);
    }
    return true;
}

bool der_is_strict(struct bytes bytes)
{
    struct element element;

    return element_read(bytes, &element) && element.size == bytes.size && elements_are_strict(bytes, 0);
}

bool der_take(struct bytes *left, uint8_t tag, struct bytes *content)
{
    struct element element;

    if (!element_read(*left, &element) || left->data[0] != tag) {
        return false;
    }
    *content = element.content;
    *left = bytes_of(left->data + element.size, left->size - element.size);
    return true;
}

int der_inner_tag(struct bytes bytes)
{
    size_t at = 2;

    if (bytes.size > 1 && (bytes.data[1] & 0x80) != 0) {
        at += bytes.data[1] & 0x7fU;
    }
    return at < bytes.size ? bytes.data[at] : -1;
}
