/*
 * Which addresses an entry answers for, read from the entry itself: the filter
 * template the other way round. Of
 *
 *     (|(mail=%m)(proxyAddresses=smtp:%m))
 *
 * come the attributes mail and proxyAddresses, and each of their values is an
 * address, with or without "smtp:" before it. A value may be read as too many
 * addresses, never as too few: each pattern is tried on each value, whichever
 * attribute it is of (a server may answer with the attribute's other names, or
 * with its subtypes).
 *
 * What an entry is asked for by approximate, ordering, substring or extensible
 * match, or by its domain alone, does not say which addresses it answers for. A
 * filter that lets an entry in by such an assertion alone cannot be followed.
 */
#ifndef LDAP_SYNC_NAMES_H
#define LDAP_SYNC_NAMES_H

#include "ldap/directory.h"

#define SYNC_PATTERNS 8
#define SYNC_TEXT_BYTES 128 /* of an attribute's name, and of what stands beside a place */

struct sync_names {
    const struct directory_config *config; /* for its domains */
    size_t count;
    struct sync_pattern {
        char attribute[SYNC_TEXT_BYTES];
        char prefix[SYNC_TEXT_BYTES], suffix[SYNC_TEXT_BYTES];
        bool is_local; /* the place is a local part; else an address */
    } patterns[SYNC_PATTERNS];
};

/* `config` with a filter that filter_check() accepts; it must outlive `out`. -1: it cannot be followed, the words say
 * why. */
int sync_names_make(const struct directory_config *config, struct sync_names *out, struct error *error);

/* Calls `tell` with each address of the directory's domains that a value stands for. False: it stands for none at all,
 * whatever the domain. */
bool sync_names_read(const struct sync_names *names, struct bytes value,
                     void (*tell)(void *context, const struct address *address), void *context);

#endif
