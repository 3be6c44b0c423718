#include "base/known_issuers.h"

#include <stdlib.h>

struct known_issuers *known_issuers_new(const struct digest *policy, size_t room)
{
    struct known_issuers *known = NULL;

    if (room <= (SIZE_MAX - sizeof(*known)) / sizeof(known->items[0])) {
        known = malloc(sizeof(*known) + room * sizeof(known->items[0]));
    }
    if (known != NULL) {
        known->policy = *policy;
        known->count = 0;
    }
    return known;
}

void known_issuers_free(struct known_issuers **known)
{
    for (size_t i = 0; *known != NULL && i < (*known)->count; i++) {
        blob_free(&(*known)->items[i].blob);
    }
    free(*known);
    *known = NULL;
}

void known_issuers_add(struct known_issuers *known, const struct digest *digest, struct blob *blob)
{
    known->items[known->count++] = (struct known_issuer){*digest, blob_ref(blob)};
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

void known_issuers_sort(struct known_issuers *known)
{
    size_t kept = 0;

    qsort(known->items, known->count, sizeof(known->items[0]), compare);
    for (size_t i = 0; i < known->count; i++) {
        if (kept > 0 && compare(&known->items[kept - 1], &known->items[i]) == 0) {
            blob_free(&known->items[i].blob);
        } else {
            known->items[kept++] = known->items[i];
        }
    }
    known->count = kept;
}

bool known_issuers_are_of(const struct known_issuers *known, const struct digest *policy)
{
    /* No secret, so that it need not take as long where they differ as where they do not. */
    return known != NULL && memcmp(&known->policy, policy, sizeof(*policy)) == 0;
}

static const struct known_issuer *find(const struct known_issuers *known, const uint8_t *digest)
{
    return bsearch(digest, known->items, known->count, sizeof(known->items[0]), compare);
}

struct blob *known_issuers_find(const struct known_issuers *known, struct bytes digest)
{
    const struct known_issuer *item = digest.size == DIGEST_BYTES ? find(known, digest.data) : NULL;

    return item != NULL ? item->blob : NULL;
}

static const struct known_issuer *find_blob(const struct known_issuers *known, const struct blob *issuer)
{
    size_t i = 0;

    while (i < known->count && known->items[i].blob != issuer) {
        i++;
    }
    return i < known->count ? &known->items[i] : NULL;
}

bool known_issuers_hold(const struct known_issuers *known, const struct blob *issuer)
{
    return find_blob(known, issuer) != NULL;
}

const struct digest *known_issuers_digest(const struct known_issuers *known, const struct blob *issuer)
{
    const struct known_issuer *item = find_blob(known, issuer);
    struct digest digest;

    if (item == NULL) { /* rarely, as equal issuers mostly are one blob */
        digest = digest_sha256(blob_bytes(issuer));
        item = find(known, digest.bytes);
    }
    return item != NULL ? &item->digest : NULL;
}
