/*
 * The keys by which a certificate is found (RFC 4387 2.2), from its DER alone:
 * nothing but the skeleton is read, as this is done for each answer that goes
 * into memory. What is no certificate has no keys.
 *
 * Certificates to encrypt to are found by all attributes. Those of their issuers
 * by certHash, sHash and sKIDHash: who has a certificate, or a message signed by
 * one, looks for the next one up.
 */
#ifndef X509_SEARCH_KEYS_H
#define X509_SEARCH_KEYS_H

#include "base/answer.h"
#include "base/search_key.h"

/* Sets of attributes. */
#define SEARCH_BIT(attribute) (1U << (attribute))
#define SEARCH_OF_LEAF (SEARCH_BIT(SEARCH_URI) - 1)
#define SEARCH_OF_ISSUER (SEARCH_BIT(SEARCH_CERT_HASH) | SEARCH_BIT(SEARCH_S_HASH) | SEARCH_BIT(SEARCH_SKID_HASH))

/* Calls `visit` with each key of the certificate whose attribute is in the set: one of each, but of CommonNames at most
 * MAX_CERTIFICATE_CNS, and none of what is not in the certificate. */
void search_keys_each(struct bytes der, unsigned attributes, void (*visit)(void *context, const struct search_key *key),
                     void *context);

/* Whether the certificate has this key. */
bool search_keys_have(struct bytes der, const struct search_key *key);

/* Calls `visit` with each usable certificate of the answer that has this key, best first, and with each of the
 * certificates of their issuers that has; one may come more than once. */
void search_keys_find(const struct answer *answer, const struct search_key *key,
                   void (*visit)(void *context, struct blob *der), void *context);

#endif
