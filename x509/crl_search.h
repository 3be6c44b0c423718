/*
 * CRLs by what they are searched for (RFC 4387 2.2): iHash, their issuer's Name,
 * and sKIDHash, the key identifier of the certificate that they were verified
 * with, or what they say of it themselves where that has none.
 */
#ifndef X509_CRL_SEARCH_H
#define X509_CRL_SEARCH_H

#include "base/search_key.h"
#include "x509/evidence.h"

/* Of those that policies and evidence hold: what is verified and current, each once, complete CRLs before deltas, then
 * the newest first. At most `most`, with a reference each for the caller; how many. Looks at all of them. */
size_t crl_search(const struct policies *policies, const struct evidence *evidence, const struct search_key *key,
                  int64_t now, struct search_match *crls, size_t most);

#endif
