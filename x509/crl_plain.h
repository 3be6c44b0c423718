/*
 * The plain form of a CRL's entry (RFC 5280 5.1.2.6): DER, a serial number that
 * is not negative, a UTCTime, no extension but reasonCode. Nearly all entries
 * have it, and reading it takes a hundredth of what libcrypto takes. Whatever
 * is otherwise, be it right or wrong, is for libcrypto to read.
 */
#ifndef X509_CRL_PLAIN_H
#define X509_CRL_PLAIN_H

#include "base/bytes.h"

struct crl_plain {
    struct bytes serial; /* its magnitude, as libcrypto would have it */
    int64_t revoked_at;
    int8_t reason;       /* RFC 5280 5.3.1; -1: none stated, or no such number */
};

/* The entry that `rest` begins with, which `rest` then goes beyond. False: it is not plain, and `rest` stays. */
bool crl_plain_take(struct bytes *rest, struct crl_plain *entry);

#endif
