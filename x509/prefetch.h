/*
 * What is worth having before anybody asks: the CRLs that the configuration
 * names by URL, and those that the configured authorities name themselves.
 */
#ifndef X509_PREFETCH_H
#define X509_PREFETCH_H

#include "x509/need.h"
#include "x509/policies.h"

/* Calls `visit` with each need of each policy that looks at revocation; one may come twice. `points`: those that
 * authorities name, too. */
void policies_each_need(const struct policies *policies, bool points,
                        void (*visit)(void *context, const struct need *need), void *context);

#endif
