/*
 * Best first. Among usable certificates, the first of these that differs decides:
 *
 *   0  how it is for the address: it names it; it names an alias's entry, its domain, nothing (enum leaf_claim)
 *   1  emailProtection in extKeyUsage
 *   2  keyUsage exactly keyEncipherment (RSA) or keyAgreement (others), then the same with digitalSignature, then any
 *      other, or none
 *   3  RSA before other keys
 *   4  the address in subjectAltName before one in the subject alone
 *   5  the newest notBefore
 *   6  the fingerprint, so that the order is the same on every run
 *
 * Revocation known to be good comes before unknown, ahead of all these: only
 * under `revocation = prefer` can both be usable.
 */
#ifndef X509_ORDER_H
#define X509_ORDER_H

#include "base/answer.h"
#include "x509/rules.h"

/* What the order looks at. Made once for each value, for the leaf may be gone when values are sorted. */
struct rank {
    enum reason reason;
    bool revocation_known, email_protection;
    enum leaf_claim claim;
    int usage;
    bool rsa;
    bool in_alternative_name;
    int64_t not_before;
    struct digest fingerprint;
};

/* `leaf` may be NULL: malformed. */
struct rank rank_of(const struct leaf *leaf, enum reason reason, enum revocation_status status);

/* Why of two usable ones, `first` before `second`, each stands where it does: what is said of the one that this is
 * about, by the criterion that decided. Never NULL. */
const char *rank_words(const struct rank *first, const struct rank *second, bool about_first);

/* < 0: `a` stands first. Usable ones before refused ones; refused ones nearest to usable first. */
int rank_compare(const struct rank *a, const struct rank *b);

#endif
