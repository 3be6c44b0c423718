#include "x509/crl_asking.h"
#include "x509/evidence_view.h"
#include "x509/trust.h"
#include "x509/wants.h"

static void want_deltas(const struct asking *asking)
{
    for (size_t i = 0; i < asking->count; i++) {
        const struct found *found = &asking->found[i];

        if (!found->crl->delta && found_vouches(asking, found)) {
            wants_deltas(asking->request->wants, found->crl, asking_cert(asking),
                         asking->path->certs[asking->link + 1]);
        }
    }
}

/* CRLs that are there, but whose signer is not known or has no path yet. */
static bool want_signers(const struct asking *asking)
{
    const struct crl_list *waiting = evidence_waiting(asking->request->evidence);
    struct wants *wants = asking->request->wants;
    const X509_NAME *issuer;
    bool possible = false;
    unsigned reasons;

    for (size_t i = 0; i < asking->count; i++) {
        if (asking->found[i].signer.word == SIGNER_NONE) {
            possible = wants_signer(wants, asking->found[i].crl, asking_cert(asking)) || possible;
        }
    }
    for (size_t point = 0; point < asking->points.count; point++) {
        for (size_t i = 0; (issuer = crl_points_issuer(&asking->points, point, i)) != NULL; i++) {
            size_t count;
            struct crl *const *crls = crl_list_find(waiting, issuer, &count);

            for (size_t k = 0; k < count && k < MAX_CRLS_ASKED; k++) {
                if (crl_scope_covers(crls[k], &asking->points, point, &reasons)) {
                    possible = wants_signer(wants, crls[k], asking_cert(asking)) || possible;
                }
            }
        }
    }
    return possible;
}

/* Whether the issuer signs CRLs with the key that signed the certificate, and none of these is current. */
static bool lacks_own(const struct asking *asking)
{
    for (size_t i = 0; i < asking->count; i++) {
        const struct crl *crl = asking->found[i].crl;

        if (asking->found[i].own && !crl->delta && asking->request->now <= crl->next_update) {
            return false;
        }
    }
    return crl_may_sign(asking->path->certs[asking->link + 1]);
}

void crl_want(const struct asking *asking)
{
    const struct policy *policy = asking->request->policy;
    struct crl_answer *answer = asking->answer;
    bool possible;

    /* A delta may take a certificate from hold again (RFC 5280 5.3.1, removeFromCRL). */
    if (answer->word != CRL_REVOKED || answer->crl_reason == CRL_REASON_CERTIFICATE_HOLD) {
        want_deltas(asking);
    }
    if (answer->word == CRL_GOOD && lacks_own(asking)) {
        wants_own_crls(asking->request->wants, &asking->points, asking->path->certs[asking->link + 1]);
    }
    if (answer->word == CRL_SILENT) {
        possible = wants_crls(asking->request->wants, &asking->points, asking->path->certs[asking->link + 1]);
        possible = wants_configured(asking->request->wants, policy->crl_urls, policy->crl_url_count) || possible;
        answer->awaited = want_signers(asking) || possible || answer->next_update != 0;
    }
}
