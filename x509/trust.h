/*
 * The inside of a policy: what policy.c loads and the rules read.
 */
#ifndef X509_TRUST_H
#define X509_TRUST_H

#include <stdatomic.h>

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/issuers.h"
#include "x509/keys.h"
#include "x509/policy.h"

/* Certificates loaded from files; the list owns them. */
struct cert_list {
    struct cert **certs;
    size_t count, capacity;
};

/* Fingerprints, ascending. Owned. */
struct fingerprints {
    struct digest *sorted;
    size_t count;
};

/* The inputs of RFC 5280 6.1.1 (c), (f), (e), (g). */
struct initial_policies {
    ASN1_OBJECT **oids; /* owned; none: any-policy */
    size_t count;
    bool require_explicit, inhibit_mapping, inhibit_any;
};

struct policy {
    atomic_uint references;
    char name[POLICY_NAME_BYTES]; /* of its rule, for explain; "": it is the one of `trust` */
    struct cert_list anchors, intermediates;
    struct issuers issuers;      /* both, for paths */
    struct crl_list crls;
    char **crl_urls;             /* of trust.crls; see x509/prefetch.h */
    size_t crl_url_count;
    enum revocation_mode revocation;
    bool exact_local_part, addressless, aliases, domain_certificates, ocsp;
    struct strength strength;
    struct initial_policies initial;
    struct fingerprints deny, allow;
    struct digest fingerprint;
};

/* The anchor that is this very certificate, or NULL. */
const struct cert *policy_anchor(const struct policy *policy, const struct cert *cert);

#endif
