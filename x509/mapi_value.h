/*
 * The form in which MAPI keeps a userSMIMECertificate, where it is not a
 * SignedData message (MS-OXOABK 2.2.4.36): security settings one after another,
 *
 *   u16 tag ‖ u16 length, these four octets included ‖ data       little-endian
 *
 * Of them only the certificates matter here; the others (names, hashes, flags,
 * capabilities that nobody signed) are passed over, known or not.
 */
#ifndef X509_MAPI_VALUE_H
#define X509_MAPI_VALUE_H

#include "base/bytes.h"
#include "base/limits.h"

struct mapi_value {
    struct bytes key_exchange; /* the certificate to encrypt to: DER, or a SignedData message */
    struct bytes chain[MAX_BUNDLE_CERTIFICATES]; /* issuers of it, DER */
    size_t chain_count;
};

/* What is in it is borrowed from `bytes`. NULL: `value` is filled; else why it is no such value, in words. */
const char *mapi_value_read(struct bytes bytes, struct mapi_value *value);

#endif
