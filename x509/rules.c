#include "x509/rules.h"

#include <openssl/x509v3.h>

#include "base/metrics.h"

#define KEY_USAGE_ABSENT UINT32_MAX

/* By what, if anything, the certificate is for the recipient. `names` may become NAMES_UNREAD. */
static enum leaf_claim find_claim(const struct policy *policy, const struct recipient *recipient, const X509 *x509,
                                  enum names_match *names)
{
    enum names_match others;

    if (*names >= NAMES_IN_SUBJECT) {
        return CLAIM_ADDRESS;
    }
    if (*names == NAMES_NONE) {
        if (policy->domain_certificates && names_have_domain(x509, address_domain(recipient->address))) {
            return CLAIM_DOMAIN;
        }
        return policy->addressless && names_are_of(recipient->mails, recipient->address) ? CLAIM_ENTRY : CLAIM_NONE;
    }
    if (!policy->aliases || *names == NAMES_UNREAD) {
        return CLAIM_NONE;
    }
    others = names_match_any(x509, recipient->mails, policy->exact_local_part);
    if (others == NAMES_UNREAD) {
        *names = NAMES_UNREAD;
    }
    return others >= NAMES_IN_SUBJECT ? CLAIM_ALIAS : CLAIM_NONE;
}

void leaf_read(const struct policy *policy, const struct recipient *recipient, const struct cert *cert,
               struct leaf *leaf)
{
    const struct address *address = recipient->address;
    uint32_t extended = X509_get_extended_key_usage(cert->x509);

    *leaf = (struct leaf){
        .cert = cert,
        .key_usage = X509_get_key_usage(cert->x509),
        .has_extended_key_usage = (X509_get_extension_flags(cert->x509) & EXFLAG_XKUSAGE) != 0,
        .names = address != NULL ? names_match(cert->x509, address, policy->exact_local_part) : NAMES_UNASKED,
    };
    leaf->claim = find_claim(policy, recipient, cert->x509, &leaf->names);
    leaf->email_protection = leaf->has_extended_key_usage && (extended & XKU_SMIME) != 0;
    leaf->any_usage = leaf->has_extended_key_usage && (extended & XKU_ANYEKU) != 0;
    key_read(cert->x509, &leaf->key);
}

static bool rule_encryption(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    const struct key *key = &leaf->key;

    (void)policy;
    if (key->known && !key->readable) {
        return finding_set(finding, REASON_MALFORMED, "the %s key cannot be read (RFC 5280 4.1.2.7)", key->algorithm);
    }
    if (key->use == KEY_USE_NONE) {
        return finding_set(finding, REASON_NOT_ENCRYPTION_CAPABLE, "a %s key cannot be a recipient (RFC 5652 6.2)",
                           key->algorithm);
    }
    return true;
}

/* Shows the first address that the certificate names. */
static bool first_address(void *context, struct bytes address, enum name_place place)
{
    struct bytes *first = context;
    char *copy;

    if (place == NAME_ILLEGIBLE) {
        return true;
    }
    copy = OPENSSL_strndup((const char *)address.data, address.size);
    *first = bytes_of(copy, copy != NULL ? strlen(copy) : 0);
    return false;
}

/* What the words of a verdict say of a certificate that does not name the address itself. */
static const char *const claim_remarks[] = {
    [CLAIM_NONE] = "",
    [CLAIM_ENTRY] = "the certificate names no address, the directory vouches for it",
    [CLAIM_DOMAIN] = "domain-bound certificate: it names the address's domain and no address",
    [CLAIM_ALIAS] = "the certificate names another mail address of the same entry",
    [CLAIM_ADDRESS] = "",
};

static bool refuse_nameless(const struct policy *policy, struct finding *finding)
{
    const char *why = policy->addressless ? ", and the entry's own mail is not this address"
                      : policy->domain_certificates ? ", nor exactly its domain" : "";

    return finding_set(finding, REASON_ADDRESS_MISMATCH, "the certificate names no address%s (RFC 8550 3)", why);
}

