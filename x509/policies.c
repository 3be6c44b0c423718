#include "x509/policies.h"

#include <stdatomic.h>
#include <stdlib.h>

struct policies {
    atomic_uint references;
    struct policy *trust;
};

struct policies *policies_of(struct policy *trust)
{
    struct policies *policies = calloc(1, sizeof(*policies));

    if (policies != NULL) {
        atomic_init(&policies->references, 1);
        policies->trust = policy_ref(trust);
    }
    return policies;
}

struct policies *policies_load(const struct policies_config *config, struct error *error)
{
    struct policy *trust = policy_load(&config->trust, error);
    struct policies *policies = trust != NULL ? policies_of(trust) : NULL;

    if (trust != NULL && policies == NULL) {
        error_set(error, "out of memory");
    }
    policy_free(&trust);
    return policies;
}

struct policies *policies_ref(struct policies *policies)
{
    if (policies != NULL) {
        atomic_fetch_add_explicit(&policies->references, 1, memory_order_relaxed);
    }
    return policies;
}

void policies_free(struct policies **policies)
{
    struct policies *gone = *policies;

    *policies = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    policy_free(&gone->trust);
    free(gone);
}

const struct policy *policies_choose(const struct policies *policies, const char *directory, const char *domain)
{
    (void)directory, (void)domain;
    return policies->trust;
}

const struct policy *policies_get(const struct policies *policies, size_t index, const char **name)
{
    *name = NULL;
    return index == 0 ? policies->trust : NULL;
}

struct digest policies_fingerprint(const struct policies *policies)
{
    return policy_fingerprint(policies->trust);
}

size_t policies_anchor_count(const struct policies *policies)
{
    return policy_anchor_count(policies->trust);
}

size_t policies_crl_count(const struct policies *policies)
{
    return policy_crl_count(policies->trust);
}
