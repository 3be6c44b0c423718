/*
 * What is to be dropped from the caches: one address, a domain, or all there is.
 */
#ifndef BASE_DROP_H
#define BASE_DROP_H

#include "base/address.h"

enum drop_what { DROP_ADDRESS, DROP_DOMAIN, DROP_ALL };

struct drop {
    enum drop_what what;
    struct address address;            /* DROP_ADDRESS */
    char domain[MAX_DOMAIN_BYTES + 1]; /* DROP_DOMAIN: this one exactly; as address_domain_pattern_parse() gives it */
};

#endif
