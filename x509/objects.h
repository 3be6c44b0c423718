/*
 * What a file holds, without a verdict on any of it: certificates, PKCS#7
 * messages and CRLs, as they stand there. For who wants to judge them, the bad
 * ones as well; anchors are loaded by x509/load.h, which takes no bad one.
 */
#ifndef X509_OBJECTS_H
#define X509_OBJECTS_H

#include "base/bytes.h"
#include "base/error.h"

enum object_kind {
    OBJECT_CERTIFICATE, /* or what claims to be one */
    OBJECT_MESSAGE,     /* a CMS or PKCS#7 message, DER or BER */
    OBJECT_CRL
};

/* Calls `visit` with each object of a PEM file (blocks of other kinds are passed over), of a serialized certificate
 * store, or with the file itself as DER. Stops at the first -1, which it returns; -1 also for a PEM block or a store
 * that is broken. */
int objects_each(struct bytes file,
                 int (*visit)(void *context, enum object_kind kind, struct bytes bytes, struct error *error),
                 void *context, struct error *error);

#endif
