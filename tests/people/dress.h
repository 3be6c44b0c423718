/*
 * How a person is dressed with certificates: what is common to all kinds, and
 * the function of each kind (found.c: a message can be sent; none.c: it cannot).
 */
#ifndef PEOPLE_DRESS_H
#define PEOPLE_DRESS_H

#include "tests/people/person.h"

/* Places in the extensions of spec_good(), so that a kind can break just one. */
enum { USAGE, EXTENDED_USAGE, BASIC, EXTRA };

extern const char sign_only[]; /* a keyUsage */

/* A certificate that nothing is wrong with, with a key of its own. Validity differs from person to person. */
struct certificate_spec spec_good(const struct person *person, const struct authority *issuer, enum key_kind kind);

/* The same with this key, which is used up with the spec. */
struct certificate_spec spec_good_key(const struct person *person, const struct authority *issuer, EVP_PKEY *key);

/* Adds an attribute value; takes over `der`. */
struct value *add_value(struct person *person, struct der der, bool smime);

/* Issues what the spec says into userCertificate. The spec's key is used up. */
struct value *give(struct person *person, struct certificate_spec *spec);

/* The same, and messages to it can be read: the key is kept. */
struct value *give_usable(struct person *person, struct certificate_spec *spec);
struct value *give_good(struct person *person, const struct authority *issuer, enum key_kind kind);
void give_bundle(struct person *person, enum bundle_form form, const struct authority *issuer, enum key_kind kind);

void give_expired(struct person *person, const struct authority *issuer, enum key_kind kind);
void give_revoked(struct person *person, const struct authority *issuer, enum key_kind kind, int crl_reason);

/* What a broken export left in the directory: text, a truncated certificate, or noise that begins like one. */
void give_garbage(struct person *person, const struct authority *issuer);

void dress_rsa(struct person *person, const struct authorities *by);
void dress_p256(struct person *person, const struct authorities *by);
void dress_p384(struct person *person, const struct authorities *by);
void dress_p521(struct person *person, const struct authorities *by);
void dress_pss(struct person *person, const struct authorities *by);
void dress_pair(struct person *person, const struct authorities *by);
void dress_two_good(struct person *person, const struct authorities *by);
void dress_survivor(struct person *person, const struct authorities *by);
void dress_garbage_beside(struct person *person, const struct authorities *by);
void dress_garbage_bundle(struct person *person, const struct authorities *by);
void dress_pkcs7_chain(struct person *person, const struct authorities *by);
void dress_pkcs7_own_issuer(struct person *person, const struct authorities *by);
void dress_pkcs7_streamed(struct person *person, const struct authorities *by);
void dress_pkcs7_certs_only(struct person *person, const struct authorities *by);
void dress_bare(struct person *person, const struct authorities *by);
void dress_both_attributes(struct person *person, const struct authorities *by);
void dress_mixed_case(struct person *person, const struct authorities *by);
void dress_idn(struct person *person, const struct authorities *by);
void dress_tagged(struct person *person, const struct authorities *by);
void dress_subject_email(struct person *person, const struct authorities *by);
void dress_large_san(struct person *person, const struct authorities *by);
void dress_no_usages(struct person *person, const struct authorities *by);
void dress_any_usage(struct person *person, const struct authorities *by);
void dress_two_entries(struct person *person, const struct authorities *by);
void dress_two_addresses(struct person *person, const struct authorities *by);
void dress_simple(struct person *person, const struct authorities *by);
void dress_simple_rsa(struct person *person, const struct authorities *by);
void dress_expired(struct person *person, const struct authorities *by);
void dress_not_yet_valid(struct person *person, const struct authorities *by);
void dress_revoked(struct person *person, const struct authorities *by);
void dress_on_hold(struct person *person, const struct authorities *by);
void dress_wrong_usage(struct person *person, const struct authorities *by);
void dress_wrong_extended_usage(struct person *person, const struct authorities *by);
void dress_other_address(struct person *person, const struct authorities *by);
void dress_alias(struct person *person, const struct authorities *by);
void dress_self_signed(struct person *person, const struct authorities *by);
void dress_untrusted(struct person *person, const struct authorities *by);
void dress_weak_key(struct person *person, const struct authorities *by);
void dress_weak_signature(struct person *person, const struct authorities *by);
void dress_garbage(struct person *person, const struct authorities *by);
void dress_trailing_bytes(struct person *person, const struct authorities *by);
void dress_chain_expired(struct person *person, const struct authorities *by);
void dress_issuer_revoked(struct person *person, const struct authorities *by);
void dress_issuer_usage(struct person *person, const struct authorities *by);
void dress_name_constraint(struct person *person, const struct authorities *by);
void dress_tampered(struct person *person, const struct authorities *by);
void dress_unknown_critical(struct person *person, const struct authorities *by);
void dress_signing_key(struct person *person, const struct authorities *by);
void dress_no_entry(struct person *person, const struct authorities *by);

#endif
