#include <stdlib.h>

#include "base/metrics.h"
#include "x509/evidence_item.h"

#define MAX_SIGNER_POOLS 128 /* policies, and three more */

void arrival_report_free(struct arrival_report *report)
{
    free(report->revoked);
    *report = (struct arrival_report){0};
}

/* The issuer of the certificate that it is about, which may be known from nowhere else. */
struct asker {
    struct cert cert;
    struct issuers issuers;
};

static void asker_read(struct asker *asker, const struct need *need)
{
    struct finding finding;

    *asker = (struct asker){0};
    if (need->issuer != NULL && cert_parse(need->issuer, &asker->cert, &finding) &&
        issuers_make(&asker->issuers, &(const struct cert *){&asker->cert}, 1) < 0) {
        asker->issuers.count = 0;
    }
}

static void asker_free(struct asker *asker)
{
    issuers_free(&asker->issuers);
    cert_free(&asker->cert);
}

static struct evidence_item *read_item(const struct evidence *before, const struct policies *policies,
                                       const struct arrival *arrival, struct error *error)
{
    const struct issuers *signers[MAX_SIGNER_POOLS + 1] = {NULL};
    const struct policy *policy;
    struct evidence_item *item;
    struct asker asker;
    const char *name;
    size_t count = 0;

    asker_read(&asker, arrival->need);
    if (asker.issuers.count > 0) {
        signers[count++] = &asker.issuers;
    }
    signers[count++] = &before->issuers;
    for (size_t i = 0; count < MAX_SIGNER_POOLS && (policy = policies_get(policies, i, &name)) != NULL; i++) {
        signers[count++] = &policy->issuers;
    }
    item = evidence_item_read(arrival, signers, error);
    asker_free(&asker);
    return item;
}

/* The items of `before`, with the new one in its place. */
struct change {
    struct evidence_item **items;
    size_t count;
};

static void change_free(struct change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        evidence_item_free(&change->items[i]);
    }
    free(change->items);
    *change = (struct change){0};
}

static int change_make(struct change *change, const struct evidence *before, struct evidence_item *item)
{
    bool found;
    size_t place = evidence_place(before, &item->key, &found);

    *change = (struct change){.items = calloc(before->count + 2, sizeof(change->items[0]))};
    if (change->items == NULL) {
        return -1;
    }
    for (size_t i = 0; i < before->count; i++) {
        if (i == place) {
            change->items[change->count++] = evidence_item_ref(item);
        }
        if (i != place || !found) {
            change->items[change->count++] = evidence_item_ref(before->items[i]);
        }
    }
    if (place == before->count) {
        change->items[change->count++] = evidence_item_ref(item);
    }
    return 0;
}

/* CRLs that waited for a certificate which has just come. */
static int promote(struct change *change, const struct evidence_item *item, int64_t now)
{
    struct issuers issuers;

    if (item->certs.count == 0) {
        return 0;
    }
    if (issuers_make(&issuers, (const struct cert *const *)item->certs.certs, item->certs.count) < 0) {
        return -1;
    }
    for (size_t i = 0; i < change->count; i++) {
        struct evidence_item *promoted = evidence_item_promoted(change->items[i], &issuers, now);

        if (promoted != NULL) {
            evidence_item_free(&change->items[i]);
            change->items[i] = promoted;
        }
    }
    issuers_free(&issuers);
    return 0;
}

/* Which of two is easier to do without: that a place has nothing, what has run out, then OCSP answers, which are asked
 * for one at a time. */
static bool is_lesser(const struct evidence_item *a, const struct evidence_item *b, int64_t now)
{
    bool a_counts = evidence_item_counts(a), b_counts = evidence_item_counts(b);
    bool a_past = a->expires_at != 0 && a->expires_at < now, b_past = b->expires_at != 0 && b->expires_at < now;

    if (a_counts != b_counts) {
        return !a_counts;
    }
    if (a_past != b_past) {
        return a_past;
    }
    if ((a->ocsp != NULL) != (b->ocsp != NULL)) {
        return a->ocsp != NULL;
    }
    return a->expires_at < b->expires_at;
}

static size_t bytes_of_all(const struct change *change)
{
    size_t bytes = 0;

    for (size_t i = 0; i < change->count; i++) {
        bytes += change->items[i]->bytes;
    }
    return bytes;
}

static void change_remove(struct change *change, size_t place)
{
    evidence_item_free(&change->items[place]);
    change->count--;
    memmove(&change->items[place], &change->items[place + 1], (change->count - place) * sizeof(change->items[0]));
}

