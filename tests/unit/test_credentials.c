/* What a listener of TLS is given to show: good, and wrong in every way. tests/system/tls.bats sees it shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "base/metrics.h"
#include "http/credentials.h"
#include "tests/unit/made.h"
#include "tests/unit/scarce.h"

#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

enum file { NOTHING, EMPTY, NONSENSE, OWN, OTHER, OWN_KEY, OTHER_KEY, LOCKED_KEY, ROOT, CRL, OLD_CRL,
            STRANGE_CRL, FORGED_CRL, CUT, FILES };

static char *files[FILES];
static int64_t own_ends, made_at;

static char *taken(BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)size);

    BIO_free(bio);
    assert_true(size > 0);
    return text;
}

static char *pem_of_certificate(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_true(PEM_write_bio_X509(bio, certificate));
    return taken(bio);
}

static char *pem_of_key(EVP_PKEY *key, const char *password)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_true(PEM_write_bio_PKCS8PrivateKey(bio, key, password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                                              (void *)(uintptr_t)password));
    return taken(bio);
}

static char *crl_of(const X509 *issuer, enum made_key key, int64_t this_update, int64_t next_update)
{
    X509_CRL *crl = made_crl(&(struct made_crl){
        .issuer = issuer, .key = key, .this_update = this_update, .next_update = next_update});
    BIO *bio = BIO_new(BIO_s_mem());

    assert_true(PEM_write_bio_X509_CRL(bio, crl));
    X509_CRL_free(crl);
    return taken(bio);
}

static int make_files(void **state)
{
    X509 *root = made_root("CN=Clients", MADE_P256), *stranger = made_root("CN=Strangers", MADE_P384);
    X509 *own = made_alice(MADE_P384, root, MADE_P256), *other = made_alice(MADE_RSA, root, MADE_P256);
    int64_t now = (made_at = (int64_t)time(NULL)) - MADE_NOW; /* as made.h counts */
    struct tm end;

    (void)state;
    assert_true(ASN1_TIME_to_tm(X509_get0_notAfter(own), &end));
    own_ends = (int64_t)timegm(&end);
    files[NOTHING] = NULL;
    files[EMPTY] = strdup("\n");
    files[NONSENSE] = strdup("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    files[OWN] = pem_of_certificate(own);
    files[OTHER] = pem_of_certificate(other);
    files[OWN_KEY] = pem_of_key(made_key(MADE_P384), NULL);
    files[OTHER_KEY] = pem_of_key(made_key(MADE_RSA), NULL);
    files[LOCKED_KEY] = pem_of_key(made_key(MADE_P384), "secret");
    files[ROOT] = pem_of_certificate(root);
    files[CRL] = crl_of(root, MADE_P256, now, now + 3600);
    files[OLD_CRL] = crl_of(root, MADE_P256, now - 7200, now - 3600);
    files[STRANGE_CRL] = crl_of(stranger, MADE_P384, now, now + 3600);
    files[FORGED_CRL] = crl_of(root, MADE_P384, now, now + 3600);
    files[CUT] = strndup(files[OWN], strlen(files[OWN]) / 2);
    X509_free(root);
    X509_free(stranger);
    X509_free(own);
    X509_free(other);
    return 0;
}

static int free_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        free(files[i]);
    }
    return 0;
}

static struct bytes content(enum file file)
{
    return files[file] != NULL ? bytes_of_string(files[file]) : (struct bytes){0};
}

static const struct {
    const char *name;
    enum file certificate, key, authorities, crls;
    const char *priorities, *words; /* NULL: it is good */
} rows[] = {
    {"ours", OWN, OWN_KEY, NOTHING, NOTHING, PRIORITIES, NULL},
    {"ours, of RSA", OTHER, OTHER_KEY, NOTHING, NOTHING, PRIORITIES, NULL},
    {"with clients", OWN, OWN_KEY, ROOT, NOTHING, PRIORITIES, NULL},
    {"with clients and CRLs", OWN, OWN_KEY, ROOT, CRL, PRIORITIES, NULL},
    {"with clients and a CRL that is out of date", OWN, OWN_KEY, ROOT, OLD_CRL, PRIORITIES, NULL},
    {"no certificate", EMPTY, OWN_KEY, NOTHING, NOTHING, PRIORITIES, "tls.certificate-file: "},
    {"a broken one", NONSENSE, OWN_KEY, NOTHING, NOTHING, PRIORITIES, "tls.certificate-file: "},
    {"half of one", CUT, OWN_KEY, NOTHING, NOTHING, PRIORITIES, "tls.certificate-file: "},
    {"a key in its place", OWN_KEY, OWN_KEY, NOTHING, NOTHING, PRIORITIES, "tls.certificate-file: "},
    {"another key", OWN, OTHER_KEY, NOTHING, NOTHING, PRIORITIES,
     "tls.key-file: it is not the key of the first certificate in certificate-file"},
    {"an encrypted key", OWN, LOCKED_KEY, NOTHING, NOTHING, PRIORITIES, "tls.key-file: the key is encrypted"},
    {"no key", OWN, EMPTY, NOTHING, NOTHING, PRIORITIES, "tls.key-file: "},
    {"a certificate in its place", OWN, OWN, NOTHING, NOTHING, PRIORITIES, "tls.key-file: "},
    {"no authority", OWN, OWN_KEY, EMPTY, NOTHING, PRIORITIES, "tls.client-ca-file: "},
    {"a broken authority", OWN, OWN_KEY, NONSENSE, NOTHING, PRIORITIES, "tls.client-ca-file: "},
    {"no CRL", OWN, OWN_KEY, ROOT, EMPTY, PRIORITIES, "tls.client-crl-file: "},
    {"a CRL of somebody else", OWN, OWN_KEY, ROOT, STRANGE_CRL, PRIORITIES,
     "tls.client-crl-file: of its 1 lists, 1 are signed by no authority"},
    {"a forged CRL", OWN, OWN_KEY, ROOT, FORGED_CRL, PRIORITIES,
     "tls.client-crl-file: of its 1 lists, 1 are signed by no authority"},
    {"priorities of nothing", OWN, OWN_KEY, NOTHING, NOTHING, "NORMAL:+NONSENSE", "tls.priorities: at \"+NONSENSE\""},
    {"no priorities", OWN, OWN_KEY, NOTHING, NOTHING, "", "tls.priorities: "},
};

