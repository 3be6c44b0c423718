#include "x509/revocation.h"

#include "base/text.h"
#include "x509/crl_ask.h"
#include "x509/digests.h"
#include "x509/evidence_view.h"
#include "x509/shown.h"
#include "x509/trust.h"
#include "x509/wants.h"

static bool refuse_revoked(const struct cert *cert, bool is_leaf, const struct crl_answer *answer,
                           struct verdict *verdict)
{
    char name[SHOWN_NAME_BYTES], time[TEXT_TIME_BYTES];
    const char *reason = crl_reason_word(answer->crl_reason);

    verdict->revocation.status = REVOCATION_REVOKED;
    verdict->revocation.revoked_at = answer->revoked_at;
    verdict->revocation.crl_reason = answer->crl_reason;
    return finding_set(&verdict->finding, is_leaf ? REASON_REVOKED : REASON_ISSUER_REVOKED,
                       "%s\"%s\": revoked on %s%s%s (RFC 5280 5.3)", is_leaf ? "" : "issuer ",
                       shown_name(cert_subject(cert), name), text_time(answer->revoked_at, time),
                       reason != NULL ? ", " : "", reason != NULL ? reason : "");
}

static bool refuse_unknown(enum revocation_mode mode, const struct cert *cert, const struct crl_answer *answer,
                           struct verdict *verdict)
{
    char name[SHOWN_NAME_BYTES], time[TEXT_TIME_BYTES];

    shown_name(cert_issuer(cert), name);
    if (answer->next_update != 0) {
        finding_set(&verdict->finding, REASON_REVOCATION_UNKNOWN,
                    "the CRL of \"%s\" is past its nextUpdate, %s (RFC 5280 6.3.3)", name,
                    text_time(answer->next_update, time));
    } else {
        finding_set(&verdict->finding, REASON_REVOCATION_UNKNOWN,
                    "no CRL of \"%s\" that covers the certificate (RFC 5280 6.3.3)", name);
    }
    verdict->revocation.status = REVOCATION_UNKNOWN;
    return mode != REVOCATION_MODE_REQUIRE;
}

/* A delegated responder that its issuer has revoked may say nothing any more. */
static bool responder_is_revoked(const struct path_request *request, const struct path *path, size_t link,
                                 const struct cert *responder)
{
    struct wants nothing = {.now = request->now};
    struct path_request inner = *request;
    struct path own = {.certs = {responder}, .count = 1};
    struct verdict unseen = {.evidence_count = 0};
    struct crl_answer answer;

    for (size_t i = link + 1; i < path->count; i++) {
        own.certs[own.count++] = path->certs[i];
    }
    inner.wants = &nothing;
    crl_ask(&inner, &own, 0, &answer, &unseen);
    return answer.word == CRL_REVOKED;
}

/* Why the answer does not count for this link; NULL: it counts. */
static const char *fault_of(const struct path_request *request, const struct path *path, size_t link,
                            const struct ocsp_answer *ocsp)
{
    if (EVP_PKEY_eq(ocsp->issuer_key, X509_get0_pubkey(path->certs[link + 1]->x509)) != 1) {
        return "of another issuer's key";
    }
    if (!digest_is_strong(ocsp->signature_digest, &request->policy->strength)) {
        return "signed with a weak hash";
    }
    if (ocsp->responder != NULL && responder_is_revoked(request, path, link, ocsp->responder)) {
        return "its responder is revoked";
    }
    if (ocsp->word != OCSP_SAYS_REVOKED && request->now > ocsp->next_update) {
        return "past its nextUpdate";
    }
    return NULL;
}

static void note_ocsp(const struct ocsp_answer *ocsp, size_t link, const char *word, struct verdict *verdict)
{
    if (verdict->evidence_count < MAX_LINK_EVIDENCE) {
        verdict->evidence[verdict->evidence_count++] = (struct link_evidence){
            .link = (uint32_t)link,
            .kind = EVIDENCE_OCSP,
            .source = ocsp->source,
            .number = "",
            .this_update = ocsp->this_update,
            .next_update = ocsp->next_update,
            .word = word,
        };
    }
}

