/*
 * The set "sealed": certificates that a message can be encrypted to, one for each
 * kind of key and signature, in each attribute; keys/NAME.pem reads the message.
 */
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "tests/cases/cases.h"

static const struct row {
    const char *name;
    enum key_kind kind;
    bool pss;
    enum bundle_form form; /* in userSMIMECertificate: X25519 signs nothing */
} rows[] = {
    {"rsa", KEY_RSA_2048, false, BUNDLE_SIGNED},
    {"pss", KEY_RSA_2048, true, BUNDLE_SIGNED},
    {"p256", KEY_P256, false, BUNDLE_SIGNED},
    {"p384", KEY_P384, false, BUNDLE_STREAMED},
    {"p521", KEY_P521, false, BUNDLE_SIGNED},
    {"brainpool", KEY_BRAINPOOL256, false, BUNDLE_SIGNED},
    {"x25519", KEY_X25519, false, BUNDLE_CERTS_ONLY},
};

enum form { IN_USER_CERTIFICATE, IN_BUNDLE, BARE, FORMS };

static const char *const form_words[FORMS] = {"certificate", "bundle", "bare"};

static struct der encode(enum form form, const struct row *row, X509 *certificate, EVP_PKEY *key,
                         const struct authority *issuer)
{
    return form == IN_BUNDLE ? bundle_make(row->form, certificate, key, &issuer->certificate, 1)
                             : certificate_der(certificate);
}

static void make_one(struct cases *cases, const struct row *row, enum form form, const struct authority *issuer)
{
    char name[32], address[CASE_TEXT_BYTES], path[CASE_TEXT_BYTES];
    const char *addresses[] = {address};

    snprintf(name, sizeof(name), "%s-%s", row->name, form_words[form]);
    snprintf(address, sizeof(address), "%s@sealed.example", name);
    snprintf(path, sizeof(path), "keys/%s.pem", name);
    struct certificate_spec spec = case_spec(name, addresses, 1, issuer, row->kind);
    spec.pss = row->pss;
    X509 *certificate = certificate_issue(&spec);
    case_add(cases, &(struct case_entry){address, encode(form, row, certificate, spec.key, issuer),
                                         form != IN_USER_CERTIFICATE, "usable", name, row->name});
    case_write_key(path, spec.key);
    X509_free(certificate);
    EVP_PKEY_free(spec.key);
}

void sealed_make(struct cases *cases)
{
    struct authority root, issuing;

    authority_new(&root, "root", KEY_RSA_3072, case_authority_spec("Sealed Root CA", NULL));
    authority_new(&issuing, "issuing", KEY_RSA_2048, case_authority_spec("Sealed Issuing CA", &root));
    case_write_authority("anchors", &root);
    case_write_authority("intermediates", &issuing);
    must(mkdir("keys", 0700) == 0, "keys");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (enum form form = IN_USER_CERTIFICATE; form < FORMS; form++) {
            make_one(cases, &rows[i], form, &issuing);
        }
    }
    authority_free(&issuing);
    authority_free(&root);
}
