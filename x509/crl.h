/*
 * CRLs, loaded and verified: which ones speak about a certificate, and what
 * they say (RFC 5280 5 and 6.3).
 *
 * Only CRLs that the certificate's own issuer signed, with the key that signed
 * the certificate, are evidence so far. Indirect ones, and those with a critical
 * extension that we do not know, are left aside when they are loaded. A delta
 * CRL, and one that covers only some reasons, can say that a certificate is
 * revoked, never that it is good.
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include "base/error.h"
#include "x509/issuers.h"

struct crl {
    X509_CRL *x509;
    EVP_PKEY *key;               /* that made its signature, verified at load */
    ISSUING_DIST_POINT *scope;   /* NULL: everything that its issuer issued */
    struct digest fingerprint;
    bool delta;                  /* RFC 5280 5.2.4 */
    int64_t this_update;
    int64_t next_update;         /* 0: none stated, so never current (RFC 5280 5.1.2.5) */
};

/* Sorted by issuer, then newest first. Owns what is in it. */
struct crl_list {
    struct crl *crls;
    size_t count, capacity;
};

enum crl_taken {
    CRL_TAKEN,
    CRL_ASIDE,  /* logged: it is no evidence here; `error` says why */
    CRL_BROKEN  /* `error` says why */
};

/* Takes over `x509`, whatever comes. Its signature is checked against the issuers that bear its name. */
enum crl_taken crl_add(struct crl_list *list, X509_CRL *x509, const struct issuers *issuers, struct error *error);

/* Call after the last crl_add(). */
void crl_list_sort(struct crl_list *list);
void crl_list_free(struct crl_list *list);

enum crl_word { CRL_SILENT, CRL_GOOD, CRL_REVOKED };

/* What the list says of `cert`, issued by `issuer`, at `now`. */
struct crl_answer {
    enum crl_word word;
    int64_t revoked_at;
    int crl_reason;        /* -1: none stated */
    int64_t this_update;   /* of the CRL that decided; when silent: of a complete one out of date, 0: none */
    int64_t next_update;
};
void crl_ask(const struct crl_list *list, const struct cert *cert, const struct cert *issuer, int64_t now,
             struct crl_answer *answer);

#endif
