/*
 * What a PKI publishes, right or wrong: CRLs and OCSP answers that say whatever
 * a test wants said.
 */
#ifndef CASES_PUBLISH_H
#define CASES_PUBLISH_H

#include "tests/people/pki.h"

#define CRL_ENTRIES_MAX 2

struct crl_spec {
    const struct authority *issuer; /* whose name it bears */
    EVP_PKEY *key;                  /* that signs it; NULL: the issuer's */
    const char *scope;              /* issuingDistributionPoint as in openssl.cnf; NULL: none */
    const char *sections;           /* that it names */
    int number;
    int base_number;                /* of the CRL that this is a delta to (RFC 5280 5.2.4); 0: it is none */
    int from_hours, until_hours;    /* from now */
    struct crl_entry {
        const X509 *certificate;    /* NULL: the end */
        int reason;                 /* RFC 5280 5.3.1 */
        bool of_another;            /* names its issuer, as in an indirect CRL (RFC 5280 5.3.3) */
    } entries[CRL_ENTRIES_MAX + 1];
};

struct der crl_publish(const struct crl_spec *spec);

struct ocsp_spec {
    X509 *subject, *issuer; /* of what it speaks */
    X509 *signer;
    EVP_PKEY *key;
    int from_hours, until_hours;
    const char *nonce;      /* NULL: none */
};

/* An OCSPResponse that says "good". */
struct der ocsp_publish(const struct ocsp_spec *spec);

#endif
