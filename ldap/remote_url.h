/*
 * An LDAP URL (RFC 4516) that a certificate names, taken apart: one entry of one
 * server, and which of the attributes that may be asked for.
 */
#ifndef LDAP_REMOTE_URL_H
#define LDAP_REMOTE_URL_H

#include "ldap/uri.h"

#define REMOTE_ATTRIBUTES 4 /* that may be asked for */

struct remote_url {
    struct uri uri;   /* host and port */
    char *dn;
    const char *attributes[2 * REMOTE_ATTRIBUTES + 1]; /* what to ask for, in both spellings; the last one is NULL */
    const char *names[REMOTE_ATTRIBUTES + 1];          /* the same without options */
};

/* ldap://host[:port]/dn?attributes[?base[?filter]]. The filter is not kept: the entry is named already, and what is in
 * it is signed. -1: the words say why; there is nothing to clear. */
int remote_url_parse(const char *text, struct remote_url *url, struct error *error);
void remote_url_clear(struct remote_url *url);

#endif
