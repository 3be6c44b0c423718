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

/* The higher value of a criterion stands first; the words are for usable ones. */
enum {
    BY_USABLE,
    BY_REASON,
    BY_REVOCATION,
    BY_CLAIM,
    BY_EMAIL_PROTECTION,
    BY_USAGE,
    BY_RSA,
    BY_ALTERNATIVE_NAME,
    BY_NOT_BEFORE,
    CRITERIA
};

static const struct {
    const char *of_first, *of_second;
} words[CRITERIA + 1] = {
    [BY_USABLE] = {"it is usable", "it is not usable"},
    [BY_REASON] = {"it got further", "it got less far"},
    [BY_REVOCATION] = {"it is known not to be revoked", "it is not known whether it is revoked"},
    [BY_CLAIM] = {"it names the address more closely", "it names the address less closely"},
    [BY_EMAIL_PROTECTION] = {"its extKeyUsage says emailProtection", "its extKeyUsage does not say emailProtection"},
    [BY_USAGE] = {"its keyUsage is closer to encryption alone", "its keyUsage is less close to encryption alone"},
    [BY_RSA] = {"its key is RSA, which every client knows", "its key is not RSA"},
    [BY_ALTERNATIVE_NAME] = {"its subjectAltName names the address", "only its subject names the address"},
    [BY_NOT_BEFORE] = {"its notBefore is newer", "its notBefore is older"},
    [CRITERIA] = {"all else is equal and its fingerprint is lower", "all else is equal and its fingerprint is higher"},
};

static void list_criteria(const struct rank *rank, int64_t values[CRITERIA])
{
    values[BY_USABLE] = rank->reason == REASON_USABLE;
    values[BY_REASON] = rank->reason;
    values[BY_REVOCATION] = rank->revocation_known;
    values[BY_CLAIM] = rank->claim;
    values[BY_EMAIL_PROTECTION] = rank->email_protection;
    values[BY_USAGE] = rank->usage;
    values[BY_RSA] = rank->rsa;
    values[BY_ALTERNATIVE_NAME] = rank->in_alternative_name;
    values[BY_NOT_BEFORE] = rank->not_before;
}

/* The first one that differs; CRITERIA: none, and the fingerprint decides. */
static unsigned deciding(const struct rank *a, const struct rank *b, int *order)
{
    int64_t of_a[CRITERIA], of_b[CRITERIA];

    list_criteria(a, of_a);
    list_criteria(b, of_b);
    for (unsigned i = 0; i < CRITERIA; i++) {
        *order = higher_first(of_a[i], of_b[i]);
        if (*order != 0) {
            return i;
        }
    }
    *order = memcmp(a->fingerprint.bytes, b->fingerprint.bytes, DIGEST_BYTES);
    return CRITERIA;
}

int rank_compare(const struct rank *a, const struct rank *b)
{
    int order;

    deciding(a, b, &order);
    return order;
}

const char *rank_words(const struct rank *first, const struct rank *second, bool about_first)
{
    int order;
    unsigned criterion = deciding(first, second, &order);

    return about_first ? words[criterion].of_first : words[criterion].of_second;
}
