#include "tests/cases/publish.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define HOUR_S 3600L

static void add_number(X509_CRL *crl, int nid, int number, int critical)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();

    must(value != NULL && ASN1_INTEGER_set(value, number) == 1 &&
             X509_CRL_add1_ext_i2d(crl, nid, value, critical, 0) == 1, "number of a CRL");
    ASN1_INTEGER_free(value);
}

static void name_issuer(X509_REVOKED *entry, const X509 *certificate)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    X509_NAME *issuer = X509_NAME_dup(X509_get_issuer_name(certificate));

    must(names != NULL && name != NULL && issuer != NULL, "out of memory");
    GENERAL_NAME_set0_value(name, GEN_DIRNAME, issuer);
    must(sk_GENERAL_NAME_push(names, name) > 0 &&
             X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0) == 1, "certificateIssuer");
    GENERAL_NAMES_free(names);
}

static void add_entry(X509_CRL *crl, const struct crl_entry *row)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    ASN1_TIME *when = X509_gmtime_adj(NULL, -48 * HOUR_S);
    ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(row->certificate));

    must(entry != NULL && reason != NULL && when != NULL && ASN1_ENUMERATED_set(reason, row->reason) == 1 &&
             X509_REVOKED_set_serialNumber(entry, serial) == 1 && X509_REVOKED_set_revocationDate(entry, when) == 1 &&
             X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1, "entry of a CRL");
    if (row->of_another) {
        name_issuer(entry, row->certificate);
    }
    must(X509_CRL_add0_revoked(crl, entry) == 1, "entry of a CRL");
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
    ASN1_ENUMERATED_free(reason);
}

static void add_extension(X509_CRL *crl, const struct crl_spec *spec, const char *name, const char *value)
{
    X509_EXTENSION *extension = extension_make(spec->issuer->certificate, NULL, spec->sections, name, value);

    must(X509_CRL_add_ext(crl, extension, -1) == 1, name);
    X509_EXTENSION_free(extension);
}

struct der crl_publish(const struct crl_spec *spec)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, spec->from_hours * HOUR_S);
    ASN1_TIME *until = X509_gmtime_adj(NULL, spec->until_hours * HOUR_S);
    struct der der = {NULL, 0};

    must(crl != NULL && from != NULL && until != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(spec->issuer->certificate)) == 1 &&
             X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1, "a CRL");
    for (const struct crl_entry *entry = spec->entries; entry->certificate != NULL; entry++) {
        add_entry(crl, entry);
    }
    add_extension(crl, spec, "authorityKeyIdentifier", "keyid:always");
    add_number(crl, NID_crl_number, spec->number, 0);
    if (spec->base_number != 0) {
        add_number(crl, NID_delta_crl, spec->base_number, 1);
    }
    if (spec->scope != NULL) {
        add_extension(crl, spec, "issuingDistributionPoint", spec->scope);
    }
    EVP_PKEY *key = spec->key != NULL ? spec->key : spec->issuer->key;
    must(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, key, EVP_sha256()) > 0, "cannot sign a CRL");
    int size = i2d_X509_CRL(crl, &der.data);
    must(size > 0, "cannot encode a CRL");
    der.size = (size_t)size;
    X509_CRL_free(crl);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return der;
}

struct der ocsp_publish(const struct ocsp_spec *spec)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), spec->subject, spec->issuer);
    ASN1_TIME *from = X509_gmtime_adj(NULL, spec->from_hours * HOUR_S);
    ASN1_TIME *until = X509_gmtime_adj(NULL, spec->until_hours * HOUR_S);
    struct der der = {NULL, 0};

    must(basic != NULL && id != NULL && from != NULL && until != NULL &&
             OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until) != NULL, "an OCSP answer");
    if (spec->nonce != NULL) {
        unsigned char octets[32] = {0};
        memcpy(octets, spec->nonce, strlen(spec->nonce) < sizeof(octets) ? strlen(spec->nonce) : sizeof(octets));
        must(OCSP_basic_add1_nonce(basic, octets, sizeof(octets)) == 1, "nonce");
    }
    must(OCSP_basic_sign(basic, spec->signer, spec->key, EVP_sha256(), NULL, 0) == 1, "cannot sign an OCSP answer");
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int size = response != NULL ? i2d_OCSP_RESPONSE(response, &der.data) : -1;
    must(size > 0, "cannot encode an OCSP answer");
    der.size = (size_t)size;
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return der;
}
