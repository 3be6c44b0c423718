/*
 * A URL that a certificate, or a redirect, names: taken apart strictly, so that
 * there is no second way to read it. What is not plain is refused: user and
 * password, fragments, control characters, spaces, what is not ASCII, hosts that
 * are numbers in any other spelling than 192.0.2.1 or [2001:db8::1], and ports
 * that belong to other protocols (the "bad ports" of the Fetch standard, 2.9).
 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/limits.h"

enum url_scheme { URL_HTTP, URL_HTTPS, URL_LDAP };

struct url {
    enum url_scheme scheme;
    char host[MAX_DOMAIN_BYTES + 1]; /* lower case; a name in A-labels or an address, IPv6 without brackets */
    unsigned port;
};

/* -1: refused, the words say why. */
int url_parse(const char *text, struct url *url, struct error *error);

/* The URL for a log line: without user and password, query and what is not printable, and not too long. */
#define URL_SHOWN_BYTES 256
const char *url_shown(const char *text, char out[URL_SHOWN_BYTES]);

#endif
