/*
 * The issuers that everybody who judges by one policy has: its anchors and its
 * intermediates. Between two who have the same policy an issuer's digest says as
 * much as its bytes.
 *
 * Immutable once it is whole, so any thread may search it.
 */
#ifndef BASE_KNOWN_ISSUERS_H
#define BASE_KNOWN_ISSUERS_H

#include "base/blob.h"
#include "base/digest.h"

struct known_issuer {
    struct digest digest; /* SHA-256 of its DER */
    struct blob *blob;    /* one reference */
};

struct known_issuers {
    struct digest policy; /* the policy's fingerprint, which covers all of them */
    size_t count;
    struct known_issuer items[]; /* ascending by digest, each once */
};

/* Room for so many, none of them there yet. NULL: out of memory. */
struct known_issuers *known_issuers_new(const struct digest *policy, size_t room);
void known_issuers_free(struct known_issuers **known);

/* Takes a reference to the blob. Within the room; repetitions are for known_issuers_sort(), which makes it whole. */
void known_issuers_add(struct known_issuers *known, const struct digest *digest, struct blob *blob);
void known_issuers_sort(struct known_issuers *known);

/* Whether it may stand for its issuers under that policy; NULL never may. */
bool known_issuers_are_of(const struct known_issuers *known, const struct digest *policy);

/* Borrowed; NULL: none of them. */
struct blob *known_issuers_find(const struct known_issuers *known, struct bytes digest);

/* Whether this very blob is one of them. */
bool known_issuers_hold(const struct known_issuers *known, const struct blob *issuer);

/* The digest of this issuer, by its bytes, whichever blob holds them; borrowed. NULL: none of them. */
const struct digest *known_issuers_digest(const struct known_issuers *known, const struct blob *issuer);

#endif