static struct http_tls config_of(size_t i)
{
    return (struct http_tls){.certificate = content(rows[i].certificate), .key = content(rows[i].key),
                             .client_authorities = content(rows[i].authorities), .client_crls = content(rows[i].crls),
                             .priorities = rows[i].priorities, .clients = TLS_CLIENTS_REQUIRE};
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        const struct http_tls config = config_of(i);
        struct credentials *credentials = credentials_make(&config, &error);

        if ((credentials != NULL) != (rows[i].words == NULL) ||
            (rows[i].words != NULL && strncmp(error.text, rows[i].words, strlen(rows[i].words)) != 0)) {
            fail_msg("%s: \"%s\"", rows[i].name, error.text);
        }
        credentials_free(&credentials);
        assert_null(credentials);
    }
}

/* Of rows; "": whatever was told before is told no longer. */
static const struct {
    const char *name;
    bool has_certificate;
    int64_t crls_after_s; /* from when the lists were made; 0: there is none */
} ends[] = {
    {"with clients and CRLs", true, 3600},
    {"with clients", true, 0},
    {"with clients and a CRL that is out of date", true, -3600},
    {"ours", true, 0},
    {"", false, 0},
};

static struct credentials *made_of_row(const char *name)
{
    struct error error = {""};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_tls config = config_of(i);

        if (strcmp(rows[i].name, name) == 0) {
            return credentials_make(&config, &error);
        }
    }
    return NULL;
}

static void test_ends_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct credentials *credentials = made_of_row(ends[i].name);

        assert_int_equal(credentials != NULL, ends[i].has_certificate);
        credentials_tell(credentials);
        assert_int_equal(gauge_read(GAUGE_TLS_NOT_AFTER), ends[i].has_certificate ? own_ends : 0);
        assert_int_equal(gauge_read(GAUGE_TLS_CRL_NEXT_UPDATE),
                         ends[i].crls_after_s != 0 ? made_at + ends[i].crls_after_s : 0);
        credentials_free(&credentials);
        credentials_free(&credentials);
    }
}

#define DAY (24 * 60 * 60)

static const struct {
    const char *name;
    int64_t from, until; /* from now */
    const char *words;   /* NULL: clients take it */
} dates[] = {
    {"of today", -DAY, DAY, NULL},
    {"that ends in this minute", -DAY, 60, NULL},
    {"that has ended", -2 * DAY, -60, "tls.certificate-file: no client takes the certificate, which has expired: it "},
    {"of tomorrow", DAY, 2 * DAY, "tls.certificate-file: no client takes the certificate, which is not valid yet: it "},
};

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        int64_t now = (int64_t)time(NULL);
        X509 *certificate = made_certificate(&(struct made){
            .key = MADE_P384, .from = now - MADE_NOW + dates[i].from, .until = now - MADE_NOW + dates[i].until});
        char *pem = pem_of_certificate(certificate);
        struct http_config config = {.tls = config_of(0), .token = ""};
        struct error error = {""};

        config.tls.certificate = bytes_of_string(pem);
        assert_int_equal(http_rules_make(&config, &error), 0);
        int result = http_certificate_check(&config, &error);
        if ((result == 0) != (dates[i].words == NULL) ||
            (result != 0 && strncmp(error.text, dates[i].words, strlen(dates[i].words)) != 0)) {
            fail_msg("%s: \"%s\"", dates[i].name, error.text);
        }
        http_rules_free(&config);
        free(pem);
        X509_free(certificate);
    }
    assert_int_equal(http_certificate_check(&(struct http_config){.tls.certificate.size = 0}, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_ends_are_told),
                                       cmocka_unit_test(test_dates)};

    return cmocka_run_group_tests(tests, make_files, free_files);
}
