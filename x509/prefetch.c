#include "x509/prefetch.h"

#include "x509/trust.h"

static void visit_url(char *url, void (*visit)(void *context, const struct need *need), void *context)
{
    const struct need wanted = {.kind = NEED_CRL, .url = url};
    struct need need;

    if (need_copy(&wanted, &need) == 0) {
        visit(context, &need);
        need_clear(&need);
    }
}

void policies_each_need(const struct policies *policies, void (*visit)(void *context, const struct need *need),
                        void *context)
{
    const struct policy *policy;
    const char *name;

    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        if (policy->revocation == REVOCATION_MODE_OFF) {
            continue;
        }
        for (size_t j = 0; j < policy->crl_url_count; j++) {
            visit_url(policy->crl_urls[j], visit, context);
        }
    }
}
