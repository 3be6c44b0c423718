#include "x509/path.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "x509/keys.h"
#include "x509/link_memo.h"
#include "x509/notes.h"
#include "x509/rsa_key.h"
#include "x509/shown.h"
#include "x509/wants.h"

struct search {
    const struct path_request *request;
    struct path path;
    bool broken_off;
    struct verdict *best;
    struct notes *notes;
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
    search->broken_off = search->request->budget->used_up = true;
    return false;
}

static bool judge_complete(struct search *search)
{
    const struct cert *wanted = search->request->anchor, *anchor = search->path.certs[search->path.count - 1];
    struct verdict verdict;

    if (wanted != NULL && !digest_equal(&wanted->fingerprint, &anchor->fingerprint)) {
        return false;
    }
    if (!spend(search, &search->request->budget->paths)) {
        return true;
    }
    notes_chain(search->notes, search->path.certs, search->path.count);
    path_judge(search->request, &search->path, &verdict);
    notes_evidence(search->notes, &verdict);
    notes_chain_end(search->notes, &verdict.finding);
    if (verdict.finding.reason == REASON_INTERNAL || progress(&verdict) > progress(search->best)) {
        *search->best = verdict;
    }
    return is_settled(search->best);
}

/* Of a recipient's key there may be no object. */
static bool has_same_key(const X509 *x509, const struct cert *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(x509);

    return key != NULL ? EVP_PKEY_eq(key, X509_get0_pubkey(issuer->x509)) == 1 : rsa_key_is_same(x509, issuer->x509);
}

/* The same name and key twice is a circle (RFC 5280 6.1 asks for none; RFC 4158 2.4.2). */
static bool is_in_path(const struct path *path, const struct cert *issuer)
{
    for (size_t i = 0; i < path->count; i++) {
        const X509 *x509 = path->certs[i]->x509;

        if (X509_NAME_cmp(X509_get_subject_name(x509), cert_subject(issuer)) == 0 && has_same_key(x509, issuer)) {
            return true;
        }
    }
    return false;
}

/* What stands between a certificate and one that bears the name of its issuer. */
enum link { LINK_HOLDS, LINK_OF_ANOTHER, LINK_MAY_NOT_SIGN, LINK_WEAK, LINK_FORGED, LINK_UNTRIED };

/* A signature over what is no leaf is remembered: few certificates issue many. What it costs is spent all the same, so
 * that no verdict depends on what was judged before. */
static bool is_signed(const struct search *search, const struct cert *subject, const struct cert *issuer)
{
    bool is_leaf = search->path.count == 1;

    if (!is_leaf && link_memo_has(&subject->fingerprint, &issuer->fingerprint)) {
        return true;
    }
    if (X509_verify(subject->x509, X509_get0_pubkey(issuer->x509)) != 1) {
        return false;
    }
    if (!is_leaf) {
        link_memo_add(&subject->fingerprint, &issuer->fingerprint);
    }
    return true;
}

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
    if (!key_is_strong(issuer->x509, &search->request->policy->strength, weakness)) {
        return LINK_WEAK;
    }
    if (!spend(search, &search->request->budget->checks)) {
        return LINK_UNTRIED;
    }
    return is_signed(search, subject, issuer) ? LINK_HOLDS : LINK_FORGED;
}

/* A chain that led nowhere: `issuer`, where it is not NULL, is the last of it. */
static void note_dead_end(struct search *search, const struct cert *issuer, const struct finding *finding)
{
    notes_chain(search->notes, search->path.certs, search->path.count);
    if (issuer != NULL) {
        notes_link(search->notes, issuer);
    }
    notes_rule(search->notes, finding);
    notes_chain_end(search->notes, finding);
}

/* Keeps the words that got furthest; of several, the first. */
static void note(struct search *search, enum reason reason, const struct cert *subject, const struct cert *issuer,
                 const char *what)
{
    bool further = weight(reason) > progress(search->best);
    char name[SHOWN_NAME_BYTES], issuer_name[SHOWN_NAME_BYTES];
    struct finding finding;

    if (!further && search->notes == NULL) {
        return;
    }
    shown_name(cert_subject(subject), name);
    shown_name(issuer != NULL ? cert_subject(issuer) : cert_issuer(subject), issuer_name);
    finding_set(&finding, reason, "\"%s\", issued by \"%s\": %s", name, issuer_name, what);
    if (further) {
        search->best->finding = finding;
    }
    if (search->notes != NULL) {
        note_dead_end(search, issuer, &finding);
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

/* Of the ways that did go on from here each has told where it ended: only where none did, this is an end as well. */
static void note_no_way(struct search *search, const struct cert *last, bool is_end)
{
    struct notes *notes = search->notes;
    bool self_signed = (X509_get_extension_flags(last->x509) & EXFLAG_SS) != 0;

    search->notes = is_end ? notes : NULL;
    note(search, REASON_UNTRUSTED, last, NULL,
         self_signed ? "self-signed and not an anchor" : "no way from there to an anchor");
    search->notes = notes;
}

/* Goes on from the last certificate of the path. True: the search is over. */
static bool search_from(struct search *search)
{
    const struct cert *last = search->path.certs[search->path.count - 1];
    size_t tried = notes_tried(search->notes);

    if (last->anchor) {
        return judge_complete(search);
    }
    if (search->path.count == MAX_CHAIN) {
        note(search, REASON_BAD_CHAIN, last, NULL, "the path is too long");
        return false;
    }
    for (size_t i = 0; i < PATH_POOLS && search->request->pools->pools[i] != NULL; i++) {
        size_t count;
        const struct cert *const *issuers = issuers_find(search->request->pools->pools[i], cert_issuer(last), &count);

        for (size_t k = 0; k < count; k++) {
            if (!spend(search, &search->request->budget->looks) ||
                (!is_in_path(&search->path, issuers[k]) && search_over(search, last, issuers[k]))) {
                return true;
            }
        }
    }
    wants_issuer(search->request->wants, last, search->request->signing != NULL);
    note_no_way(search, last, tried == notes_tried(search->notes));
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

void path_find(const struct path_request *request, const struct cert *leaf, struct verdict *verdict)
{
    const struct cert *anchor = policy_anchor(request->policy, leaf);
    struct search search = {
        .request = request,
        .path = {.certs = {anchor != NULL ? anchor : leaf}, .count = 1},
        .best = verdict,
        .notes = request->notes,
    };

    *verdict = (struct verdict){.finding = {.reason = REASON_UNJUDGED}, .not_after = leaf->not_after};
    verdict->revocation.crl_reason = -1;
    ERR_clear_error();
    search_from(&search);
    if (search.broken_off && !is_settled(verdict)) {
        confess(verdict);
    }
    notes_path(request->notes, &verdict->finding);
}
