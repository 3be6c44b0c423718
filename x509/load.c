#include "x509/load.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "x509/bundle.h"
#include "x509/contents.h"
#include "x509/der.h"
#include "x509/pem.h"
#include "x509/shown.h"
#include "x509/sst.h"

/* What a file says of a certificate in it. */
struct note {
    const char *name;     /* "": none */
    const char *left_out; /* why it is not taken; NULL: it is */
};

/* One file being loaded. */
struct loading {
    struct cert_list *certs;
    bool anchor;
    struct crl_list *crls;
    const struct issuers *issuers;
    const char *path;
    size_t found;    /* in this file */
    size_t left_out; /* likewise */

    /* Instead of a list: whoever only looks. */
    int (*visit)(void *context, const struct content *content, struct error *error);
    void *context;
};

int cert_list_add(struct cert_list *list, struct cert *cert)
{
    size_t capacity = list->capacity > 0 ? 2 * list->capacity : 16;
    struct cert *kept = malloc(sizeof(*kept)), **grown = list->certs;

    if (kept != NULL && list->count == list->capacity) {
        grown = realloc(list->certs, capacity * sizeof(struct cert *));
        if (grown != NULL) {
            list->certs = grown;
            list->capacity = capacity;
        }
    }
    if (kept == NULL || grown == NULL) {
        free(kept);
        cert_free(cert);
        return -1;
    }
    *kept = *cert;
    list->certs[list->count++] = kept;
    return 0;
}

void cert_list_free(struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        cert_free(list->certs[i]);
        free(list->certs[i]);
    }
    free(list->certs);
    *list = (struct cert_list){0};
}

static int show(struct loading *loading, const struct cert *cert, const struct note *note, struct error *error)
{
    struct content content = {.path = loading->path, .name = note->name, .left_out = note->left_out};
    int result = -1;

    if (description_read(blob_bytes(cert->der), &content.description) < 0) {
        error_set(error, "out of memory");
    } else {
        result = loading->visit(loading->context, &content, error);
        description_free(&content.description);
    }
    return result;
}

/* Where it belongs. The list, or nobody, owns it afterwards. */
static int give(struct loading *loading, struct cert *cert, const struct note *note, struct error *error)
{
    char name[SHOWN_NAME_BYTES];
    int result = 0;

    *(note->left_out != NULL ? &loading->left_out : &loading->found) += 1;
    if (loading->visit == NULL && note->left_out == NULL) {
        cert->anchor = loading->anchor;
        return cert_list_add(loading->certs, cert) == 0 ? 0 : error_set(error, "out of memory");
    }
    if (loading->visit != NULL) {
        result = show(loading, cert, note, error);
    } else {
        log_event(LEVEL_WARNING, "certificate left aside", LOG_TEXT("file", loading->path),
                  LOG_TEXT("subject", shown_name(cert_subject(cert), name)), LOG_TEXT("cause", note->left_out));
    }
    cert_free(cert);
    return result;
}

static int add_certificate(struct loading *loading, struct blob *der, const struct note *note, struct error *error)
{
    struct finding finding;
    struct cert cert;

    if (der == NULL) {
        return error_set(error, "out of memory");
    }
    if (!cert_parse(der, &cert, &finding)) {
        return error_set(error, "certificate %zu: %s", loading->found + loading->left_out + 1, finding.detail);
    }
    return give(loading, &cert, note, error);
}

static int add_noted(struct loading *loading, struct bytes bytes, const struct note *note, struct error *error)
{
    struct blob *der = blob_intern(bytes);
    int result = add_certificate(loading, der, note, error);

    blob_free(&der);
    return result;
}

static int add_der(struct loading *loading, struct bytes bytes, struct error *error)
{
    return add_noted(loading, bytes, &(struct note){.name = ""}, error);
}

/* OpenSSL's own form: what follows the certificate says for which uses it is trusted, and for which it is not. */
static int add_trusted(struct loading *loading, struct bytes bytes, struct error *error)
{
    const uint8_t *at = bytes.data, *end = bytes.data;
    X509 *trusted = d2i_X509_AUX(NULL, &at, (long)bytes.size);
    X509 *alone = d2i_X509(NULL, &end, (long)bytes.size);
    int result;

    if (trusted == NULL || alone == NULL || at != bytes.data + bytes.size) {
        result = error_set(error, "certificate %zu: not a trusted certificate of OpenSSL", loading->found + 1);
    } else if (X509_trusted(trusted) != 0 && X509_check_trust(trusted, X509_TRUST_EMAIL, 0) != X509_TRUST_TRUSTED) {
        result = error_set(error, "certificate %zu: not trusted for emailProtection", loading->found + 1);
    } else {
        result = add_der(loading, bytes_of(bytes.data, (size_t)(end - bytes.data)), error);
    }
    X509_free(trusted);
    X509_free(alone);
    return result;
}

static int add_bundle(struct loading *loading, struct bytes bytes, struct error *error)
{
    STACK_OF(X509) *certificates = bundle_decode(bytes);
    int result = certificates != NULL ? 0 : error_set(error, "a PKCS#7 message without certificates");

    for (int i = 0; i < sk_X509_num(certificates) && result == 0; i++) {
        uint8_t *encoded = NULL;
        int size = i2d_X509(sk_X509_value(certificates, i), &encoded);

        result = add_der(loading, bytes_of(encoded, size > 0 ? (size_t)size : 0), error);
        OPENSSL_free(encoded);
    }
    sk_X509_pop_free(certificates, X509_free);
    return result;
}