/* CRLs that nobody's key has verified may be anybody's, and take the most room: those of the largest item go. False:
 * there are none. */
static bool drop_waiting(struct change *change, int64_t now)
{
    size_t most = change->count;

    for (size_t i = 0; i < change->count; i++) {
        if (change->items[i]->waiting.count > 0 &&
            (most == change->count || change->items[i]->bytes > change->items[most]->bytes)) {
            most = i;
        }
    }
    if (most == change->count) {
        return false;
    }
    struct evidence_item *rest =
        evidence_item_counts(change->items[most]) ? evidence_item_without_waiting(change->items[most], now) : NULL;

    if (rest == NULL) {
        change_remove(change, most);
    } else {
        evidence_item_free(&change->items[most]);
        change->items[most] = rest;
    }
    return true;
}

/* Drops what is easiest to do without. False: that is what came, or all is current. */
static bool drop_least(struct change *change, const struct digest *key, int64_t now)
{
    size_t least = 0;

    for (size_t i = 1; i < change->count; i++) {
        least = is_lesser(change->items[i], change->items[least], now) ? i : least;
    }
    const struct evidence_item *item = change->items[least];

    if (digest_equal(&item->key, key) ||
        (evidence_item_counts(item) && item->ocsp == NULL && item->expires_at >= now)) {
        return false;
    }
    change_remove(change, least);
    return true;
}

/* Makes room: one item in, some out. False: what came does not fit, and nothing that is worth less is there. */
static bool fit(struct change *change, const struct digest *key, int64_t now)
{
    while (change->count > MAX_EVIDENCE_ITEMS || bytes_of_all(change) > MAX_EVIDENCE_BYTES) {
        count(COUNT_LIMIT_EVIDENCE);
        if (!drop_waiting(change, now) && !drop_least(change, key, now)) {
            return false;
        }
    }
    for (size_t i = 0; i < change->count; i++) {
        if (digest_equal(&change->items[i]->key, key)) {
            return true;
        }
    }
    return false; /* it was what had to go */
}

static int add_new_links(struct arrival_report *report, const struct link_set *after, const struct evidence *before)
{
    uint64_t *grown = realloc(report->revoked, (report->revoked_count + after->count + 1) * sizeof(grown[0]));

    if (grown == NULL) {
        return -1;
    }
    report->revoked = grown;
    for (size_t i = 0; i < after->count; i++) {
        if (!link_set_has(before->crl_links, after->links[i]) && !link_set_has(before->ocsp_links, after->links[i])) {
            report->revoked[report->revoked_count++] = after->links[i];
        }
    }
    return 0;
}

static struct evidence *build(const struct evidence *before, struct evidence_item *item, int64_t now,
                              struct arrival_report *report)
{
    struct evidence *after = NULL;
    struct change change;

    if (change_make(&change, before, item) < 0 || promote(&change, item, now) < 0) {
        error_set(&report->error, "out of memory");
    } else if (!fit(&change, &item->key, now)) {
        error_set(&report->error, "no room for more evidence");
    } else {
        after = evidence_of(change.items, change.count, before);
        change = (struct change){0};
        if (after != NULL && (add_new_links(report, after->crl_links, before) < 0 ||
                              add_new_links(report, after->ocsp_links, before) < 0)) {
            evidence_free(&after);
        }
        if (after == NULL) {
            error_set(&report->error, "out of memory");
        }
    }
    change_free(&change);
    return after;
}

struct evidence *evidence_add(const struct evidence *before, const struct policies *policies,
                              const struct arrival *arrival, struct arrival_report *report)
{
    struct evidence_item *item;
    struct evidence *after = NULL;
    bool found, counts;
    size_t place = evidence_place(before, &arrival->need->key, &found);

    *report = (struct arrival_report){0};
    item = read_item(before, policies, arrival, &report->error);
    if (item == NULL) {
        error_set(&report->error, "%s: out of memory", arrival->source);
        return NULL;
    }
    counts = evidence_item_counts(item);
    if (arrival->count > 0 && evidence_item_is_empty(item)) {
        goto out;
    }
    if (found && evidence_item_keep(item, before->items[place]) < 0) {
        error_set(&report->error, "out of memory");
        goto out;
    }
    evidence_item_finish(item, arrival->now);
    after = build(before, item, arrival->now, report);
    report->usable = after != NULL && counts;
    report->holds = after != NULL && evidence_item_counts(item);
    report->refresh_at = item->refresh_at;
    report->expires_at = item->expires_at;
    if (report->usable) {
        report->error = (struct error){{0}};
    }
out:
    evidence_item_free(&item);
    return after;
}
