/*
 * The objects in a file: one for each PEM block, or the whole file as DER.
 */
#ifndef X509_PEM_H
#define X509_PEM_H

#include "base/bytes.h"
#include "base/error.h"

/* Calls `visit` with the label ("CERTIFICATE"; NULL for DER) and the bytes of each object. Stops at the first -1, which
 * it returns; -1 also for a PEM block that is broken. */
int pem_each(struct bytes file, int (*visit)(void *context, const char *label, struct bytes der, struct error *error),
             void *context, struct error *error);

#endif
