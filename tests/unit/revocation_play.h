/*
 * What tests of revocation have in common: extensions that openssl.cnf cannot
 * say in one line, arrivals, and a judge with evidence.
 */
#ifndef TESTS_UNIT_REVOCATION_PLAY_H
#define TESTS_UNIT_REVOCATION_PLAY_H

#include "tests/unit/made.h"

/* One distribution point. */
struct play_point {
    const char *url;          /* NULL: none */
    const X509 *name;         /* whose subject is the point's directory name; NULL: none */
    const char *relative;     /* common name, relative to the CRL issuer; NULL: none */
    const X509 *crl_issuer;   /* whose subject is cRLIssuer; NULL: none */
    int reasons[8];           /* bits, up to the first 0 */
};

/* Extensions for struct made and struct made_crl; text that lives until 32 more were made. */
const char *play_points(const struct play_point *points, size_t count);          /* cRLDistributionPoints */
const char *play_scope(const struct play_point *point, bool indirect);           /* issuingDistributionPoint */
const char *play_entry_issuer(const X509 *issuer);                               /* certificateIssuer */

/* The DER; the caller frees the blob. */
struct blob *play_crl(const X509_CRL *crl);

/* A need for a CRL at that URL, or for an issuer; about `subject` and its issuer. */
struct need play_need(enum need_kind kind, const char *url, const X509 *subject, const X509 *issuer);

/* Puts a CRL, or a certificate, that came from `url` into the evidence, replacing the snapshot; `report` may be NULL.
 * True: a new snapshot was made. */
bool play_arrives(struct evidence **evidence, struct policy *policy, const struct need *need, struct blob *object,
                  int64_t now, struct arrival_report *report);

/* One judging of one certificate for MADE_ADDRESS. */
struct play_judged {
    enum reason reason;
    struct revocation revocation;
    struct needs needs;
    uint64_t links[4];
    size_t link_count;
    char detail[MAX_DETAIL_BYTES + 1];
};
enum { PLAY_URLS = 1, PLAY_DIRECTORIES = 2, PLAY_OCSP = 4, PLAY_ISSUERS = 8 };
void play_judge(struct policy *policy, const struct evidence *evidence, const X509 *leaf, int64_t now, int may_ask,
                struct play_judged *judged);

#endif
