#include "x509/judge.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "x509/notes.h"
#include "x509/order.h"
#include "x509/path.h"
#include "x509/trust.h"
#include "x509/rules.h"
#include "x509/value.h"

/* One distinct value on its way to a verdict. */
struct item {
    const struct candidate *candidate;
    struct value value;
    const struct policy *policy; /* of its directory and the address's domain */
    struct issuers bundle;     /* what the value itself offers */
    struct path_budget budget;
    struct path_budget apart;  /* what explain may spend on paths that no verdict needs */
    const struct cert *leaf;   /* among value.certs; NULL: malformed */
    struct verdict verdict;
    struct rank rank;
    struct trail *trail;       /* of the leaf; NULL: nobody asked */
};

/* One call of judge(). */
struct session {
    const struct policies *policies;
    const struct address *address;
    int64_t now;
    bool explain;
    struct item **items;
    size_t count, shown;       /* the latter: each value once, in order; set in the end */
    struct issuers bundles;    /* what all values offer */
    struct path_budget left, left_apart; /* for the values that wait */
};

static bool are_same_value(const struct candidate *a, const struct candidate *b)
{
    struct bytes bytes = blob_bytes(a->value);

    return bytes_equal(blob_bytes(b->value), bytes) &&
           value_form(bytes, a->source.attribute) == value_form(bytes, b->source.attribute);
}

