/*
 * By what a certificate is searched for (RFC 4387 2.2): an attribute and its
 * value, in the form in which two of them are compared. What is a hash there is
 * the SHA-1 itself, not its base64.
 */
#ifndef BASE_SEARCH_KEY_H
#define BASE_SEARCH_KEY_H

#include "base/blob.h"
#include "base/digest.h"
#include "base/limits.h"

enum search_attribute {
    SEARCH_CERT_HASH,    /* of the certificate */
    SEARCH_I_HASH,       /* of its issuer's Name, or that of a CRL */
    SEARCH_I_AND_S_HASH, /* of its IssuerAndSerialNumber (RFC 5652 10.2.4) */
    SEARCH_S_HASH,       /* of its subject's Name */
    SEARCH_SKID_HASH,    /* of the octets of its subjectKeyIdentifier, or that of a CRL's issuer */
    SEARCH_NAME,         /* a CommonName of its subject, folded: text_append_folded() */
    SEARCH_URI,          /* a mail address, as it was sent. Has no key: it is looked up */
    SEARCH_ATTRIBUTES
};

struct search_key {
    enum search_attribute attribute;
    size_t size;
    uint8_t value[MAX_SEARCH_FOLDED_BYTES];
};

/* Something that has a key. */
struct search_match {
    struct blob *der;     /* one reference, the holder's */
    struct digest digest; /* SHA-256 of it */
};

/* The key of a SHA-1. */
void search_key_of_hash(enum search_attribute attribute, const uint8_t sha1[DIGEST_SHA1_BYTES], struct search_key *key);

/* The key of what has this SHA-1. */
void search_key_of_bytes(enum search_attribute attribute, struct bytes bytes, struct search_key *key);

/* The key of a CommonName in UTF-8. False: it is none, or too long. */
bool search_key_of_name(struct bytes name, struct search_key *key);

bool search_key_equal(const struct search_key *a, const struct search_key *b);

/* A keyed hash of it, for tables. */
uint64_t search_key_hash(const struct search_key *key);

#endif
