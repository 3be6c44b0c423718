/*
 * What is to be dropped from the caches: one address, a domain, or all.
 */
#ifndef BASE_PURGE_H
#define BASE_PURGE_H

#include "base/address.h"
#include "base/error.h"

enum purge_what { PURGE_ADDRESS, PURGE_DOMAIN, PURGE_ALL, PURGE_COUNT };

/* "address" "domain" "all" */
const char *purge_word(enum purge_what what);

struct purge {
    enum purge_what what;
    struct address address;            /* of PURGE_ADDRESS */
    char domain[MAX_DOMAIN_BYTES + 1]; /* of PURGE_DOMAIN: normalised; this one alone, not those below it */
};

/* What the text names, of the kind that is said. -1: it is none; the words say why. PURGE_ALL asks for no text. */
int purge_parse(enum purge_what what, struct bytes text, struct purge *purge, struct error *error);

/* What a person calls it: an address, a domain, or the word "all". Likewise. */
int purge_parse_any(const char *text, struct purge *purge, struct error *error);

/* The address or the domain; "true" of all. */
const char *purge_text(const struct purge *purge);

#endif
