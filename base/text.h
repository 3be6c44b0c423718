/*
 * Small readings and writings of text that config, command line and log share.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buffer.h"
#include "base/error.h"

/* "250ms" "3s" "5m" "1h" "2d", a bare "0" → milliseconds. No sign, no fraction, nothing before or after. -1: see
 * error; the number is unchanged. */
int text_parse_duration(const char *text, int64_t *ms, struct error *error);

/* "4096" "64K" "256M" "1G" (powers of 1024) → bytes. */
int text_parse_size(const char *text, uint64_t *bytes, struct error *error);

/* Decimal without sign; the whole text. */
int text_parse_number(const char *text, int64_t *number, struct error *error);

/* Of one hexadecimal digit, in either case; -1: it is none. */
static inline int text_hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether `bytes` are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(struct bytes bytes);
bool text_is_utf8_string(struct bytes bytes); /* and has no NUL in it */

/* Whether no octet is over 0x7f. */
bool text_is_ascii(struct bytes bytes);

/* 2026-11-23T06:57:24Z (RFC 3339) */
#define TEXT_TIME_BYTES 32
const char *text_time(int64_t wall_s, char out[TEXT_TIME_BYTES]);

/* Mon, 23 Nov 2026 06:57:24 GMT (RFC 9110 5.6.7) */
const char *text_http_date(int64_t wall_s, char out[TEXT_TIME_BYTES]);

/* Seconds since 1970 of the UTC calendar time given, for years 0 to 9999, whatever the machine's time_t and zone. */
int64_t text_time_from_utc(int year, int month, int day, int hour, int minute, int second);

/* Appends `bytes` as a JSON string with its quotes (RFC 8259); what is not UTF-8 becomes U+FFFD. */
void text_append_json_string(struct buffer *buffer, struct bytes bytes);

/* Whether ASCII strings are equal without case, whatever the locale. */
bool text_equal_nocase(const char *a, const char *b);

/* A name of UTF-8 as people compare names: case folded, composed, without blanks at its ends, one where there are more
 * (RFC 4518 2.2, 2.3, 2.6.1). Appends it. -1: not UTF-8, or it does not fit. */
int text_append_folded(struct buffer *buffer, struct bytes name);

/* A port, decimal, without zeros before it. */
bool text_parse_port(const char *text, uint16_t *port);

/* "host:port", "[v6]:port" → host (without brackets) and port, in the caller's buffers. */
int text_parse_host_port(const char *text, char *host, size_t host_size, uint16_t *port, struct error *error);

#endif