static bool are_same_mails(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Whether the verdict would be the same: equal octets may be good in one attribute and garbage in another, under the
 * policy of one directory and not of the other, for one entry's mail and not for the other's. */
static bool is_known(const struct session *session, const struct candidate *candidate, const struct policy *policy)
{
    for (size_t i = 0; i < session->count; i++) {
        const struct item *known = session->items[i];
        bool heeds_mails = policy->aliases || policy->addressless;

        if (known->policy == policy && are_same_value(known->candidate, candidate) &&
            (!heeds_mails || are_same_mails(known->candidate->source.mails, candidate->source.mails))) {
            return true;
        }
    }
    return false;
}

static int split(struct session *session, const struct candidate *candidates, size_t count)
{
    const char *domain = session->address != NULL ? address_domain(session->address) : NULL;

    session->items = calloc(count + 1, sizeof(session->items[0]));
    if (session->items == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct policy *policy = policies_choose(session->policies, candidates[i].source.directory, domain);
        struct item *item;

        if (is_known(session, &candidates[i], policy)) {
            continue;
        }
        item = calloc(1, sizeof(*item));
        if (item == NULL) {
            return -1;
        }
        item->candidate = &candidates[i];
        item->policy = policy;
        session->items[session->count++] = item;
        value_split(candidates[i].value, candidates[i].source.attribute, &item->value);
        if (item->value.finding.reason == REASON_INTERNAL) {
            return -1;
        }
    }
    return 0;
}

/* A certificate alone offers no issuer but itself. */
static size_t offered(const struct item *item)
{
    return item->value.count > 1 ? item->value.count : 0;
}

static int pool_bundles(struct session *session)
{
    size_t total = 0, used = 0;
    const struct cert **all;
    int result = 0;

    for (size_t i = 0; i < session->count; i++) {
        total += offered(session->items[i]);
    }
    all = calloc(total + 1, sizeof(all[0]));
    if (all == NULL) {
        return -1;
    }
    for (size_t i = 0; i < session->count && result == 0; i++) {
        struct item *item = session->items[i];

        for (size_t k = 0; k < offered(item); k++) {
            all[used + k] = &item->value.certs[k];
        }
        result = issuers_make(&item->bundle, all + used, offered(item));
        used += offered(item);
    }
    if (result == 0) {
        result = issuers_make(&session->bundles, all, used);
    }
    free(all);
    return result;
}

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

/* Judges one certificate of the value as the recipient's. -1: memory. */
static int judge_leaf(const struct session *session, struct item *item, const struct leaf *leaf,
                      struct verdict *verdict, struct notes *notes)
{
    const struct path_pools pools = {{&item->policy->issuers, &item->bundle, &session->bundles}};
    struct verdict apart;
    struct finding own;
    bool passed = leaf_check(item->policy, leaf, &own, notes);

    if (!passed) {
        verdict->finding = own;
    } else {
        path_find(item->policy, leaf->cert, &pools, session->now, &item->budget, verdict, notes);
        add_remark(&verdict->finding, own.detail);
    }
    if (finding_was_memory() || verdict->finding.reason == REASON_INTERNAL) {
        return -1;
    }
    if (!passed && notes != NULL) {
        path_find(item->policy, leaf->cert, &pools, session->now, &item->apart, &apart, notes);
    }
    return finding_was_memory() ? -1 : 0;
}

/* The same, and keeps it if it is the best of them so far. */
static int consider(const struct session *session, struct item *item, const struct cert *cert)
{
    const struct recipient recipient = {session->address, item->candidate->source.mails};
    struct verdict verdict = {.revocation.crl_reason = -1, .not_after = cert->not_after};
    struct notes taken = {0}, *notes = session->explain ? &taken : NULL;
    struct leaf leaf;
    struct rank rank;
    int result;

    ERR_clear_error();
    if (notes != NULL) {
        notes_begin(notes, item->policy->name);
    }
    leaf_read(item->policy, &recipient, cert, &leaf);
    result = judge_leaf(session, item, &leaf, &verdict, notes);
    rank = rank_of(&leaf, verdict.finding.reason, verdict.revocation.status);
    if (result == 0 && (item->leaf == NULL || rank_compare(&rank, &item->rank) < 0)) {
        item->leaf = cert;
        item->verdict = verdict;
        item->rank = rank;
        result = keep_notes(item, notes);
    }
    notes_free(&taken);
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
static int judge_item(const struct session *session, struct item *item)
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
    return session->explain && item->trail == NULL ? explain_malformed(item) : 0;
}

static int share(int left, int most, size_t waiting)
{
    int even = left / (int)waiting;

    return even < most ? even : most;
}

static struct path_budget grant(const struct path_budget *left, size_t waiting)
{
    return (struct path_budget){
        .looks = MAX_ISSUERS_TRIED,
        .checks = share(left->checks, MAX_SIGNATURE_CHECKS, waiting),
        .paths = share(left->paths, MAX_PATHS, waiting),
    };
}

static void give_back(struct path_budget *left, const struct path_budget *granted, const struct path_budget *unspent)
{
    left->checks -= granted->checks - unspent->checks;
    left->paths -= granted->paths - unspent->paths;
}

/* Values share evenly, and what one does not need is for those after it: whoever can put values into the entry cannot
 * take from a good one beside them what it needs. Nor can explain: what it spends is its own. One answer of directories
 * holds at most MAX_VALUES; whoever has more of them (certlookup --inspect) is granted as much for each. */
static int judge_all(struct session *session)
{
    int answers = (int)((session->count + MAX_VALUES - 1) / MAX_VALUES);

    session->left = (struct path_budget){.checks = answers * MAX_ALL_SIGNATURE_CHECKS, .paths = answers * MAX_ALL_PATHS};
    session->left_apart = session->left;
    for (size_t i = 0; i < session->count; i++) {
        struct item *item = session->items[i];
        const struct path_budget granted = grant(&session->left, session->count - i);
        const struct path_budget granted_apart = grant(&session->left_apart, session->count - i);

        item->budget = granted;
        item->apart = granted_apart;
        if (judge_item(session, item) < 0) {
            return -1;
        }
        give_back(&session->left, &granted, &item->budget);
        give_back(&session->left_apart, &granted_apart, &item->apart);
        if (item->budget.used_up) {
            count(COUNT_LIMIT_SIGNATURE_CHECKS);
        }
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct item *left = *(const struct item *const *)a, *right = *(const struct item *const *)b;
    int order = rank_compare(&left->rank, &right->rank);

    if (order != 0) {
        return order;
    }
    return left->candidate < right->candidate ? -1 : left->candidate > right->candidate;
}

static int copy_chain(const struct path *path, struct certificate *certificate)
{
    if (path->count < 2) {
        return 0;
    }
    certificate->chain = calloc(path->count - 1, sizeof(certificate->chain[0]));
    if (certificate->chain == NULL) {
        return -1;
    }
    for (size_t i = 1; i < path->count; i++) {
        certificate->chain[certificate->chain_count++] = blob_ref(path->certs[i]->der);
    }
    return 0;
}

static int copy_source(const struct source *source, struct source *copy)
{
    *copy = *source;
    copy->directory = strdup(source->directory != NULL ? source->directory : "");
    copy->dn = strdup(source->dn != NULL ? source->dn : "");
    copy->mails = strdup(source->mails != NULL ? source->mails : "");
    return copy->directory != NULL && copy->dn != NULL && copy->mails != NULL ? 0 : -1;
}

static int write_item(const struct item *item, struct certificate *certificate)
{
    const struct verdict *verdict = &item->verdict;

    certificate->value = blob_ref(item->candidate->value);
    certificate->reason = verdict->finding.reason;
    certificate->revocation = verdict->revocation;
    certificate->detail = strdup(verdict->finding.detail);
    if (item->leaf != NULL) {
        certificate->der = blob_ref(item->leaf->der);
        certificate->not_after = verdict->not_after;
    }
    certificate->trail = trail_ref(item->trail);
    if (copy_source(&item->candidate->source, &certificate->source) < 0 || certificate->detail == NULL) {
        return -1;
    }
    return copy_chain(&verdict->path, certificate);
}

/* "2 of 3 usable: its notBefore is older", against the neighbour that it stands before or behind. */
static int write_place(const struct session *session, size_t which, size_t usable)
{
    struct trail *trail = session->items[which]->trail;
    char place[160];

    if (usable == 1) {
        snprintf(place, sizeof(place), "the only usable one");
    } else if (which == 0) {
        snprintf(place, sizeof(place), "first of %zu usable: before the next because %s", usable,
                 rank_words(&session->items[0]->rank, &session->items[1]->rank, true));
    } else {
        snprintf(place, sizeof(place), "%zu of %zu usable: after the one before it because %s", which + 1, usable,
                 rank_words(&session->items[which - 1]->rank, &session->items[which]->rank, false));
    }
    return trail_set(&trail->place, place);
}

static int write_places(const struct session *session, size_t usable)
{
    int result = 0;

    for (size_t i = 0; i < usable && session->explain && result == 0; i++) {
        result = write_place(session, i, usable);
    }
    return result;
}

/* A value that stands in several places is shown once: where it fares best. The others go to the end. */
static void put_repeated_last(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        struct item *item = session->items[i];
        bool repeated = false;

        for (size_t k = 0; k < session->shown && !repeated; k++) {
            repeated = are_same_value(session->items[k]->candidate, item->candidate);
        }
        if (!repeated) {
            session->items[i] = session->items[session->shown];
            session->items[session->shown++] = item;
        }
    }
}

static int write_draft(struct session *session, struct answer_draft *draft)
{
    if (session->count > 1) {
        qsort(session->items, session->count, sizeof(session->items[0]), compare);
    }
    put_repeated_last(session);
    draft->certificates = calloc(session->shown + 1, sizeof(draft->certificates[0]));
    if (draft->certificates == NULL) {
        return -1;
    }
    for (size_t i = 0; i < session->shown; i++) {
        if (write_item(session->items[i], &draft->certificates[draft->certificate_count++]) < 0) {
            return -1;
        }
        draft->usable_count += session->items[i]->rank.reason == REASON_USABLE;
    }
    return write_places(session, draft->usable_count);
}

static void forget(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        issuers_free(&session->items[i]->bundle);
        value_free(&session->items[i]->value);
        trail_free(&session->items[i]->trail);
        free(session->items[i]);
    }
    issuers_free(&session->bundles);
    free(session->items);
}

/* Certificates only: the rest of the draft is the caller's. */
static void draft_clear(struct answer_draft *draft)
{
    struct answer_draft certificates = {
        .certificates = draft->certificates,
        .certificate_count = draft->certificate_count,
    };

    answer_draft_free(&certificates);
    draft->certificates = NULL;
    draft->certificate_count = draft->usable_count = 0;
}

int judge(const struct judge_request *request, struct answer_draft *draft, struct needs *needs)
{
    struct session session = {
        .policies = request->policies,
        .address = request->address,
        .now = request->now,
        .explain = request->explain,
    };
    int result = -1;

    (void)needs;
    draft->certificates = NULL;
    draft->certificate_count = draft->usable_count = 0;
    draft->policy = policies_fingerprint(request->policies);
    if (split(&session, request->candidates, request->count) < 0 || pool_bundles(&session) < 0 ||
        judge_all(&session) < 0) {
        goto out;
    }
    if (write_draft(&session, draft) < 0) {
        draft_clear(draft);
        goto out;
    }
    result = 0;
out:
    forget(&session);
    ERR_clear_error();
    return result;
}
