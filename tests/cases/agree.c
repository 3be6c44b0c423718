/*
 * The set "agree": 200 certificates that vary in key, usages, names, dates,
 * digest, signer and revocation, the same way in every run, each with the
 * verdict that its faults add up to: the first of enum reason (base/outcome.h).
 */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/outcome.h"
#include "tests/cases/cases.h"

#define CERTIFICATES 200
#define KEYS 8
#define OUR_DOMAIN "agree.example"

enum by { BY_ROOT, BY_ISSUING, BY_ISSUING_EC, BY_EXPIRED, BY_REVOKED, BY_SILENT, BY_WEB, BY_STRANGER, BY_SELF };

static const struct signer_row {
    const char *file, *common_name;
    enum key_kind kind;
    enum reason reason; /* of what it signs */
} signers[BY_SELF + 1] = {
    [BY_ROOT] = {"root", "Agree Root CA", KEY_P384, REASON_USABLE},
    [BY_ISSUING] = {"issuing", "Agree Issuing CA", KEY_RSA_2048, REASON_USABLE},
    [BY_ISSUING_EC] = {"issuing-ec", "Agree Issuing CA EC", KEY_P256, REASON_USABLE},
    [BY_EXPIRED] = {"expired", "Agree Expired CA", KEY_P256, REASON_CHAIN_EXPIRED},
    [BY_REVOKED] = {"revoked", "Agree Revoked CA", KEY_P256, REASON_ISSUER_REVOKED},
    [BY_SILENT] = {"silent", "Agree Silent CA", KEY_P256, REASON_REVOCATION_UNKNOWN},
    [BY_WEB] = {"web", "Agree Web CA", KEY_P256, REASON_BAD_CHAIN},
    [BY_STRANGER] = {"stranger", "Agree Stranger CA", KEY_P256, REASON_UNTRUSTED},
    [BY_SELF] = {NULL, NULL, KEY_P256, REASON_UNTRUSTED},
};

static const struct key_row {
    enum key_kind kind;
    enum reason reason;
} key_rows[KEYS] = {
    {KEY_P256, REASON_USABLE},         {KEY_RSA_2048, REASON_USABLE},
    {KEY_P384, REASON_USABLE},         {KEY_P521, REASON_USABLE},
    {KEY_BRAINPOOL256, REASON_USABLE}, {KEY_RSA_1024, REASON_WEAK_KEY},
    {KEY_SECP256K1, REASON_WEAK_KEY},  {KEY_ED25519, REASON_NOT_ENCRYPTION_CAPABLE},
};

static const struct usage_row {
    const char *rsa, *other; /* keyUsage; NULL: absent */
    enum reason reason;
} usage_rows[] = {
    {"critical,keyEncipherment", "critical,keyAgreement", REASON_USABLE},
    {"digitalSignature,keyEncipherment", "digitalSignature,keyAgreement", REASON_USABLE},
    {NULL, NULL, REASON_USABLE},
    {"critical,digitalSignature,nonRepudiation", "critical,digitalSignature", REASON_WRONG_KEY_USAGE},
    {"dataEncipherment", "keyEncipherment", REASON_WRONG_KEY_USAGE},
};

static const struct extended_row {
    const char *value;
    enum reason reason;
} extended_rows[] = {
    {"emailProtection", REASON_USABLE},
    {"clientAuth,emailProtection", REASON_USABLE},
    {"anyExtendedKeyUsage", REASON_USABLE},
    {NULL, REASON_USABLE},
    {"serverAuth", REASON_WRONG_EXTENDED_KEY_USAGE},
    {"critical,codeSigning,timeStamping", REASON_WRONG_EXTENDED_KEY_USAGE},
};

/* %s: the asked address. */
static const struct name_row {
    const char *first, *second, *subject;
    enum reason reason;
} name_rows[] = {
    {"%s", NULL, NULL, REASON_USABLE},
    {"first.%s", "%s", NULL, REASON_USABLE},
    {NULL, NULL, "%s", REASON_USABLE},
    {"%s", NULL, "other.%s", REASON_USABLE},
    {"other.%s", NULL, NULL, REASON_ADDRESS_MISMATCH},
    {NULL, NULL, NULL, REASON_ADDRESS_MISMATCH},
};

