#include "tests/people/dress.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LARGE_SAN_NAMES 200
#define FEW_KEYS 16

void dress_rsa(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, person->number % 16 == 15 ? KEY_RSA_3072 : KEY_RSA_2048);
}

void dress_p256(struct person *person, const struct authorities *by)
{
    give_good(person, person->number % 4 == 3 ? &by->issuing_ec : &by->issuing, KEY_P256);
}

void dress_p384(struct person *person, const struct authorities *by)
{
    give_good(person, person->number % 2 == 1 ? &by->issuing_ec : &by->issuing, KEY_P384);
}

void dress_p521(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, KEY_P521);
}

void dress_pss(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_RSA_2048);

    spec.pss = true;
    give_usable(person, &spec);
}

/* The signing one stands first, so that whoever takes the first value is wrong. */
void dress_pair(struct person *person, const struct authorities *by)
{
    enum key_kind kind = person->number % 2 == 0 ? KEY_RSA_2048 : KEY_P256;
    struct certificate_spec signs = spec_good(person, &by->issuing, kind);
    struct certificate_spec encrypts = spec_good(person, &by->issuing, kind);

    signs.extensions[USAGE].value = sign_only;
    encrypts.extensions[USAGE].value = kind == KEY_P256 ? "critical,keyAgreement" : "critical,keyEncipherment";
    give(person, &signs);
    give_usable(person, &encrypts);
}

void dress_two_good(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, KEY_RSA_2048);
    give_good(person, &by->issuing_ec, KEY_P256);
}

void dress_survivor(struct person *person, const struct authorities *by)
{
    give_expired(person, &by->issuing, KEY_P256);
    give_revoked(person, &by->issuing, KEY_P256, CRL_REASON_SUPERSEDED);
    give_good(person, &by->issuing, KEY_P256);
}

void dress_garbage_beside(struct person *person, const struct authorities *by)
{
    give_garbage(person, &by->issuing);
    give_good(person, &by->issuing, KEY_P256);
}

void dress_garbage_bundle(struct person *person, const struct authorities *by)
{
    give_garbage(person, &by->issuing);
    give_bundle(person, BUNDLE_SIGNED, &by->issuing, KEY_P256);
}

void dress_pkcs7_chain(struct person *person, const struct authorities *by)
{
    give_bundle(person, BUNDLE_SIGNED, &by->issuing, person->number % 2 == 0 ? KEY_RSA_2048 : KEY_P256);
}

void dress_pkcs7_own_issuer(struct person *person, const struct authorities *by)
{
    give_bundle(person, BUNDLE_SIGNED, &by->project, KEY_P256);
}

void dress_pkcs7_streamed(struct person *person, const struct authorities *by)
{
    give_bundle(person, BUNDLE_STREAMED, &by->issuing, KEY_P256);
}

void dress_pkcs7_certs_only(struct person *person, const struct authorities *by)
{
    give_bundle(person, BUNDLE_CERTS_ONLY, &by->issuing, KEY_P256);
}

void dress_bare(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, KEY_P256)->smime = true;
}

void dress_both_attributes(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, KEY_P256);
    give_bundle(person, BUNDLE_SIGNED, &by->issuing, KEY_P384);
}

/* The entry says Erika.Brown@Example.ORG, the certificate erika.brown@EXAMPLE.org. */
void dress_mixed_case(struct person *person, const struct authorities *by)
{
    char uid[PERSON_TEXT_BYTES], plain[PERSON_TEXT_BYTES];

    strcpy(plain, person->uid);
    strcpy(uid, person->uid);
    for (char *c = uid; *c != '\0'; c++) {
        bool begins = c == uid || c[-1] == '.';
        *c = begins && *c >= 'a' && *c <= 'z' ? (char)(*c - ('a' - 'A')) : *c;
    }
    person_move(person, plain, "EXAMPLE.org");
    strcpy(person->mails[1], person->mails[0]);
    person_move(person, uid, "Example.ORG");
    person->certified = person->mails[1];
    give_good(person, &by->issuing, KEY_P256);
}

void dress_idn(struct person *person, const struct authorities *by)
{
    person_move(person, person->uid, "xn--bcher-kva.example");
    give_good(person, &by->issuing, KEY_P256);
}

void dress_tagged(struct person *person, const struct authorities *by)
{
    char uid[PERSON_TEXT_BYTES + 8];

    snprintf(uid, sizeof(uid), "%s+smime", person->uid);
    person_move(person, uid, person->domain);
    give_good(person, &by->issuing, KEY_P256);
}

void dress_subject_email(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.address_count = 0;
    spec.email = person->certified;
    give_usable(person, &spec);
}

void dress_large_san(struct person *person, const struct authorities *by)
{
    char texts[LARGE_SAN_NAMES][32];
    const char *names[LARGE_SAN_NAMES];
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    for (size_t i = 0; i < LARGE_SAN_NAMES; i++) {
        snprintf(texts[i], sizeof(texts[i]), "team-%03zu@example.org", i);
        names[i] = texts[i];
    }
    names[LARGE_SAN_NAMES - 1] = person->certified;
    spec.addresses = names;
    spec.address_count = LARGE_SAN_NAMES;
    give_usable(person, &spec);
}

void dress_no_usages(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.extensions[USAGE].value = spec.extensions[EXTENDED_USAGE].value = NULL;
    give_usable(person, &spec);
}

void dress_any_usage(struct person *person, const struct authorities *by)
{
    struct certificate_spec spec = spec_good(person, &by->issuing, KEY_P256);

    spec.extensions[EXTENDED_USAGE].value = "anyExtendedKeyUsage";
    give_usable(person, &spec);
}

void dress_two_entries(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing, KEY_P256);
    give_good(person, &by->issuing_ec, KEY_P256)->elsewhere = true;
}

/* One entry, two addresses, a certificate for each. */
void dress_two_addresses(struct person *person, const struct authorities *by)
{
    snprintf(person->mails[1], PERSON_TEXT_BYTES, "office.%.100s", person->mails[0]);
    person->mail_count = 2;
    person->certified = person->mails[1];
    struct certificate_spec office = spec_good(person, &by->issuing, KEY_P256);
    give(person, &office);
    person->certified = person->mails[0];
    give_good(person, &by->issuing, KEY_P256);
}

/* Only elliptic curves, for there may be a million of them. */
void dress_simple(struct person *person, const struct authorities *by)
{
    give_good(person, &by->issuing_ec, KEY_P256);
}

static EVP_PKEY *few[FEW_KEYS];

static void make_few(void)
{
    for (size_t i = 0; i < FEW_KEYS; i++) {
        few[i] = key_new(KEY_RSA_2048);
    }
}

/* Certificates of their own, keys in common: to find the primes of a key takes as long as to sign a hundred times. */
void dress_simple_rsa(struct person *person, const struct authorities *by)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    must(pthread_once(&once, make_few) == 0, "keys of the many");
    EVP_PKEY *key = few[person->number % FEW_KEYS];
    must(EVP_PKEY_up_ref(key) == 1, "keys of the many");
    struct certificate_spec spec = spec_good_key(person, &by->issuing, key);
    give(person, &spec);
}
