/* Headers of the PROXY protocol, whole, in pieces, and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "http/proxied.h"

#define S "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02" "\xdc\x04\x01\xbb"
#define OCTETS(text) text, sizeof(text) - 1

static const struct {
    const char *name;
    const char *octets;
    size_t size;
    const char *want; /* "192.0.2.1 56324"; "-": good, without an address; NULL: bad */
} rows[] = {
    {"IPv4", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1 56324"},
    {"the smallest", OCTETS("PROXY TCP4 1.1.1.1 2.2.2.2 0 0\r\n"), "1.1.1.1 0"},
    {"IPv6", OCTETS("PROXY TCP6 2001:db8::1 2001:db8::2 65535 443\r\n"), "2001:db8::1 65535"},
    {"the longest",
     OCTETS("PROXY TCP6 ffff:f:f:f:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     "ffff:f:f:f:ffff:ffff:ffff:ffff 65535"},
    {"unknown", OCTETS("PROXY UNKNOWN\r\n"), "-"},
    {"unknown, with more", OCTETS("PROXY UNKNOWN ffff::1 ffff::2 1 2 what ever\r\n"), "-"},
    {"unknown of another name", OCTETS("PROXY UNKNOWNS\r\n"), NULL},
    {"UDP", OCTETS("PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL},
    {"small letters", OCTETS("proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), NULL},
    {"IPv6 as IPv4", OCTETS("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"), NULL},
    {"IPv4 as IPv6", OCTETS("PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n"), NULL},
    {"a name", OCTETS("PROXY TCP4 localhost 198.51.100.1 1 2\r\n"), NULL},
    {"a large port", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n"), NULL},
    {"a larger port", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4294967297 443\r\n"), NULL},
    {"a port with zeros", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 080 443\r\n"), NULL},
    {"a port less than nothing", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n"), NULL},
    {"no port", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n"), NULL},
    {"an empty port", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 56324 \r\n"), NULL},
    {"too much", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n"), NULL},
    {"two spaces", OCTETS("PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n"), NULL},
    {"a NUL", OCTETS("PROXY TCP4 192.0.2.1\0 198.51.100.1 56324 443\r\n"), NULL},
    {"no CR", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"), NULL},
    {"108 octets",
     OCTETS("PROXY UNKNOWN 1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
            "1\r\n"), NULL},
    {"no end",
     OCTETS("PROXY UNKNOWN 12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
            "34567890"), NULL},
    {"a request", OCTETS("GET / HTTP/1.1\r\n"), NULL},
    {"TLS", OCTETS("\x16\x03\x01\x02"), NULL},
    {"version 2, IPv4", OCTETS(S "\x21\x11\0\x0c" V4), "192.0.2.1 56324"},
    {"version 2, IPv6", OCTETS(S "\x21\x21\0\x24" V6), "2001:db8::1 56324"},
    {"version 2, and more", OCTETS(S "\x21\x11\0\x10" V4 "\x04\0\x01x"), "192.0.2.1 56324"},
    {"version 2, itself", OCTETS(S "\x20\0\0\0"), "-"},
    {"version 2, itself, with an address", OCTETS(S "\x20\x11\0\x0c" V4), "-"},
    {"version 2, nobody", OCTETS(S "\x21\0\0\0"), "-"},
    {"version 2, a socket in the file system", OCTETS(S "\x21\x31\0\x01x"), "-"},
    {"version 2, UDP", OCTETS(S "\x21\x12\0\x0c" V4), NULL},
    {"version 2, half an address", OCTETS(S "\x21\x11\0\x0b" V4), NULL},
    {"version 2, half an address of IPv6", OCTETS(S "\x21\x21\0\x0c" V4), NULL},
    {"version 3", OCTETS(S "\x31\x11\0\x0c" V4), NULL},
    {"version 2, another command", OCTETS(S "\x22\x11\0\x0c" V4), NULL},
    {"version 2, too long", OCTETS(S "\x21\x11\xff\xff" V4), NULL},
};

/* In memory of its very size, so that nothing behind it is looked at. */
static enum proxied_state parse(const char *octets, size_t size, struct proxied *proxied)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    assert_non_null(copy);
    memcpy(copy, octets, size);
    enum proxied_state state = proxied_parse(bytes_of(copy, size), proxied);
    free(copy);
    return state;
}

static const char *shown(const struct proxied *proxied)
{
    static char text[INET6_ADDRSTRLEN + 8];
    char address[INET6_ADDRSTRLEN];
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (!proxied->has_address) {
        return "-";
    }
    if (proxied->address.ss_family == AF_INET6) {
        memcpy(&v6, &proxied->address, sizeof(v6));
        snprintf(text, sizeof(text), "%s %u", inet_ntop(AF_INET6, &v6.sin6_addr, address, sizeof(address)),
                 ntohs(v6.sin6_port));
    } else {
        memcpy(&v4, &proxied->address, sizeof(v4));
        snprintf(text, sizeof(text), "%s %u", inet_ntop(AF_INET, &v4.sin_addr, address, sizeof(address)),
                 ntohs(v4.sin_port));
    }
    return text;
}

static void test_rows(void **state)
{
    struct proxied proxied;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum proxied_state got = parse(rows[i].octets, rows[i].size, &proxied);

        if (got != (rows[i].want != NULL ? PROXIED_GOOD : PROXIED_BAD) ||
            (rows[i].want != NULL && (proxied.size != rows[i].size || strcmp(shown(&proxied), rows[i].want) != 0))) {
            fail_msg("%s: %d, %zu octets, %s", rows[i].name, (int)got, proxied.size, shown(&proxied));
        }
    }
}

/* However it is cut, a good one is incomplete until it is all there; and what follows is not its own. */
static void test_pieces(void **state)
{
    struct proxied proxied;
    char all[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t size = 0; size < rows[i].size && rows[i].want != NULL; size++) {
            if (parse(rows[i].octets, size, &proxied) != PROXIED_INCOMPLETE) {
                fail_msg("%s: %zu octets of it", rows[i].name, size);
            }
        }
        if (rows[i].want != NULL) {
            memcpy(all, rows[i].octets, rows[i].size);
            memcpy(all + rows[i].size, "GET / HTTP/1.1\r\n", 16);
            assert_int_equal(parse(all, rows[i].size + 16, &proxied), PROXIED_GOOD);
            assert_int_equal(proxied.size, rows[i].size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_pieces)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
