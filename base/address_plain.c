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
    size_t at = 0, begin = 0; /* of an atom */

    for (; at < raw.size; at++) {
        uint8_t c = raw.data[at];
        if ((classes[c] & ATEXT) != 0) {
            continue;
        }
        if (at == begin || c != '.') {
            break;
        }
        begin = at + 1;
    }
    return at > begin && at < raw.size && raw.data[at] == '@' && at <= MAX_LOCAL_PART_BYTES ? at : 0;
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
        if ((classes[c] & LDH) != 0) {
            common &= classes[c];
            continue;
        }
        if (c != '.' || !is_label(bytes_of(domain.data + begin, at - begin))) {
            return false;
        }
        common = DIGIT;
        begin = at + 1;
    }
    return begin > 0 && is_label(bytes_of(domain.data + begin, domain.size - begin)) && common != DIGIT;
}

/* Eight octets of ASCII: the highest bit of each sum tells which of them are 'A' or above, and above 'Z'. */
static uint64_t lower(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t from_a = word + each * (0x80 - 'A'), above_z = word + each * (0x80 - 'Z' - 1);

    return word | (from_a & ~above_z & each * 0x80) >> 2;
}

static void copy_lower(char *to, struct bytes ascii)
{
    uint64_t word = 0;
    size_t at = 0;

    for (; at + sizeof(word) <= ascii.size; at += sizeof(word)) {
        memcpy(&word, ascii.data + at, sizeof(word));
        word = lower(word);
        memcpy(to + at, &word, sizeof(word));
    }
    memcpy(&word, ascii.data + at, ascii.size - at);
    word = lower(word);
    memcpy(to + at, &word, ascii.size - at);
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
    copy_lower(address->text, raw);
    address->text[raw.size] = '\0';
    address->size = raw.size;
    address->local_size = local;
    memcpy(address->display, address->text, raw.size + 1);
    return true;
}