static const struct date_row {
    int from_days, until_days;
    enum reason reason;
} date_rows[] = {
    {-10, 100, REASON_USABLE},
    {-400, 30, REASON_USABLE},
    {-1, 5000, REASON_USABLE},
    {-200, -1, REASON_EXPIRED},
    {2, 300, REASON_NOT_YET_VALID},
};

static const struct digest_row {
    const char *name;
    enum reason reason;
} digest_rows[] = {
    {"SHA256", REASON_USABLE}, {"SHA384", REASON_USABLE}, {"SHA512", REASON_USABLE}, {"SHA1", REASON_WEAK_SIGNATURE},
};

static const struct revoked_row {
    int crl_reason; /* -1: it is not */
    enum reason reason;
} revoked_rows[] = {
    {-1, REASON_USABLE},
    {-1, REASON_USABLE},
    {CRL_REASON_KEY_COMPROMISE, REASON_REVOKED},
    {CRL_REASON_CERTIFICATE_HOLD, REASON_REVOKED},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct making {
    struct cases *cases;
    struct authority by[BY_SELF];
    EVP_PKEY *keys[KEYS];
    struct revoked_serial revoked[CERTIFICATES + 1];
    size_t revoked_count;
    uint64_t state;      /* of next() */
    enum reason verdict; /* of the certificate being made, so far */
};

/* A row's number: the first ones are good, and come seven times of eight. The generator is Knuth's. */
static size_t next(struct making *making, size_t good, size_t all)
{
    making->state = making->state * 6364136223846793005u + 1442695040888963407u;
    size_t number = (size_t)(making->state >> 33);

    return number % 8 < 7 ? number / 8 % good : good + number / 8 % (all - good);
}

static void find_fault(struct making *making, enum reason reason)
{
    if (reason != REASON_USABLE && (making->verdict == REASON_USABLE || reason < making->verdict)) {
        making->verdict = reason;
    }
}

static void revoke(struct making *making, enum by issuer, const X509 *certificate, int reason)
{
    making->revoked[making->revoked_count++] = (struct revoked_serial){
        &making->by[issuer], ASN1_INTEGER_dup(X509_get0_serialNumber(certificate)), reason};
}

static void make_authorities(struct making *making)
{
    for (enum by i = 0; i < BY_SELF; i++) {
        bool root = i == BY_ROOT || i == BY_STRANGER;
        struct certificate_spec spec = case_authority_spec(signers[i].common_name, root ? NULL : &making->by[BY_ROOT]);
        spec.until_days = i == BY_EXPIRED ? -1 : spec.until_days;
        spec.extensions[CASE_EXTENDED_USAGE].value = i == BY_WEB ? "serverAuth,clientAuth" : NULL;
        authority_new(&making->by[i], signers[i].file, signers[i].kind, spec);
    }
    revoke(making, BY_ROOT, making->by[BY_REVOKED].certificate, CRL_REASON_CESSATION_OF_OPERATION);
    for (size_t i = 0; i < KEYS; i++) {
        making->keys[i] = key_new(key_rows[i].kind);
    }
}

static const char *fill(char *out, const char *form, const char *address)
{
    out[0] = '\0';
    for (const char *at = form; at != NULL && *at != '\0';) {
        size_t used = strlen(out);
        if (strncmp(at, "%s", 2) == 0) {
            snprintf(out + used, CASE_TEXT_BYTES - used, "%s", address);
            at += 2;
        } else {
            snprintf(out + used, CASE_TEXT_BYTES - used, "%c", *at++);
        }
    }
    return form != NULL ? out : NULL;
}

static void make_one(struct making *making, int number)
{
    char name[16], address[CASE_TEXT_BYTES], texts[3][CASE_TEXT_BYTES], words[CASE_TEXT_BYTES];
    making->verdict = REASON_USABLE;
    size_t key = next(making, 5, KEYS);
    enum by by = (enum by)(BY_ISSUING + next(making, 2, BY_SELF));
    const struct usage_row *usage = &usage_rows[next(making, 3, COUNT(usage_rows))];
    const struct extended_row *extended = &extended_rows[next(making, 4, COUNT(extended_rows))];
    const struct name_row *names = &name_rows[next(making, 4, COUNT(name_rows))];
    const struct date_row *dates = &date_rows[next(making, 3, COUNT(date_rows))];
    const struct digest_row *digest = &digest_rows[next(making, 3, COUNT(digest_rows))];
    const struct revoked_row *revoked = &revoked_rows[next(making, 2, COUNT(revoked_rows))];
    /* Nobody asks whether an expired certificate was revoked. */
    bool nothing_to_ask = dates->reason != REASON_USABLE && signers[by].reason == REASON_REVOCATION_UNKNOWN;
    const enum reason found[] = {
        key_rows[key].reason, nothing_to_ask ? REASON_USABLE : signers[by].reason, usage->reason, extended->reason,
        names->reason, dates->reason, digest->reason, by == BY_SELF ? REASON_USABLE : revoked->reason,
    };
    bool rsa = key_rows[key].kind <= KEY_RSA_3072;

    snprintf(name, sizeof(name), "c%03d", number);
    snprintf(address, sizeof(address), "%s@" OUR_DOMAIN, name);
    const char *addresses[] = {fill(texts[0], names->first, address), fill(texts[1], names->second, address)};
    for (size_t i = 0; i < COUNT(found); i++) {
        find_fault(making, found[i]);
    }
    struct certificate_spec spec = {
        .issuer = by == BY_SELF ? NULL : &making->by[by],
        .key = making->keys[key],
        .common_name = name,
        .email = fill(texts[2], names->subject, address),
        .addresses = addresses,
        .address_count = (names->first != NULL) + (names->second != NULL),
        .from_days = dates->from_days,
        .until_days = dates->until_days,
        .digest = EVP_get_digestbyname(digest->name),
        .extensions = {{"keyUsage", rsa ? usage->rsa : usage->other}, {"extendedKeyUsage", extended->value}},
    };
    X509 *certificate = certificate_issue(&spec);
    if (by != BY_SELF && revoked->crl_reason >= 0) {
        revoke(making, by, certificate, revoked->crl_reason);
    }
    snprintf(words, sizeof(words), "key %zu, %s, usage %td, extended %td, names %td, dates %td, %s, revoked %td", key,
             by == BY_SELF ? "itself" : signers[by].file, usage - usage_rows, extended - extended_rows,
             names - name_rows, dates - date_rows, digest->name, revoked - revoked_rows);
    case_add(making->cases, &(struct case_entry){address, certificate_der(certificate), number % 5 == 0,
                                                 reason_word(making->verdict), name, words});
    X509_free(certificate);
}

static void write_trust(struct making *making)
{
    case_write_authority("anchors", &making->by[BY_ROOT]);
    for (enum by i = 0; i < BY_STRANGER; i++) {
        if (i != BY_SILENT) {
            case_write_crl("crls", &making->by[i], making->revoked, making->revoked_count);
        }
        case_write_authority("intermediates", &making->by[i]);
    }
}

void agree_make(struct cases *cases)
{
    struct making making = {.cases = cases, .state = 2};

    make_authorities(&making);
    for (int i = 0; i < CERTIFICATES; i++) {
        make_one(&making, i);
    }
    write_trust(&making);
    for (size_t i = 0; i < making.revoked_count; i++) {
        ASN1_INTEGER_free(making.revoked[i].serial);
    }
    for (enum by i = 0; i < BY_SELF; i++) {
        authority_free(&making.by[i]);
    }
    for (size_t i = 0; i < KEYS; i++) {
        EVP_PKEY_free(making.keys[i]);
    }
}
