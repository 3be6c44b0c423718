#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* An address without what else a sockaddr has. */
struct plain {
    int family;
    unsigned char octets[16];
};

/* The registries of special-purpose addresses (RFC 6890 and IANA's lists after it). */
static const char *const SPECIAL_V4[] = {
    "0.0.0.0/8",       /* this network, RFC 791 3.2 */
    "10.0.0.0/8",      /* private, RFC 1918 */
    "100.64.0.0/10",   /* shared: carrier-grade NAT, RFC 6598 */
    "127.0.0.0/8",     /* loopback, RFC 1122 3.2.1.3 */
    "169.254.0.0/16",  /* link-local, RFC 3927; the metadata of clouds */
    "172.16.0.0/12",   /* private, RFC 1918 */
    "192.0.0.0/24",    /* protocol assignments, RFC 6890 2.1 */
    "192.0.2.0/24",    /* documentation, RFC 5737 */
    "192.88.99.0/24",  /* relays of 6to4, RFC 7526 */
    "192.168.0.0/16",  /* private, RFC 1918 */
    "198.18.0.0/15",   /* benchmarks, RFC 2544 */
    "198.51.100.0/24", /* documentation, RFC 5737 */
    "203.0.113.0/24",  /* documentation, RFC 5737 */
    "224.0.0.0/4",     /* multicast, RFC 5771 */
    "240.0.0.0/4",     /* reserved, RFC 1112 4; the last one is broadcast, RFC 919 7 */
};

/* IPv6 is public only inside of 2000::/3 (RFC 4291 2.4, IANA). Outside of it lie, among others: :: and ::1, ::/96 that
 * was IPv4-compatible (RFC 4291 2.5.5.1), 64:ff9b:1::/48 (local NAT64, RFC 8215), 100::/64 and 100:0:0:1::/64 (discard,
 * dummy: RFC 6666, RFC 9780), 5f00::/16 (SRv6, RFC 9602), fc00::/7 (RFC 4193), fe80::/10, fec0::/10 (RFC 3879) and
 * ff00::/8. Inside of it these are not: */
static const char *const PUBLIC_V6 = "2000::/3";
static const char *const SPECIAL_V6[] = {
    "2001::/23",     /* protocol assignments, RFC 2928: Teredo 2001::/32, benchmarks, AMT, ORCHID, drones */
    "2001:db8::/32", /* documentation, RFC 3849 */
    "3fff::/20",     /* documentation, RFC 9637 */
};

/* IPv6 addresses that lead to the IPv4 address inside; mapped ones (RFC 4291 2.5.5.2) as well, see is_mapped(). */
static const struct {
    const char *network;
    size_t at; /* where it begins */
} HOLDERS[] = {
    {"64:ff9b::/96", 12}, /* NAT64, RFC 6052 2.1 */
    {"2002::/16", 2},     /* 6to4, RFC 3056 2 */
};

static size_t width(int family)
{
    return family == AF_INET ? 4 : 16;
}

static bool holds(const struct network *network, const struct plain *address)
{
    size_t whole = network->prefix / 8;
    unsigned rest = network->prefix % 8;

    if (network->family != address->family || memcmp(network->address, address->octets, whole) != 0) {
        return false;
    }
    return rest == 0 || (network->address[whole] ^ address->octets[whole]) >> (8 - rest) == 0;
}

/* The text is one of our own tables. */
static bool is_in(const char *text, const struct plain *address)
{
    struct network network;

    return network_parse(text, &network, NULL) == 0 && holds(&network, address);
}

