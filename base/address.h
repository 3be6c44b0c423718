/*
 * A mail address, normalised: two spellings of one mailbox give the same bytes.
 *
 *   - the domain as A-labels in lower case (IDNA 2008, UTS #46 non-transitional), no trailing dot;
 *   - ASCII letters of the local part in lower case, everything else as it came, in NFC (RFC 6532 3.1);
 *   - a quoted local part whose content is a dot-atom loses its quotes (RFC 5321 4.1.2).
 *
 * Only an addr-spec is an address: no display name, no angle brackets, no
 * comment, no address literal ("user@[192.0.2.1]" holds no certificate).
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/bytes.h"
#include "base/limits.h"

struct address {
    char text[MAX_ADDRESS_BYTES + 1];           /* what is compared, asked and cached */
    size_t size;
    size_t local_size;                          /* text[local_size] is the '@' */
    uint64_t hash;                              /* digest_table_hash() of text: tables are asked more than once */
    char display[MAX_ADDRESS_DISPLAY_BYTES + 1]; /* the domain in U-labels; equals text where there is none */
};

enum address_fault {
    ADDRESS_OK,
    ADDRESS_EMPTY,
    ADDRESS_TOO_LONG,        /* the whole, RFC 5321 4.5.3.1.3 */
    ADDRESS_NO_AT,
    ADDRESS_LOCAL_TOO_LONG,  /* RFC 5321 4.5.3.1.1 */
    ADDRESS_BAD_LOCAL,       /* neither dot-string nor quoted-string, RFC 5321 4.1.2, RFC 6531 3.3 */
    ADDRESS_BAD_DOMAIN,      /* not a host name of at least two labels, or not valid in IDNA */
    ADDRESS_BAD_UTF8,
    ADDRESS_CONTROL          /* a control character, NUL included */
};

/* `address` is written only on ADDRESS_OK. Never allocates more than a few hundred bytes, frees them. */
enum address_fault address_parse(struct bytes raw, struct address *address);

/* A sentence for people: "the domain is not a valid host name". */
const char *address_fault_text(enum address_fault fault);

/* As a whole it has room for the longest: copies what there is. */
static inline void address_copy(struct address *to, const struct address *from)
{
    to->size = from->size;
    to->local_size = from->local_size;
    to->hash = from->hash;
    memcpy(to->text, from->text, from->size + 1);
    memcpy(to->display, from->display, strlen(from->display) + 1);
}

static inline const char *address_domain(const struct address *address)
{
    return address->text + address->local_size + 1;
}

static inline struct bytes address_bytes(const struct address *address)
{
    return bytes_of(address->text, address->size);
}

/* A domain alone, normalised as in an address: for configuration. "*.example.org" and "*" stay patterns.
 * False: not a domain. `out` holds MAX_DOMAIN_BYTES + 3. */
bool address_domain_pattern_parse(const char *raw, char *out);

/* Whether the normalised domain fits: equal; "*.example.org" fits any name below it, not itself; "*" fits all. */
bool address_domain_matches(const char *domain, const char *pattern);

/* Whether a domain could be that fits both patterns. */
bool address_domain_patterns_meet(const char *a, const char *b);

#endif
