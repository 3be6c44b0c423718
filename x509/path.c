#include "x509/path.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "x509/keys.h"
#include "x509/shown.h"

struct search {
    const struct policy *policy;
    const struct path_pools *pools;
    int64_t now;
    struct path path;
    struct path_budget *budget;
    bool broken_off;
    struct verdict *best;
};

/* A weak key ends a way where it might have gone on: that says more than that no way went on. */
static int weight(enum reason reason)
{
    return reason == REASON_WEAK_KEY ? 2 * REASON_UNTRUSTED + 1 : 2 * (int)reason;
}

/* Which of two verdicts got further: no anchor reached, one reached, usable, and known to be good. */
static int progress(const struct verdict *verdict)
{
    if (verdict->finding.reason == REASON_USABLE) {
        return 4 * REASON_COUNT + (verdict->revocation.status != REVOCATION_UNKNOWN);
    }
    return weight(verdict->finding.reason) + (verdict->path.count > 0 ? 2 * REASON_COUNT : 0);
}

/* No other path can say better: the leaf's own dates and revocation are the same on all of them. */
static bool is_settled(const struct verdict *verdict)
{
    enum reason reason = verdict->finding.reason;

    return progress(verdict) > 4 * REASON_COUNT || reason == REASON_INTERNAL || reason == REASON_NOT_YET_VALID ||
           reason == REASON_EXPIRED || reason == REASON_REVOKED;
}

/* Takes one from what is left. False: nothing is, and the search is over. */
static bool spend(struct search *search, int *left)
{
    if (*left > 0) {
        (*left)--;
        return true;
    }
    search->broken_off = search->budget->used_up = true;
    return false;
}

static bool judge_complete(struct search *search)
{
    struct verdict verdict;

    if (!spend(search, &search->budget->paths)) {
        return true;
    }
    path_judge(search->policy, &search->path, search->now, &verdict);
    if (verdict.finding.reason == REASON_INTERNAL || progress(&verdict) > progress(search->best)) {
        *search->best = verdict;
    }
    return is_settled(search->best);
}

/* The same name and key twice is a circle (RFC 5280 6.1 asks for none; RFC 4158 2.4.2). */
static bool is_in_path(const struct path *path, const struct cert *issuer)
{
    for (size_t i = 0; i < path->count; i++) {
        const X509 *x509 = path->certs[i]->x509;

        if (X509_NAME_cmp(X509_get_subject_name(x509), cert_subject(issuer)) == 0 &&
            EVP_PKEY_eq(X509_get0_pubkey(x509), X509_get0_pubkey(issuer->x509)) == 1) {
            return true;
        }
    }
    return false;
}

/* What stands between a certificate and one that bears the name of its issuer. */
enum link { LINK_HOLDS, LINK_OF_ANOTHER, LINK_MAY_NOT_SIGN, LINK_WEAK, LINK_FORGED, LINK_UNTRIED };

/* The key comes before the signature: whoever made the certificate chose what it costs to use its key. */
static enum link link_test(struct search *search, const struct cert *subject, const struct cert *issuer,
                           char weakness[KEY_WEAKNESS_BYTES])
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->x509);
    int fault = X509_check_issued(issuer->x509, subject->x509);

    if (fault == X509_V_ERR_KEYUSAGE_NO_CERTSIGN) {
        return LINK_MAY_NOT_SIGN;
    }
    if (fault != X509_V_OK || key == NULL) {
        return LINK_OF_ANOTHER;
    }
    if (!key_is_strong(issuer->x509, &search->policy->strength, weakness)) {
        return LINK_WEAK;
    }
    if (!spend(search, &search->budget->checks)) {
        return LINK_UNTRIED;
    }
    return X509_verify(subject->x509, key) == 1 ? LINK_HOLDS : LINK_FORGED;
}

