#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "x509/keys.h"
#include "x509/notes.h"
#include "x509/name_constraints.h"
#include "x509/path.h"
#include "x509/path_check.h"
#include "x509/policy_settings.h"
#include "x509/revocation.h"
#include "x509/shown.h"
#include "x509/wants.h"

/* What one rule gets to see. */
struct judging {
    const struct path_request *request;
    const struct policy *policy;
    const struct path *path;
    int64_t now;
    struct verdict *verdict;
    bool names_misread; /* by libcrypto: see name_constraints_check() */
};

static const struct cert *leaf_of(const struct path *path)
{
    return path->certs[0];
}

static bool refuse(struct judging *judging, enum reason reason, const struct cert *issuer, const char *what)
{
    char name[SHOWN_NAME_BYTES];

    return finding_set(&judging->verdict->finding, reason, "issuer \"%s\": %s", shown_name(cert_subject(issuer), name),
                       what);
}

static bool rule_critical(struct judging *judging)
{
    for (size_t i = 1; i < judging->path->count; i++) {
        if (judging->path->certs[i]->critical_unknown) {
            return refuse(judging, REASON_UNKNOWN_CRITICAL_EXTENSION, judging->path->certs[i],
                          "a critical extension is not known (RFC 5280 4.2)");
        }
    }
    return true;
}

/* A key that can be broken signs whatever its finder likes, so the anchor's counts as well. */
static bool rule_issuer_keys(struct judging *judging)
{
    char weakness[KEY_WEAKNESS_BYTES];

    for (size_t i = 1; i < judging->path->count; i++) {
        if (!key_is_strong(judging->path->certs[i]->x509, &judging->policy->strength, weakness)) {
            return refuse(judging, REASON_WEAK_KEY, judging->path->certs[i], weakness);
        }
    }
    return true;
}

/* The leaf's own signature is among the rules of leaves, the anchor's means nothing. */
static bool rule_signatures(struct judging *judging)
{
    char word[KEY_WORD_BYTES], what[KEY_WORD_BYTES + 32];

    for (size_t i = 1; i + 1 < judging->path->count; i++) {
        if (!signature_is_strong(judging->path->certs[i]->x509, &judging->policy->strength, word)) {
            snprintf(what, sizeof(what), "signed with %s", word);
            return refuse(judging, REASON_WEAK_SIGNATURE, judging->path->certs[i], what);
        }
    }
    return true;
}

/* libcrypto takes version 1 roots for CAs, and also keyCertSign alone: RFC 5280 6.1.4 (k) does so for anchors only. */
static bool rule_authorities(struct judging *judging)
{
    for (size_t i = 1; i < judging->path->count; i++) {
        const struct cert *issuer = judging->path->certs[i];

        if (!issuer->anchor && !cert_is_ca(issuer)) {
            return refuse(judging, REASON_BAD_CHAIN, issuer, "basicConstraints does not say CA (RFC 5280 6.1.4 (k))");
        }
        if ((X509_get_extension_flags(issuer->x509) & EXFLAG_XKUSAGE) != 0 &&
            (X509_get_extended_key_usage(issuer->x509) & (XKU_SMIME | XKU_ANYEKU)) == 0) {
            return refuse(judging, REASON_BAD_CHAIN, issuer,
                          "extKeyUsage has neither emailProtection nor anyExtendedKeyUsage (RFC 8550 4.4.4)");
        }
    }
    return true;
}

static bool rule_names(struct judging *judging)
{
    return name_constraints_check(judging->path, &judging->names_misread, &judging->verdict->finding);
}

/* Policies are about what one encrypts to: who signs a CRL needs none. */
static const struct initial_policies *initial_policies(const struct judging *judging)
{
    static const struct initial_policies none = {.count = 0};

    return judging->request->signing != NULL ? &none : &judging->policy->initial;
}

/* What our own rules cover wholly is left to them; of all else libcrypto has the word. Where they refuse, libcrypto is
 * asked as well: the words are its own. */
static bool rule_path(struct judging *judging)
{
    const struct initial_policies *initial = initial_policies(judging);
    struct finding *finding = &judging->verdict->finding, ignored;

    if (path_is_misread(judging->path)) {
        return path_check_misread(judging->path, initial, finding);
    }
    if (path_is_plain(judging->path) && path_check_plain(judging->path, initial, &ignored)) {
        return true;
    }
    ERR_clear_error();
    return path_check_libcrypto(judging->path, initial, judging->names_misread, finding);
}