/* A revoked certificate stays so, whoever says that it is good. */
static void merge(const struct ocsp_answer *ocsp, struct crl_answer *answer)
{
    if (answer->word == CRL_REVOKED || ocsp->word == OCSP_SAYS_UNKNOWN) {
        return;
    }
    if (ocsp->word == OCSP_SAYS_REVOKED) {
        *answer = (struct crl_answer){CRL_REVOKED, ocsp->revoked_at, ocsp->reason, ocsp->this_update,
                                      ocsp->next_update, false};
    } else if (answer->word == CRL_GOOD) {
        answer->next_update = earlier(answer->next_update, ocsp->next_update);
    } else {
        *answer = (struct crl_answer){CRL_GOOD, 0, -1, ocsp->this_update, ocsp->next_update, false};
    }
}

/* What one responder said. One that says "revoked" counts past its nextUpdate, but not against a newer word. */
static void hear(const struct path_request *request, const struct path *path, size_t link,
                 const struct ocsp_answer *ocsp, bool *is_good, struct crl_answer *answer, struct verdict *verdict)
{
    static const char *const words[] = {"silent", "good", "revoked"}; /* by enum ocsp_word */
    const char *fault = fault_of(request, path, link, ocsp);

    if (fault == NULL && ocsp->word == OCSP_SAYS_REVOKED && *is_good && request->now > ocsp->next_update) {
        fault = "there is a newer one";
    }
    in_use_note(&ocsp->in_use);
    note_ocsp(ocsp, link, fault != NULL ? fault : words[ocsp->word], verdict);
    if (fault == NULL) {
        *is_good = *is_good || ocsp->word == OCSP_SAYS_GOOD;
        merge(ocsp, answer);
    }
}

static void ask_ocsp(const struct path_request *request, const struct path *path, size_t link,
                     struct crl_answer *answer, struct verdict *verdict)
{
    const struct cert *cert = path->certs[link];
    size_t count;
    const struct ocsp_answer *const *answers = evidence_ocsp(request->evidence, cert, &count);
    bool is_good = false;

    for (size_t i = 0; i < count && i < MAX_POINT_NAMES; i++) {
        hear(request, path, link, answers[i], &is_good, answer, verdict);
    }
    if (answer->word == CRL_SILENT) {
        answer->awaited = wants_ocsp(request->wants, cert, path->certs[link + 1]) || answer->awaited;
    }
}

static void ask(const struct path_request *request, const struct path *path, size_t link, struct crl_answer *answer,
                struct verdict *verdict)
{
    struct revocation *revocation = &verdict->revocation;

    crl_ask(request, path, link, answer, verdict);
    if (request->policy->ocsp) {
        ask_ocsp(request, path, link, answer, verdict);
    }
    if (link == 0) {
        revocation->this_update = answer->this_update;
    }
    revocation->next_update = earlier(revocation->next_update, answer->next_update);
    revocation->awaited = revocation->awaited || (answer->word == CRL_SILENT && answer->awaited);
}

bool revocation_check(const struct path_request *request, const struct path *path, bool leaf_counts,
                      struct verdict *verdict)
{
    struct crl_answer answers[MAX_CHAIN];
    size_t first = leaf_counts ? 0 : 1;

    verdict->revocation = (struct revocation){.crl_reason = -1};
    if (request->policy->revocation == REVOCATION_MODE_OFF || path->count < 2) {
        return true;
    }
    for (size_t i = first; i + 1 < path->count; i++) {
        ask(request, path, i, &answers[i], verdict);
    }
    for (size_t i = path->count - 1; i-- > first;) {
        if (answers[i].word == CRL_REVOKED) {
            verdict->revocation.awaited = false;
            return refuse_revoked(path->certs[i], i == 0, &answers[i], verdict);
        }
    }
    for (size_t i = first; i + 1 < path->count && leaf_counts; i++) {
        if (answers[i].word == CRL_SILENT) {
            return refuse_unknown(request->policy->revocation, path->certs[i], &answers[i], verdict);
        }
    }
    verdict->revocation.awaited = false;
    verdict->revocation.status = leaf_counts ? REVOCATION_GOOD : REVOCATION_NOT_CHECKED;
    return true;
}