static bool rule_address(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    struct bytes first = {0};

    if (leaf->names == NAMES_UNREAD) {
        return finding_set(finding, REASON_INTERNAL, "out of memory");
    }
    if (leaf->claim > CLAIM_NONE) {
        finding_set(finding, REASON_UNJUDGED, "%s", claim_remarks[leaf->claim]);
        return true;
    }
    if (leaf->names == NAMES_BEYOND) {
        count(COUNT_LIMIT_CERTIFICATE_NAMES);
        return finding_set(finding, REASON_ADDRESS_MISMATCH, "the certificate has more than %d names, and this address "
                           "is not among the first (RFC 8550 3)", MAX_CERTIFICATE_NAMES);
    }
    if (leaf->names == NAMES_NONE) {
        return refuse_nameless(policy, finding);
    }
    names_each(leaf->cert->x509, first_address, &first);
    if (first.data == NULL) {
        return finding_set(finding, REASON_ADDRESS_MISMATCH, "the certificate's address cannot be read (RFC 8550 3)");
    }
    finding_set(finding, REASON_ADDRESS_MISMATCH, "the certificate is for <%.*s>, not for this address (RFC 8550 3)",
                (int)first.size, (const char *)first.data);
    OPENSSL_free((void *)first.data);
    return false;
}

static bool rule_key_usage(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    bool transport = leaf->key.use == KEY_USE_TRANSPORT;

    (void)policy;
    if (leaf->key.use == KEY_USE_NONE) {
        return true; /* no keyUsage would make it fit, so none is wrong */
    }
    if (leaf->key_usage == KEY_USAGE_ABSENT) {
        return !cert_is_ca(leaf->cert) || leaf->has_extended_key_usage ||
               finding_set(finding, REASON_WRONG_KEY_USAGE,
                           "a CA's certificate that states no usage (RFC 5280 4.2.1.3)");
    }
    if ((leaf->key_usage & (transport ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) == 0) {
        return finding_set(finding, REASON_WRONG_KEY_USAGE, "keyUsage lacks %s (RFC 5280 4.2.1.3)",
                           transport ? "keyEncipherment" : "keyAgreement");
    }
    if (!transport && (leaf->key_usage & KU_ENCIPHER_ONLY) != 0) {
        return finding_set(finding, REASON_WRONG_KEY_USAGE, "keyUsage has encipherOnly (RFC 5280 4.2.1.3)");
    }
    return true;
}

static bool rule_extended_key_usage(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    (void)policy;
    return !leaf->has_extended_key_usage || leaf->email_protection || leaf->any_usage ||
           finding_set(finding, REASON_WRONG_EXTENDED_KEY_USAGE,
                       "extKeyUsage has neither emailProtection nor anyExtendedKeyUsage (RFC 8550 4.4.4)");
}

static bool rule_critical(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    (void)policy;
    return !leaf->cert->critical_unknown ||
           finding_set(finding, REASON_UNKNOWN_CRITICAL_EXTENSION, "a critical extension is not known (RFC 5280 4.2)");
}

static bool rule_key(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    char weakness[KEY_WEAKNESS_BYTES];

    return key_is_strong(leaf->cert->x509, &policy->strength, weakness) ||
           finding_set(finding, REASON_WEAK_KEY, "%s", weakness);
}

static bool rule_signature(const struct policy *policy, const struct leaf *leaf, struct finding *finding)
{
    char word[KEY_WORD_BYTES];

    return policy_anchor(policy, leaf->cert) != NULL ||
           signature_is_strong(leaf->cert->x509, &policy->strength, word) ||
           finding_set(finding, REASON_WEAK_SIGNATURE, "signed with %s", word);
}

static bool (*const rules[])(const struct policy *policy, const struct leaf *leaf, struct finding *finding) = {
    rule_encryption, rule_address, rule_key_usage, rule_extended_key_usage, rule_critical, rule_key, rule_signature,
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

/* The first one broken names the reason; for who wants to mend the certificate, the others are as good. */
static void note_broken(const struct policy *policy, const struct leaf *leaf, size_t first,
                        const struct finding *finding, struct notes *notes)
{
    notes_rule(notes, finding);
    for (size_t i = first + 1; i < RULE_COUNT; i++) {
        struct finding other = {.reason = REASON_UNJUDGED};

        if (!rules[i](policy, leaf, &other)) {
            notes_rule(notes, &other);
        }
    }
}

bool leaf_check(const struct policy *policy, const struct leaf *leaf, struct finding *finding, struct notes *notes)
{
    *finding = (struct finding){.reason = REASON_UNJUDGED};
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!rules[i](policy, leaf, finding)) {
            if (notes != NULL) {
                note_broken(policy, leaf, i, finding, notes);
            }
            return false;
        }
    }
    return true;
}