/* Keeps the words that got furthest; of several, the first. */
static void note(struct search *search, enum reason reason, const struct cert *subject, const struct cert *issuer,
                 const char *what)
{
    char name[SHOWN_NAME_BYTES], issuer_name[SHOWN_NAME_BYTES];

    if (weight(reason) > progress(search->best)) {
        shown_name(cert_subject(subject), name);
        shown_name(issuer != NULL ? cert_subject(issuer) : cert_issuer(subject), issuer_name);
        finding_set(&search->best->finding, reason, "\"%s\", issued by \"%s\": %s", name, issuer_name, what);
    }
}

static bool search_from(struct search *search);

/* Goes over `issuer`, the next above `subject`. True: the search is over. */
static bool search_over(struct search *search, const struct cert *subject, const struct cert *issuer)
{
    char weakness[KEY_WEAKNESS_BYTES];
    enum link link = link_test(search, subject, issuer, weakness);
    bool over;

    if ((link == LINK_WEAK || link == LINK_FORGED) && finding_was_memory()) {
        return !finding_set(&search->best->finding, REASON_INTERNAL, "out of memory");
    }
    switch (link) {
    case LINK_OF_ANOTHER:
        break;
    case LINK_MAY_NOT_SIGN:
        note(search, REASON_BAD_CHAIN, subject, issuer, "the issuer's keyUsage lacks keyCertSign (RFC 5280 4.2.1.3)");
        break;
    case LINK_WEAK:
        note(search, REASON_WEAK_KEY, subject, issuer, weakness);
        break;
    case LINK_FORGED:
        note(search, REASON_BAD_CHAIN, subject, issuer, "not signed by the issuer's key (RFC 5280 6.1.3 (a)(1))");
        break;
    case LINK_HOLDS:
        search->path.certs[search->path.count++] = issuer;
        over = search_from(search);
        search->path.count--;
        return over;
    case LINK_UNTRIED:
        return true;
    }
    return false;
}

/* Goes on from the last certificate of the path. True: the search is over. */
static bool search_from(struct search *search)
{
    const struct cert *last = search->path.certs[search->path.count - 1];

    if (last->anchor) {
        return judge_complete(search);
    }
    if (search->path.count == MAX_CHAIN) {
        note(search, REASON_BAD_CHAIN, last, NULL, "the path is too long");
        return false;
    }
    for (size_t i = 0; i < PATH_POOLS && search->pools->pools[i] != NULL; i++) {
        size_t count;
        const struct cert *const *issuers = issuers_find(search->pools->pools[i], cert_issuer(last), &count);

        for (size_t k = 0; k < count; k++) {
            if (!spend(search, &search->budget->looks) ||
                (!is_in_path(&search->path, issuers[k]) && search_over(search, last, issuers[k]))) {
                return true;
            }
        }
    }
    note(search, REASON_UNTRUSTED, last, NULL,
         (X509_get_extension_flags(last->x509) & EXFLAG_SS) != 0 ? "self-signed and not an anchor"
                                                                   : "no way from there to an anchor");
    return false;
}

/* What was not looked at might have been the way. */
static void confess(struct verdict *verdict)
{
    struct finding found = verdict->finding;

    if (found.reason == REASON_UNJUDGED) {
        finding_set(&verdict->finding, REASON_UNTRUSTED, "search broken off: too many certificates bear the name of an "
                    "issuer");
    } else {
        finding_set(&verdict->finding, found.reason, "search broken off, too many issuers%s%s",
                    found.detail[0] != '\0' ? ": " : "", found.detail);
    }
}

void path_find(const struct policy *policy, const struct cert *leaf, const struct path_pools *pools, int64_t now,
               struct path_budget *budget, struct verdict *verdict)
{
    const struct cert *anchor = policy_anchor(policy, leaf);
    struct search search = {
        .policy = policy,
        .pools = pools,
        .now = now,
        .path = {.certs = {anchor != NULL ? anchor : leaf}, .count = 1},
        .budget = budget,
        .best = verdict,
    };

    *verdict = (struct verdict){.finding = {.reason = REASON_UNJUDGED}, .not_after = leaf->not_after};
    verdict->revocation.crl_reason = -1;
    ERR_clear_error();
    search_from(&search);
    if (search.broken_off && !is_settled(verdict)) {
        confess(verdict);
    }
}
