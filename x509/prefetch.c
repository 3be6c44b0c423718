#include "x509/prefetch.h"

#include "base/clock.h"
#include "x509/crl_scope.h"
#include "x509/trust.h"
#include "x509/wants.h"

struct visit {
    const struct policy *policy;
    void (*visit)(void *context, const struct need *need);
    void *context;
};

static void visit_url(const struct visit *visit, char *url)
{
    const struct need wanted = {.kind = NEED_CRL, .url = url};
    struct need need;

    if (need_copy(&wanted, &need) == 0) {
        visit->visit(visit->context, &need);
        need_clear(&need);
    }
}

/* What the certificate says of where to look for itself; the implied point is in no directory that we know yet. */
static void visit_pair(const struct visit *visit, const struct cert *cert, const struct cert *issuer)
{
    struct wants wants = {.urls = true, .now = clock_wall_s()};
    struct crl_points points;

    if (!crl_points_read(&points, cert)) {
        return;
    }
    wants_crls(&wants, &points, issuer);
    for (size_t i = 0; i < wants.revocation.count; i++) {
        if (wants.revocation.items[i].kind == NEED_CRL) {
            visit->visit(visit->context, &wants.revocation.items[i]);
        }
    }
    crl_points_free(&points);
    wants_free(&wants);
}

/* Each certificate that bears the issuer's name may be the one; there is one nearly always. An anchor that names a CRL
 * names its own: that of those whom it issued. */
static void visit_authority(const struct visit *visit, const struct cert *cert)
{
    size_t count;
    const struct cert *const *issuers = issuers_find(&visit->policy->issuers, cert_issuer(cert), &count);

    for (size_t i = 0; i < count && i < MAX_CRL_SIGNERS_TRIED; i++) {
        visit_pair(visit, cert, issuers[i]);
    }
}

void policies_each_need(const struct policies *policies, bool points,
                        void (*visit)(void *context, const struct need *need), void *context)
{
    struct visit each = {.visit = visit, .context = context};
    const char *name;

    for (size_t i = 0; (each.policy = policies_get(policies, i, &name)) != NULL; i++) {
        if (each.policy->revocation == REVOCATION_MODE_OFF) {
            continue;
        }
        for (size_t j = 0; j < each.policy->crl_url_count; j++) {
            visit_url(&each, each.policy->crl_urls[j]);
        }
        for (size_t j = 0; points && j < each.policy->issuers.count; j++) {
            visit_authority(&each, each.policy->issuers.sorted[j]);
        }
    }
}
