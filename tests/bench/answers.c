#include "tests/bench/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/people/pki.h"

#define LIFE_S 86400
#define SERIAL_BYTES 16 /* of those that pki.c makes */

static struct blob *chain[2];
static struct der leaf;
static size_t serial_at;

static struct blob *blob_of(const X509 *certificate)
{
    struct der der = certificate_der(certificate);
    struct blob *blob = blob_intern(bytes_of(der.data, der.size));

    must(blob != NULL, "out of memory");
    free(der.data);
    return blob;
}

/* TBSCertificate begins with version [0] and serialNumber (RFC 5280 4.1): 02 10 and the bytes. */
static size_t serial_of(struct der der)
{
    const uint8_t *found = memmem(der.data, der.size, "\x02\x10", 2);

    must(found != NULL && (size_t)(found - der.data) + 2 + SERIAL_BYTES < der.size, "no serial number");
    return (size_t)(found - der.data) + 2;
}

void answers_open(void)
{
    static const char *const address[] = {"firstname.lastname@example.org"};
    struct certificate_spec ca = {
        .common_name = "Root CA", .from_days = -10, .until_days = 3650,
        .extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
    };
    struct certificate_spec person = {
        .common_name = "Firstname Lastname", .addresses = address, .address_count = 1, .until_days = 365,
        .extensions = {{"keyUsage", "critical,keyEncipherment"}, {"extendedKeyUsage", "emailProtection"}},
    };
    struct authority root, issuing;

    authority_new(&root, "root-ca", KEY_RSA_2048, ca);
    ca.issuer = &root;
    ca.common_name = "Issuing CA";
    authority_new(&issuing, "issuing-ca", KEY_RSA_2048, ca);
    person.issuer = &issuing;
    person.key = key_new(KEY_RSA_2048);
    X509 *certificate = certificate_issue(&person);
    leaf = certificate_der(certificate);
    serial_at = serial_of(leaf);
    chain[0] = blob_of(issuing.certificate);
    chain[1] = blob_of(root.certificate);
    X509_free(certificate);
    EVP_PKEY_free(person.key);
    authority_free(&issuing);
    authority_free(&root);
}

void answers_close(void)
{
    blob_free(&chain[0]);
    blob_free(&chain[1]);
    free(leaf.data);
    leaf = (struct der){0};
}

size_t answers_address(uint32_t number, char out[ANSWERS_ADDRESS_BYTES])
{
    return (size_t)snprintf(out, ANSWERS_ADDRESS_BYTES, "firstname.lastname%" PRIu32 "@example.org", number);
}

static struct blob *value_new(uint32_t number)
{
    uint8_t value[leaf.size];

    memcpy(value, leaf.data, leaf.size);
    memcpy(value + serial_at + SERIAL_BYTES - sizeof(number), &number, sizeof(number));
    return blob_new(bytes_of(value, sizeof(value)));
}

struct answer *answers_new(uint32_t number)
{
    char address[ANSWERS_ADDRESS_BYTES], dn[128], mails[ANSWERS_ADDRESS_BYTES + 1];
    uint64_t links[] = {number, 1};
    struct certificate certificate = {
        .chain = chain, .chain_count = 2, .reason = REASON_USABLE, .detail = "", .links = links, .link_count = 2,
        .source = {"corp", dn, ATTRIBUTE_USER_CERTIFICATE, 0, mails},
        .revocation = {.status = REVOCATION_GOOD, .crl_reason = -1},
    };
    struct asked asked = {"corp", ASKED_ANSWERED, 5, 1, 1, ""};
    struct answer_draft draft = {
        .outcome = OUTCOME_FOUND, .reason = REASON_USABLE, .made_at = clock_wall_s(),
        .certificates = &certificate, .certificate_count = 1, .usable_count = 1, .asked = &asked, .asked_count = 1,
    };

    draft.fresh_until = draft.made_at + LIFE_S;
    draft.stale_until = certificate.not_after = draft.fresh_until + LIFE_S;
    answers_address(number, address);
    snprintf(mails, sizeof(mails), "%s\n", address);
    snprintf(dn, sizeof(dn), "cn=Firstname Lastname %" PRIu32 ",ou=People,dc=example,dc=org", number);
    must(address_parse(bytes_of_string(address), &draft.address) == ADDRESS_OK, address);
    certificate.value = value_new(number);
    certificate.der = blob_ref(certificate.value);
    struct answer *answer = answer_make(&draft);
    must(certificate.value != NULL && answer != NULL, "out of memory");
    blob_free(&certificate.value);
    blob_free(&certificate.der);
    return answer;
}
