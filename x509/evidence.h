/*
 * Evidence that came while we run: CRLs, OCSP answers and issuers, as one
 * immutable snapshot. What files hold is in the policy; what was fetched is
 * here. judge() reads a snapshot; evidence_add() makes the next one of it, on a
 * thread that may compute (signatures are verified there, once), and whoever
 * owns the current one (gateway/evidence_store.c) puts it in its place.
 *
 * Nothing here is trusted for where it came from. A CRL counts for a certificate
 * because the key of that certificate's issuer made its signature, or that of a
 * CRL issuer whose own path ends in the same anchor (RFC 5280 6.3.3 (f)); an
 * OCSP answer by RFC 6960 4.2.2.2; an issuer when a path over it verifies.
 */
#ifndef X509_EVIDENCE_H
#define X509_EVIDENCE_H

#include "base/answer.h"
#include "base/error.h"
#include "x509/need.h"
#include "x509/policies.h"

struct evidence;

struct evidence *evidence_new(void); /* empty; one reference, the caller's. NULL: out of memory */
struct evidence *evidence_ref(struct evidence *evidence);
void evidence_free(struct evidence **evidence);

/* Objects that came for one need: one body of HTTP, or the values of an entry; DER or PEM. None at all: the entry is
 * not there, or has no such attribute, which is remembered for an hour, so that nobody waits for it. Borrowed. */
struct arrival {
    const struct need *need;
    const struct bytes *objects;
    size_t count;
    const char *source; /* what explain shows: the URL, or "corp: cn=CA,dc=example" */
    int64_t now;
    bool relayed;       /* another gateway got it and compared an OCSP answer's nonce with its own question's */
};

/* What became of it. */
struct arrival_report {
    bool usable;         /* something in it counts, for what was asked or for anything else */
    bool holds;          /* something counts that this need brought, now or earlier */
    int64_t refresh_at;  /* wall seconds: when to fetch it again, well before it runs out */
    int64_t expires_at;  /* nextUpdate, or when an empty entry is looked at again; 0: has none (issuers) */
    uint64_t *revoked;   /* links (link_id()) that it revokes and `before` did not; answers that rest on them must go */
    size_t revoked_count;
    struct error error;  /* why it is not usable: object, clause, what */
};
void arrival_report_free(struct arrival_report *report);

/* The snapshot after `before`, in which what came takes the place of what the same need brought earlier, unless that is
 * newer; CRLs of other scopes that it brought stay. One reference, the caller's. NULL: nothing of it is kept, or
 * memory; `report` says which.
 *
 * There may be a snapshot though nothing is usable yet: a CRL whose signer is not known waits in it until that one's
 * certificate comes (report->error says so). evidence_add() of the latter then makes it count. Such a CRL is no
 * evidence before: anybody on the way may have made it. So it is the first to go when room is lacking, and what it says
 * of its own life keeps nobody from asking again after an hour. */
struct evidence *evidence_add(const struct evidence *before, const struct policies *policies,
                              const struct arrival *arrival, struct arrival_report *report);

/* The snapshot without what ran out so long ago that it says nothing any more; NULL: nothing has, or memory. */
struct evidence *evidence_without_old(const struct evidence *before, int64_t now);

/* Names one certificate for revocation: a hash of issuer name and serial number, the same in every process. */
uint64_t link_id(struct bytes certificate_der);

/* Whether some CRL or OCSP answer here says that one of the links is revoked. It knows no scopes and no anchors: true
 * means "judge again", false is sure. */
bool evidence_revokes(const struct evidence *evidence, const uint64_t *links, size_t count, int64_t now);

/* Whether a certificate was held against what the need of that key brought, since this was asked last. */
bool evidence_take_use(const struct evidence *evidence, const struct digest *need);

/* How many of each it holds, for the metrics. */
struct evidence_counts {
    size_t crls, ocsp_answers, issuers, bytes;
};
struct evidence_counts evidence_count(const struct evidence *evidence);

#endif
