/*
 * The inside of a snapshot: what came for one need, and the indexes over all of them.
 */
#ifndef X509_EVIDENCE_ITEM_H
#define X509_EVIDENCE_ITEM_H

#include "x509/evidence_view.h"
#include "x509/trust.h"

/* Immutable once it is in a snapshot, but for x509/in_use.h; snapshots share it. */
struct evidence_item {
    atomic_uint references;
    struct digest key;
    enum need_kind kind;
    int64_t refresh_at, expires_at; /* the latter 0: does not expire */
    struct crl_list crls, waiting;  /* verified; waiting for the certificate of their signer */
    struct cert_list certs;
    struct ocsp_answer *ocsp;
    size_t bytes;
};

struct evidence_item *evidence_item_new(const struct need *need);
struct evidence_item *evidence_item_ref(struct evidence_item *item);
void evidence_item_free(struct evidence_item **item);
bool evidence_item_is_empty(const struct evidence_item *item);
bool evidence_item_counts(const struct evidence_item *item); /* there is something in it that was verified, or may be */

/* Whether any of its CRLs and its OCSP answer were asked since the last time this was. */
bool evidence_item_take_use(const struct evidence_item *item);

/* Reads what came into a new item. `signers`: whose keys may have signed a CRL, ending with NULL. Of objects that do
 * not count, `error` has words about one. NULL: out of memory. */
struct evidence_item *evidence_item_read(const struct arrival *arrival, const struct issuers *const *signers,
                                         struct error *error);

/* Keeps of `held` what the new item has not, or has older. -1: out of memory. */
int evidence_item_keep(struct evidence_item *item, const struct evidence_item *held);

/* Sets refresh_at, expires_at and bytes, when all is in it. */
void evidence_item_finish(struct evidence_item *item, int64_t now);

/* The same, with those waiting CRLs verified that one of `signers` has signed. NULL: none, or memory. */
struct evidence_item *evidence_item_promoted(const struct evidence_item *item, const struct issuers *signers,
                                             int64_t now);

/* The same without CRLs that wait. NULL: out of memory. */
struct evidence_item *evidence_item_without_waiting(const struct evidence_item *item, int64_t now);

/* Sorted numbers, shared by the snapshots in which they are the same. */
struct link_set {
    atomic_uint references;
    uint64_t *links;
    size_t count;
};

struct evidence {
    atomic_uint references;
    struct evidence_item **items; /* by key */
    size_t count, bytes;
    struct crl_list crls, waiting;
    struct issuers issuers;       /* borrowed from the items */
    const struct ocsp_answer **ocsp; /* by subject */
    size_t ocsp_count;
    struct link_set *crl_links, *ocsp_links; /* that they revoke */
};

/* A snapshot of these items, sorted by key, taking over the references. `before` may lend indexes that are the same.
 * NULL: out of memory; the items are freed. */
struct evidence *evidence_of(struct evidence_item **items, size_t count, const struct evidence *before);

/* Where the item of that key is, or would be. */
size_t evidence_place(const struct evidence *evidence, const struct digest *key, bool *found);

struct link_set *link_set_of_crls(const struct crl_list *crls);
struct link_set *link_set_of_answers(const struct ocsp_answer *const *answers, size_t count);
struct link_set *link_set_ref(struct link_set *set);
void link_set_free(struct link_set **set);
bool link_set_has(const struct link_set *set, uint64_t link);

#endif
