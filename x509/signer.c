#include "x509/signer.h"

#include "x509/keys.h"
#include "x509/wants.h"

static bool is_signer(const struct crl *crl, const struct cert *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert->x509);

    return key != NULL && X509_NAME_cmp(cert_subject(cert), crl->issuer) == 0 && EVP_PKEY_eq(key, crl->key) == 1 &&
           crl_may_sign(cert);
}

static bool is_in_path(const struct path *path, const struct crl *crl)
{
    for (size_t i = 1; i < path->count; i++) {
        if (is_signer(crl, path->certs[i])) {
            return true;
        }
    }
    return false;
}

static bool is_being_judged(const struct path_request *request, const struct crl *crl)
{
    for (const struct signing *signing = request->signing; signing != NULL; signing = signing->for_whom) {
        if (EVP_PKEY_eq(signing->crl->key, crl->key) == 1 && X509_NAME_cmp(signing->crl->issuer, crl->issuer) == 0) {
            return true;
        }
    }
    return false;
}

/* Rules of a leaf that path_judge() leaves to x509/rules.h, as far as they are about any certificate. */
static bool is_sound(const struct path_request *request, const struct cert *cert)
{
    char weakness[KEY_WEAKNESS_BYTES], word[KEY_WORD_BYTES];

    return !cert->critical_unknown && key_is_strong(cert->x509, &request->policy->strength, weakness) &&
           (cert->anchor || signature_is_strong(cert->x509, &request->policy->strength, word));
}

static int64_t earliest(const struct verdict *verdict)
{
    int64_t next_update = verdict->revocation.next_update;

    return next_update != 0 && next_update < verdict->not_after ? next_update : verdict->not_after;
}

static struct signer judge_signer(const struct path_request *request, const struct cert *cert)
{
    struct signer signer = {.word = SIGNER_NONE, .authority = cert_is_ca(cert)};
    struct verdict verdict;

    if (!is_sound(request, cert)) {
        return signer;
    }
    path_find(request, cert, &verdict);
    if (verdict.finding.reason == REASON_REVOCATION_UNKNOWN ||
        (verdict.finding.reason == REASON_USABLE && verdict.revocation.status == REVOCATION_UNKNOWN)) {
        signer.word = SIGNER_UNKNOWN;
    } else if (verdict.finding.reason == REASON_USABLE) {
        signer.word = SIGNER_GOOD;
        signer.until = earliest(&verdict);
    }
    return signer;
}

/* The best of those certificates that may be the signer's. */
static struct signer search(const struct path_request *request, const struct crl *crl)
{
    struct signer best = {.word = SIGNER_NONE};

    for (size_t i = 0; i < PATH_POOLS && request->pools->pools[i] != NULL && best.word != SIGNER_GOOD; i++) {
        size_t count;
        const struct cert *const *certs = issuers_find(request->pools->pools[i], crl->issuer, &count);

        for (size_t k = 0; k < count && k < MAX_ISSUERS_TRIED && best.word != SIGNER_GOOD; k++) {
            struct signer signer = is_signer(crl, certs[k]) ? judge_signer(request, certs[k]) : best;

            best = signer.word > best.word ? signer : best;
        }
    }
    return best;
}

static const struct signer *find_known(const struct signers *signers, const struct crl *crl, const struct cert *anchor)
{
    for (size_t i = 0; signers != NULL && i < signers->count; i++) {
        if (signers->known[i].crl == crl && signers->known[i].anchor == anchor) {
            return &signers->known[i].signer;
        }
    }
    return NULL;
}

/* Only what was found without supposing anything is remembered, and no failure: for another value there is a budget of
 * its own, and it has its own needs. */
static void remember(const struct path_request *request, const struct crl *crl, const struct cert *anchor,
                     struct signer signer)
{
    struct signers *signers = request->signers;

    if (signers != NULL && request->signing == NULL && signer.word == SIGNER_GOOD &&
        signers->count < MAX_SIGNERS_KNOWN) {
        signers->known[signers->count++] = (struct signer_known){crl, anchor, signer};
    }
}

struct signer signer_of(const struct path_request *request, const struct path *path, const struct crl *crl)
{
    const struct cert *anchor = path->certs[path->count - 1];
    const struct signer *known = find_known(request->signers, crl, anchor);
    struct signing signing = {crl, request->signing, request->signing != NULL ? request->signing->depth + 1 : 1};
    struct path_request inner = *request;
    struct signer signer;

    if (is_in_path(path, crl)) {
        return (struct signer){SIGNER_GOOD, INT64_MAX, true};
    }
    if (is_being_judged(request, crl)) {
        return (struct signer){SIGNER_ITSELF, INT64_MAX, false};
    }
    if (known != NULL && request->signing == NULL) {
        return *known;
    }
    if (signing.depth > MAX_SIGNER_DEPTH) {
        return (struct signer){.word = SIGNER_NONE};
    }
    inner.budget = request->signer_budget;
    inner.anchor = anchor;
    inner.signing = &signing;
    inner.notes = NULL; /* explain shows the chains of the value */
    signer = search(&inner, crl);
    remember(request, crl, anchor, signer);
    return signer;
}
