/*
 * What a verdict lacks, and where it may be had.
 *
 * judge() makes no call to anybody. Where evidence or an issuer is missing, it
 * writes down what would help; whoever called it may fetch that (gateway/
 * evidence_store.c, cli/), add it to the evidence (x509/evidence.h), and judge
 * again. Places come from certificates, so they are an attacker's input: needs
 * of CRLs and OCSP answers are written down only for chains that verify.
 */
#ifndef X509_NEED_H
#define X509_NEED_H

#include "base/blob.h"
#include "base/digest.h"

enum need_kind {
    NEED_CRL,    /* at a URL, or in an entry of a directory */
    NEED_OCSP,   /* at a URL: POST of `request` (RFC 6960 A.1) */
    NEED_ISSUER  /* by AIA at a URL, or cACertificate of an entry of a directory */
};

struct need {
    enum need_kind kind;
    char *url;             /* http, https or ldap; NULL: it is an entry of a directory */
    char *directory, *dn;  /* the directory's name, and the entry's DN (RFC 4514); both NULL with a URL */
    struct blob *request;  /* of NEED_OCSP, DER; else NULL */
    struct blob *subject;  /* DER of the certificate whose revocation or issuer is wanted */
    struct blob *issuer;   /* DER of its issuer; NULL for NEED_ISSUER */
    struct digest key;     /* names the place (and for OCSP the certificate): equal keys want the same thing */
};

#define MAX_NEEDS 16 /* of one judging; more are left out */

struct needs {
    struct need items[MAX_NEEDS];
    size_t count;
};

struct digest need_key(const struct need *need); /* as it will stand in `key` */

/* An issuer by AIA, which is not asked for while a directory may have it: a host outside learns that somebody looks. */
bool need_is_last(const struct need *need);

/* Copies; one with the same key is there once. False: no room, or out of memory. */
bool needs_add(struct needs *needs, const struct need *need);
void needs_free(struct needs *needs);

/* 0 and `copy` is the caller's, to be cleared. -1: out of memory. */
int need_copy(const struct need *need, struct need *copy);
void need_clear(struct need *need);

#endif
