/*
 * What is to be dropped from the caches: one address, a domain, or all there is.
 */
#ifndef BASE_DROP_H
#define BASE_DROP_H

#include "base/address.h"
#include "base/error.h"

enum drop_what { DROP_ADDRESS, DROP_DOMAIN, DROP_ALL };
#define DROP_WHATS (DROP_ALL + 1)

/* "address" "domain" "all" */
const char *drop_word(enum drop_what what);

struct drop {
    enum drop_what what;
    struct address address;            /* DROP_ADDRESS */
    char domain[MAX_DOMAIN_BYTES + 1]; /* DROP_DOMAIN: this one exactly; as address_domain_pattern_parse() gives it */
};

/* What the text names, of the kind that is said. -1: it is none; the words say why. DROP_ALL asks for no text. */
int drop_parse(enum drop_what what, struct bytes text, struct drop *drop, struct error *error);

/* What a person calls it: an address, a domain, or the word "all". Likewise. */
int drop_parse_any(const char *text, struct drop *drop, struct error *error);

/* The address or the domain; "true" of all. */
const char *drop_text(const struct drop *drop);

/* One who wants to know when a drop is done: `done` comes once, on any thread, when nothing that was dropped is served
 * by this process any more, with how many answers it had in memory. Lives inside the one who waits. */
struct drop_waiter {
    void (*done)(struct drop_waiter *waiter, size_t dropped);
};

#endif
