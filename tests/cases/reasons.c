/*
 * The set "reasons": at least one certificate for each row of docs/validation.md,
 * and one for each face of those that have several.
 *
 * Beside the usual files it writes `denied`: fingerprints for trust.deny. Who
 * has an address at explicit.example is to be judged with
 * require-explicit-policy.
 */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cases/cases.h"

enum by {
    BY_ROOT, BY_ISSUING, BY_EXPIRED, BY_REVOKED, BY_WEB, BY_NO_SIGN, BY_NO_CA, BY_NARROW, BY_TOO_DEEP, BY_CONSTRAINED,
    BY_CRITICAL, BY_SHA1, BY_SMALL, BY_DENIED, BY_SILENT, BY_STRANGER, BY_SELF, BY_COUNT
};

/* Authorities, each below one that stands before it. */
static const struct authority_row {
    enum by parent;
    const char *file, *common_name;
    enum key_kind kind;
    int place;                      /* of the extension that is another one */
    struct extension_spec extension;
    int until_days;                 /* 0: the usual */
    bool sha1, revoked, silent;
} authority_rows[BY_COUNT] = {
    [BY_ROOT] = {BY_SELF, "root", "Cases Root CA", KEY_P256},
    [BY_ISSUING] = {BY_ROOT, "issuing", "Cases Issuing CA", KEY_RSA_2048},
    [BY_EXPIRED] = {BY_ROOT, "expired", "Cases Expired CA", KEY_P256, .until_days = -10},
    [BY_REVOKED] = {BY_ROOT, "revoked", "Cases Revoked CA", KEY_P256, .revoked = true},
    [BY_WEB] = {BY_ROOT, "web", "Cases Web CA", KEY_P256, CASE_EXTENDED_USAGE, {"extendedKeyUsage", "serverAuth"}},
    [BY_NO_SIGN] = {BY_ROOT, "no-sign", "Cases CA That May Not Sign", KEY_P256, CASE_USAGE, {"keyUsage", "critical,cRLSign"}},
    [BY_NO_CA] = {BY_ROOT, "no-ca", "Cases No CA", KEY_P256, CASE_BASIC, {"basicConstraints", "critical,CA:FALSE"}},
    [BY_NARROW] = {BY_ROOT, "narrow", "Cases Narrow CA", KEY_P256, CASE_BASIC,
                   {"basicConstraints", "critical,CA:TRUE,pathlen:0"}},
    [BY_TOO_DEEP] = {BY_NARROW, "too-deep", "Cases Too Deep CA", KEY_P256},
    [BY_CONSTRAINED] = {BY_ROOT, "constrained", "Cases Constrained CA", KEY_P256, CASE_FIRST,
                        {"nameConstraints", "critical,permitted;email:elsewhere.example"}},
    [BY_CRITICAL] = {BY_ROOT, "critical", "Cases Critical CA", KEY_P256, CASE_FIRST,
                     {"1.3.6.1.4.1.32473.1.2", "critical,ASN1:UTF8String:understand me"}},
    [BY_SHA1] = {BY_ROOT, "sha1", "Cases SHA-1 CA", KEY_P256, .sha1 = true},
    [BY_SMALL] = {BY_ROOT, "small", "Cases Small CA", KEY_RSA_1024},
    [BY_DENIED] = {BY_ROOT, "denied", "Cases Denied CA", KEY_P256},
    [BY_SILENT] = {BY_ROOT, "silent", "Cases Silent CA", KEY_P256, .silent = true},
    [BY_STRANGER] = {BY_SELF, "stranger", "Cases Stranger CA", KEY_P256},
};

static void expire(struct certificate_spec *spec)
{
    spec->until_days = -3;
}

static void begin_later(struct certificate_spec *spec)
{
    spec->from_days = 3;
}

static void sign_only(struct certificate_spec *spec)
{
    spec->extensions[CASE_USAGE].value = "critical,digitalSignature";
}

static void wrong_transport(struct certificate_spec *spec)
{
    spec->extensions[CASE_USAGE].value = "keyAgreement";
}

static void for_servers(struct certificate_spec *spec)
{
    spec->extensions[CASE_EXTENDED_USAGE].value = "serverAuth";
}

static void for_clients_critical(struct certificate_spec *spec)
{
    spec->extensions[CASE_EXTENDED_USAGE].value = "critical,clientAuth";
}

static void unknown_critical(struct certificate_spec *spec)
{
    spec->extensions[CASE_FIRST] =
        (struct extension_spec){"1.3.6.1.4.1.32473.1.1", "critical,ASN1:UTF8String:understand me"};
}

static void no_address(struct certificate_spec *spec)
{
    spec->address_count = 0;
}

static void other_address(struct certificate_spec *spec)
{
    static const char *const other[] = {"somebody.else@cases.example"};

    spec->addresses = other;
}

static void with_sha1(struct certificate_spec *spec)
{
    spec->digest = EVP_sha1();
}

static void with_md5(struct certificate_spec *spec)
{
    spec->digest = EVP_md5();
}

