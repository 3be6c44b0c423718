/*
 * A throwaway PKI: authorities, certificates, CRLs, bundles, made with OpenSSL.
 *
 * For the tests and the demo only: whatever fails ends the program with a
 * message (must()), and nobody checks a result. Authorities are written once
 * and then only read, so any number of threads may issue from one.
 */
#ifndef PEOPLE_PKI_H
#define PEOPLE_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Ends the program with "what" and OpenSSL's own words unless `held` does. Returns nothing worth looking at. */
void must(bool held, const char *what);

/* An encoded thing. Owned by whoever holds the struct; free() its data. */
struct der {
    uint8_t *data;
    size_t size;
};

struct der der_copy(const void *data, size_t size);

enum key_kind {
    KEY_RSA_1024, KEY_RSA_2048, KEY_RSA_3072, KEY_P256, KEY_P384, KEY_P521, KEY_ED25519,
    KEY_RSA_PSS, /* id-RSASSA-PSS, which signs only */
    KEY_DSA, KEY_X25519, KEY_BRAINPOOL256, KEY_SECP256K1
};

EVP_PKEY *key_new(enum key_kind kind);

struct authority {
    const char *file; /* its files' name without ending: "issuing-ca" */
    EVP_PKEY *key;
    X509 *certificate;
};

#define EXTENSIONS_MAX 6

/* What a certificate shall say. Absent members are absent from the certificate; subjectKeyIdentifier and, but for a
 * self-signed one, authorityKeyIdentifier are always there. */
struct certificate_spec {
    const struct authority *issuer; /* NULL: signed by `key` itself */
    EVP_PKEY *key;
    const char *common_name;
    const char *email;              /* emailAddress in the subject */
    const char *const *addresses;   /* rfc822Names of subjectAltName */
    size_t address_count;
    const char *hosts;              /* subjectAltName as in openssl.cnf: "DNS:localhost,IP:127.0.0.1" */
    time_t now;                     /* 0: as the system's clock has it */
    int from_days, until_days;      /* from then; negative is the past */
    struct extension_spec {
        const char *name, *value;   /* as in openssl.cnf: {"keyUsage", "critical,keyEncipherment"} */
    } extensions[EXTENSIONS_MAX];
    const char *sections;           /* that their values name, as in openssl.cnf; NULL: none */
    const EVP_MD *digest;           /* NULL: SHA-256 */
    bool pss;                       /* RSASSA-PSS */
};

/* The caller's to X509_free(). */
X509 *certificate_issue(const struct certificate_spec *spec);
struct der certificate_der(const X509 *certificate);

/* A CA certificate with a fresh key; `spec` says all but the key. */
void authority_new(struct authority *authority, const char *file, enum key_kind kind, struct certificate_spec spec);
void authority_free(struct authority *authority);

struct revoked_serial {
    const struct authority *issuer; /* NULL: nothing is revoked */
    ASN1_INTEGER *serial;
    int crl_reason;                 /* RFC 5280 5.3.1 */
};

/* An extension of a certificate or, with `subject` NULL, of a CRL. `value` is as in openssl.cnf, and `sections` holds the
 * sections that it names; NULL: it names none. */
X509_EXTENSION *extension_make(X509 *issuer, X509 *subject, const char *sections, const char *name, const char *value);

/* The CRL of `issuer`, with those of `revoked` that are its own; valid until `until_days` from now. */
X509_CRL *crl_issue(const struct authority *issuer, const struct revoked_serial *revoked, size_t count, int until_days);

enum bundle_form {
    BUNDLE_SIGNED,      /* SignedData over nothing, with SMIMECapabilities and chain (RFC 2798 2.8) */
    BUNDLE_STREAMED,    /* the same in BER with indefinite lengths */
    BUNDLE_CERTS_ONLY   /* certificates and no signature (RFC 8551 3.2.2) */
};

struct der bundle_make(enum bundle_form form, X509 *leaf, EVP_PKEY *key, X509 *const *chain, size_t chain_count);

#endif
