#include <openssl/err.h>

#include "x509/evidence_view.h"
#include "x509/judge_private.h"
#include "x509/notes.h"
#include "x509/rules.h"
#include "x509/trust.h"

/* What the leaf's rules remarked stands before what the path's did. */
static void add_remark(struct finding *finding, const char *remark)
{
    struct finding path = *finding;

    if (path.reason == REASON_USABLE && remark[0] != '\0') {
        finding_set(finding, REASON_USABLE, "%s%s%s", remark, path.detail[0] != '\0' ? "; " : "", path.detail);
    }
}

/* -1: what is in them was broken off for want of memory. */
static int keep_notes(struct item *item, struct notes *notes)
{
    if (notes == NULL) {
        return 0;
    }
    trail_free(&item->trail);
    item->trail = notes_take(notes);
    return item->trail != NULL ? 0 : -1;
}

/* Judges one certificate of the value as the recipient's; `path` is about its path alone, where one was looked for:
 * for explain also where its own rules refuse it. What that spends and remembers is apart, so that no verdict depends
 * on it; what it lacks may be fetched. -1: memory. */
static int judge_leaf(const struct path_request *request, struct item *item, const struct leaf *leaf,
                      struct verdict *verdict, struct verdict *path)
{
    struct path_budget signer_budget = SIGNER_BUDGET;
    struct path_request apart = *request;
    struct finding own;

    if (leaf_check(item->policy, leaf, &own, request->notes)) {
        path_find(request, leaf->cert, path);
        *verdict = *path;
        add_remark(&verdict->finding, own.detail);
    } else {
        verdict->finding = own;
    }
    if (finding_was_memory() || verdict->finding.reason == REASON_INTERNAL) {
        return -1;
    }
    if (path->finding.reason == REASON_UNJUDGED && request->notes != NULL) {
        apart.budget = &item->apart;
        apart.signer_budget = &signer_budget;
        apart.signers = NULL;
        path_find(&apart, leaf->cert, path);
    }
    return finding_was_memory() || path->finding.reason == REASON_INTERNAL ? -1 : 0;
}

/* The same, and keeps it if it is the best of them so far. */
static int consider(struct session *session, struct item *item, const struct cert *cert)
{
    const struct issuers *fetched = evidence_issuers(session->request->evidence);
    const struct path_pools pools = {{&item->policy->issuers, &item->bundle,
                                      fetched != NULL ? fetched : &session->bundles,
                                      fetched != NULL ? &session->bundles : NULL}};
    const struct recipient recipient = {session->request->address, item->candidate->source.mails};
    struct verdict verdict = {.revocation.crl_reason = -1, .not_after = cert->not_after};
    struct verdict path = {.finding.reason = REASON_UNJUDGED};
    struct notes notes = {0};
    const struct path_request request = {
        .policy = item->policy,
        .evidence = session->request->evidence,
        .pools = &pools,
        .now = session->request->now,
        .budget = &item->budget,
        .signer_budget = &item->signer_budget,
        .wants = &item->wants,
        .signers = &session->signers,
        .notes = session->request->explain ? &notes : NULL,
    };
    struct leaf leaf;
    struct rank rank;
    int result;

    ERR_clear_error();
    notes_begin(request.notes, item->policy->name);
    leaf_read(item->policy, &recipient, cert, &leaf);
    result = judge_leaf(&request, item, &leaf, &verdict, &path);
    rank = rank_of(&leaf, verdict.finding.reason, verdict.revocation.status);
    if (result == 0 && (item->leaf == NULL || rank_compare(&rank, &item->rank) < 0)) {
        item->leaf = cert;
        item->verdict = verdict;
        item->path_reason = path.finding.reason;
        item->path_status = path.revocation.status;
        item->rank = rank;
        result = keep_notes(item, request.notes);
    }
    notes_free(&notes);
    return result;
}

/* A value without a certificate to be judged breaks one rule, and has no path. */
static int explain_malformed(struct item *item)
{
    struct notes notes;

    notes_begin(&notes, item->policy->name);
    notes_rule(&notes, &item->verdict.finding);
    return keep_notes(item, &notes);
}

static bool has_end_entity(const struct value *value)
{
    for (size_t i = 0; i < value->count; i++) {
        if (!cert_is_ca(&value->certs[i])) {
            return true;
        }
    }
    return false;
}

/* Of a bundle, the recipient's certificate is the best one that is not a CA's; the others are its issuers. */
static int judge_certificates(struct session *session, struct item *item)
{
    bool end_entities_only = has_end_entity(&item->value);

    item->verdict.finding = item->value.finding;
    item->verdict.revocation.crl_reason = -1;
    for (size_t i = 0; i < item->value.count; i++) {
        const struct cert *cert = &item->value.certs[i];

        if (!(end_entities_only && cert_is_ca(cert)) && consider(session, item, cert) < 0) {
            return -1;
        }
    }
    if (item->verdict.finding.reason == REASON_MALFORMED) {
        item->leaf = NULL;
    }
    if (item->leaf == NULL) {
        item->rank = rank_of(NULL, REASON_MALFORMED, REVOCATION_NOT_CHECKED);
    }
    return session->request->explain && item->trail == NULL ? explain_malformed(item) : 0;
}

/* Whether another issuer might lead to a better path. */
static bool lacks_path(enum reason reason)
{
    return reason == REASON_UNTRUSTED || reason == REASON_BAD_CHAIN || reason == REASON_CHAIN_EXPIRED ||
           reason == REASON_ISSUER_REVOKED;
}

static void add_needs(struct needs *needs, const struct needs *more)
{
    for (size_t i = 0; i < more->count; i++) {
        needs_add(needs, &more->items[i]);
    }
}

/* A delta may take it from hold again (RFC 5280 5.3.1, removeFromCRL). */
static bool is_on_hold(const struct item *item)
{
    return item->verdict.revocation.status == REVOCATION_REVOKED &&
           item->verdict.revocation.crl_reason == CRL_REASON_CERTIFICATE_HOLD;
}

/* Of all that was missing on the way, what would make this verdict another, or, for explain, that on its path. */
static void tell_needs(struct session *session, const struct item *item)
{
    enum reason reason = item->path_reason;

    if (session->needs == NULL || item->leaf == NULL) {
        return;
    }
    if (item->path_status == REVOCATION_UNKNOWN) {
        add_needs(session->needs, &item->wants.revocation);
    }
    if (reason == REASON_USABLE || reason == REASON_REVOCATION_UNKNOWN || is_on_hold(item)) {
        add_needs(session->needs, &item->wants.fresher);
    }
    if (lacks_path(reason)) {
        add_needs(session->needs, &item->wants.paths);
    }
}

int judge_item(struct session *session, struct item *item)
{
    int result = judge_certificates(session, item);

    if (result == 0) {
        tell_needs(session, item);
    }
    return result;
}
