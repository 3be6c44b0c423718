#include "x509/policies.h"

#include <stdlib.h>

#include "base/address.h"
#include "x509/policy_settings.h"
#include "x509/trust.h"

/* Strings are the rule's own, each list in one array that NULL ends; NULL: no such list. */
struct rule {
    char **domains, **directories;
    struct policy *policy;
};

struct policies {
    struct policy *trust;
    struct rule *rules;
    size_t rule_count;
    struct digest fingerprint;
    struct known_issuers *known;
    size_t anchor_count, crl_count;
};

static void list_free(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

/* -1: out of memory. */
static int list_copy(const char *const *from, size_t count, char ***to)
{
    if (count == 0) {
        return 0;
    }
    *to = calloc(count + 1, sizeof((*to)[0]));
    for (size_t i = 0; *to != NULL && i < count; i++) {
        (*to)[i] = strdup(from[i]);
        if ((*to)[i] == NULL) {
            return -1;
        }
    }
    return *to != NULL ? 0 : -1;
}

static int load_rule(const struct policy_rule *from, size_t index, struct rule *rule, struct error *error)
{
    struct policy_config config = from->policy;

    config.name = from->name;
    if (list_copy(from->domains, from->domain_count, &rule->domains) < 0 ||
        list_copy(from->directories, from->directory_count, &rule->directories) < 0) {
        return error_set(error, "out of memory");
    }
    rule->policy = policy_load(&config, error);
    return rule->policy != NULL ? 0 : error_prefix(error, "trust-rules[%zu] (%s)", index, from->name);
}

static void add_list(struct digest_stream *stream, char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        digest_stream_add_string(stream, list[i]);
    }
    digest_stream_add_string(stream, NULL);
}

/* Order counts, names do not: they change no verdict. */
static int make_fingerprint(struct policies *policies, struct error *error)
{
    struct digest_stream *stream;

    policies->fingerprint = policies->trust->fingerprint;
    if (policies->rule_count == 0) {
        return 0;
    }
    stream = digest_stream_new();
    if (stream == NULL) {
        return error_set(error, "out of memory");
    }
    digest_stream_add(stream, bytes_of(policies->trust->fingerprint.bytes, DIGEST_BYTES));
    for (size_t i = 0; i < policies->rule_count; i++) {
        const struct rule *rule = &policies->rules[i];

        add_list(stream, rule->domains);
        add_list(stream, rule->directories);
        digest_stream_add(stream, bytes_of(rule->policy->fingerprint.bytes, DIGEST_BYTES));
    }
    policies->fingerprint = digest_stream_end(&stream);
    return 0;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static size_t count_different(struct digest *digests, size_t count)
{
    size_t different = 0;

    qsort(digests, count, sizeof(digests[0]), compare_digests);
    for (size_t i = 0; i < count; i++) {
        different += i == 0 || !digest_equal(&digests[i - 1], &digests[i]);
    }
    return different;
}

static size_t collect_anchors(const struct policy *policy, struct digest *digests)
{
    for (size_t i = 0; i < policy->anchors.count; i++) {
        digests[i] = policy->anchors.certs[i]->fingerprint;
    }
    return policy->anchors.count;
}

static size_t collect_crls(const struct policy *policy, struct digest *digests)
{
    for (size_t i = 0; i < policy->crls.count; i++) {
        digests[i] = policy->crls.crls[i]->fingerprint;
    }
    return policy->crls.count;
}

/* Each anchor and each CRL once, however many rules have it. */
static int count_objects(struct policies *policies, struct error *error)
{
    const struct policy *policy;
    size_t room = 1, anchors = 0, crls = 0;
    struct digest *digests;
    const char *name;

    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        room += policy->anchors.count + policy->crls.count;
    }
    digests = calloc(room, sizeof(digests[0]));
    if (digests == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        anchors += collect_anchors(policy, digests + anchors);
    }
    policies->anchor_count = count_different(digests, anchors);
    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        crls += collect_crls(policy, digests + crls);
    }
    policies->crl_count = count_different(digests, crls);
    free(digests);
    return 0;
}

static void add_known(struct known_issuers *known, const struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        known_issuers_add(known, &list->certs[i]->fingerprint, list->certs[i]->der);
    }
}

