/*
 * Which issuers' certificates were found to be signed by which others: so that
 * what stands above a thousand leaves is verified once.
 *
 * That a key made a signature over octets is true for ever, whatever the time,
 * the policy and the evidence; so all that is held is that, of two certificates
 * by their whole SHA-256, and only where it was found true. What was not found
 * true is worked out each time. The process has one such memo of fixed size, for
 * all threads, without a lock: a pair that meets another in its place replaces
 * it, and one that is read while it is written is as good as absent.
 */
#ifndef X509_LINK_MEMO_H
#define X509_LINK_MEMO_H

#include "base/digest.h"

#define LINK_MEMO_PLACES 4096

/* Whether the signature over `subject` was verified with the key of `issuer`. */
bool link_memo_has(const struct digest *subject, const struct digest *issuer);
void link_memo_add(const struct digest *subject, const struct digest *issuer);

/* For tests: as at the start. */
void link_memo_clear(void);

#endif
