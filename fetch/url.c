#include "fetch/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct scheme_row {
    const char *prefix;
    enum url_scheme scheme;
    unsigned port;
} SCHEMES[] = {
    {"http://", URL_HTTP, 80},
    {"https://", URL_HTTPS, 443},
    {"ldap://", URL_LDAP, 389},
};

/* https://fetch.spec.whatwg.org/#port-blocking */
static const unsigned short BAD_PORTS[] = {
    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,   25,   37,   42,   43,   53,
    69,   77,   79,   87,   95,   101,  102,  103,  104,  109,  110,  111,  113,  115,  117,  119,  123,
    135,  137,  139,  143,  161,  179,  389,  427,  465,  512,  513,  514,  515,  526,  530,  531,  532,
    540,  548,  554,  556,  563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,
    4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
};

static const struct scheme_row *find_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
        if (strncasecmp(text, SCHEMES[i].prefix, strlen(SCHEMES[i].prefix)) == 0) {
            return &SCHEMES[i];
        }
    }
    return NULL;
}

/* Whether it is made of what RFC 3986 2 leaves, without the '#' of a fragment. */
static int check_octets(const char *text, struct error *error)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text >= 0x7f || strchr("\\\"<>^`{|}", *text) != NULL) {
            return error_set(error, "holds a character that no URL may (RFC 3986 2)");
        }
        if (*text == '#') {
            return error_set(error, "has a fragment");
        }
    }
    return 0;
}

/* 192.0.2.1, 2130706433, 0x7f.1: whatever would be read as a number somewhere. */
static bool ends_in_number(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *label = dot != NULL ? dot + 1 : host;

    if (strncasecmp(label, "0x", 2) == 0) {
        return label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == '\0';
    }
    return label[strspn(label, "0123456789")] == '\0';
}

static int check_name(const char *host, struct error *error)
{
    struct in_addr ignored;

    if (host[0] == '.' || host[strlen(host) - 1] == '.' || strstr(host, "..") != NULL) {
        return error_set(error, "its host has an empty label");
    }
    if (ends_in_number(host) && inet_pton(AF_INET, host, &ignored) != 1) {
        return error_set(error, "its host is a number, and not four of them as in 192.0.2.1");
    }
    return 0;
}

static int copy_host(const char *text, size_t size, struct url *url, struct error *error)
{
    if (size == 0) {
        return error_set(error, "names no host");
    }
    if (size >= sizeof(url->host)) {
        return error_set(error, "its host is longer than %zu bytes", sizeof(url->host) - 1);
    }
    for (size_t i = 0; i < size; i++) {
        url->host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
    }
    url->host[size] = '\0';
    return 0;
}

/* Returns the octets used; 0: see error. */
static size_t parse_host(const char *text, struct url *url, struct error *error)
{
    struct in6_addr ignored;
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    if (text[0] == '[') {
        size = strcspn(text, "]");
        if (text[size] == '\0' || copy_host(text + 1, size - 1, url, error) != 0 ||
            inet_pton(AF_INET6, url->host, &ignored) != 1) {
            error_set(error, "between '[' and ']' must stand an IPv6 address, without a zone");
            return 0;
        }
        return size + 1;
    }
    return copy_host(text, size, url, error) == 0 && check_name(url->host, error) == 0 ? size : 0;
}

static bool is_bad_port(unsigned port)
{
    for (size_t i = 0; i < sizeof(BAD_PORTS) / sizeof(BAD_PORTS[0]); i++) {
        if (BAD_PORTS[i] == port) {
            return true;
        }
    }
    return false;
}

/* `text` begins behind the host. */
static int parse_port(const char *text, const struct scheme_row *row, struct url *url, struct error *error)
{
    size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
    const char *end = text[0] == ':' ? text + 1 + digits : text;

    if (*end != '\0' && *end != '/' && *end != '?') {
        return error_set(error, "only host and port may stand before the path");
    }
    url->port = row->port;
    if (text[0] == ':') {
        url->port = digits > 0 && digits <= 5 && text[1] != '0' ? (unsigned)strtoul(text + 1, NULL, 10) : 0;
    }
    if (url->port == 0 || url->port > 65535) {
        return error_set(error, "its port is not a number from 1 to 65535");
    }
    if (url->port != row->port && is_bad_port(url->port)) {
        return error_set(error, "its port %u belongs to another protocol", url->port);
    }
    return 0;
}

int url_parse(const char *text, struct url *url, struct error *error)
{
    const struct scheme_row *row = find_scheme(text);
    struct url parsed = {0};

    if (strnlen(text, MAX_FETCH_URL_BYTES + 1) > MAX_FETCH_URL_BYTES) {
        return error_set(error, "is longer than %d bytes", MAX_FETCH_URL_BYTES);
    }
    if (row == NULL) {
        return error_set(error, "is neither http, https nor ldap");
    }
    if (check_octets(text, error) != 0) {
        return -1;
    }
    text += strlen(row->prefix);
    if (memchr(text, '@', strcspn(text, "/?")) != NULL) {
        return error_set(error, "has a user name in it");
    }
    size_t used = parse_host(text, &parsed, error);

    if (used == 0 || parse_port(text + used, row, &parsed, error) != 0) {
        return -1;
    }
    parsed.scheme = row->scheme;
    *url = parsed;
    return 0;
}

const char *url_shown(const char *text, char out[URL_SHOWN_BYTES])
{
    const char *authority = strstr(text, "://");
    size_t size = 0;

    while (*text != '\0' && *text != '?' && *text != '#' && size < URL_SHOWN_BYTES - 1) {
        if (authority != NULL && text == authority + 3) {
            const char *at = memrchr(text, '@', strcspn(text, "/?#"));

            text = at != NULL ? at + 1 : text;
            authority = NULL;
            continue;
        }
        out[size++] = *text > ' ' && *text < 0x7f ? *text : '?';
        text++;
    }
    out[size] = '\0';
    return out;
}
