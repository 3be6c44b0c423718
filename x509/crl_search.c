#include "x509/crl_search.h"

#include "base/metrics.h"
#include "x509/evidence_view.h"
#include "x509/trust.h"

struct matches {
    const struct search_key *key;
    int64_t now;
    const struct crl *crls[MAX_SEARCH_RESULTS]; /* the best first */
    size_t count, most;
};

static bool is_wanted(const struct crl *crl, const struct matches *matches)
{
    const struct search_key *key = matches->key;
    bool is_key_id = key->attribute == SEARCH_SKID_HASH;
    const uint8_t *sha1 = is_key_id ? crl->key_id_sha1 : crl->issuer_sha1;

    return (is_key_id ? crl->has_key_id : key->attribute == SEARCH_I_HASH) &&
           bytes_equal(bytes_of(sha1, DIGEST_SHA1_BYTES), bytes_of(key->value, key->size)) && crl->key != NULL &&
           crl->this_update <= matches->now && matches->now < crl->next_update;
}

static bool stands_before(const struct crl *a, const struct crl *b)
{
    if (a->delta != b->delta) {
        return b->delta;
    }
    if (a->this_update != b->this_update) {
        return a->this_update > b->this_update;
    }
    return crl_age_compare(a, b) > 0;
}

static void insert(struct matches *matches, const struct crl *crl)
{
    size_t at = 0;

    for (size_t i = 0; i < matches->count; i++) {
        if (digest_equal(&matches->crls[i]->fingerprint, &crl->fingerprint)) {
            return;
        }
    }
    while (at < matches->count && !stands_before(crl, matches->crls[at])) {
        at++;
    }
    count_add(COUNT_LIMIT_SEARCH_RESULTS, matches->count == matches->most);
    if (at == matches->most) {
        return;
    }
    matches->count += matches->count < matches->most;
    memmove(&matches->crls[at + 1], &matches->crls[at], (matches->count - 1 - at) * sizeof(matches->crls[0]));
    matches->crls[at] = crl;
}

static void insert_all(struct matches *matches, const struct crl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_wanted(list->crls[i], matches)) {
            insert(matches, list->crls[i]);
        }
    }
}

size_t crl_search(const struct policies *policies, const struct evidence *evidence, const struct search_key *key,
                  int64_t now, struct search_match *crls, size_t most)
{
    struct matches matches = {.key = key, .now = now, .most = most < MAX_SEARCH_RESULTS ? most : MAX_SEARCH_RESULTS};
    const struct policy *policy;
    const char *name;

    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        insert_all(&matches, &policy->crls);
    }
    insert_all(&matches, evidence_crls(evidence));
    for (size_t i = 0; i < matches.count; i++) {
        crls[i] = (struct search_match){blob_ref(matches.crls[i]->der), matches.crls[i]->fingerprint};
    }
    return matches.count;
}
