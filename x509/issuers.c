#include "x509/issuers.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct cert *left = *(const struct cert *const *)a, *right = *(const struct cert *const *)b;
    int order = X509_NAME_cmp(cert_subject(left), cert_subject(right));

    if (order != 0) {
        return order;
    }
    if (left->anchor != right->anchor) {
        return left->anchor ? -1 : 1;
    }
    if (left->not_after != right->not_after) {
        return left->not_after > right->not_after ? -1 : 1;
    }
    return memcmp(left->fingerprint.bytes, right->fingerprint.bytes, DIGEST_BYTES);
}

/* A certificate that is an anchor and an intermediate as well stays an anchor: it sorts first. */
static void drop_equal(struct issuers *issuers)
{
    size_t kept = 0;

    for (size_t i = 0; i < issuers->count; i++) {
        bool known = false;

        for (size_t before = kept; before > 0 && !known; before--) {
            const struct cert *other = issuers->sorted[before - 1];

            if (X509_NAME_cmp(cert_subject(other), cert_subject(issuers->sorted[i])) != 0) {
                break;
            }
            known = digest_equal(&other->fingerprint, &issuers->sorted[i]->fingerprint);
        }
        if (!known) {
            issuers->sorted[kept++] = issuers->sorted[i];
        }
    }
    issuers->count = kept;
}

/* One that issues certificates, or, without being a CA, CRLs (RFC 5280 4.2.1.13, cRLIssuer). One that says keyCertSign
 * beside a basicConstraints that says no CA makes a bad path, not none. */
static bool may_issue(const struct cert *cert)
{
    bool signs = (X509_get_extension_flags(cert->x509) & EXFLAG_KUSAGE) != 0 &&
                 (X509_get_key_usage(cert->x509) & (X509v3_KU_CRL_SIGN | X509v3_KU_KEY_CERT_SIGN)) != 0;

    return cert->anchor || cert_is_ca(cert) || signs || X509_check_ca(cert->x509) != 0;
}

int issuers_make(struct issuers *issuers, const struct cert *const *certs, size_t count)
{
    *issuers = (struct issuers){.sorted = calloc(count + 1, sizeof(issuers->sorted[0]))};
    if (issuers->sorted == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (may_issue(certs[i])) {
            issuers->sorted[issuers->count++] = certs[i];
        }
    }
    qsort(issuers->sorted, issuers->count, sizeof(issuers->sorted[0]), compare);
    drop_equal(issuers);
    return 0;
}

void issuers_free(struct issuers *issuers)
{
    free(issuers->sorted);
    *issuers = (struct issuers){0};
}

const struct cert *const *issuers_find(const struct issuers *issuers, const X509_NAME *name, size_t *count)
{
    size_t low = 0, high = issuers->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (X509_NAME_cmp(cert_subject(issuers->sorted[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (high = low; high < issuers->count && X509_NAME_cmp(cert_subject(issuers->sorted[high]), name) == 0; high++) {
    }
    *count = high - low;
    return *count > 0 ? &issuers->sorted[low] : NULL;
}
