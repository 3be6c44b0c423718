/*
 * The values of policy settings as text: what the configuration may say, and
 * what becomes of it in a policy.
 */
#ifndef X509_POLICY_SETTINGS_H
#define X509_POLICY_SETTINGS_H

#include "base/digest.h"
#include "base/error.h"

/* All that a setting may list, which is also what stands where it lists nothing. "sha1" is no word of the list:
 * allow-sha1 is there to be noticed. */
#define POLICY_CURVES "P-256 P-384 P-521 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1"
#define POLICY_HASHES "sha224 sha256 sha384 sha512 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512"
#define POLICY_OID_ANY "any" /* any-policy, 2.5.29.32.0 */

/* Each: -1, and the words say why not. */

/* An OBJECT IDENTIFIER in dots (X.660: the first arc is 0, 1 or 2; the second below 40 but under 2), or "any". */
int policy_oid_check(const char *text, struct error *error);

/* 64 hexadecimal digits of either case; a colon may stand between two octets. */
int policy_fingerprint_parse(const char *text, struct digest *fingerprint, struct error *error);

/* The word's bit in struct strength (x509/keys.h). */
int policy_curve_parse(const char *word, uint32_t *bit, struct error *error);
int policy_hash_parse(const char *word, uint32_t *bit, struct error *error);

struct policy;
struct policy_config;

/* Reads all of them into the policy; the words name the setting. What was read is freed by policy_settings_free(), also
 * after a fault. */
int policy_settings_read(struct policy *policy, const struct policy_config *config, struct error *error);
void policy_settings_free(struct policy *policy);

/* Adds all that may change a verdict. */
void policy_settings_fingerprint(const struct policy *policy, struct digest_stream *stream);

/* Whether the list holds it. */
struct fingerprints;
bool fingerprints_hold(const struct fingerprints *list, const struct digest *fingerprint);

#endif
