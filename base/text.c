#include "base/text.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistr.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Digits at the start of `text`. Returns where they end; NULL: none, or the number is over INT64_MAX. */
static const char *read_digits(const char *text, int64_t *number)
{
    const char *at = text;
    int64_t sum = 0;

    while (*at >= '0' && *at <= '9') {
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum)) {
            return NULL;
        }
        at++;
    }
    *number = sum;
    return at > text ? at : NULL;
}

/* Digits and a unit of the list, as one number. -1: neither, or over INT64_MAX. */
static int read_with_unit(const char *text, const struct unit *units, size_t unit_count, int64_t *number)
{
    int64_t digits = 0;
    const char *rest = read_digits(text, &digits);

    for (size_t i = 0; rest != NULL && i < unit_count; i++) {
        if (strcmp(rest, units[i].name) == 0) {
            return __builtin_mul_overflow(digits, units[i].factor, number) ? -1 : 0;
        }
    }
    return -1;
}

int text_parse_duration(const char *text, int64_t *ms, struct error *error)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t number;

    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return 0;
    }
    if (read_with_unit(text, units, sizeof(units) / sizeof(units[0]), &number) != 0) {
        return error_set(error, "\"%s\" is not a duration such as 250ms, 3s, 5m, 1h or 2d", text);
    }
    *ms = number;
    return 0;
}

int text_parse_size(const char *text, uint64_t *bytes, struct error *error)
{
    static const struct unit units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
    int64_t number;

    if (read_with_unit(text, units, sizeof(units) / sizeof(units[0]), &number) != 0) {
        return error_set(error, "\"%s\" is not a size such as 4096, 64K, 256M or 1G", text);
    }
    *bytes = (uint64_t)number;
    return 0;
}

int text_parse_number(const char *text, int64_t *number, struct error *error)
{
    int64_t digits = 0;
    const char *rest = read_digits(text, &digits);

    if (rest == NULL || *rest != '\0') {
        return error_set(error, "\"%s\" is not a number", text);
    }
    *number = digits;
    return 0;
}

bool text_is_ascii(struct bytes bytes)
{
    uint64_t all = 0, word; /* eight octets at a time */
    size_t at = 0;

    for (; at + sizeof(word) <= bytes.size; at += sizeof(word)) {
        memcpy(&word, bytes.data + at, sizeof(word));
        all |= word;
    }
    for (; at < bytes.size; at++) {
        all |= bytes.data[at];
    }
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

bool text_is_utf8(struct bytes bytes)
{
    return text_is_ascii(bytes) || u8_check(bytes.data, bytes.size) == NULL;
}

bool text_is_utf8_string(struct bytes bytes)
{
    return text_is_utf8(bytes) && (bytes.size == 0 || memchr(bytes.data, '\0', bytes.size) == NULL);
}

void text_append_json_string(struct buffer *buffer, struct bytes bytes)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t start = 0, at = 0;

    buffer_append_char(buffer, '"');
    while (at < bytes.size) {
        uint8_t c = bytes.data[at];
        ucs4_t code = c;
        int step = c < 0x80 ? 1 : u8_mbtoucr(&code, bytes.data + at, bytes.size - at);
        const char *name = c != 0 && c < 0x80 ? strchr(named, c) : NULL;

        if (step > 0 && c >= 0x20 && name == NULL) {
            at += (size_t)step;
            continue;
        }
        buffer_append(buffer, bytes.data + start, at - start);
        if (step <= 0) {
            buffer_append_string(buffer, "\xef\xbf\xbd");
        } else if (name != NULL) {
            buffer_append_char(buffer, '\\');
            buffer_append_char(buffer, letters[name - named]);
        } else {
            buffer_append_format(buffer, "\\u%04x", c);
        }
        start = ++at;
    }
    buffer_append(buffer, bytes.data + start, at - start);
    buffer_append_char(buffer, '"');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static bool is_host_name(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    return host[0] != '\0' && host[0] != '.' && host[0] != '-' && host[strspn(host, allowed)] == '\0';
}

static bool is_ipv6(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET6, host, &address) == 1;
}

bool text_parse_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long value = digits > 0 && digits <= 5 ? strtoul(text, NULL, 10) : ULONG_MAX;

    *port = (uint16_t)value;
    return text[digits] == '\0' && value <= UINT16_MAX && (text[0] != '0' || digits == 1);
}

int text_parse_host_port(const char *text, char *host, size_t host_size, uint16_t *port, struct error *error)
{
    bool bracketed = text[0] == '[';
    const char *start = bracketed ? text + 1 : text;
    const char *end = strchr(start, bracketed ? ']' : ':');
    const char *digits = end != NULL ? end + (bracketed ? 1 : 0) : NULL;
    int64_t number = 0;

    if (digits == NULL || *digits != ':') {
        return error_set(error, "\"%s\" is not host:port or [IPv6]:port", text);
    }
    if (!bracketed && strchr(digits + 1, ':') != NULL) {
        return error_set(error, "\"%s\": an IPv6 address stands in brackets", text);
    }
    if (text_parse_number(digits + 1, &number, NULL) != 0 || number > UINT16_MAX) {
        return error_set(error, "\"%s\": the port is not a number from 0 to 65535", text);
    }
    if ((size_t)(end - start) >= host_size) {
        return error_set(error, "\"%s\": the host is too long", text);
    }
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    if (bracketed ? !is_ipv6(host) : !is_host_name(host)) {
        return error_set(error, "\"%s\": \"%s\" is not %s", text, host, bracketed ? "an IPv6 address" : "a host name");
    }
    *port = (uint16_t)number;
    return 0;
}