/* A CRL that nobody known signed is logged and left aside: it would have to be trusted for where it lay. */
static int keep_crl(struct loading *loading, struct crl *crl, struct error *error)
{
    struct error why;

    if (crl_verify(crl, loading->issuers, NULL, &why) == 0) {
        return crl_list_add(loading->crls, crl) == 0 ? 0 : error_set(error, "out of memory");
    }
    crl_free(&crl);
    log_event(LEVEL_WARNING, "CRL left aside", LOG_TEXT("file", loading->path), LOG_TEXT("cause", why.text));
    return 0;
}

static int add_crl(struct loading *loading, struct bytes bytes, struct error *error)
{
    struct error why;
    struct crl *crl;

    loading->found++;
    switch (crl_read(bytes, loading->path, &crl, &why)) {
    case CRL_TAKEN:
        return keep_crl(loading, crl, error);
    case CRL_ASIDE:
        log_event(LEVEL_WARNING, "CRL left aside", LOG_TEXT("file", loading->path), LOG_TEXT("cause", why.text));
        return 0;
    case CRL_BROKEN:
        break;
    }
    return error_set(error, "%s", why.text);
}

/* A file without PEM is a certificate or a message that holds some. */
static int add_unlabelled(struct loading *loading, struct bytes bytes, struct error *error)
{
    if (der_inner_tag(bytes) == DER_OBJECT_IDENTIFIER) {
        return add_bundle(loading, bytes, error);
    }
    return add_der(loading, bytes, error);
}

static const struct kind {
    const char *label; /* RFC 7468, and what OpenSSL writes and wrote */
    bool crl;
    int (*add)(struct loading *loading, struct bytes bytes, struct error *error);
} kinds[] = {
    {"CERTIFICATE", false, add_der},
    {"X509 CERTIFICATE", false, add_der},
    {"X.509 CERTIFICATE", false, add_der},
    {"TRUSTED CERTIFICATE", false, add_trusted},
    {"PKCS7", false, add_bundle},
    {"PKCS #7 SIGNED DATA", false, add_bundle},
    {"CMS", false, add_bundle},
    {NULL, false, add_unlabelled},
    {"X509 CRL", true, add_crl},
    {NULL, true, add_crl},
};

/* Blocks of other kinds (a key beside its certificate) are passed over. */
static int add(void *context, const char *label, struct bytes bytes, struct error *error)
{
    struct loading *loading = context;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool same = label == NULL || kinds[i].label == NULL ? label == kinds[i].label
                                                            : strcmp(label, kinds[i].label) == 0;

        if (same && kinds[i].crl == (loading->crls != NULL)) {
            return kinds[i].add(loading, bytes, error);
        }
    }
    return 0;
}

static bool has_email_protection(const EXTENDED_KEY_USAGE *usages)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));

        if (nid == NID_email_protect || nid == NID_anyExtendedKeyUsage) {
            return true;
        }
    }
    return false;
}

/* Whoever keeps the store may have restricted what the certificate is trusted for, beyond what it says itself. */
static int read_usages(const struct sst_element *element, struct note *note, struct error *error)
{
    const uint8_t *at = element->usages.data;
    EXTENDED_KEY_USAGE *usages;
    int result = 0;

    if (!element->has_usages) {
        return 0;
    }
    usages = d2i_EXTENDED_KEY_USAGE(NULL, &at, (long)element->usages.size);
    if (usages == NULL || at != element->usages.data + element->usages.size) {
        result = error_set(error, "a restriction of its use that cannot be read (property 9)");
    } else if (!has_email_protection(usages)) {
        note->left_out = "its store restricts it to uses other than emailProtection";
    }
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
    return result;
}

/* Lists of trust, and what is not wanted here, are passed over. */
static int add_element(void *context, const struct sst_element *element, struct error *error)
{
    struct loading *loading = context;
    char name[SST_NAME_BYTES];
    struct note note = {.name = sst_name(element, name)};

    if (element->kind == SST_CRL && loading->crls != NULL) {
        return add_crl(loading, element->der, error);
    }
    if (element->kind != SST_CERTIFICATE || loading->crls != NULL) {
        return 0;
    }
    return read_usages(element, &note, error) == 0 ? add_noted(loading, element->der, &note, error) : -1;
}

static int add_file(struct loading *loading, struct bytes file, struct error *error)
{
    int result = sst_is(file) ? sst_each(file, add_element, loading, error) : pem_each(file, add, loading, error);

    if (result == 0 && loading->found + loading->left_out == 0) {
        result = error_set(error, "holds no %s", loading->crls != NULL ? "CRL" : "certificate");
    } else if (result == 0 && loading->found == 0 && loading->visit == NULL) {
        result = error_set(error, "holds only certificates that are restricted to other uses");
    }
    return result;
}

static int load_file(void *context, const char *path, struct error *error)
{
    struct loading *loading = context;
    struct buffer buffer;
    int result;

    buffer_init(&buffer, MAX_FILE_BYTES);
    loading->path = path;
    loading->found = loading->left_out = 0;
    result = file_read(path, &buffer, error); /* names the path itself */
    if (result == 0) {
        result = add_file(loading, buffer_bytes(&buffer), error);
        if (result < 0) {
            error_prefix(error, "%s", path);
        }
    }
    buffer_free(&buffer);
    ERR_clear_error();
    return result;
}

int load_certificates(const char *path, bool anchor, struct cert_list *list, struct error *error)
{
    struct loading loading = {.certs = list, .anchor = anchor};

    return file_each(path, load_file, &loading, error);
}

int load_crls(const char *path, const struct issuers *issuers, struct crl_list *list, struct error *error)
{
    struct loading loading = {.crls = list, .issuers = issuers};

    return file_each(path, load_file, &loading, error);
}

int contents_each(const char *path,
                  int (*visit)(void *context, const struct content *content, struct error *error), void *context,
                  struct error *error)
{
    struct loading loading = {.visit = visit, .context = context};

    return file_each(path, load_file, &loading, error);
}
