/*
 * Which policy judges a value: by the directory that it came from and the
 * domain of the recipient. The policy of `trust` judges whatever no rule of
 * `trust-rules` claims; the first rule that matches wins, as in a firewall.
 *
 * Like a policy it is immutable once loaded. Its fingerprint covers all its
 * policies and all its rules.
 */
#ifndef X509_POLICIES_H
#define X509_POLICIES_H

#include "base/known_issuers.h"
#include "x509/policy.h"

/* One rule. Borrowed for the time of the call. */
struct policy_rule {
    const char *name;                /* what faults and explain call it */
    const char *const *domains;      /* patterns, normalised by address_domain_pattern_parse(); none: any */
    size_t domain_count;
    const char *const *directories;  /* names; none: any */
    size_t directory_count;
    struct policy_config policy;     /* whole: what the rule left out was filled in from `trust` */
};

struct policies_config {
    struct policy_config trust;
    const struct policy_rule *rules;
    size_t rule_count;
};

struct policies;

/* As policy_load(), for all of them; the caller frees them. NULL: the words name setting, file and cause. */
struct policies *policies_load(const struct policies_config *config, struct error *error);
/* One policy for everything; takes a reference. */
struct policies *policies_of(struct policy *trust);

void policies_free(struct policies **policies);

/* Never NULL; borrowed. `directory` may be NULL: none, as for a file. `domain` is normalised; NULL: nobody's, which
 * only rules for any domain claim. */
const struct policy *policies_choose(const struct policies *policies, const char *directory, const char *domain);

/* Each policy once, the one of `trust` first; NULL at the end. `name`: of its rule, NULL for `trust`. */
const struct policy *policies_get(const struct policies *policies, size_t index, const char **name);

struct digest policies_fingerprint(const struct policies *policies);

/* The anchors and intermediates of all of them: whoever has policies of the same fingerprint has the same. Borrowed. */
const struct known_issuers *policies_known_issuers(const struct policies *policies);

size_t policies_anchor_count(const struct policies *policies); /* each once */
size_t policies_crl_count(const struct policies *policies);

#endif
