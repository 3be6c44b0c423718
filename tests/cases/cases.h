/*
 * Certificates that were made to be judged: sets of them, each with what a
 * correct gateway says of it. makecases.c has the usage; each set has a file.
 */
#ifndef CASES_CASES_H
#define CASES_CASES_H

#include <stdio.h>

#include "tests/people/pki.h"

#define CASE_TEXT_BYTES 256

/* A set being made, in the current folder. */
struct cases {
    const char *web;  /* where the folder web/ is served: "http://127.0.0.1:20000" */
    const char *trap; /* a port where nobody must connect */
    FILE *ldif, *table;
};

/* One entry of the directory, one line of the table. */
struct case_entry {
    const char *address;
    struct der value;        /* of the attribute; freed by case_add() */
    bool smime;              /* in userSMIMECertificate */
    const char *want;        /* "usable", a reason, or "unknown" */
    const char *name;
    const char *description;
};

void case_add(struct cases *cases, const struct case_entry *entry);

/* Frees `der`. */
void case_write(const char *path, struct der der);
void case_write_key(const char *path, EVP_PKEY *key);
void case_write_authority(const char *folder, const struct authority *authority);

/* Its CRL, valid for 30 days, with those of `revoked` that are its own. */
void case_write_crl(const char *folder, const struct authority *authority, const struct revoked_serial *revoked,
                    size_t count);

/* Places in the extensions of a spec of case_spec(). */
enum { CASE_USAGE, CASE_EXTENDED_USAGE, CASE_BASIC, CASE_FIRST, CASE_SECOND };

/* A leaf that nothing is wrong with, with a new key. What `addresses` points to must outlive it. */
struct certificate_spec case_spec(const char *common_name, const char *const *addresses, size_t count,
                                  const struct authority *issuer, enum key_kind kind);

/* A CA below `issuer` (NULL: a root); key and file are for authority_new(). */
struct certificate_spec case_authority_spec(const char *common_name, const struct authority *issuer);

/* The sets. */
void reasons_make(struct cases *cases);
void agree_make(struct cases *cases);
void revocation_make(struct cases *cases);
void many_make(struct cases *cases);
void sealed_make(struct cases *cases);

#endif
