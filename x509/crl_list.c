#include <stdlib.h>

#include "x509/crl.h"

int crl_list_add(struct crl_list *list, struct crl *crl)
{
    size_t capacity = list->capacity > 0 ? 2 * list->capacity : 8;
    struct crl **grown = list->crls;

    if (list->count == list->capacity) {
        grown = realloc(list->crls, capacity * sizeof(grown[0]));
        if (grown == NULL) {
            crl_free(&crl);
            return -1;
        }
        list->crls = grown;
        list->capacity = capacity;
    }
    list->crls[list->count++] = crl;
    return 0;
}

int crl_list_compare(const struct crl *a, const struct crl *b)
{
    int order = X509_NAME_cmp(a->issuer, b->issuer);

    if (order == 0) {
        order = memcmp(a->scope_digest.bytes, b->scope_digest.bytes, DIGEST_BYTES);
    }
    if (order == 0) {
        order = crl_age_compare(b, a);
    }
    return order != 0 ? order : memcmp(a->fingerprint.bytes, b->fingerprint.bytes, DIGEST_BYTES);
}

static int compare(const void *a, const void *b)
{
    return crl_list_compare(*(const struct crl *const *)a, *(const struct crl *const *)b);
}

void crl_list_sort(struct crl_list *list)
{
    if (list->count > 1) {
        qsort(list->crls, list->count, sizeof(list->crls[0]), compare);
    }
}

void crl_list_free(struct crl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        crl_free(&list->crls[i]);
    }
    free(list->crls);
    *list = (struct crl_list){0};
}

struct crl *const *crl_list_find(const struct crl_list *list, const X509_NAME *issuer, size_t *count)
{
    size_t low = 0, high = list->count, first;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (X509_NAME_cmp(list->crls[middle]->issuer, issuer) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    first = low;
    while (low < list->count && X509_NAME_cmp(list->crls[low]->issuer, issuer) == 0) {
        low++;
    }
    *count = low - first;
    return *count > 0 ? &list->crls[first] : NULL;
}

bool crl_same_scope(const struct crl *a, const struct crl *b)
{
    return digest_equal(&a->scope_digest, &b->scope_digest) && X509_NAME_cmp(a->issuer, b->issuer) == 0;
}
