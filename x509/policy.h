/*
 * What we trust, and by which rules: anchors, intermediates, CRLs, switches.
 *
 * A policy is loaded from files (slow: on a thread that may wait), verified
 * while it loads, and then immutable: a reload makes a new one. Every verdict
 * names the fingerprint of the policy that it was made under; equal
 * fingerprints give equal verdicts for equal values and times.
 */
#ifndef X509_POLICY_H
#define X509_POLICY_H

#include "base/digest.h"
#include "base/error.h"

#define POLICY_NAME_BYTES 65

enum revocation_mode { REVOCATION_MODE_OFF, REVOCATION_MODE_PREFER, REVOCATION_MODE_REQUIRE };

/* As configured; strings and lists are borrowed for the time of the call. */
struct policy_config {
    const char *name;                 /* of its rule, shorter than POLICY_NAME_BYTES; NULL: it is the one of `trust` */
    const char *const *anchors;       /* files or folders: PEM (several), DER, PKCS#7, serialized stores */
    size_t anchor_count;
    const char *const *intermediates; /* likewise; may be none */
    size_t intermediate_count;
    const char *const *crls;          /* likewise PEM (several), DER, serialized stores; or URLs, which are only kept */
    size_t crl_count;
    enum revocation_mode revocation;
    bool exact_local_part;            /* the certificate's local part must be the normalised one, octet for octet */
    bool allow_sha1;                  /* SHA-1 in signatures below the anchor */
    int64_t min_rsa_bits;             /* at least 1024 */
    bool addressless;                 /* a certificate that names no address may be for whom the entry's mail says */
    bool aliases;                     /* one that names another of the entry's own mail values may be for the alias */
    bool domain_certificates;         /* one that names no address may be for everybody at its dNSName */
    const char *const *oids;          /* user-initial-policy-set (RFC 5280 6.1.1 (c)); none: any-policy */
    size_t oid_count;
    bool require_explicit_policy, inhibit_policy_mapping, inhibit_any_policy; /* RFC 5280 6.1.1 (f), (e), (g) */
    const char *const *curves;        /* words of POLICY_CURVES; none: all of them */
    size_t curve_count;
    const char *const *hashes;        /* words of POLICY_HASHES, for signatures; none: all of them */
    size_t hash_count;
    const char *const *deny;          /* SHA-256 fingerprints: no chain may hold such a certificate */
    size_t deny_count;
    const char *const *allow;         /* likewise: every chain must hold one of them; none: no such rule */
    size_t allow_count;
    bool ocsp;                        /* answers of OCSP responders count, and are asked for */
};

/* Whether an element of `crls` is a URL, not a file. */
bool policy_is_url(const char *crl);

struct policy;

/* Loads and checks everything: an anchor file without a certificate, a CRL that is none, a path that is not there are
 * faults; a CRL of an issuer that we do not have or with a bad signature is logged and left aside. One past its
 * nextUpdate is logged and kept: it makes nothing good any more, but what it lists stays revoked. One reference, the
 * caller's. NULL: the words name setting, file and cause: "trust.anchors: …", or "anchors: …" of a rule. */
struct policy *policy_load(const struct policy_config *config, struct error *error);
/* "": it is the one of `trust`. */
const char *policy_name(const struct policy *policy);
struct policy *policy_ref(struct policy *policy);
void policy_free(struct policy **policy);

/* SHA-256 over all that may change a verdict: anchors, intermediates, CRLs, switches, and the version of our rules. */
struct digest policy_fingerprint(const struct policy *policy);

size_t policy_anchor_count(const struct policy *policy); /* each once, however many files hold it */
size_t policy_crl_count(const struct policy *policy); /* those that were not left aside */

/* Calls `visit` with each anchor, in a fixed order: subject (RFC 2253), notAfter, SHA-256 fingerprint in hex. For
 * `certlookupd -t`. */
void policy_each_anchor(const struct policy *policy,
                        void (*visit)(void *context, const char *subject, int64_t not_after, const char *fingerprint),
                        void *context);

#endif
