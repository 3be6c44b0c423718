/*
 * The people of the demo and the tests: who they are, what their entries hold.
 *
 * kinds.c has the table of kinds: for each, what a correct gateway answers, how
 * many people are of it, and the function that dresses such a person with
 * certificates. names.c gives them names. Same number, same name and address,
 * in every run; keys and serial numbers are new each time.
 */
#ifndef PEOPLE_PERSON_H
#define PEOPLE_PERSON_H

#include "tests/people/pki.h"

#define PERSON_TEXT_BYTES 128
#define PERSON_VALUES_MAX 4
#define PERSON_KEYS_MAX 2
#define PERSON_MAILS_MAX 2

/* Every authority there is. Made once, then only read. */
struct authorities {
    struct authority root;        /* the anchor */
    struct authority issuing;     /* RSA, most certificates */
    struct authority issuing_ec;  /* P-256 */
    struct authority project;     /* stands in no file: comes only inside a bundle */
    struct authority expired;     /* its own certificate has expired */
    struct authority compromised; /* revoked by the root */
    struct authority web;         /* its extendedKeyUsage has no emailProtection */
    struct authority constrained; /* its nameConstraints permit only example.com */
    struct authority stranger;    /* a root that nobody trusts */
    struct authority tls;         /* of the directory's own server certificate; no anchor for mail */
};

void authorities_new(struct authorities *all);
void authorities_free(struct authorities *all);

struct person;

struct kind {
    const char *name;
    const char *outcome;          /* "found" or "none" */
    const char *reason;           /* the word that the gateway gives; "usable" when found */
    size_t count;
    const char *first;            /* "Alice Archer": who the first of them is; NULL: as it comes */
    void (*dress)(struct person *person, const struct authorities *by); /* NULL: no certificate */
    const char *description;
};

extern const struct kind kinds[];
extern const size_t kind_count;
extern const struct kind kind_simple, kind_simple_rsa; /* one of many alike, for benches; not among the others */

struct person {
    const struct kind *kind;
    size_t number;                /* among its kind, from 0 */
    char given[PERSON_TEXT_BYTES], family[PERSON_TEXT_BYTES], name[PERSON_TEXT_BYTES]; /* UTF-8 */
    char uid[PERSON_TEXT_BYTES];
    char domain[PERSON_TEXT_BYTES];
    char address[PERSON_TEXT_BYTES];                 /* the one asked for, as it stands in the directory */
    char mails[PERSON_MAILS_MAX][PERSON_TEXT_BYTES]; /* of the entry */
    size_t mail_count;
    const char *certified;        /* the address that a good certificate names: mails[0] unless a kind says otherwise */
    bool absent;                  /* has no entry */
    struct value {
        bool smime;               /* in userSMIMECertificate, not in userCertificate */
        bool elsewhere;           /* in a second entry with the same address */
        struct der der;
    } values[PERSON_VALUES_MAX];
    size_t value_count;
    EVP_PKEY *keys[PERSON_KEYS_MAX]; /* of certificates that a message may be encrypted to; the best one's first */
    size_t key_count;
    struct revoked_serial revoked;
};

/* Names and address of the person with this number among all; `kind` and `number` are set already. */
void person_name(struct person *person, size_t among_all);

/* The name of one among many alike: user000001@example.org. */
void person_number(struct person *person);

/* Gives the person another address, and only that one. */
void person_move(struct person *person, const char *uid, const char *domain);


void person_clear(struct person *person);

/* The directory as LDIF (RFC 2849, without the version line, which slapadd does not know): first the organisation, its
 * units and its authorities, then each person. */
struct ldif;
struct ldif *ldif_open(const char *path);
void ldif_write_tree(struct ldif *ldif, const struct authorities *authorities);
void ldif_write_person(struct ldif *ldif, const struct person *person);
void ldif_close(struct ldif **ldif);

#endif