static void with_policy(struct certificate_spec *spec)
{
    spec->extensions[CASE_FIRST] = (struct extension_spec){"certificatePolicies", "1.3.6.1.4.1.32473.2.1"};
}

static void cut(struct der *der)
{
    der->size -= 40;
}

static void lengthen(struct der *der)
{
    struct der longer = {malloc(der->size + 4), der->size + 4};

    must(longer.data != NULL, "out of memory");
    memcpy(longer.data, der->data, der->size);
    memcpy(longer.data + der->size, "tail", 4);
    free(der->data);
    *der = longer;
}

static void tamper(struct der *der)
{
    der->data[der->size - 1] ^= 1;
}

static void empty(struct der *der)
{
    static const uint8_t sequence[] = {0x30, 0x00};

    free(der->data);
    *der = der_copy(sequence, sizeof(sequence));
}

static const struct reason_row {
    const char *name, *reason, *description;
    enum by by;
    enum key_kind kind;
    void (*change)(struct certificate_spec *spec);
    void (*damage)(struct der *der); /* of the value, which then stands in userSMIMECertificate */
    int revoked;                     /* CRLReason and 1; 0: not revoked */
    bool explicit_policy, denied;
} rows[] = {
    {"usable", "usable", "nothing is wrong with it", BY_ISSUING, KEY_P256},
    {"malformed-cut", "malformed", "a certificate without its end", BY_ISSUING, KEY_P256, NULL, cut},
    {"malformed-tail", "malformed", "a certificate with something behind it", BY_ISSUING, KEY_P256, NULL, lengthen},
    {"malformed-empty", "malformed", "DER, but nothing in it", BY_ISSUING, KEY_P256, NULL, empty},
    {"incapable-ed25519", "not_encryption_capable", "an Ed25519 key", BY_ISSUING, KEY_ED25519, sign_only},
    {"incapable-pss", "not_encryption_capable", "an id-RSASSA-PSS key", BY_ISSUING, KEY_RSA_PSS, sign_only},
    {"incapable-dsa", "not_encryption_capable", "a DSA key", BY_ISSUING, KEY_DSA, sign_only},
    {"mismatch-other", "address_mismatch", "another address", BY_ISSUING, KEY_P256, other_address},
    {"mismatch-none", "address_mismatch", "no address", BY_ISSUING, KEY_P256, no_address},
    {"usage-rsa", "wrong_key_usage", "RSA, for signatures", BY_ISSUING, KEY_RSA_2048, sign_only},
    {"usage-ec", "wrong_key_usage", "EC, for signatures", BY_ISSUING, KEY_P256, sign_only},
    {"usage-crossed", "wrong_key_usage", "RSA, with what an EC key needs", BY_ISSUING, KEY_RSA_2048, wrong_transport},
    {"extended-usage", "wrong_extended_key_usage", "for servers", BY_ISSUING, KEY_P256, for_servers},
    {"extended-usage-critical", "wrong_extended_key_usage", "for clients, critical", BY_ISSUING, KEY_P256,
     for_clients_critical},
    {"critical-leaf", "unknown_critical_extension", "in the certificate", BY_ISSUING, KEY_P256, unknown_critical},
    {"critical-issuer", "unknown_critical_extension", "in its issuer's", BY_CRITICAL, KEY_P256},
    {"weak-rsa", "weak_key", "RSA with 1024 bits", BY_ISSUING, KEY_RSA_1024},
    {"weak-curve", "weak_key", "a curve that is not listed", BY_ISSUING, KEY_SECP256K1},
    {"weak-issuer", "weak_key", "its issuer's key has 1024 bits", BY_SMALL, KEY_P256},
    {"sha1-leaf", "weak_signature", "signed with SHA-1", BY_ISSUING, KEY_P256, with_sha1},
    {"md5-leaf", "weak_signature", "signed with MD5", BY_ISSUING, KEY_P256, with_md5},
    {"sha1-issuer", "weak_signature", "its issuer's is signed with SHA-1", BY_SHA1, KEY_P256},
    {"stranger", "untrusted", "from an authority that is no anchor", BY_STRANGER, KEY_P256},
    {"self-signed", "untrusted", "signed by itself", BY_SELF, KEY_P256},
    {"chain-tampered", "bad_chain", "a bit of its signature is another one", BY_ISSUING, KEY_P256, NULL, tamper},
    {"chain-no-ca", "bad_chain", "its issuer is no CA", BY_NO_CA, KEY_P256},
    {"chain-no-sign", "bad_chain", "its issuer may not sign certificates", BY_NO_SIGN, KEY_P256},
    {"chain-pathlen", "bad_chain", "one issuer more than pathlen allows", BY_TOO_DEEP, KEY_P256},
    {"chain-names", "bad_chain", "its issuer may not name this address", BY_CONSTRAINED, KEY_P256},
    {"chain-usage", "bad_chain", "its issuer is one for servers", BY_WEB, KEY_P256},
    {"chain-policy", "bad_chain", "no policy, where one is required", BY_ISSUING, KEY_P256, .explicit_policy = true},
    {"chain-policy-unknown", "bad_chain", "a policy that its issuer has not", BY_ISSUING, KEY_P256, with_policy,
     .explicit_policy = true},
    {"chain-expired", "chain_expired", "its issuer has expired", BY_EXPIRED, KEY_P256},
    {"denied-leaf", "denied", "it is on the list", BY_ISSUING, KEY_P256, .denied = true},
    {"denied-issuer", "denied", "its issuer is on the list", BY_DENIED, KEY_P256},
    {"no-crl", "revocation_unknown", "its issuer publishes no CRL", BY_SILENT, KEY_P256},
    {"issuer-revoked", "issuer_revoked", "its issuer was revoked", BY_REVOKED, KEY_P256},
    {"not-yet", "not_yet_valid", "valid in three days", BY_ISSUING, KEY_P256, begin_later},
    {"expired", "expired", "valid until three days ago", BY_ISSUING, KEY_P256, expire},
    {"revoked", "revoked", "revoked: keyCompromise", BY_ISSUING, KEY_P256, .revoked = CRL_REASON_KEY_COMPROMISE + 1},
    {"revoked-hold", "revoked", "revoked: certificateHold", BY_ISSUING, KEY_P256,
     .revoked = CRL_REASON_CERTIFICATE_HOLD + 1},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct making {
    struct cases *cases;
    struct authority by[BY_COUNT];
    struct revoked_serial revoked[BY_COUNT + ROW_COUNT];
    size_t revoked_count;
    FILE *denied;
};

static void revoke(struct making *making, enum by issuer, const X509 *certificate, int reason)
{
    making->revoked[making->revoked_count++] = (struct revoked_serial){
        &making->by[issuer], ASN1_INTEGER_dup(X509_get0_serialNumber(certificate)), reason};
}

static void deny(struct making *making, const X509 *certificate)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    must(X509_digest(certificate, EVP_sha256(), hash, &size) == 1, "fingerprint");
    for (unsigned i = 0; i < size; i++) {
        fprintf(making->denied, "%02x", hash[i]);
    }
    fputc('\n', making->denied);
}

