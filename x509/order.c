#include "x509/order.h"

#include <openssl/x509v3.h>

static int usage_rank(const struct leaf *leaf)
{
    uint32_t wanted = leaf->key.use == KEY_USE_TRANSPORT ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;

    if (leaf->key_usage == wanted) {
        return 2;
    }
    return leaf->key_usage == (wanted | KU_DIGITAL_SIGNATURE) ? 1 : 0;
}

struct rank rank_of(const struct leaf *leaf, enum reason reason, enum revocation_status status)
{
    struct rank rank = {.reason = reason, .revocation_known = status != REVOCATION_UNKNOWN};

    if (leaf != NULL) {
        rank.claim = leaf->claim;
        rank.email_protection = leaf->email_protection;
        rank.usage = usage_rank(leaf);
        rank.rsa = leaf->key.use == KEY_USE_TRANSPORT;
        rank.in_alternative_name = leaf->names == NAMES_IN_ALTERNATIVE;
        rank.not_before = leaf->cert->not_before;
        rank.fingerprint = leaf->cert->fingerprint;
    }
    return rank;
}

static int higher_first(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

int rank_compare(const struct rank *a, const struct rank *b)
{
    const int64_t pairs[][2] = {
        {a->reason == REASON_USABLE, b->reason == REASON_USABLE},
        {a->reason, b->reason},
        {a->revocation_known, b->revocation_known},
        {a->claim, b->claim},
        {a->email_protection, b->email_protection},
        {a->usage, b->usage},
        {a->rsa, b->rsa},
        {a->in_alternative_name, b->in_alternative_name},
        {a->not_before, b->not_before},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        int order = higher_first(pairs[i][0], pairs[i][1]);

        if (order != 0) {
            return order;
        }
    }
    return memcmp(a->fingerprint.bytes, b->fingerprint.bytes, DIGEST_BYTES);
}
