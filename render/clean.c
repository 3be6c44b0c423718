#include "render/clean.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int32_t clean_next(struct bytes text, size_t *at)
{
    /* Lead octets with the least code point that needs so many octets: what is below is an overlong form. */
    static const struct {
        uint8_t mask, lead;
        int32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    uint8_t first = text.data[(*at)++];
    for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]); more++) {
        if ((first & forms[more].mask) != forms[more].lead) {
            continue;
        }
        if (more > text.size - *at) {
            return -1;
        }
        int32_t point = first & (uint8_t)~forms[more].mask;
        for (size_t i = 0; i < more; i++) {
            uint8_t next = text.data[*at + i];
            if ((next & 0xc0) != 0x80) {
                return -1;
            }
            point = point << 6 | (next & 0x3f);
        }
        if (point < forms[more].least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
            return -1;
        }
        *at += more;
        return point;
    }
    return -1;
}

/* Characters beyond ASCII that act or hide instead of showing: C1 controls, soft hyphen, and what Unicode calls
 * Bidi_Control and Default_Ignorable, as far as it has no use in a name. */
static bool is_unsafe(int32_t point)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point <= ranges[i].last) {
            return point >= ranges[i].first;
        }
    }
    return false;
}

void clean_append_utf8(struct buffer *out, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        if (clean_next(text, &at) < 0) {
            buffer_append_string(out, REPLACEMENT);
        } else {
            buffer_append(out, text.data + start, at - start);
        }
    }
}

void clean_append_terminal(struct buffer *out, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        int32_t point = clean_next(text, &at);
        if (point < 0) {
            buffer_append_string(out, REPLACEMENT);
        } else if (point < 0x20 || is_unsafe(point)) {
            buffer_append_format(out, "\\u{%x}", (unsigned)point);
        } else {
            buffer_append(out, text.data + start, at - start);
        }
    }
}

static bool is_joiner(int32_t point)
{
    return point == 0x200c || point == 0x200d;
}

/* The next character, which moves *at behind it, is one that a card may have. */
static bool next_is_fit_for_card(struct bytes text, size_t *at)
{
    int32_t point = clean_next(text, at);
    return point >= 0x20 && (!is_unsafe(point) || is_joiner(point));
}

void clean_append_card(struct buffer *out, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        if (next_is_fit_for_card(text, &at)) {
            buffer_append(out, text.data + start, at - start);
        } else {
            buffer_append_string(out, REPLACEMENT);
        }
    }
}

bool clean_is_fit_for_card(struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        if (!next_is_fit_for_card(text, &at)) {
            return false;
        }
    }
    return true;
}

static void append_json_escape(struct buffer *out, int32_t point)
{
    if (point < 0x10000) {
        buffer_append_format(out, "\\u%04x", (unsigned)point);
        return;
    }
    unsigned above = (unsigned)point - 0x10000;
    buffer_append_format(out, "\\u%04x\\u%04x", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
}

void clean_append_json(struct buffer *out, struct bytes json)
{
    size_t kept = 0;
    for (size_t at = 0; at < json.size;) {
        size_t start = at;
        /* Most of it is base64: one comparison for each octet. */
        if (json.data[at] < 0x7f) {
            at++;
            continue;
        }
        int32_t point = clean_next(json, &at);
        if (point < 0 || !is_unsafe(point)) {
            continue;
        }
        buffer_append(out, json.data + kept, start - kept);
        append_json_escape(out, point);
        kept = at;
    }
    buffer_append(out, json.data + kept, json.size - kept);
}
