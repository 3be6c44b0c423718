#include "x509/judge.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "base/metrics.h"
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
    const struct cert *leaf;   /* among value.certs; NULL: malformed */
    struct verdict verdict;
    struct rank rank;
};

/* One call of judge(). */
struct session {
    const struct policies *policies;
    const struct address *address;
    int64_t now;
    struct item **items;
    size_t count;
    struct issuers bundles;    /* what all values offer */
    struct path_budget left;   /* for the values that wait */
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
    session->items = calloc(count + 1, sizeof(session->items[0]));
    if (session->items == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct policy *policy =
            policies_choose(session->policies, candidates[i].source.directory, address_domain(session->address));
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

/* Judges one certificate of the value as the recipient's, and keeps it if it is the best of them so far. -1: memory. */
static int consider(const struct session *session, struct item *item, const struct cert *cert)
{
    const struct path_pools pools = {{&item->policy->issuers, &item->bundle, &session->bundles}};
    const struct recipient recipient = {session->address, item->candidate->source.mails};
    struct verdict verdict = {.revocation.crl_reason = -1, .not_after = cert->not_after};
    struct finding own;
    struct leaf leaf;
    struct rank rank;

    ERR_clear_error();
    leaf_read(item->policy, &recipient, cert, &leaf);
    if (!leaf_check(item->policy, &leaf, &own)) {
        verdict.finding = own;
    } else {
        path_find(item->policy, cert, &pools, session->now, &item->budget, &verdict);
        add_remark(&verdict.finding, own.detail);
    }
    if (finding_was_memory() || verdict.finding.reason == REASON_INTERNAL) {
        return -1;
    }
    rank = rank_of(&leaf, verdict.finding.reason, verdict.revocation.status);
    if (item->leaf == NULL || rank_compare(&rank, &item->rank) < 0) {
        item->leaf = cert;
        item->verdict = verdict;
        item->rank = rank;
    }
    return 0;
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
    return 0;
}

static int share(int left, int most, size_t waiting)
{
    int even = left / (int)waiting;

    return even < most ? even : most;
}

/* Values share evenly, and what one does not need is for those after it: whoever can put values into the entry cannot
 * take from a good one beside them what it needs. */
static int judge_all(struct session *session)
{
    session->left = (struct path_budget){.checks = MAX_ALL_SIGNATURE_CHECKS, .paths = MAX_ALL_PATHS};
    for (size_t i = 0; i < session->count; i++) {
        struct item *item = session->items[i];
        const struct path_budget granted = {
            .looks = MAX_ISSUERS_TRIED,
            .checks = share(session->left.checks, MAX_SIGNATURE_CHECKS, session->count - i),
            .paths = share(session->left.paths, MAX_PATHS, session->count - i),
        };

        item->budget = granted;
        if (judge_item(session, item) < 0) {
            return -1;
        }
        session->left.checks -= granted.checks - item->budget.checks;
        session->left.paths -= granted.paths - item->budget.paths;
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
    if (copy_source(&item->candidate->source, &certificate->source) < 0 || certificate->detail == NULL) {
        return -1;
    }
    return copy_chain(&verdict->path, certificate);
}

/* A value that stands in several places is shown once: where it fares best. */
static bool is_shown(const struct session *session, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (are_same_value(session->items[i]->candidate, session->items[index]->candidate)) {
            return true;
        }
    }
    return false;
}

static int write_draft(struct session *session, struct answer_draft *draft)
{
    if (session->count > 1) {
        qsort(session->items, session->count, sizeof(session->items[0]), compare);
    }
    draft->certificates = calloc(session->count + 1, sizeof(draft->certificates[0]));
    if (draft->certificates == NULL) {
        return -1;
    }
    for (size_t i = 0; i < session->count; i++) {
        if (is_shown(session, i)) {
            continue;
        }
        if (write_item(session->items[i], &draft->certificates[draft->certificate_count++]) < 0) {
            return -1;
        }
        draft->usable_count += session->items[i]->rank.reason == REASON_USABLE;
    }
    return 0;
}

static void forget(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        issuers_free(&session->items[i]->bundle);
        value_free(&session->items[i]->value);
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
