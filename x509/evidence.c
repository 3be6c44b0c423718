#include "x509/evidence.h"

#include <stdlib.h>

#include "x509/evidence_item.h"

#define KEPT_AFTER_END_S (30 * 24 * 3600) /* what it lists stays revoked, but not for nothing */
#define KEPT_ANSWER_S (24 * 3600)

struct evidence *evidence_new(void)
{
    return evidence_of(NULL, 0, NULL);
}

struct evidence *evidence_ref(struct evidence *evidence)
{
    if (evidence != NULL) {
        atomic_fetch_add_explicit(&evidence->references, 1, memory_order_relaxed);
    }
    return evidence;
}

static void items_free(struct evidence_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evidence_item_free(&items[i]);
    }
    free(items);
}

void evidence_free(struct evidence **evidence)
{
    struct evidence *gone = *evidence;

    *evidence = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    link_set_free(&gone->crl_links);
    link_set_free(&gone->ocsp_links);
    crl_list_free(&gone->crls);
    crl_list_free(&gone->waiting);
    issuers_free(&gone->issuers);
    free(gone->ocsp);
    items_free(gone->items, gone->count);
    free(gone);
}

static int add_crls(struct crl_list *all, const struct crl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (crl_list_add(all, crl_ref(list->crls[i])) < 0) {
            return -1;
        }
    }
    return 0;
}

static int index_crls(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->count; i++) {
        if (add_crls(&evidence->crls, &evidence->items[i]->crls) < 0 ||
            add_crls(&evidence->waiting, &evidence->items[i]->waiting) < 0) {
            return -1;
        }
    }
    crl_list_sort(&evidence->crls);
    crl_list_sort(&evidence->waiting);
    return 0;
}

static int index_issuers(struct evidence *evidence)
{
    const struct cert **all;
    size_t count = 0, used = 0;
    int result;

    for (size_t i = 0; i < evidence->count; i++) {
        count += evidence->items[i]->certs.count;
    }
    all = calloc(count + 1, sizeof(all[0]));
    if (all == NULL) {
        return -1;
    }
    for (size_t i = 0; i < evidence->count; i++) {
        for (size_t k = 0; k < evidence->items[i]->certs.count; k++) {
            all[used++] = evidence->items[i]->certs.certs[k];
        }
    }
    result = issuers_make(&evidence->issuers, all, used);
    free(all);
    return result;
}

/* Of two about one certificate, from two responders, the newer stands first. */
static int compare_answers(const void *a, const void *b)
{
    const struct ocsp_answer *left = *(const struct ocsp_answer *const *)a;
    const struct ocsp_answer *right = *(const struct ocsp_answer *const *)b;
    int order = memcmp(left->subject.bytes, right->subject.bytes, DIGEST_BYTES);

    if (order != 0) {
        return order;
    }
    return left->this_update > right->this_update ? -1 : left->this_update < right->this_update;
}

static int index_answers(struct evidence *evidence)
{
    evidence->ocsp = calloc(evidence->count + 1, sizeof(evidence->ocsp[0]));
    if (evidence->ocsp == NULL) {
        return -1;
    }
    for (size_t i = 0; i < evidence->count; i++) {
        if (evidence->items[i]->ocsp != NULL) {
            evidence->ocsp[evidence->ocsp_count++] = evidence->items[i]->ocsp;
        }
    }
    if (evidence->ocsp_count > 1) {
        qsort(evidence->ocsp, evidence->ocsp_count, sizeof(evidence->ocsp[0]), compare_answers);
    }
    return 0;
}

static bool same_crls(const struct crl_list *a, const struct crl_list *b)
{
    return a->count == b->count && (a->count == 0 || memcmp(a->crls, b->crls, a->count * sizeof(a->crls[0])) == 0);
}

static int index_links(struct evidence *evidence, const struct evidence *before)
{
    evidence->crl_links = before != NULL && same_crls(&before->crls, &evidence->crls)
                              ? link_set_ref(before->crl_links)
                              : link_set_of_crls(&evidence->crls);
    evidence->ocsp_links = link_set_of_answers(evidence->ocsp, evidence->ocsp_count);
    return evidence->crl_links != NULL && evidence->ocsp_links != NULL ? 0 : -1;
}

