#include "x509/objects.h"

#include "x509/crl.h"
#include "x509/der.h"
#include "x509/pem.h"
#include "x509/sst.h"

struct walk {
    int (*visit)(void *context, enum object_kind kind, struct bytes bytes, struct error *error);
    void *context;
};

static enum object_kind kind_of_der(struct bytes der)
{
    if (der_inner_tag(der) == DER_OBJECT_IDENTIFIER) {
        return OBJECT_MESSAGE;
    }
    return crl_is(der) ? OBJECT_CRL : OBJECT_CERTIFICATE;
}

/* RFC 7468, and what OpenSSL writes and wrote. */
static const struct {
    const char *label;
    enum object_kind kind;
} labels[] = {
    {"CERTIFICATE", OBJECT_CERTIFICATE},
    {"X509 CERTIFICATE", OBJECT_CERTIFICATE},
    {"X.509 CERTIFICATE", OBJECT_CERTIFICATE},
    {"TRUSTED CERTIFICATE", OBJECT_CERTIFICATE},
    {"PKCS7", OBJECT_MESSAGE},
    {"PKCS #7 SIGNED DATA", OBJECT_MESSAGE},
    {"CMS", OBJECT_MESSAGE},
    {"X509 CRL", OBJECT_CRL},
};

static int visit_block(void *context, const char *label, struct bytes der, struct error *error)
{
    const struct walk *walk = context;

    if (label == NULL) {
        return walk->visit(walk->context, kind_of_der(der), der, error);
    }
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (strcmp(label, labels[i].label) == 0) {
            return walk->visit(walk->context, labels[i].kind, der, error);
        }
    }
    return 0;
}

static int visit_element(void *context, const struct sst_element *element, struct error *error)
{
    const struct walk *walk = context;

    if (element->kind == SST_CTL) {
        return 0;
    }
    return walk->visit(walk->context, element->kind == SST_CRL ? OBJECT_CRL : OBJECT_CERTIFICATE, element->der, error);
}

int objects_each(struct bytes file,
                 int (*visit)(void *context, enum object_kind kind, struct bytes bytes, struct error *error),
                 void *context, struct error *error)
{
    struct walk walk = {visit, context};

    return sst_is(file) ? sst_each(file, visit_element, &walk, error) : pem_each(file, visit_block, &walk, error);
}
