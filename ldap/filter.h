/*
 * What puts an address, or a name, into an LDAP filter (RFC 4515).
 */
#ifndef LDAP_FILTER_H
#define LDAP_FILTER_H

#include "base/address.h"
#include "base/buffer.h"
#include "base/error.h"

/* %m address, %u local part, %d domain, %% a percent sign; every octet of a value that RFC 4515 section 3 wants
 * escaped, and every octet outside printable ASCII, is written as \xx. An address whose domain has U-labels is asked in
 * both forms: (|(A-label filter)(U-label filter)). -1: the buffer is full. */
int filter_build(const char *template, const struct address *address, struct buffer *out);

/* (cn=NAME), escaped likewise, so that it asks for this very name: none of it is a wildcard. -1: the buffer is full. */
int filter_build_name(const char *name, struct buffer *out);

/* Whether the template is a filter once its places are filled, uses at least one of %m, %u and %d, and no other %x. */
int filter_check(const char *template, struct error *error);

#endif
