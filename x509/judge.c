#include "x509/judge.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "x509/judge_private.h"
#include "x509/trust.h"

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
    const char *domain = session->request->address != NULL ? address_domain(session->request->address) : NULL;

    session->items = calloc(count + 1, sizeof(session->items[0]));
    if (session->items == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const char *directory = candidates[i].source.directory;
        const struct policy *policy = policies_choose(session->request->policies, directory, domain);
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

static struct wants wants_of(const struct session *session, const struct candidate *candidate)
{
    const struct judge_request *request = session->request;
    bool may_ask = request->ask_directories && !candidate->closed;

    return (struct wants){
        .urls = request->ask_urls,
        .configured = session->needs != NULL,
        .ocsp = request->ask_ocsp,
        .issuers = request->ask_issuers,
        .directory = may_ask ? candidate->source.directory : NULL,
        .evidence = request->evidence,
        .now = request->now,
    };
}

/* Values share evenly, and what one does not need is for those after it: whoever can put values into the entry cannot
 * take from a good one beside them what it needs. Nor can explain: what it spends is its own. One answer of directories
 * holds at most MAX_VALUES; whoever has more of them (certlookup --inspect) is granted as much for each. */
static int judge_all(struct session *session)
{
    int answers = (int)((session->count + MAX_VALUES - 1) / MAX_VALUES);

    session->left = (struct path_budget){
        .checks = answers * MAX_ALL_SIGNATURE_CHECKS,
        .paths = answers * MAX_ALL_PATHS,
    };
    session->left_apart = session->left;
    for (size_t i = 0; i < session->count; i++) {
        struct item *item = session->items[i];
        const struct path_budget granted = grant(&session->left, session->count - i);
        const struct path_budget granted_apart = grant(&session->left_apart, session->count - i);

        item->budget = granted;
        item->apart = granted_apart;
        item->signer_budget = (struct path_budget)SIGNER_BUDGET;
        item->wants = wants_of(session, item->candidate);
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

static void forget(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        issuers_free(&session->items[i]->bundle);
        wants_free(&session->items[i]->wants);
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
    struct session session = {.request = request, .needs = needs};
    int result = -1;

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
