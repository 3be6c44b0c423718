#include "x509/revocation.h"

#include "base/text.h"
#include "x509/shown.h"

static bool refuse_revoked(const struct cert *cert, bool is_leaf, const struct crl_answer *answer,
                           struct revocation *revocation, struct finding *finding)
{
    char name[SHOWN_NAME_BYTES], time[TEXT_TIME_BYTES];
    const char *reason = crl_reason_word(answer->crl_reason);

    revocation->status = REVOCATION_REVOKED;
    revocation->revoked_at = answer->revoked_at;
    revocation->crl_reason = answer->crl_reason;
    return finding_set(finding, is_leaf ? REASON_REVOKED : REASON_ISSUER_REVOKED,
                       "%s\"%s\": revoked on %s%s%s (RFC 5280 5.3)", is_leaf ? "" : "issuer ",
                       shown_name(cert_subject(cert), name), text_time(answer->revoked_at, time),
                       reason != NULL ? ", " : "", reason != NULL ? reason : "");
}

static bool refuse_unknown(enum revocation_mode mode, const struct cert *cert, const struct crl_answer *answer,
                           struct revocation *revocation, struct finding *finding)
{
    char name[SHOWN_NAME_BYTES], time[TEXT_TIME_BYTES];

    shown_name(cert_issuer(cert), name);
    if (answer->next_update != 0) {
        finding_set(finding, REASON_REVOCATION_UNKNOWN,
                    "the CRL of \"%s\" is past its nextUpdate, %s (RFC 5280 6.3.3)", name,
                    text_time(answer->next_update, time));
    } else {
        finding_set(finding, REASON_REVOCATION_UNKNOWN,
                    "no CRL of \"%s\" that covers the certificate (RFC 5280 6.3.3)", name);
    }
    revocation->status = REVOCATION_UNKNOWN;
    revocation->awaited = answer->next_update != 0;
    return mode != REVOCATION_MODE_REQUIRE;
}

static void note_evidence(struct revocation *revocation, const struct crl_answer *answer, bool is_leaf)
{
    if (is_leaf) {
        revocation->this_update = answer->this_update;
    }
    if (answer->next_update != 0 && (revocation->next_update == 0 || answer->next_update < revocation->next_update)) {
        revocation->next_update = answer->next_update;
    }
}

bool revocation_check(const struct policy *policy, const struct path *path, int64_t now, bool leaf_counts,
                      struct revocation *revocation, struct finding *finding)
{
    struct crl_answer answers[MAX_CHAIN];

    *revocation = (struct revocation){.crl_reason = -1};
    if (policy->revocation == REVOCATION_MODE_OFF || path->count < 2) {
        return true;
    }
    for (size_t i = leaf_counts ? 0 : 1; i + 1 < path->count; i++) {
        crl_ask(&policy->crls, path->certs[i], path->certs[i + 1], now, &answers[i]);
        note_evidence(revocation, &answers[i], i == 0);
    }
    for (size_t i = path->count - 1; i-- > (leaf_counts ? 0 : 1);) {
        if (answers[i].word == CRL_REVOKED) {
            return refuse_revoked(path->certs[i], i == 0, &answers[i], revocation, finding);
        }
    }
    for (size_t i = leaf_counts ? 0 : 1; i + 1 < path->count && leaf_counts; i++) {
        if (answers[i].word == CRL_SILENT) {
            return refuse_unknown(policy->revocation, path->certs[i], &answers[i], revocation, finding);
        }
    }
    revocation->status = leaf_counts ? REVOCATION_GOOD : REVOCATION_NOT_CHECKED;
    return true;
}