static void make_authorities(struct making *making)
{
    for (enum by i = 0; i < BY_SELF; i++) {
        const struct authority_row *row = &authority_rows[i];
        struct certificate_spec spec =
            case_authority_spec(row->common_name, row->parent != BY_SELF ? &making->by[row->parent] : NULL);
        if (row->extension.name != NULL) {
            spec.extensions[row->place] = row->extension;
        }
        spec.until_days = row->until_days != 0 ? row->until_days : spec.until_days;
        spec.digest = row->sha1 ? EVP_sha1() : NULL;
        authority_new(&making->by[i], row->file, row->kind, spec);
        if (row->revoked) {
            revoke(making, row->parent, making->by[i].certificate, CRL_REASON_CA_COMPROMISE);
        }
    }
    deny(making, making->by[BY_DENIED].certificate);
}

static void make_row(struct making *making, const struct reason_row *row)
{
    char address[CASE_TEXT_BYTES];
    const char *addresses[] = {address};

    snprintf(address, sizeof(address), "%s@%s.example", row->name, row->explicit_policy ? "explicit" : "cases");
    struct certificate_spec spec =
        case_spec(row->name, addresses, 1, row->by != BY_SELF ? &making->by[row->by] : NULL, row->kind);
    if (row->change != NULL) {
        row->change(&spec);
    }
    X509 *certificate = certificate_issue(&spec);
    struct case_entry entry = {address, certificate_der(certificate), row->damage != NULL, row->reason, row->name,
                               row->description};
    if (row->damage != NULL) {
        row->damage(&entry.value);
    }
    if (row->revoked != 0) {
        revoke(making, row->by, certificate, row->revoked - 1);
    }
    if (row->denied) {
        deny(making, certificate);
    }
    case_add(making->cases, &entry);
    X509_free(certificate);
    EVP_PKEY_free(spec.key);
}

static void write_trust(struct making *making)
{
    case_write_authority("anchors", &making->by[BY_ROOT]);
    for (enum by i = 0; i < BY_STRANGER; i++) {
        if (!authority_rows[i].silent) {
            case_write_crl("crls", &making->by[i], making->revoked, making->revoked_count);
        }
        case_write_authority("intermediates", &making->by[i]);
    }
}

void reasons_make(struct cases *cases)
{
    struct making making = {.cases = cases, .denied = fopen("denied", "w")};

    must(making.denied != NULL, "denied");
    make_authorities(&making);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        make_row(&making, &rows[i]);
    }
    write_trust(&making);
    must(fclose(making.denied) == 0, "denied");
    for (size_t i = 0; i < making.revoked_count; i++) {
        ASN1_INTEGER_free(making.revoked[i].serial);
    }
    for (enum by i = 0; i < BY_SELF; i++) {
        authority_free(&making.by[i]);
    }
}