static bool plain_of(const struct sockaddr *address, struct plain *plain)
{
    *plain = (struct plain){.family = address->sa_family};
    if (address->sa_family == AF_INET) {
        memcpy(plain->octets, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        memcpy(plain->octets, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return true;
    }
    return false;
}

/* The IPv4 address that begins at this octet. */
static struct plain inner(const struct plain *address, size_t at)
{
    struct plain result = {.family = AF_INET};

    memcpy(result.octets, address->octets + at, 4);
    return result;
}

static bool is_mapped(const struct plain *address)
{
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};

    return address->family == AF_INET6 && memcmp(address->octets, prefix, sizeof(prefix)) == 0;
}

static bool is_public_v4(const struct plain *address)
{
    for (size_t i = 0; i < sizeof(SPECIAL_V4) / sizeof(SPECIAL_V4[0]); i++) {
        if (is_in(SPECIAL_V4[i], address)) {
            return false;
        }
    }
    return true;
}

static bool is_public_v6(const struct plain *address)
{
    if (is_mapped(address)) {
        struct plain v4 = inner(address, 12);

        return is_public_v4(&v4);
    }
    for (size_t i = 0; i < sizeof(HOLDERS) / sizeof(HOLDERS[0]); i++) {
        if (is_in(HOLDERS[i].network, address)) {
            struct plain v4 = inner(address, HOLDERS[i].at);

            return is_public_v4(&v4);
        }
    }
    for (size_t i = 0; i < sizeof(SPECIAL_V6) / sizeof(SPECIAL_V6[0]); i++) {
        if (is_in(SPECIAL_V6[i], address)) {
            return false;
        }
    }
    return is_in(PUBLIC_V6, address);
}

bool network_is_public(const struct sockaddr *address)
{
    struct plain plain;

    if (!plain_of(address, &plain)) {
        return false;
    }
    return plain.family == AF_INET ? is_public_v4(&plain) : is_public_v6(&plain);
}

bool network_holds(const struct network *networks, size_t count, const struct sockaddr *address)
{
    struct plain plain;

    if (!plain_of(address, &plain)) {
        return false;
    }
    if (is_mapped(&plain)) {
        plain = inner(&plain, 12);
    }
    for (size_t i = 0; i < count; i++) {
        if (holds(&networks[i], &plain)) {
            return true;
        }
    }
    return false;
}

bool network_may_reach(const struct network *networks, size_t count, const struct sockaddr *address)
{
    return network_is_public(address) || network_holds(networks, count, address);
}

/* Whether a bit is set behind the prefix. */
static bool has_host_bits(const struct network *network)
{
    struct plain zero = {.family = network->family};

    memcpy(zero.octets, network->address, network->prefix / 8);
    if (network->prefix % 8 != 0) {
        zero.octets[network->prefix / 8] =
            (unsigned char)(network->address[network->prefix / 8] & (0xff00 >> network->prefix % 8));
    }
    return memcmp(zero.octets, network->address, width(network->family)) != 0;
}

static int parse_prefix(const char *text, struct network *network, struct error *error)
{
    unsigned most = (unsigned)width(network->family) * 8;
    size_t digits = strspn(text, "0123456789");

    network->prefix = digits > 0 && digits <= 3 && text[digits] == '\0' ? (unsigned)strtoul(text, NULL, 10) : most + 1;
    if (network->prefix > most) {
        return error_set(error, "behind the '/' must stand a number from 0 to %u", most);
    }
    return 0;
}

int network_parse(const char *text, struct network *network, struct error *error)
{
    const char *slash = strchr(text, '/');
    size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct network parsed = {0};
    char address[INET6_ADDRSTRLEN];

    if (size >= sizeof(address)) {
        return error_set(error, "\"%.100s\" is not an address, with or without /prefix", text);
    }
    memcpy(address, text, size);
    address[size] = '\0';
    parsed.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    parsed.prefix = (unsigned)width(parsed.family) * 8;
    if (inet_pton(parsed.family, address, parsed.address) != 1) {
        return error_set(error, "\"%.100s\" is not an address, with or without /prefix", text);
    }
    if (slash != NULL && parse_prefix(slash + 1, &parsed, error) != 0) {
        return -1;
    }
    if (has_host_bits(&parsed)) {
        return error_set(error, "has bits set behind the first %u, which are the network", parsed.prefix);
    }
    struct plain plain = {.family = parsed.family};

    memcpy(plain.octets, parsed.address, sizeof(plain.octets));
    if (is_mapped(&plain)) {
        return error_set(error, "is written as IPv4, without ::ffff:");
    }
    *network = parsed;
    return 0;
}

const char *network_text(const struct sockaddr *address, char out[NETWORK_TEXT_BYTES])
{
    struct plain plain;

    if (!plain_of(address, &plain) || inet_ntop(plain.family, plain.octets, out, NETWORK_TEXT_BYTES) == NULL) {
        memcpy(out, "?", 2);
    }
    return out;
}