struct evidence *evidence_of(struct evidence_item **items, size_t count, const struct evidence *before)
{
    struct evidence *evidence = calloc(1, sizeof(*evidence));

    if (evidence == NULL) {
        items_free(items, count);
        return NULL;
    }
    atomic_init(&evidence->references, 1);
    evidence->items = items;
    evidence->count = count;
    for (size_t i = 0; i < count; i++) {
        evidence->bytes += items[i]->bytes;
    }
    if (index_crls(evidence) < 0 || index_issuers(evidence) < 0 || index_answers(evidence) < 0 ||
        index_links(evidence, before) < 0) {
        evidence_free(&evidence);
    }
    return evidence;
}

size_t evidence_place(const struct evidence *evidence, const struct digest *key, bool *found)
{
    size_t low = 0, high = evidence->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(evidence->items[middle]->key.bytes, key->bytes, DIGEST_BYTES) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < evidence->count && digest_equal(&evidence->items[low]->key, key);
    return low;
}

static bool is_old(const struct evidence_item *item, int64_t now)
{
    int64_t kept = item->ocsp != NULL ? KEPT_ANSWER_S : !evidence_item_counts(item) ? 0 : KEPT_AFTER_END_S;

    return item->expires_at != 0 && now > item->expires_at + kept;
}

struct evidence *evidence_without_old(const struct evidence *before, int64_t now)
{
    struct evidence_item **items = calloc(before->count + 1, sizeof(items[0]));
    size_t count = 0;

    for (size_t i = 0; i < before->count && items != NULL; i++) {
        if (!is_old(before->items[i], now)) {
            items[count++] = evidence_item_ref(before->items[i]);
        }
    }
    if (items == NULL || count == before->count) {
        if (items != NULL) {
            items_free(items, count);
        }
        return NULL;
    }
    return evidence_of(items, count, before);
}

bool evidence_revokes(const struct evidence *evidence, const uint64_t *links, size_t count, int64_t now)
{
    (void)now; /* what is listed stays revoked */
    for (size_t i = 0; i < count; i++) {
        if (link_set_has(evidence->crl_links, links[i]) || link_set_has(evidence->ocsp_links, links[i])) {
            return true;
        }
    }
    return false;
}

bool evidence_take_use(const struct evidence *evidence, const struct digest *need)
{
    bool found;
    size_t place = evidence_place(evidence, need, &found);

    return found && evidence_item_take_use(evidence->items[place]);
}

struct evidence_counts evidence_count(const struct evidence *evidence)
{
    return (struct evidence_counts){evidence->crls.count, evidence->ocsp_count, evidence->issuers.count,
                                    evidence->bytes};
}

static const struct crl_list no_crls;

const struct crl_list *evidence_crls(const struct evidence *evidence)
{
    return evidence != NULL ? &evidence->crls : &no_crls;
}

const struct crl_list *evidence_waiting(const struct evidence *evidence)
{
    return evidence != NULL ? &evidence->waiting : &no_crls;
}

const struct issuers *evidence_issuers(const struct evidence *evidence)
{
    return evidence != NULL ? &evidence->issuers : NULL;
}

const struct ocsp_answer *const *evidence_ocsp(const struct evidence *evidence, const struct cert *cert, size_t *count)
{
    size_t low = 0, all = evidence != NULL ? evidence->ocsp_count : 0, high = all;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(evidence->ocsp[middle]->subject.bytes, cert->fingerprint.bytes, DIGEST_BYTES) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (high = low; high < all && digest_equal(&evidence->ocsp[high]->subject, &cert->fingerprint); high++) {
    }
    *count = high - low;
    return *count > 0 ? &evidence->ocsp[low] : NULL;
}

enum held evidence_holds(const struct evidence *evidence, const struct digest *key, int64_t now)
{
    bool found = false;
    size_t place = evidence != NULL ? evidence_place(evidence, key, &found) : 0;
    const struct evidence_item *item = found ? evidence->items[place] : NULL;

    if (item == NULL) {
        return HELD_NOT;
    }
    if (item->expires_at != 0 && now > item->expires_at) {
        return evidence_item_is_empty(item) ? HELD_NOT : HELD_PAST;
    }
    return evidence_item_is_empty(item) ? HELD_EMPTY : HELD_CURRENT;
}
