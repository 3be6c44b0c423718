#include "ldap/uri.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

struct scheme_row {
    const char *prefix;
    enum uri_scheme scheme;
    const char *port;
};

static const struct scheme_row SCHEMES[] = {
    {"ldap://", URI_LDAP, "389"},
    {"ldaps://", URI_LDAPS, "636"},
    {"ldapi://", URI_LDAPI, ""},
};

static int parse_path(const char *text, struct uri *uri, struct error *error)
{
    size_t size = 0;

    while (*text != '\0') {
        int c = (unsigned char)*text++;

        if (c == '%') {
            int high = text_hex_value(text[0]);
            int low = high < 0 ? -1 : text_hex_value(text[1]);

            if (low < 0 || (c = high * 16 + low) == 0) {
                return error_set(error, "'%%' must be followed by two hexadecimal digits, and not by 00");
            }
            text += 2;
        } else if (c == '/' || c == '?' || c == '#') {
            return error_set(error, "the path of the socket is written with %%2F for each '/', and nothing follows it");
        }
        if (size + 1 >= sizeof(uri->path)) {
            return error_set(error, "the path of the socket is longer than %zu bytes", sizeof(uri->path) - 1);
        }
        uri->path[size++] = (char)c;
    }
    uri->path[size] = '\0';
    return uri->path[0] == '/' ? 0 : error_set(error, "the path of the socket must begin with %%2F");
}

static int parse_port(const char *text, struct uri *uri, struct error *error)
{
    size_t digits = strspn(text, "0123456789");
    unsigned port = 0;

    if (text[digits] == '/' && text[digits + 1] != '\0') {
        return error_set(error, "nothing may follow host and port");
    }
    for (size_t i = 0; i < digits && port <= UINT16_MAX; i++) {
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (digits == 0 || (text[digits] != '\0' && text[digits] != '/') || port == 0 || port > UINT16_MAX) {
        return error_set(error, "the port must be a number from 1 to 65535");
    }
    (void)snprintf(uri->port, sizeof(uri->port), "%u", port);
    return 0;
}

static int copy_host(struct uri *uri, const char *text, size_t size, struct error *error)
{
    if (size == 0) {
        return error_set(error, "names no host");
    }
    if (size >= sizeof(uri->host)) {
        return error_set(error, "the host is longer than %zu bytes", sizeof(uri->host) - 1);
    }
    memcpy(uri->host, text, size);
    uri->host[size] = '\0';
    return 0;
}

static int parse_bracketed(const char *text, struct uri *uri, const char **rest, struct error *error)
{
    const char *end = strchr(text, ']');
    struct in6_addr ignored;

    if (end == NULL || copy_host(uri, text + 1, (size_t)(end - text) - 1, error) != 0 ||
        inet_pton(AF_INET6, uri->host, &ignored) != 1) {
        return error_set(error, "between '[' and ']' must stand an IPv6 address");
    }
    *rest = end + 1;
    return 0;
}

static int parse_name(const char *text, struct uri *uri, const char **rest, struct error *error)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    *rest = text + size;
    return copy_host(uri, text, size, error);
}

static int parse_host_port(const char *text, struct uri *uri, struct error *error)
{
    const char *rest = NULL;
    int result = *text == '[' ? parse_bracketed(text, uri, &rest, error) : parse_name(text, uri, &rest, error);

    if (result != 0) {
        return -1;
    }
    if (*rest == ':') {
        return parse_port(rest + 1, uri, error);
    }
    if (*rest != '\0' && strcmp(rest, "/") != 0) {
        return error_set(error, "only a host name (in A-labels) or an address, and a port, may stand in it");
    }
    return 0;
}

int uri_parse(const char *text, struct uri *uri, struct error *error)
{
    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
        size_t size = strlen(SCHEMES[i].prefix);

        if (strncasecmp(text, SCHEMES[i].prefix, size) != 0) {
            continue;
        }
        *uri = (struct uri){.scheme = SCHEMES[i].scheme};
        (void)snprintf(uri->port, sizeof(uri->port), "%s", SCHEMES[i].port);
        text += size;
        return uri->scheme == URI_LDAPI ? parse_path(text, uri, error) : parse_host_port(text, uri, error);
    }
    return error_set(error, "must begin with ldap://, ldaps:// or ldapi://");
}

bool uri_is_local(const struct uri *uri)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (uri->scheme == URI_LDAPI || strcasecmp(uri->host, "localhost") == 0) {
        return true;
    }
    if (inet_pton(AF_INET, uri->host, &v4) == 1) {
        return (ntohl(v4.s_addr) >> 24) == 127;
    }
    return inet_pton(AF_INET6, uri->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
