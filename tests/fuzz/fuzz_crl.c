#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>

#include "x509/crl_ask.h"
#include "x509/evidence_view.h"
#include "x509/trust.h"
#include "x509/wants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Two certificates to ask about, and their path; not signed, for nobody asks. */
static struct {
    struct cert leaf, root;
    struct blob *der;
    struct path path;
} people;

static void dress(struct cert *cert, const char *subject, const char *const *extensions)
{
    X509_NAME *name;

    cert->x509 = X509_new();
    must(cert->x509 != NULL && X509_set_version(cert->x509, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(cert->x509), 1) == 1);
    name = X509_get_subject_name(cert->x509);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)subject, -1, -1, 0) == 1);
    for (; *extensions != NULL; extensions += 2) {
        X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, NULL, extensions[0], extensions[1]);

        must(extension != NULL && X509_add_ext(cert->x509, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    cert->der = people.der;
}

static void make_people(void)
{
    static const char *const of_leaf[] = {"crlDistributionPoints", "URI:http://crl.example/1.crl", "freshestCRL",
                                          "URI:http://crl.example/2.crl", NULL},
                             *const of_root[] = {"basicConstraints", "CA:TRUE", NULL};
    EVP_PKEY *key;

    if (people.path.count == 0) {
        key = EVP_EC_gen("P-256");
        people.der = blob_new(bytes_of(NULL, 0));
        must(people.der != NULL);
        dress(&people.leaf, "Alice", of_leaf);
        dress(&people.root, "Root", of_root);
        people.root.anchor = true;
        must(key != NULL && X509_set_pubkey(people.root.x509, key) == 1 &&
             X509_set_issuer_name(people.leaf.x509, X509_get_subject_name(people.root.x509)) == 1);
        people.path = (struct path){{&people.leaf, &people.root}, 2};
        EVP_PKEY_free(key);
    }
}

/* Asks as if Root had signed it, whose name it takes. */
static void ask(struct crl *crl)
{
    struct policy policy = {.crls = {.crls = &crl, .count = 1}};
    const struct path_pools pools = {{NULL}};
    struct wants wants = {.urls = true, .directory = "corp", .now = 1800000000};
    struct path_budget none = {0};
    const struct path_request request = {.policy = &policy, .pools = &pools, .now = 1800000000, .budget = &none,
                                         .signer_budget = &none, .wants = &wants};
    struct verdict verdict = {.evidence_count = 0};
    struct crl_answer answer;

    X509_NAME_free(crl->issuer);
    crl->issuer = X509_NAME_dup(X509_get_subject_name(people.root.x509));
    crl->key = X509_get_pubkey(people.root.x509);
    crl_ask(&request, &people.path, 0, &answer, &verdict);
    must(answer.word != CRL_GOOD || request.now <= answer.next_update);
    must(answer.word != CRL_REVOKED || crl->index.count > 0);
    wants_free(&wants);
}

/* What libcrypto makes of the entries is what ours are, one by one; an indirect CRL's are of several issuers. */
static void compare_entries(const struct crl *crl, struct bytes der)
{
    const uint8_t *at = der.data;
    X509_CRL *x509 = d2i_X509_CRL(NULL, &at, (long)der.size);
    STACK_OF(X509_REVOKED) *entries = x509 != NULL ? X509_CRL_get_REVOKED(x509) : NULL;

    must(x509 != NULL && at == der.data + der.size);
    for (int i = 0; i < sk_X509_REVOKED_num(entries) && crl->index.name_count == 1; i++) {
        const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i));

        must(ASN1_STRING_length(serial) >= MAX_VALUE_BYTES - 1 ||
             crl_index_find(&crl->index, X509_CRL_get_issuer(x509), serial) != NULL);
    }
    must(crl->index.count <= (size_t)(entries != NULL ? sk_X509_REVOKED_num(entries) : 0));
    X509_CRL_free(x509);
}

/* Nobody here signed it, so it must never be evidence by itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct issuers issuers;
    struct crl *crl;
    struct error error;

    make_people();
    ERR_clear_error(); /* of what cannot be parsed: libFuzzer looks for leaks where more was taken than given back */
    if (crl_read(bytes_of(data, size), "fuzz", &crl, &error) != CRL_TAKEN) {
        return 0;
    }
    compare_entries(crl, bytes_of(data, size));
    must(issuers_make(&issuers, &(const struct cert *){&people.root}, 1) == 0);
    must(crl_verify(crl, &issuers, NULL, &error) < 0 && crl->key == NULL);
    issuers_free(&issuers);
    ask(crl);
    crl_free(&crl);
    return 0;
}
