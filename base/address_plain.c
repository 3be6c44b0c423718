#include "base/address_plain.h"

enum { ATEXT = 1, LDH = 2, DIGIT = 4 };

/* atext of RFC 5322 3.2.3; letters, digits and hyphens of RFC 1123 2.1. */
static const uint8_t classes[256] = {
    ['!'] = ATEXT,
    ['#' ... '\''] = ATEXT,
    ['*' ... '+'] = ATEXT,
    ['-'] = ATEXT | LDH,
    ['/'] = ATEXT,
    ['0' ... '9'] = ATEXT | LDH | DIGIT,
    ['='] = ATEXT,
    ['?'] = ATEXT,
    ['A' ... 'Z'] = ATEXT | LDH,
    ['^' ... '`'] = ATEXT,
    ['a' ... 'z'] = ATEXT | LDH,
    ['{' ... '~'] = ATEXT,
};

/* The size of the dot-string (RFC 5321 4.1.2) before the '@'; 0: there is none, or it is too long. */
static size_t local_size(struct bytes raw)
{
    bool atom = false;
    size_t at = 0;

    for (; at < raw.size && raw.data[at] != '@'; at++) {
        bool dot = raw.data[at] == '.';
        if (dot ? !atom : (classes[raw.data[at]] & ATEXT) == 0) {
            return 0;
        }
        atom = !dot;
    }
    return atom && at < raw.size && at <= MAX_LOCAL_PART_BYTES ? at : 0;
}

static bool is_label(struct bytes label)
{
    return label.size > 0 && label.size <= MAX_LABEL_BYTES && label.data[0] != '-' &&
           label.data[label.size - 1] != '-' &&
           !(label.size >= 4 && label.data[2] == '-' && label.data[3] == '-'); /* IDNA's, perhaps (RFC 5890 2.3.1) */
}

/* Two labels or more, of which the last is not all digits. */
static bool is_plain_domain(struct bytes domain)
{
    size_t begin = 0;
    uint8_t common = DIGIT; /* to all octets of the label */

    for (size_t at = 0; at < domain.size; at++) {
        uint8_t c = domain.data[at];
        if (c != '.' && (classes[c] & LDH) == 0) {
            return false;
        }
        if (c == '.' && !is_label(bytes_of(domain.data + begin, at - begin))) {
            return false;
        }
        common = c == '.' ? DIGIT : common & classes[c];
        begin = c == '.' ? at + 1 : begin;
    }
    return begin > 0 && is_label(bytes_of(domain.data + begin, domain.size - begin)) && common != DIGIT;
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool address_parse_plain(struct bytes raw, struct address *address)
{
    size_t local = raw.size <= MAX_ADDRESS_BYTES ? local_size(raw) : 0;

    if (local == 0) {
        return false;
    }
    raw.size -= raw.data[raw.size - 1] == '.'; /* the root's; a second one is none */
    if (!is_plain_domain(bytes_of(raw.data + local + 1, raw.size - local - 1))) {
        return false;
    }
    for (size_t i = 0; i < raw.size; i++) {
        address->text[i] = lower(raw.data[i]);
    }
    address->text[raw.size] = '\0';
    address->size = raw.size;
    address->local_size = local;
    memcpy(address->display, address->text, raw.size + 1);
    return true;
}
