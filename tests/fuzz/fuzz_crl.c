#include <stdint.h>
#include <stdlib.h>

#include "x509/crl.h"
#include "x509/crl_scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A certificate with a distribution point, for scopes to be held against; not signed, for nobody asks. */
static struct cert *pointed(void)
{
    static struct cert cert;
    X509_EXTENSION *extension;

    if (cert.x509 == NULL) {
        cert.x509 = X509_new();
        extension = X509V3_EXT_nconf(NULL, NULL, "crlDistributionPoints", "URI:http://crl.example/1.crl");
        must(cert.x509 != NULL && extension != NULL && X509_add_ext(cert.x509, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    return &cert;
}

/* Nobody here signed it, so it must never be taken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)size);
    struct crl_list list = {0};
    struct issuers nobody;
    ISSUING_DIST_POINT *scope;
    struct error error;

    if (crl == NULL) {
        return 0;
    }
    scope = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
    crl_scope_covers(scope, pointed());
    ISSUING_DIST_POINT_free(scope);
    must(issuers_make(&nobody, NULL, 0) == 0);
    must(crl_add(&list, crl, &nobody, &error) != CRL_TAKEN && list.count == 0);
    crl_list_free(&list);
    issuers_free(&nobody);
    return 0;
}
