/*
 * The address of one LDAP server, as the configuration gives it.
 *
 * Only what opens a connection may stand in it: base, attributes, scope and
 * filter have settings of their own, and credentials never belong in a URI.
 */
#ifndef LDAP_URI_H
#define LDAP_URI_H

#include <stdbool.h>

#include "base/error.h"
#include "base/limits.h"

enum uri_scheme { URI_LDAP, URI_LDAPS, URI_LDAPI };

#define URI_PATH_BYTES 108 /* of struct sockaddr_un */

struct uri {
    enum uri_scheme scheme;
    char host[MAX_DOMAIN_BYTES + 1]; /* a name or a numeric address, IPv6 without brackets; "" for ldapi */
    char port[6];
    char path[URI_PATH_BYTES]; /* of the socket; "" but for ldapi */
};

/* ldap://host[:port] ldaps://host[:port] ldapi://%2Fpath; a single '/' may end the first two. -1: the words say why. */
int uri_parse(const char *text, struct uri *uri, struct error *error);

/* Whether what goes there stays on this machine: a socket in the file system or a loopback address. */
bool uri_is_local(const struct uri *uri);

#endif
