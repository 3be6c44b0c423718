/*
 * An encoded CRL taken apart (RFC 5280 5.1): its entries, of which there may be
 * a million, and the rest. libcrypto reads the rest, as a CRL without entries;
 * its own form of the entries would take ten times their octets, and most of
 * the time of a start. x509/crl_index.h reads the entries.
 */
#ifndef X509_CRL_PARTS_H
#define X509_CRL_PARTS_H

#include <openssl/x509.h>

#include "base/bytes.h"

/* Views point into what was taken apart. */
struct crl_parts {
    X509_CRL *head;       /* all but the entries; its signature is that of the whole */
    X509_ALGOR *inner;    /* the AlgorithmIdentifier in what is signed */
    struct bytes tbs;     /* what is signed, with tag and length */
    struct bytes entries; /* revokedCertificates, without tag and length; empty: none */
};

/* False: not a CRL, or its frame has indefinite lengths, or no memory; nothing to free. */
bool crl_parts_take(struct crl_parts *parts, struct bytes der);
void crl_parts_free(struct crl_parts *parts);

/* Whether the whole was signed with that key. */
bool crl_parts_verify(const struct crl_parts *parts, EVP_PKEY *key);

#endif
