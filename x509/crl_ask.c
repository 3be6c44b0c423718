#include "x509/crl_ask.h"

#include <stdlib.h>

#include "x509/crl_asking.h"
#include "x509/digests.h"
#include "x509/evidence_view.h"
#include "x509/trust.h"

static void add_found(struct asking *asking, const struct crl *crl, unsigned reasons)
{
    for (size_t i = 0; i < asking->count; i++) {
        if (digest_equal(&asking->found[i].crl->fingerprint, &crl->fingerprint)) {
            asking->found[i].reasons |= reasons;
            return;
        }
    }
    if (asking->count < MAX_CRLS_ASKED) {
        asking->found[asking->count++] = (struct found){.crl = crl, .reasons = reasons, .word = "silent"};
    }
}

static void gather_for(struct asking *asking, const struct crl_list *list, size_t point, const X509_NAME *issuer)
{
    size_t count;
    struct crl *const *crls = crl_list_find(list, issuer, &count);
    unsigned reasons;

    for (size_t i = 0; i < count; i++) {
        if (crl_scope_covers(crls[i], &asking->points, point, &reasons)) {
            add_found(asking, crls[i], reasons);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const struct found *one = a, *other = b;
    const struct crl *left = one->crl, *right = other->crl;
    int order = X509_NAME_cmp(left->issuer, right->issuer);

    if (order == 0) {
        order = memcmp(left->scope_digest.bytes, right->scope_digest.bytes, DIGEST_BYTES);
    }
    if (order == 0) {
        order = other->own - one->own;
    }
    if (order == 0) {
        order = crl_age_compare(right, left);
    }
    return order != 0 ? order : memcmp(left->fingerprint.bytes, right->fingerprint.bytes, DIGEST_BYTES);
}

static void gather(struct asking *asking)
{
    const X509_NAME *issuer;

    for (size_t point = 0; point < asking->points.count; point++) {
        for (size_t i = 0; (issuer = crl_points_issuer(&asking->points, point, i)) != NULL; i++) {
            gather_for(asking, &asking->request->policy->crls, point, issuer);
            gather_for(asking, evidence_crls(asking->request->evidence), point, issuer);
        }
    }
}

static bool is_own(const struct asking *asking, const struct found *found)
{
    const struct cert *issuer = asking->path->certs[asking->link + 1];

    return !found->signer.authority || EVP_PKEY_eq(found->crl->key, X509_get0_pubkey(issuer->x509)) == 1;
}

/* Who may not speak is out, with the reason why; the rest knows its signer. */
static void sift(struct asking *asking)
{
    for (size_t i = 0; i < asking->count; i++) {
        struct found *found = &asking->found[i];

        if (found->crl->this_update > asking->request->now) {
            found->word = "not yet in force";
        } else if (!digest_is_strong(found->crl->signature_digest, &asking->request->policy->strength)) {
            found->word = "signed with a weak hash";
        } else {
            found->signer = signer_of(asking->request, asking->path, found->crl);
            found->word = found->signer.word == SIGNER_NONE ? "its signer has no path to the anchor" : found->word;
        }
        found->own = is_own(asking, found);
    }
    qsort(asking->found, asking->count, sizeof(asking->found[0]), compare);
}

static bool is_current(const struct asking *asking, const struct crl *crl)
{
    return asking->request->now <= crl->next_update;
}

/* RFC 5280 5.2.4, 6.3.3 (c) and (h): a delta that goes on from this complete CRL. */
static bool follows(const struct crl *delta, const struct crl *complete)
{
    return delta->has_number && complete->has_number && crl_number_compare(&delta->base, &complete->number) <= 0 &&
           crl_number_compare(&complete->number, &delta->number) < 0 && EVP_PKEY_eq(delta->key, complete->key) == 1;
}

static bool is_newer(const struct crl *a, const struct crl *b)
{
    return crl_age_compare(a, b) > 0 || a->this_update > b->this_update;
}

static const struct crl_entry *entry_of(const struct asking *asking, const struct crl *crl)
{
    const struct cert *cert = asking_cert(asking);

    return crl_index_find(&crl->index, cert_issuer(cert), X509_get0_serialNumber(cert->x509));
}

static void revoke(struct asking *asking, struct found *found, const struct crl_entry *entry)
{
    found->word = "revoked";
    if (asking->answer->word != CRL_REVOKED) {
        *asking->answer = (struct crl_answer){
            .word = CRL_REVOKED,
            .revoked_at = entry->revoked_at,
            .crl_reason = entry->reason,
            .this_update = found->crl->this_update,
            .next_update = found->crl->next_update,
        };
    }
}

/* The certificate is not listed for these reasons, as long as this and what it rests on are current. */
static void vouch(struct asking *asking, struct found *found, unsigned reasons)
{
    struct crl_answer *answer = asking->answer;

    found->word = reasons == REASONS_ALL ? "good" : "good for some reasons";
    asking->reasons |= reasons;
    answer->next_update = earlier(answer->next_update, found->crl->next_update);
    if (found->signer.until != INT64_MAX) {
        answer->next_update = earlier(answer->next_update, found->signer.until);
    }
    if (found->crl->this_update > answer->this_update) {
        answer->this_update = found->crl->this_update;
    }
}

/* The scope that begins at `first`. A CA with two keys that issue certificates numbers their CRLs together, and each
 * may list only what its own key issued: so those by the other key are a scope for themselves. */
struct scope {
    struct found *first;
    size_t count;
    const struct crl *own; /* of the other key: the newest complete one of the issuer's own; else NULL */
};

static struct found *newest_complete(const struct asking *asking, const struct scope *scope, struct found *after)
{
    for (size_t i = after != NULL ? (size_t)(after - scope->first) + 1 : 0; i < scope->count; i++) {
        if (!scope->first[i].crl->delta && found_speaks(asking, &scope->first[i])) {
            return &scope->first[i];
        }
    }
    return NULL;
}

/* Deltas newer than the complete CRL, newest first: the first one that speaks of the certificate decides. removeFromCRL
 * counts only with what it removes from, and only while the delta is current. `removed`: by which. True: revoked. */
static bool ask_deltas(struct asking *asking, const struct scope *scope, const struct found *complete,
                       struct found **removed)
{
    *removed = NULL;
    for (size_t i = 0; i < scope->count; i++) {
        struct found *delta = &scope->first[i];
        const struct crl_entry *entry;

        if (!delta->crl->delta || !found_speaks(asking, delta) ||
            (complete != NULL && !is_newer(delta->crl, complete->crl))) {
            continue;
        }
        entry = entry_of(asking, delta->crl);
        if (entry != NULL && entry->reason != CRL_REASON_REMOVE_FROM_CRL) {
            revoke(asking, delta, entry);
            return true;
        }
        if (entry != NULL && complete != NULL && follows(delta->crl, complete->crl) &&
            is_current(asking, delta->crl) && found_vouches(asking, delta)) {
            *removed = delta;
            return false;
        }
    }
    return false;
}

/* The newest delta that makes of the complete CRL a current one. */
static struct found *current_delta(const struct asking *asking, const struct scope *scope,
                                   const struct found *complete)
{
    for (size_t i = 0; i < scope->count; i++) {
        struct found *delta = &scope->first[i];

        if (delta->crl->delta && found_vouches(asking, delta) && is_current(asking, delta->crl) &&
            follows(delta->crl, complete->crl)) {
            return delta;
        }
    }
    return NULL;
}

/* Unless the own one ran out before this was made: so it is where the CA gave up signing CRLs with the old key. */
static bool is_outranked(const struct scope *scope, const struct crl *crl)
{
    return scope->own != NULL && crl->this_update <= scope->own->next_update;
}

/* What one complete CRL says when no delta has said more. True: it decides for its scope. */
static bool ask_complete(struct asking *asking, const struct scope *scope, struct found *complete,
                         const struct found *removed)
{
    const struct crl_entry *entry = entry_of(asking, complete->crl);
    struct found *delta = current_delta(asking, scope, complete);

    /* In a complete CRL removeFromCRL is a mistake, and the entry still stands there. */
    if (entry != NULL && removed == NULL) {
        revoke(asking, complete, entry);
        return true;
    }
    if (!found_vouches(asking, complete)) {
        complete->word = "its signer's own revocation is not known";
        return false;
    }
    if (is_outranked(scope, complete->crl)) {
        complete->word = "by another key than the issuer's";
        return true;
    }
    if (delta != NULL) {
        vouch(asking, delta, complete->reasons & delta->reasons);
        complete->word = "good, with a delta";
        return true;
    }
    if (is_current(asking, complete->crl)) {
        vouch(asking, complete, complete->reasons);
        return true;
    }
    complete->word = "past its nextUpdate";
    return false;
}

static void ask_scope(struct asking *asking, const struct scope *scope)
{
    struct found *complete = newest_complete(asking, scope, NULL), *newest = complete, *removed;

    if (ask_deltas(asking, scope, complete, &removed)) {
        return;
    }
    for (bool decided = false; complete != NULL; complete = newest_complete(asking, scope, complete)) {
        if (!decided) {
            decided = ask_complete(asking, scope, complete, complete == newest ? removed : NULL);
        } else if (complete->crl->this_update > newest->crl->this_update) {
            /* Counted as older, dated as newer: its numbers began anew. What it lists counts. */
            const struct crl_entry *entry = entry_of(asking, complete->crl);

            if (entry != NULL) {
                revoke(asking, complete, entry);
            }
        } else {
            complete->word = "there is a newer one";
        }
    }
}

/* A CRL out of date says at least that there may be a newer one. */
static void note_stale(struct asking *asking)
{
    for (size_t i = 0; i < asking->count; i++) {
        const struct found *found = &asking->found[i];

        if (found_speaks(asking, found) && !found->crl->delta && !is_current(asking, found->crl) &&
            found->crl->next_update > asking->answer->next_update) {
            asking->answer->next_update = found->crl->next_update;
            asking->answer->this_update = found->crl->this_update;
        }
    }
}

/* How many from `first` on are of one scope, and all by the issuer's own key or all by the other. */
static size_t scope_size(const struct asking *asking, size_t first)
{
    const struct found *found = &asking->found[first];
    size_t size = 1;

    while (first + size < asking->count && found[size].own == found->own &&
           crl_same_scope(found[size].crl, found->crl)) {
        size++;
    }
    return size;
}

static void ask_scopes(struct asking *asking)
{
    struct scope scope, before = {.count = 0};

    for (size_t first = 0; first < asking->count; first += scope.count) {
        const struct found *own;

        scope = (struct scope){.first = &asking->found[first], .count = scope_size(asking, first)};
        if (before.count > 0 && !scope.first->own && crl_same_scope(before.first->crl, scope.first->crl)) {
            own = newest_complete(asking, &before, NULL);
            scope.own = own != NULL ? own->crl : NULL;
        }
        ask_scope(asking, &scope);
        before = scope;
    }
}

static void ask_all(struct asking *asking)
{

    *asking->answer = (struct crl_answer){.crl_reason = -1};
    asking->reasons = 0;
    ask_scopes(asking);
    if (asking->answer->word == CRL_REVOKED) {
        return;
    }
    if (asking->reasons == REASONS_ALL) {
        asking->answer->word = CRL_GOOD;
    } else {
        asking->answer->this_update = asking->answer->next_update = 0;
        note_stale(asking);
    }
}

static void note(const struct asking *asking, struct verdict *verdict)
{
    for (size_t i = 0; i < asking->count; i++) {
        in_use_note(&asking->found[i].crl->in_use);
    }
    for (size_t i = 0; i < asking->count && verdict->evidence_count < MAX_LINK_EVIDENCE; i++) {
        const struct crl *crl = asking->found[i].crl;

        verdict->evidence[verdict->evidence_count++] = (struct link_evidence){
            .link = (uint32_t)asking->link,
            .kind = EVIDENCE_CRL,
            .source = crl->source,
            .number = crl->number_text,
            .this_update = crl->this_update,
            .next_update = crl->next_update,
            .word = asking->found[i].word,
        };
    }
}

void crl_ask(const struct path_request *request, const struct path *path, size_t link, struct crl_answer *answer,
             struct verdict *verdict)
{
    struct asking asking = {.request = request, .path = path, .link = link, .answer = answer};

    *answer = (struct crl_answer){.crl_reason = -1};
    if (!crl_points_read(&asking.points, path->certs[link])) {
        return;
    }
    gather(&asking);
    sift(&asking);
    ask_all(&asking);
    if (answer->word == CRL_SILENT && request->signing != NULL) {
        asking.suppose = true;
        ask_all(&asking);
    }
    crl_want(&asking);
    note(&asking, verdict);
    crl_points_free(&asking.points);
}
