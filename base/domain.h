/*
 * A domain, normalised: what stands behind the '@', and what the configuration
 * calls a domain. Elsewhere base/address.h is what to use.
 */
#ifndef BASE_DOMAIN_H
#define BASE_DOMAIN_H

#include "base/bytes.h"
#include "base/limits.h"

struct domain {
    char text[MAX_DOMAIN_BYTES + 1]; /* A-labels, lower case, no trailing dot */
    size_t size;
    char display[MAX_ADDRESS_DISPLAY_BYTES + 1]; /* U-labels */
};

/* `raw` is well-formed UTF-8 without NUL. False: not a host name of at least `least_labels` labels. */
bool domain_parse(struct bytes raw, size_t least_labels, struct domain *domain);

#endif