static bool rule_issuer_dates(struct judging *judging)
{
    char time[TEXT_TIME_BYTES], what[TEXT_TIME_BYTES + 64];

    for (size_t i = 1; i < judging->path->count; i++) {
        const struct cert *issuer = judging->path->certs[i];

        if (judging->now < issuer->not_before || judging->now > issuer->not_after) {
            bool early = judging->now < issuer->not_before;

            snprintf(what, sizeof(what), "%s %s (RFC 5280 6.1.3 (a)(2))", early ? "not valid before" : "expired on",
                     text_time(early ? issuer->not_before : issuer->not_after, time));
            return refuse(judging, REASON_CHAIN_EXPIRED, issuer, what);
        }
    }
    return true;
}

/* By the fingerprints of all certificates of the path, the anchor's too. The signer of a CRL may be denied as anybody,
 * but need not be allowed. */
static bool rule_denied(struct judging *judging)
{
    const struct policy *policy = judging->policy;
    bool is_allowed = policy->allow.count == 0 || judging->request->signing != NULL;
    char name[SHOWN_NAME_BYTES];

    for (size_t i = 0; i < judging->path->count; i++) {
        const struct cert *cert = judging->path->certs[i];

        if (fingerprints_hold(&policy->deny, &cert->fingerprint)) {
            return finding_set(&judging->verdict->finding, REASON_DENIED, "\"%s\": its fingerprint is on the deny list",
                               shown_name(cert_subject(cert), name));
        }
        is_allowed = is_allowed || fingerprints_hold(&policy->allow, &cert->fingerprint);
    }
    return is_allowed || finding_set(&judging->verdict->finding, REASON_DENIED,
                                     "no certificate of the chain is on the allow list");
}

static bool is_timely(const struct cert *leaf, int64_t now)
{
    return now >= leaf->not_before && now <= leaf->not_after;
}

static bool rule_revocation(struct judging *judging)
{
    bool leaf_counts = is_timely(leaf_of(judging->path), judging->now);

    return revocation_check(judging->request, judging->path, leaf_counts, judging->verdict);
}

static bool rule_leaf_dates(struct judging *judging)
{
    const struct cert *leaf = leaf_of(judging->path);
    char time[TEXT_TIME_BYTES];

    if (judging->now < leaf->not_before) {
        return finding_set(&judging->verdict->finding, REASON_NOT_YET_VALID, "not valid before %s (RFC 5280 4.1.2.5)",
                           text_time(leaf->not_before, time));
    }
    if (judging->now > leaf->not_after) {
        return finding_set(&judging->verdict->finding, REASON_EXPIRED, "expired on %s (RFC 5280 4.1.2.5)",
                           text_time(leaf->not_after, time));
    }
    return true;
}

/* In the order of enum reason. */
static bool (*const rules[])(struct judging *judging) = {
    rule_critical,  rule_issuer_keys,  rule_signatures, rule_authorities, rule_names,
    rule_path,      rule_issuer_dates, rule_denied,     rule_revocation,  rule_leaf_dates,
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

/* The others that are broken too, apart from the verdict, which the first one has decided: nothing is wanted, nothing
 * spent and nothing remembered for them. */
static void note_others(const struct judging *judging, size_t first)
{
    struct wants nothing = {.now = judging->now};
    struct path_budget signer_budget = *judging->request->signer_budget;
    struct path_request request = *judging->request;
    struct judging other = *judging;

    request.wants = &nothing;
    request.signer_budget = &signer_budget;
    request.signers = NULL;
    other.request = &request;
    notes_rule(request.notes, &judging->verdict->finding);
    for (size_t i = first + 1; i < RULE_COUNT; i++) {
        struct verdict apart = {.finding = {.reason = REASON_UNJUDGED}, .revocation.crl_reason = -1};

        other.verdict = &apart;
        ERR_clear_error();
        if (!rules[i](&other)) {
            notes_rule(request.notes, &apart.finding);
        }
        notes_evidence(request.notes, &apart);
    }
}

static int64_t earliest_not_after(const struct path *path)
{
    int64_t earliest = INT64_MAX;

    for (size_t i = 0; i < path->count; i++) {
        earliest = path->certs[i]->not_after < earliest ? path->certs[i]->not_after : earliest;
    }
    return earliest;
}

void path_judge(const struct path_request *request, const struct path *path, struct verdict *verdict)
{
    struct judging judging = {
        .request = request, .policy = request->policy, .path = path, .now = request->now, .verdict = verdict};

    *verdict = (struct verdict){
        .revocation = {.status = REVOCATION_NOT_CHECKED, .crl_reason = -1},
        .path = *path,
        .not_after = earliest_not_after(path),
    };
    ERR_clear_error();
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!rules[i](&judging)) {
            if (request->notes != NULL) {
                note_others(&judging, i);
            }
            ERR_clear_error();
            return;
        }
    }
    verdict->finding.reason = REASON_USABLE;
    ERR_clear_error();
}
