#include "tests/people/dress.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dress_expired(struct person *person, const struct authorities *by)
{
    give_expired(person, &by->issuing, KEY_P256);
    if (person->number % 2 == 1) {
        give_expired(person, &by->issuing_ec, KEY_P384);
    }
}

void dress_not_yet_valid(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.from_days = 60;
    give(person, &spec);
}

void dress_revoked(struct person *person, const struct authorities *by)
{
    give_revoked(person, person->number % 2 == 0 ? &by->issuing : &by->issuing_ec, KEY_P256, CRL_REASON_KEY_COMPROMISE);
}

void dress_on_hold(struct person *person, const struct authorities *by)
{
    give_revoked(person, &by->issuing, KEY_P256, CRL_REASON_CERTIFICATE_HOLD);
}

void dress_wrong_usage(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, person->number % 3 == 0 ? KEY_RSA_2048 : KEY_P256);

    spec.extensions[USAGE].value = sign_only;
    give(person, &spec);
}

void dress_wrong_extended_usage(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.extensions[EXTENDED_USAGE].value = person->number % 2 == 0 ? "clientAuth" : "critical,serverAuth,clientAuth";
    give(person, &spec);
}

void dress_other_address(struct person *person, const struct authorities *by)
{
    char other[PERSON_TEXT_BYTES];

    snprintf(other, sizeof(other), "former.%.100s", person->address);
    person->certified = other;
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);
    give(person, &spec);
    person->certified = person->mails[0];
}

void dress_alias(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    give(person, &spec);
    snprintf(person->mails[1], PERSON_TEXT_BYTES, "alias.%.100s", person->mails[0]);
    person->mail_count = 2;
    strcpy(person->address, person->mails[1]);
}

void dress_self_signed(struct person *person, const struct authorities *by)
{
    (void)by;
    struct certificate_spec spec = spec_good(person, NULL, KEY_P256);

    give(person, &spec);
}

void dress_untrusted(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->stranger, KEY_P256);

    give(person, &spec);
}

void dress_weak_key(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_RSA_1024);

    give(person, &spec);
}

void dress_weak_signature(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.digest = EVP_sha1();
    give(person, &spec);
}

void dress_garbage(struct person *person, const struct authorities *by)
{
    give_garbage(person, &by->issuing);
}

void dress_trailing_bytes(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);
    struct value *value = give(person, &spec);
    struct der longer = {malloc(value->der.size + 4), value->der.size + 4};

    must(longer.data != NULL, "out of memory");
    memcpy(longer.data, value->der.data, value->der.size);
    memcpy(longer.data + value->der.size, "tail", 4);
    free(value->der.data);
    *value = (struct value){.smime = true, .der = longer};
}

void dress_chain_expired(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->expired, KEY_P256);

    spec.from_days = -700;
    give(person, &spec);
}

void dress_issuer_revoked(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->compromised, KEY_P256);

    give(person, &spec);
}

void dress_issuer_usage(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->web, KEY_P256);

    give(person, &spec);
}

void dress_name_constraint(struct person *person, const struct authorities *by)
{
    person_move(person, person->uid, "example.org");
    struct certificate_spec spec = spec_good(person, &by->constrained, KEY_P256);
    give(person, &spec);
}

/* The last octet of a certificate belongs to its signature. */
void dress_tampered(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);
    struct value *value = give(person, &spec);

    value->der.data[value->der.size - 1] ^= 1;
}

/* 32473 is the enterprise number for examples (RFC 5612). */
void dress_unknown_critical(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.extensions[EXTRA] = (struct extension_spec){"1.3.6.1.4.1.32473.1.1", "critical,ASN1:UTF8String:understand me"};
    give(person, &spec);
}

void dress_signing_key(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_ED25519);

    spec.extensions[USAGE].value = sign_only;
    give(person, &spec);
}

void dress_no_entry(struct person *person, const struct authorities *by)
{
    (void)by;
    person->absent = true;
}
