/*
 * What the command line trusts, and by which rules: the settings of the group
 * trust of certlookupd.conf(5), by their names there, so that a verdict can be
 * asked for under the gateway's own policy.
 *
 *   --trust min-rsa-bits=3072 --trust curves=P-256,P-384 --trust aliases=directory
 *
 * What a list may hold is checked where the policy is loaded (x509/policy.h).
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "x509/policy.h"

#define TRUST_LIST_MAX 64 /* of one list */

struct trust_list {
    const char *items[TRUST_LIST_MAX];
    size_t count;
};

/* Strings are the caller's, or owned by `texts`. */
struct trust_options {
    struct trust_list anchors, intermediates, crls, policy_oids, curves, hashes, deny, allow;
    int revocation;        /* enum revocation_mode */
    bool exact_local_part, allow_sha1, addressless, aliases, domain_certificates;
    bool require_explicit_policy, inhibit_policy_mapping, inhibit_any_policy;
    int64_t min_rsa_bits;
    char *texts[TRUST_LIST_MAX];
    size_t text_count;
};

void trust_init(struct trust_options *trust); /* a gateway's defaults, and no anchors */
void trust_free(struct trust_options *trust);

/* "SETTING=VALUE". Lists take several, parted by commas, and grow with each; files and folders are one each. -1: the
 * words say why. */
int trust_set(struct trust_options *trust, const char *text, struct error *error);

/* One to a list. -1: empty, or one too many. */
int trust_list_add(struct trust_list *list, const char *item, struct error *error);

/* Borrows from the options. */
struct policy_config trust_policy(const struct trust_options *trust);

/* A policy's faults name the gateway's settings, "trust.curves: …"; here they are the option's, "--trust curves: …". */
void trust_name_option(struct error *error);

#endif
