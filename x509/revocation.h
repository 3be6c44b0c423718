/*
 * Revocation of a whole path: every link but the anchor is asked for (RFC 5280 6.3).
 */
#ifndef X509_REVOCATION_H
#define X509_REVOCATION_H

#include "base/answer.h"
#include "x509/finding.h"
#include "x509/path.h"

/*
 * Fills `revocation` and judges by the policy's mode. Definite words come before unknown ones: issuer_revoked, then, if
 * `leaf_counts`, revoked, then revocation_unknown. Of an expired leaf only the revocation of its issuers counts, for
 * CRLs forget what has expired (RFC 5280 3.3). True: nothing against the path; under `prefer` the finding's detail says
 * what is not known.
 */
bool revocation_check(const struct policy *policy, const struct path *path, int64_t now, bool leaf_counts,
                      struct revocation *revocation, struct finding *finding);

#endif
