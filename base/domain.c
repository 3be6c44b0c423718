#include "base/domain.h"

#include <idn2.h>

#include "base/address.h"
#include "base/text.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ldh(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

/* Reads one label. Returns its size; 0: not one. */
static size_t label_size(const char *label, bool *numeric)
{
    size_t size = 0;

    *numeric = true;
    while (is_ldh(label[size])) {
        *numeric = *numeric && is_digit(label[size]);
        size++;
    }
    return size <= MAX_LABEL_BYTES && size > 0 && label[0] != '-' && label[size - 1] != '-' ? size : 0;
}

/* RFC 1123 2.1: labels of letters, digits and hyphens; the last is not all digits, or it could be an IPv4 address. */
static bool is_host_name(const char *text, size_t least_labels)
{
    size_t labels = 0;
    bool numeric;

    for (;;) {
        size_t size = label_size(text, &numeric);

        if (size == 0) {
            return false;
        }
        labels++;
        text += size;
        if (*text == '\0') {
            return labels >= least_labels && !numeric;
        }
        if (*text++ != '.') {
            return false;
        }
    }
}

/* Whether libidn2 has anything to do: an octet that is not ASCII, or a label that begins with "xn--" in any case. */
static bool needs_idna(const char *text)
{
    bool label_begins = true;

    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= 0x80) {
            return true;
        }
        if (label_begins && lower(text[0]) == 'x' && lower(text[1]) == 'n' && text[2] == '-' && text[3] == '-') {
            return true;
        }
        label_begins = *text == '.';
    }
    return false;
}

/* False: too long. */
static bool copy_lower(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);

    if (size >= room) {
        return false;
    }
    for (size_t i = 0; i <= size; i++) {
        to[i] = lower(from[i]);
    }
    return true;
}

static void strip_one_dot(char *text)
{
    size_t size = strlen(text);

    if (size > 0 && text[size - 1] == '.') {
        text[size - 1] = '\0';
    }
}

/*
 * libidn2's own STD3 switch removes what is not allowed instead of refusing it
 * ("a_b" becomes "ab", seen with 2.3.3), and without it a label such as "ü_b" is
 * encoded as it is: so the U-labels are checked here for what ASCII is in them.
 */
static bool is_clean(const char *display)
{
    for (; *display != '\0'; display++) {
        if ((unsigned char)*display < 0x80 && !is_ldh(*display) && *display != '.') {
            return false;
        }
    }
    return true;
}

/* `text`: room for the input with its trailing dot. */
static bool idna_to_ascii(const char *raw, char *text, size_t room)
{
    uint8_t *ascii = NULL;
    bool done = idn2_lookup_u8((const uint8_t *)raw, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK &&
                copy_lower(text, room, (const char *)ascii);

    idn2_free(ascii);
    return done;
}

static bool idna_to_unicode(const char *text, char *display, size_t room)
{
    char *unicode = NULL;
    bool done = idn2_to_unicode_8z8z(text, &unicode, IDN2_NONTRANSITIONAL) == IDN2_OK && strlen(unicode) < room;

    if (done) {
        memcpy(display, unicode, strlen(unicode) + 1);
    }
    idn2_free(unicode);
    return done;
}

/*
 * From A-labels to U-labels and back: libidn2 takes an A-label whose U-label is
 * not in the form that the mapping of UTS #46 gives (with U+00A0 in it, say).
 * Such a label would be a second name of another domain (RFC 5891 5.4).
 */
static bool domain_show(struct domain *domain)
{
    char back[MAX_DOMAIN_BYTES + 2];

    return idna_to_unicode(domain->text, domain->display, sizeof(domain->display)) && is_clean(domain->display) &&
           idna_to_ascii(domain->display, back, sizeof(back)) && strcmp(back, domain->text) == 0;
}

bool domain_parse(struct bytes raw, size_t least_labels, struct domain *domain)
{
    char given[MAX_ADDRESS_DISPLAY_BYTES + 1], text[MAX_DOMAIN_BYTES + 2];
    bool idna;

    if (raw.size == 0 || raw.size >= sizeof(given)) {
        return false;
    }
    memcpy(given, raw.data, raw.size);
    given[raw.size] = '\0';
    idna = needs_idna(given);
    if (!(idna ? idna_to_ascii(given, text, sizeof(text)) : copy_lower(text, sizeof(text), given))) {
        return false;
    }
    strip_one_dot(text);
    domain->size = strlen(text);
    if (domain->size > MAX_DOMAIN_BYTES || !is_host_name(text, least_labels)) {
        return false;
    }
    memcpy(domain->text, text, domain->size + 1);
    memcpy(domain->display, text, domain->size + 1);
    return !idna || domain_show(domain);
}

bool address_domain_pattern_parse(const char *raw, char *out)
{
    bool below = strncmp(raw, "*.", 2) == 0;
    struct bytes name = bytes_of_string(below ? raw + 2 : raw);
    struct domain domain;

    if (strcmp(raw, "*") == 0) {
        memcpy(out, "*", 2);
        return true;
    }
    if (!text_is_utf8(name) || !domain_parse(name, below ? 1 : 2, &domain)) {
        return false;
    }
    memcpy(out, "*.", 2);
    memcpy(out + (below ? 2 : 0), domain.text, domain.size + 1);
    return true;
}

bool address_domain_matches(const char *domain, const char *pattern)
{
    size_t size = strlen(domain), tail;

    if (pattern[0] != '*') {
        return strcmp(domain, pattern) == 0;
    }
    if (pattern[1] == '\0') {
        return true;
    }
    tail = strlen(pattern + 1);
    return size > tail && strcmp(domain + size - tail, pattern + 1) == 0;
}

/* "*.name" */
static bool is_below(const char *pattern)
{
    return pattern[0] == '*' && pattern[1] == '.';
}

bool address_domain_patterns_meet(const char *a, const char *b)
{
    if (strcmp(a, b) == 0 || strcmp(a, "*") == 0 || strcmp(b, "*") == 0) {
        return true;
    }
    /* Of two that differ, "*.name" meets what fits it, and whatever is below a name that does. */
    return (is_below(b) && address_domain_matches(is_below(a) ? a + 2 : a, b)) ||
           (is_below(a) && address_domain_matches(is_below(b) ? b + 2 : b, a));
}
