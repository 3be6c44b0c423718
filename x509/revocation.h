/*
 * Revocation of a whole path: every link but the anchor is asked for (RFC 5280 6.3).
 */
#ifndef X509_REVOCATION_H
#define X509_REVOCATION_H

#include "base/answer.h"
#include "x509/finding.h"
#include "x509/path.h"

/*
 * Fills verdict->revocation and verdict->evidence and judges by the policy's mode. Definite words come before unknown
 * ones: issuer_revoked, then, if `leaf_counts`, revoked, then revocation_unknown. Of an expired leaf only the
 * revocation of its issuers counts, for CRLs forget what has expired (RFC 5280 3.3). True: nothing against the path;
 * under `prefer` the finding's detail says what is not known. What is missing is written to request->wants.
 */
bool revocation_check(const struct path_request *request, const struct path *path, bool leaf_counts,
                      struct verdict *verdict);

#endif
