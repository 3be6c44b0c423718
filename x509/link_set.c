#include <stdlib.h>

#include "x509/evidence_item.h"
#include "x509/link.h"

/* The walk over one CRL. */
struct gathering {
    struct link_set *set;
    const struct crl_list *crls;
    const struct crl *crl;
    bool has_deltas;
    const X509_NAME *issuer; /* of the entry before, whose hash is known */
    uint64_t issuer_link;
};

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static void sort(struct link_set *set)
{
    size_t kept = 0;

    if (set->count > 1) {
        qsort(set->links, set->count, sizeof(set->links[0]), compare);
    }
    for (size_t i = 0; i < set->count; i++) {
        if (kept == 0 || set->links[kept - 1] != set->links[i]) {
            set->links[kept++] = set->links[i];
        }
    }
    set->count = kept;
}

static struct link_set *set_new(size_t room)
{
    struct link_set *set = calloc(1, sizeof(*set));

    if (set != NULL) {
        atomic_init(&set->references, 1);
        set->links = malloc((room + 1) * sizeof(set->links[0]));
        if (set->links == NULL) {
            free(set);
            set = NULL;
        }
    }
    return set;
}

/* Another of the same scope, by the same key, that is newer both ways. */
static bool is_superseded(const struct crl *crl, const struct crl_list *crls)
{
    size_t count;
    struct crl *const *others = crl_list_find(crls, crl->issuer, &count);

    for (size_t i = 0; i < count; i++) {
        const struct crl *other = others[i];

        if (!other->delta && other != crl && crl_same_scope(other, crl) && crl_age_compare(other, crl) >= 0 &&
            other->this_update >= crl->this_update && !digest_equal(&other->fingerprint, &crl->fingerprint) &&
            EVP_PKEY_eq(other->key, crl->key) == 1) {
            return true;
        }
    }
    return false;
}

static bool has_deltas(const struct crl *crl, const struct crl_list *crls)
{
    size_t count;
    struct crl *const *others = crl_list_find(crls, crl->issuer, &count);

    for (size_t i = 0; i < count; i++) {
        if (others[i]->delta && crl_same_scope(others[i], crl)) {
            return true;
        }
    }
    return false;
}

/* A delta takes it off the list. */
static bool is_removed(const struct gathering *gathering, const X509_NAME *issuer, struct bytes serial)
{
    size_t count;
    struct crl *const *others = crl_list_find(gathering->crls, gathering->crl->issuer, &count);

    for (size_t i = 0; i < count; i++) {
        if (others[i]->delta && crl_same_scope(others[i], gathering->crl) &&
            crl_age_compare(others[i], gathering->crl) > 0 && crl_index_removes(&others[i]->index, issuer, serial)) {
            return true;
        }
    }
    return false;
}

static void add(void *context, const X509_NAME *issuer, struct bytes serial, int reason)
{
    struct gathering *gathering = context;

    if (gathering->issuer != issuer) {
        gathering->issuer = issuer;
        gathering->issuer_link = link_of_issuer(issuer);
    }
    if ((gathering->crl->delta && reason == CRL_REASON_REMOVE_FROM_CRL) ||
        (gathering->has_deltas && !gathering->crl->delta && is_removed(gathering, issuer, serial))) {
        return;
    }
    gathering->set->links[gathering->set->count++] = link_of_entry(gathering->issuer_link, serial);
}

struct link_set *link_set_of_crls(const struct crl_list *crls)
{
    struct link_set *set;
    size_t room = 0;

    for (size_t i = 0; i < crls->count; i++) {
        room += crls->crls[i]->index.count;
    }
    set = set_new(room);
    for (size_t i = 0; i < crls->count && set != NULL; i++) {
        const struct crl *crl = crls->crls[i];
        struct gathering gathering = {set, crls, crl, has_deltas(crl, crls), NULL, 0};

        if (!is_superseded(crl, crls)) {
            crl_index_each(&crl->index, add, &gathering);
        }
    }
    if (set != NULL) {
        sort(set);
    }
    return set;
}

struct link_set *link_set_of_answers(const struct ocsp_answer *const *answers, size_t count)
{
    struct link_set *set = set_new(count);

    for (size_t i = 0; i < count && set != NULL; i++) {
        if (answers[i]->word == OCSP_SAYS_REVOKED) {
            set->links[set->count++] = answers[i]->link;
        }
    }
    if (set != NULL) {
        sort(set);
    }
    return set;
}

struct link_set *link_set_ref(struct link_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void link_set_free(struct link_set **set)
{
    struct link_set *gone = *set;

    *set = NULL;
    if (gone != NULL && atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) == 1) {
        free(gone->links);
        free(gone);
    }
}

bool link_set_has(const struct link_set *set, uint64_t link)
{
    return set->count > 0 && bsearch(&link, set->links, set->count, sizeof(set->links[0]), compare) != NULL;
}
