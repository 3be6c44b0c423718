/*
 * A directory's settings, copied: they live as long as the directory, whatever
 * becomes of the configuration that they were read from.
 */
#ifndef LDAP_SETTINGS_H
#define LDAP_SETTINGS_H

#include "ldap/directory.h"

/* -1: out of memory; `copy` then holds nothing. */
int settings_copy(const struct directory_config *config, struct directory_config *copy);

/* Wipes the password, frees what settings_copy() made. */
void settings_free(struct directory_config *copy);

/* Whether the text is a distinguished name (RFC 4514) in UTF-8. */
bool settings_is_dn(const char *dn);

#endif
