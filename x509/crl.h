/*
 * One CRL, read and verified (RFC 5280 5).
 *
 * libcrypto parses all but its entries (crl_parts.h); what it says is then kept in our
 * own form, and libcrypto's is given back. Everything is worked out when it is read: any number of threads
 * may ask at once.
 *
 * Its signature is checked once, by crl_verify(), which remembers the key that
 * made it. Which certificate that key belongs to, and whether that certificate
 * may speak for an anchor, is asked for each path: x509/signer.h.
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include <openssl/x509v3.h>
#include <stdatomic.h>

#include "base/blob.h"
#include "base/error.h"
#include "x509/crl_index.h"
#include "x509/crl_parts.h"
#include "x509/in_use.h"
#include "x509/issuers.h"

#define CRL_NUMBER_BYTES 20 /* RFC 5280 5.2.3 */
#define CRL_NUMBER_TEXT_BYTES 52

/* A non-negative integer, without leading zeros. */
struct crl_number {
    uint8_t bytes[CRL_NUMBER_BYTES];
    size_t size;
};

struct crl {
    atomic_uint references;
    X509_NAME *issuer;
    EVP_PKEY *key;                /* that made its signature; NULL: not verified, no evidence, waits for its signer */
    struct blob *der;             /* as it came: it is given to who asks for it (RFC 4387) */
    struct crl_parts parts;       /* until it is verified */
    uint8_t issuer_sha1[DIGEST_SHA1_BYTES]; /* of its issuer's Name, DER: iHash */
    uint8_t key_id_sha1[DIGEST_SHA1_BYTES]; /* of the octets of its issuer's key identifier: sKIDHash */
    bool has_key_id;
    int signature_digest;         /* NID; NID_undef where the algorithm has none of its own */
    ISSUING_DIST_POINT *scope;    /* NULL: everything that its issuer issued */
    struct digest scope_digest;   /* of its octets: equal ones are one scope; zeros: none */
    STACK_OF(DIST_POINT) *freshest; /* RFC 5280 5.2.6; may be NULL */
    char *signer_url;             /* http: where its AIA says its signer's certificate is (5.2.7); may be NULL */
    struct digest fingerprint;
    bool delta, has_number;
    struct crl_number number, base; /* the latter of a delta CRL (5.2.4) */
    char number_text[CRL_NUMBER_TEXT_BYTES]; /* decimal; "": none stated */
    int64_t this_update;
    int64_t next_update;          /* 0: none stated, so never current (RFC 5280 5.1.2.5) */
    struct crl_index index;
    char *source;                 /* the file, URL or entry */
    struct in_use in_use;
};

/* CRL_TAKEN: `crl` is the caller's, not verified yet. */
enum crl_taken crl_read(struct bytes der, const char *source, struct crl **crl, struct error *error);
struct crl *crl_ref(struct crl *crl);
void crl_free(struct crl **crl);

/* Whether it has the frame of a CRL: crl_read() may still find it broken. */
bool crl_is(struct bytes der);

/* Looks for the key that made its signature among those issuers that bear its issuer's name and may sign CRLs; call it
 * before anybody else knows the CRL. Negative: none did, and the words say so. `tried` counts what was looked at; NULL:
 * nobody wants to know. */
int crl_verify(struct crl *crl, const struct issuers *issuers, int *tried, struct error *error);

/* A CRL of its own that says the same and waits as well; for the next try. NULL: memory. */
struct crl *crl_waiting_copy(const struct crl *crl, struct error *error);

/* keyUsage, where there is one, says cRLSign (RFC 5280 6.3.3 (f)). */
bool crl_may_sign(const struct cert *signer);

int crl_number_compare(const struct crl_number *a, const struct crl_number *b);

/* Which of two CRLs of one scope is newer: by number, then thisUpdate; one without number is older. */
int crl_age_compare(const struct crl *a, const struct crl *b);

size_t crl_bytes(const struct crl *crl); /* of memory, about */

/* By issuer, then scope, then newest first, as lists are sorted. */
int crl_list_compare(const struct crl *a, const struct crl *b);

/* Sorted by crl_list_compare(). Owns a reference to each. */
struct crl_list {
    struct crl **crls;
    size_t count, capacity;
};

/* Takes over the reference. -1: out of memory, and it is freed. */
int crl_list_add(struct crl_list *list, struct crl *crl);

/* Call after the last crl_list_add(). */
void crl_list_sort(struct crl_list *list);
void crl_list_free(struct crl_list *list);

/* The first one of that issuer; `count` of them follow each other. */
struct crl *const *crl_list_find(const struct crl_list *list, const X509_NAME *issuer, size_t *count);

/* Whether both are in force for the same certificates: issuer and issuingDistributionPoint are the same. */
bool crl_same_scope(const struct crl *a, const struct crl *b);

#endif
