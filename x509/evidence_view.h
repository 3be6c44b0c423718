/*
 * What the judge reads of a snapshot of evidence. All of it is sorted and never changes.
 */
#ifndef X509_EVIDENCE_VIEW_H
#define X509_EVIDENCE_VIEW_H

#include "x509/crl.h"
#include "x509/evidence.h"
#include "x509/ocsp.h"

/* Those verified; without evidence an empty list. Never NULL. */
const struct crl_list *evidence_crls(const struct evidence *evidence);

/* CRLs that wait for the certificate of their signer: no evidence yet, but worth looking for it. */
const struct crl_list *evidence_waiting(const struct evidence *evidence);

/* Issuers, and signers of CRLs. NULL: no evidence. */
const struct issuers *evidence_issuers(const struct evidence *evidence);

/* The answers about this certificate, of all its responders, the newest first. */
const struct ocsp_answer *const *evidence_ocsp(const struct evidence *evidence, const struct cert *cert, size_t *count);

/* What came for the need of this key. */
enum held {
    HELD_NOT,
    HELD_EMPTY,   /* the entry is not there, or has nothing of the kind; that was asked a short while ago */
    HELD_CURRENT, /* asking again would bring nothing new */
    HELD_PAST     /* past its nextUpdate */
};
enum held evidence_holds(const struct evidence *evidence, const struct digest *key, int64_t now);

#endif
