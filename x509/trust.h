/*
 * The inside of a policy: what policy.c loads and the rules read.
 */
#ifndef X509_TRUST_H
#define X509_TRUST_H

#include <stdatomic.h>

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/issuers.h"
#include "x509/policy.h"

/* Certificates loaded from files; the list owns them. */
struct cert_list {
    struct cert **certs;
    size_t count, capacity;
};

struct policy {
    atomic_uint references;
    struct cert_list anchors, intermediates;
    struct issuers issuers;      /* both, for paths */
    struct crl_list crls;
    enum revocation_mode revocation;
    bool exact_local_part, allow_sha1, addressless, ocsp;
    int64_t min_rsa_bits;
    struct digest fingerprint;
};

/* The anchor that is this very certificate, or NULL. */
const struct cert *policy_anchor(const struct policy *policy, const struct cert *cert);

#endif
