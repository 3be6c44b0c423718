#include "http/proxied.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

/* Version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n" (2.1) */
#define LINE_MAX_BYTES 107
#define LINE_FIELDS 6
#define FIELD_BYTES 46 /* INET6_ADDRSTRLEN */

/* Version 2 (2.2): signature, version and command, family and protocol, length; then addresses. */
static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
#define BINARY_HEAD 16
#define VERSION_2 0x20
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1

enum family { FAMILY_UNSPEC = 0x00, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21, FAMILY_UNIX_STREAM = 0x31 };

static void set_v4(const void *octets, uint16_t port, struct proxied *proxied)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&v4.sin_addr, octets, sizeof(v4.sin_addr));
    memcpy(&proxied->address, &v4, sizeof(v4));
    proxied->has_address = true;
}

static void set_v6(const void *octets, uint16_t port, struct proxied *proxied)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memcpy(&v6.sin6_addr, octets, sizeof(v6.sin6_addr));
    memcpy(&proxied->address, &v6, sizeof(v6));
    proxied->has_address = true;
}

/* The fields of a line, with one space between each two. False: too many, too long, or a NUL is among them. */
static bool split(struct bytes line, char fields[LINE_FIELDS][FIELD_BYTES], size_t *count)
{
    size_t size = 0;

    *count = 0;
    for (size_t i = 0; i <= line.size; i++) {
        bool ends = i == line.size || line.data[i] == ' ';

        if (!ends && (size == FIELD_BYTES - 1 || line.data[i] == '\0')) {
            return false;
        }
        fields[*count][size] = ends ? '\0' : (char)line.data[i];
        size = ends ? 0 : size + 1;
        if (ends && ++*count == LINE_FIELDS && i < line.size) {
            return false;
        }
    }
    return true;
}

static bool read_addresses(char fields[LINE_FIELDS][FIELD_BYTES], struct proxied *proxied)
{
    bool is_v6 = strcmp(fields[1], "TCP6") == 0;
    uint8_t source[16], destination[16];
    uint16_t port, other;
    int family = is_v6 ? AF_INET6 : AF_INET;

    if ((!is_v6 && strcmp(fields[1], "TCP4") != 0) || inet_pton(family, fields[2], source) != 1 ||
        inet_pton(family, fields[3], destination) != 1 || !text_parse_port(fields[4], &port) ||
        !text_parse_port(fields[5], &other)) {
        return false;
    }
    if (is_v6) {
        set_v6(source, port, proxied);
    } else {
        set_v4(source, port, proxied);
    }
    return true;
}

static enum proxied_state parse_line(struct bytes begin, struct proxied *proxied)
{
    char fields[LINE_FIELDS][FIELD_BYTES];
    size_t most = begin.size < LINE_MAX_BYTES ? begin.size : LINE_MAX_BYTES, count;
    const uint8_t *end = memchr(begin.data, '\n', most);

    if (end == NULL) {
        return begin.size < LINE_MAX_BYTES ? PROXIED_INCOMPLETE : PROXIED_BAD;
    }
    proxied->size = (size_t)(end - begin.data) + 1;
    if (proxied->size < 2 || end[-1] != '\r') {
        return PROXIED_BAD;
    }
    struct bytes line = bytes_of(begin.data, proxied->size - 2);

    if (line.size >= strlen("PROXY UNKNOWN") && memcmp(line.data, "PROXY UNKNOWN", strlen("PROXY UNKNOWN")) == 0 &&
        (line.size == strlen("PROXY UNKNOWN") || line.data[strlen("PROXY UNKNOWN")] == ' ')) {
        return PROXIED_GOOD; /* whatever stands behind it is to be ignored */
    }
    return split(line, fields, &count) && count == LINE_FIELDS && read_addresses(fields, proxied) ? PROXIED_GOOD
                                                                                                   : PROXIED_BAD;
}

static uint16_t number_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* `at`: source and destination address, then their ports. */
static enum proxied_state read_binary(uint8_t family, const uint8_t *at, size_t size, struct proxied *proxied)
{
    switch (family) {
    case FAMILY_UNSPEC:
    case FAMILY_UNIX_STREAM: /* of the proxy's own machine, whose sockets say nothing to us */
        return PROXIED_GOOD;
    case FAMILY_TCP4:
        if (size < 12) {
            return PROXIED_BAD;
        }
        set_v4(at, number_at(at + 8), proxied);
        return PROXIED_GOOD;
    case FAMILY_TCP6:
        if (size < 36) {
            return PROXIED_BAD;
        }
        set_v6(at, number_at(at + 32), proxied);
        return PROXIED_GOOD;
    default:
        return PROXIED_BAD;
    }
}

static enum proxied_state parse_binary(struct bytes begin, struct proxied *proxied)
{
    if (begin.size < BINARY_HEAD) {
        return PROXIED_INCOMPLETE;
    }
    uint8_t command = begin.data[12] & 0x0f;
    size_t size = number_at(begin.data + 14);

    if ((begin.data[12] & 0xf0) != VERSION_2 || command > COMMAND_PROXY || size > PROXIED_HEADER_MAX - BINARY_HEAD) {
        return PROXIED_BAD;
    }
    if (begin.size < BINARY_HEAD + size) {
        return PROXIED_INCOMPLETE;
    }
    proxied->size = BINARY_HEAD + size;
    return command == COMMAND_LOCAL ? PROXIED_GOOD
                                    : read_binary(begin.data[13], begin.data + BINARY_HEAD, size, proxied);
}

static bool begins_as(struct bytes begin, const void *wanted, size_t size)
{
    return memcmp(begin.data, wanted, begin.size < size ? begin.size : size) == 0;
}

enum proxied_state proxied_parse(struct bytes begin, struct proxied *proxied)
{
    *proxied = (struct proxied){.size = 0};
    if (begin.size == 0) {
        return PROXIED_INCOMPLETE;
    }
    if (begins_as(begin, signature, sizeof(signature))) {
        return parse_binary(begin, proxied);
    }
    return begins_as(begin, "PROXY ", 6) ? parse_line(begin, proxied) : PROXIED_BAD;
}
