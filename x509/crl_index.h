/*
 * The entries of a CRL, sorted, so that one of a million is found in twenty
 * steps. libcrypto's own search sorts at first use, under a lock, and knows of
 * an entry's certificateIssuer only by walking; this is made once and only read.
 */
#ifndef X509_CRL_INDEX_H
#define X509_CRL_INDEX_H

#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/error.h"

struct crl_entry {
    int64_t revoked_at;
    uint32_t serial;     /* where it begins among `serials` */
    uint32_t beginning;  /* its first octets as a number: order and search seldom look at more */
    uint16_t serial_size;
    uint16_t issuer;     /* id of the certificates' issuer */
    int8_t reason;       /* RFC 5280 5.3.1; -1: none stated */
};

/* An issuer whose certificates stand in the CRL: its own, id 0, and in an indirect CRL others. */
struct crl_index_name {
    X509_NAME *name;
    uint16_t id;
};

struct crl_index {
    struct crl_entry *entries; /* by issuer, then serial */
    size_t count;
    uint8_t *serials;          /* each: 1 where it is negative, else 0; then its magnitude */
    size_t serial_bytes;
    struct crl_index_name *names; /* by name */
    size_t name_count;
};

enum crl_taken {
    CRL_TAKEN,
    CRL_ASIDE,  /* it is no evidence here; `error` says why */
    CRL_BROKEN  /* `error` says why */
};

/* Of all entries, which are what is in revokedCertificates, in one walk: their extensions are read and held against RFC
 * 5280 5.3. `issuer` is the CRL's own. With `indirect`, an entry's certificateIssuer counts for those that follow as
 * well (RFC 5280 5.3.3). Unless CRL_TAKEN, the index is empty. */
enum crl_taken crl_index_make(struct crl_index *index, struct bytes entries, const X509_NAME *issuer, bool indirect,
                              struct error *error);
void crl_index_free(struct crl_index *index);

/* The entry of the certificate of this issuer and serial number. NULL: not listed. */
const struct crl_entry *crl_index_find(const struct crl_index *index, const X509_NAME *issuer,
                                       const ASN1_INTEGER *serial);

/* Whether an entry takes that certificate off the list that this delta follows; `serial` as it stands in `serials`. */
bool crl_index_removes(const struct crl_index *index, const X509_NAME *issuer, struct bytes serial);

/* Calls `visit` with each entry, the name of its issuer, and its serial number as it stands in `serials`. */
void crl_index_each(const struct crl_index *index,
                    void (*visit)(void *context, const X509_NAME *issuer, struct bytes serial, int reason),
                    void *context);

size_t crl_index_bytes(const struct crl_index *index);

#endif
