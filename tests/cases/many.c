/*
 * The set "many": 500 certificates of three issuers. Every certificate names
 * where its issuer's CRL is: at URL/ok/ISSUER.crl.
 */
#include <stdlib.h>

#include "tests/cases/cases.h"

#define LEAVES 500
#define ISSUERS 3

static void make_leaf(struct cases *cases, const struct authority *issuer, const char *place, int number, EVP_PKEY *key)
{
    char name[16], address[CASE_TEXT_BYTES];
    const char *addresses[] = {address};

    snprintf(name, sizeof(name), "m%03d", number);
    snprintf(address, sizeof(address), "%s@many.example", name);
    struct certificate_spec spec = case_spec(name, addresses, 1, issuer, KEY_P256);
    EVP_PKEY_free(spec.key);
    spec.key = key;
    spec.extensions[CASE_FIRST] = (struct extension_spec){"crlDistributionPoints", place};
    X509 *certificate = certificate_issue(&spec);
    case_add(cases, &(struct case_entry){address, certificate_der(certificate), false, "usable", name, issuer->file});
    X509_free(certificate);
}

void many_make(struct cases *cases)
{
    static const char *const files[ISSUERS] = {"first", "second", "third"};
    char places[ISSUERS + 1][CASE_TEXT_BYTES];
    struct authority root, issuers[ISSUERS];
    EVP_PKEY *key = key_new(KEY_P256);

    authority_new(&root, "root", KEY_P256, case_authority_spec("Many Root CA", NULL));
    snprintf(places[ISSUERS], CASE_TEXT_BYTES, "URI:%s/ok/root.crl", cases->web);
    for (size_t i = 0; i < ISSUERS; i++) {
        struct certificate_spec spec = case_authority_spec(files[i], &root);
        spec.extensions[CASE_FIRST] = (struct extension_spec){"crlDistributionPoints", places[ISSUERS]};
        authority_new(&issuers[i], files[i], i == 0 ? KEY_RSA_2048 : KEY_P256, spec);
        snprintf(places[i], CASE_TEXT_BYTES, "URI:%s/ok/%s.crl", cases->web, files[i]);
        case_write_authority("intermediates", &issuers[i]);
        case_write_crl("web", &issuers[i], NULL, 0);
    }
    case_write_authority("anchors", &root);
    case_write_crl("web", &root, NULL, 0);
    for (int i = 0; i < LEAVES; i++) {
        make_leaf(cases, &issuers[i % ISSUERS], places[i % ISSUERS], i, key);
    }
    for (size_t i = 0; i < ISSUERS; i++) {
        authority_free(&issuers[i]);
    }
    authority_free(&root);
    EVP_PKEY_free(key);
}
