/*
 * Certificates that may have issued others, found by their name.
 */
#ifndef X509_ISSUERS_H
#define X509_ISSUERS_H

#include "x509/cert.h"

/* Borrowed certificates, sorted by subject; of one subject, anchors first, then the one that lives longest, then by
 * fingerprint. */
struct issuers {
    const struct cert **sorted;
    size_t count;
};

/* Takes those of `certs` that say in any way that they issue certificates or CRLs, and anchors; equal ones once. -1:
 * out of memory. */
int issuers_make(struct issuers *issuers, const struct cert *const *certs, size_t count);
void issuers_free(struct issuers *issuers);

/* The first one of that name, how many there are in `count`; they follow each other. NULL: none. */
const struct cert *const *issuers_find(const struct issuers *issuers, const X509_NAME *name, size_t *count);

#endif