/* Whatever else the fingerprint covers: it covers the digests of all of these. */
static int collect_known(struct policies *policies, struct error *error)
{
    const struct policy *policy;
    const char *name;
    size_t room = 0;

    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        room += policy->anchors.count + policy->intermediates.count;
    }
    policies->known = known_issuers_new(&policies->fingerprint, room);
    if (policies->known == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        add_known(policies->known, &policy->anchors);
        add_known(policies->known, &policy->intermediates);
    }
    known_issuers_sort(policies->known);
    return 0;
}

/* What follows from the policies. */
static int complete(struct policies *policies, struct error *error)
{
    return make_fingerprint(policies, error) < 0 || count_objects(policies, error) < 0 ||
                   collect_known(policies, error) < 0
               ? -1
               : 0;
}

static int load(struct policies *policies, const struct policies_config *config, struct error *error)
{
    policies->trust = policy_load(&config->trust, error);
    policies->rules = calloc(config->rule_count + 1, sizeof(policies->rules[0]));
    if (policies->trust == NULL || policies->rules == NULL) {
        return policies->trust == NULL ? -1 : error_set(error, "out of memory");
    }
    for (size_t i = 0; i < config->rule_count; i++) {
        policies->rule_count++;
        if (load_rule(&config->rules[i], i, &policies->rules[i], error) < 0) {
            return -1;
        }
    }
    return complete(policies, error);
}

struct policies *policies_load(const struct policies_config *config, struct error *error)
{
    struct policies *policies = calloc(1, sizeof(*policies));

    if (policies == NULL) {
        error_set(error, "out of memory");
    } else if (load(policies, config, error) < 0) {
        policies_free(&policies);
    }
    return policies;
}

struct policies *policies_of(struct policy *trust)
{
    struct policies *policies = calloc(1, sizeof(*policies));

    if (policies != NULL) {
        policies->trust = policy_ref(trust);
        if (complete(policies, NULL) < 0) {
            policies_free(&policies);
        }
    }
    return policies;
}

void policies_free(struct policies **policies)
{
    struct policies *gone = *policies;

    *policies = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->rule_count; i++) {
        list_free(gone->rules[i].domains);
        list_free(gone->rules[i].directories);
        policy_free(&gone->rules[i].policy);
    }
    free(gone->rules);
    policy_free(&gone->trust);
    known_issuers_free(&gone->known);
    free(gone);
}

static bool is_of_domain(const struct rule *rule, const char *domain)
{
    bool found = rule->domains == NULL;

    for (size_t i = 0; !found && domain != NULL && rule->domains[i] != NULL; i++) {
        found = address_domain_matches(domain, rule->domains[i]);
    }
    return found;
}

static bool is_of_directory(const struct rule *rule, const char *directory)
{
    bool found = rule->directories == NULL;

    for (size_t i = 0; !found && directory != NULL && rule->directories[i] != NULL; i++) {
        found = strcmp(directory, rule->directories[i]) == 0;
    }
    return found;
}

const struct policy *policies_choose(const struct policies *policies, const char *directory, const char *domain)
{
    for (size_t i = 0; i < policies->rule_count; i++) {
        const struct rule *rule = &policies->rules[i];

        if (is_of_domain(rule, domain) && is_of_directory(rule, directory)) {
            return rule->policy;
        }
    }
    return policies->trust;
}

const struct policy *policies_get(const struct policies *policies, size_t index, const char **name)
{
    const struct policy *policy = NULL;

    if (index == 0) {
        policy = policies->trust;
    } else if (index <= policies->rule_count) {
        policy = policies->rules[index - 1].policy;
    }
    *name = policy != NULL && index > 0 ? policy->name : NULL;
    return policy;
}

struct digest policies_fingerprint(const struct policies *policies)
{
    return policies->fingerprint;
}

const struct known_issuers *policies_known_issuers(const struct policies *policies)
{
    return policies->known;
}

size_t policies_anchor_count(const struct policies *policies)
{
    return policies->anchor_count;
}

size_t policies_crl_count(const struct policies *policies)
{
    return policies->crl_count;
}
