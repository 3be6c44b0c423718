/*
 * The rules for a recipient's certificate by itself, before its path (RFC 8550).
 *
 * OpenSSL's `smimeencrypt` purpose is not used: it refuses keyAgreement for EC
 * keys and anyExtendedKeyUsage.
 *
 *   not_encryption_capable  the key cannot be a recipient of CMS EnvelopedData with this libcrypto
 *   address_mismatch        no rfc822Name, SmtpUTF8Mailbox or subject emailAddress equals the address, and no switch of
 *                           the policy lets it pass: enum leaf_claim
 *   wrong_key_usage         keyUsage present without keyEncipherment (RSA) or keyAgreement (EC, X25519, X448), or with
 *                           encipherOnly; or a CA's certificate that states neither keyUsage nor extKeyUsage
 *   wrong_extended_key_usage  present without emailProtection or anyExtendedKeyUsage
 *   unknown_critical_extension
 *   weak_key, weak_signature  the latter not for a leaf that is an anchor itself
 *
 * A CA's certificate is no recipient by nature: with basicConstraints CA its
 * usages must be stated. One that says keyEncipherment, or emailProtection and
 * no keyUsage, means it.
 */
#ifndef X509_RULES_H
#define X509_RULES_H

#include "base/address.h"
#include "x509/keys.h"
#include "x509/names.h"
#include "x509/notes.h"
#include "x509/trust.h"

/* By what a certificate is for the address; the higher, the better. */
enum leaf_claim {
    CLAIM_NONE,
    CLAIM_ENTRY,  /* it names no address; the entry that holds it has this mail (trust.addressless) */
    CLAIM_DOMAIN, /* it names no address; its dNSName is the address's domain (trust.domain-certificates) */
    CLAIM_ALIAS,  /* it names another mail of the entry that was found for the address (trust.aliases) */
    CLAIM_ADDRESS /* it names the address */
};

/* A leaf with what the rules and the order look at. `cert` is borrowed. */
struct leaf {
    const struct cert *cert;
    struct key key;
    uint32_t key_usage;          /* KU_*; UINT32_MAX: absent */
    bool has_extended_key_usage;
    bool email_protection, any_usage; /* in extKeyUsage */
    enum names_match names;
    enum leaf_claim claim;
};

/* The recipient that a leaf is judged for. Borrowed. */
struct recipient {
    const struct address *address; /* NULL: whose it is is not asked, and the rule about addresses passed over */
    const char *mails; /* of the entry that the value stood in: struct source */
};

void leaf_read(const struct policy *policy, const struct recipient *recipient, const struct cert *cert,
               struct leaf *leaf);

/* All rules, in the order of enum reason; true: none is broken, and the finding's detail is "" or a remark. False: the
 * finding is the first one broken; `notes` get that and the others. */
bool leaf_check(const struct policy *policy, const struct leaf *leaf, struct finding *finding, struct notes *notes);

#endif
