#include "tests/people/dress.h"

#include <openssl/rand.h>
#include <stdlib.h>

const char sign_only[] = "critical,digitalSignature,nonRepudiation";

struct certificate_spec spec_good(const struct person *person, const struct authority *issuer, enum key_kind kind)
{
    return spec_good_key(person, issuer, key_new(kind));
}

struct certificate_spec spec_good_key(const struct person *person, const struct authority *issuer, EVP_PKEY *key)
{
    bool rsa = EVP_PKEY_is_a(key, "RSA");
    bool also_signs = person->number % 2 == 0;
    const char *extended_usage = person->number % 3 == 1 ? "clientAuth,emailProtection" : "emailProtection";
    const char *usage = rsa ? (also_signs ? "critical,digitalSignature,keyEncipherment" : "critical,keyEncipherment")
                            : (also_signs ? "critical,digitalSignature,keyAgreement" : "critical,keyAgreement");

    return (struct certificate_spec){
        .issuer = issuer,
        .key = key,
        .common_name = person->name,
        .addresses = (const char *const *)&person->certified,
        .address_count = 1,
        .from_days = -20 - (int)(person->number * 37 % 600),
        .until_days = 200 + (int)(person->number * 53 % 700),
        .extensions = {
            [USAGE] = {"keyUsage", usage},
            [EXTENDED_USAGE] = {"extendedKeyUsage", extended_usage},
            [BASIC] = {"basicConstraints", "CA:FALSE"},
        },
    };
}

struct value *add_value(struct person *person, struct der der, bool smime)
{
    must(person->value_count < PERSON_VALUES_MAX, "too many values");
    struct value *value = &person->values[person->value_count++];
    *value = (struct value){.smime = smime, .der = der};
    return value;
}

static void keep_key(struct person *person, EVP_PKEY *key)
{
    must(person->key_count < PERSON_KEYS_MAX && EVP_PKEY_up_ref(key) == 1, "too many keys");
    person->keys[person->key_count++] = key;
}

struct value *give(struct person *person, struct certificate_spec *spec)
{
    X509 *certificate = certificate_issue(spec);
    struct value *value = add_value(person, certificate_der(certificate), false);

    X509_free(certificate);
    EVP_PKEY_free(spec->key);
    return value;
}

struct value *give_usable(struct person *person, struct certificate_spec *spec)
{
    keep_key(person, spec->key);
    return give(person, spec);
}

struct value *give_good(struct person *person, const struct authority *issuer, enum key_kind kind)
{
    struct certificate_spec spec = spec_good(person, issuer, kind);

    return give_usable(person, &spec);
}

void give_expired(struct person *person, const struct authority *issuer, enum key_kind kind)
{
    struct certificate_spec spec = spec_good(person, issuer, kind);

    spec.from_days = -800;
    spec.until_days = -30 - (int)(person->number * 41 % 300);
    give(person, &spec);
}

void give_revoked(struct person *person, const struct authority *issuer, enum key_kind kind, int crl_reason)
{
    struct certificate_spec spec = spec_good(person, issuer, kind);
    X509 *certificate = certificate_issue(&spec);
    ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(certificate));

    must(serial != NULL, "out of memory");
    add_value(person, certificate_der(certificate), false);
    person->revoked = (struct revoked_serial){issuer, serial, crl_reason};
    X509_free(certificate);
    EVP_PKEY_free(spec.key);
}

void give_garbage(struct person *person, const struct authority *issuer)
{
    static const char text[] = "-----BEGIN CERTIFICATE-----\n(paste it here)\n-----END CERTIFICATE-----\n";
    uint8_t noise[300] = {0x30, 0x82, 0x01, 0x28};

    if (person->number % 3 == 0) {
        add_value(person, der_copy(text, sizeof(text) - 1), true);
    } else if (person->number % 3 == 1) {
        struct certificate_spec spec = spec_good(person, issuer, KEY_P256);
        struct value *value = give(person, &spec);
        value->smime = true;
        value->der.size -= 100;
    } else {
        must(RAND_bytes(noise + 4, sizeof(noise) - 4) == 1, "no random bytes");
        add_value(person, der_copy(noise, sizeof(noise)), true);
    }
}

void give_bundle(struct person *person, enum bundle_form form, const struct authority *issuer, enum key_kind kind)
{
    struct certificate_spec spec = spec_good(person, issuer, kind);
    X509 *leaf = certificate_issue(&spec);

    add_value(person, bundle_make(form, leaf, spec.key, &issuer->certificate, 1), true);
    keep_key(person, spec.key);
    X509_free(leaf);
    EVP_PKEY_free(spec.key);
}
