/*
 * Networks, and which addresses a program may be sent to by somebody else.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* An address with a prefix: "10.0.0.0/8", "fd00::/8", "192.0.2.1". */
struct network {
    int family; /* AF_INET, AF_INET6 */
    unsigned char address[16];
    unsigned prefix;
};

/* -1: not a network, or bits are set behind the prefix, or IPv4 is written as ::ffff:…; the words say which. */
int network_parse(const char *text, struct network *network, struct error *error);

/* Whether the address is one that anybody on the internet may have: not loopback, private, link-local, CGNAT,
 * multicast, documentation, benchmark, unspecified, broadcast or reserved (the registries of RFC 6890), nor an IPv6
 * address that holds such a one (mapped RFC 4291 2.5.5.2, NAT64 RFC 6052 2.1, 6to4 RFC 3056). IPv4-compatible
 * addresses, NAT64 with a local prefix (RFC 8215) and Teredo are never public. A NAT64 prefix of the operator's own
 * cannot be told apart. */
bool network_is_public(const struct sockaddr *address);

/* Whether one of the networks holds the address; a mapped IPv4 address is looked at as IPv4. */
bool network_holds(const struct network *networks, size_t count, const struct sockaddr *address);

/* Whether a connection may go there: public, or in one of the networks. */
bool network_may_reach(const struct network *networks, size_t count, const struct sockaddr *address);

/* What a reading from a place that somebody else named is made under, be it by HTTP or by LDAP. */
struct network_rules {
    const struct network *networks; /* allowed besides public addresses */
    size_t network_count;
    int64_t timeout_ms;             /* of the whole, from now */
    size_t max_bytes;               /* of all that comes */
    const atomic_bool *stop;        /* set: nobody waits any more, broken off within a moment; NULL: never */
};

/* The address without its port, for words: "192.0.2.1". Returns `out`. */
#define NETWORK_TEXT_BYTES 46
const char *network_text(const struct sockaddr *address, char out[NETWORK_TEXT_BYTES]);

#endif
