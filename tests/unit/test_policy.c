#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "tests/unit/made.h"
#include "tests/unit/scarce.h"

static X509 *root, *second;
static char folder[64];

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    second = made_root("CN=Second", MADE_RSA_CA);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(second);
    return 0;
}

static int folder_new(void **state)
{
    (void)state;
    made_folder(folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    made_folder_remove(folder);
    return 0;
}

static struct policy *load(const char *anchors, const char *crls, struct error *error)
{
    return policy_load(&(struct policy_config){.anchors = &anchors,
                                               .anchor_count = anchors != NULL,
                                               .crls = &crls,
                                               .crl_count = crls != NULL,
                                               .min_rsa_bits = 2048},
                       error);
}

static size_t count_of(const char *path)
{
    struct error error;
    struct policy *policy = load(path, NULL, &error);
    size_t count;

    if (policy == NULL) {
        fail_msg("%s", error.text);
    }
    count = policy_anchor_count(policy);
    policy_free(&policy);
    return count;
}

static void write_bio(const char *name, int (*write)(BIO *bio, void *what), void *what, char path[128])
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *data;
    long size;

    assert_int_equal(write(bio, what), 1);
    size = BIO_get_mem_data(bio, &data);
    made_file(folder, name, bytes_of(data, (size_t)size), path);
    BIO_free(bio);
}

static int write_trusted(BIO *bio, void *certificate)
{
    return PEM_write_bio_X509_AUX(bio, certificate);
}

static int write_pem_bundle(BIO *bio, void *bundle)
{
    const struct blob *blob = bundle;

    return PEM_write_bio(bio, "PKCS7", "", blob->data, (long)blob->size) > 0;
}

static void every_form_is_read(void **state)
{
    char path[128], text[16384];
    X509 *const both[] = {root, second};
    struct blob *der = made_blob(root), *bundle = made_bundle(both, 2, false), *ber = made_bundle(both, 2, true);
    size_t size;

    (void)state;
    made_file(folder, "one.pem", made_pem(root), path);
    assert_int_equal(count_of(path), 1);
    size = (size_t)snprintf(text, sizeof(text), "# a comment\n%.*s", (int)made_pem(root).size,
                            (const char *)made_pem(root).data);
    size += (size_t)snprintf(text + size, sizeof(text) - size,
                             "in between\n%.*s-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                             (int)made_pem(second).size, (const char *)made_pem(second).data);
    made_file(folder, "two.pem", bytes_of(text, size), path);
    assert_int_equal(count_of(path), 2);
    made_file(folder, "one.der", blob_bytes(der), path);
    assert_int_equal(count_of(path), 1);
    made_file(folder, "two.p7c", blob_bytes(bundle), path);
    assert_int_equal(count_of(path), 2);
    made_file(folder, "ber.p7c", blob_bytes(ber), path);
    assert_int_equal(count_of(path), 2);
    write_bio("two.p7b", write_pem_bundle, bundle, path);
    assert_int_equal(count_of(path), 2);
    made_file(folder, ".hidden", bytes_of_string("nothing"), path);
    assert_int_equal(count_of(folder), 2);
    blob_free(&der);
    blob_free(&bundle);
    blob_free(&ber);
}

static void openssl_trust_settings_are_heeded(void **state)
{
    X509 *trusted = X509_dup(root), *rejected = X509_dup(root), *other = X509_dup(root);
    char path[128];
    struct error error;

    (void)state;
    X509_add1_trust_object(trusted, OBJ_nid2obj(NID_email_protect));
    write_bio("trusted.pem", write_trusted, trusted, path);
    assert_int_equal(count_of(path), 1);
    X509_add1_reject_object(rejected, OBJ_nid2obj(NID_email_protect));
    write_bio("rejected.pem", write_trusted, rejected, path);
    assert_null(load(path, NULL, &error));
    assert_non_null(strstr(error.text, "emailProtection"));
    X509_add1_trust_object(other, OBJ_nid2obj(NID_server_auth));
    write_bio("other.pem", write_trusted, other, path);
    assert_null(load(path, NULL, &error));
    X509_free(trusted);
    X509_free(rejected);
    X509_free(other);
}

static void faults_name_setting_file_and_cause(void **state)
{
    static const struct {
        const char *name, *content, *cause;
    } files[] = {
        {"empty", "", "not one DER"},
        {"text", "these are no certificates", "not one DER"},
        {"key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no certificate"},
        {"broken", "-----BEGIN CERTIFICATE-----\nAAAA\n", "PEM block 1"},
        {"no base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "PEM block 1"},
        {"not one", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "certificate 1"},
        {"no bundle", "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n", "PKCS#7"},
        {"no trusted", "-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END TRUSTED CERTIFICATE-----\n",
         "trusted certificate"},
        {"message", "\x30\x03\x06\x01\x01", "PKCS#7"},
    };
    char path[128];
    struct error error;

    (void)state;
    assert_null(load("/nowhere/at/all", NULL, &error));
    assert_non_null(strstr(error.text, "trust.anchors: /nowhere/at/all: "));
    assert_null(load(folder, NULL, &error));
    assert_non_null(strstr(error.text, "empty folder"));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        made_file(folder, files[i].name, bytes_of_string(files[i].content), path);
        assert_null(load(path, NULL, &error));
        if (strstr(error.text, "trust.anchors: ") != error.text || strstr(error.text, path) == NULL ||
            strstr(error.text, files[i].cause) == NULL) {
            fail_msg("%s: %s", files[i].name, error.text);
        }
    }
    made_file(folder, "pem", made_pem(root), path);
    assert_null(load(path, path, &error));
    assert_non_null(strstr(error.text, "trust.crls: "));
    assert_non_null(strstr(error.text, "holds no CRL"));
    assert_null(load(NULL, "/nowhere", &error));
    assert_non_null(strstr(error.text, "trust.crls: /nowhere"));
}

static int write_crl(BIO *bio, void *crl)
{
    return PEM_write_bio_X509_CRL(bio, crl);
}

static int write_crl_der(BIO *bio, void *crl)
{
    return i2d_X509_CRL_bio(bio, crl);
}

static void crls_count_only_if_somebody_here_signed_them(void **state)
{
    X509_CRL *good = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    X509_CRL *forged = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_2, .crl_reason = -1});
    X509_CRL *foreign = made_crl(&(struct made_crl){.issuer = second, .key = MADE_RSA_CA, .crl_reason = -1});
    const struct {
        X509_CRL *crl;
        size_t want;
    } crls[] = {{good, 1}, {forged, 0}, {foreign, 0}};
    char anchor[128], path[128];
    struct error error;

    (void)state;
    made_file(folder, "root.pem", made_pem(root), anchor);
    for (size_t i = 0; i < 6; i++) {
        struct policy *policy;

        write_bio("crl", i < 3 ? write_crl : write_crl_der, crls[i % 3].crl, path);
        policy = load(anchor, path, &error);
        assert_non_null(policy);
        assert_int_equal(policy_crl_count(policy), crls[i % 3].want);
        policy_free(&policy);
    }
    made_file(folder, "garbage", bytes_of_string("garbage"), path);
    assert_null(load(anchor, path, &error));
    X509_CRL_free(good);
    X509_CRL_free(forged);
    X509_CRL_free(foreign);
}

static struct digest fingerprint_of(const struct made_policy *made)
{
    struct policy *policy = made_policy(made);
    struct digest digest = policy_fingerprint(policy);

    policy_free(&policy);
    return digest;
}

static void the_fingerprint_names_all_that_matters(void **state)
{
    X509 *const one[] = {root, NULL}, *const both[] = {root, second, NULL}, *const turned[] = {second, root, NULL},
                *const twice[] = {root, second, root, NULL};
    X509_CRL *crl = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1}),
             *const crls[] = {crl, NULL};
    const struct made_policy different[] = {
        {.anchors = one},
        {.anchors = both},
        {.anchors = one, .intermediates = (X509 *[]){second, NULL}},
        {.intermediates = both},
        {.anchors = one, .crls = crls},
        {.anchors = one, .revocation = REVOCATION_MODE_PREFER},
        {.anchors = one, .revocation = REVOCATION_MODE_REQUIRE},
        {.anchors = one, .exact_local_part = true},
        {.anchors = one, .allow_sha1 = true},
        {.anchors = one, .addressless = true},
    };
    enum { COUNT = sizeof(different) / sizeof(different[0]) };
    struct digest digests[COUNT], same;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        digests[i] = fingerprint_of(&different[i]);
        for (size_t k = 0; k < i; k++) {
            assert_false(digest_equal(&digests[i], &digests[k]));
        }
    }
    same = fingerprint_of(&(struct made_policy){.anchors = turned});
    assert_true(digest_equal(&same, &digests[1]));
    same = fingerprint_of(&(struct made_policy){.anchors = twice});
    assert_true(digest_equal(&same, &digests[1]));
    X509_CRL_free(crl);
}

static void note_anchor(void *context, const char *subject, int64_t not_after, const char *fingerprint)
{
    char *text = context;

    snprintf(text + strlen(text), 512 - strlen(text), "%s %lld %zu;", subject, (long long)not_after,
             strlen(fingerprint));
}

static void anchors_can_be_listed(void **state)
{
    struct policy *policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, second, NULL}});
    char text[512] = "", want[512];

    (void)state;
    policy_each_anchor(policy, note_anchor, text);
    snprintf(want, sizeof(want), "CN=Root %lld 64;CN=Second %lld 64;", (long long)MADE_NOW + 365 * MADE_DAY,
             (long long)MADE_NOW + 365 * MADE_DAY);
    assert_string_equal(text, want);
    policy_free(&policy);
    policy_free(&policy);
}

static void a_load_without_memory_fails_cleanly(void **state)
{
    char anchor[128], crl_path[128];
    X509_CRL *crl = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1});
    struct policy *policy = NULL;
    struct error error;
    bool failed = true;

    (void)state;
    made_file(folder, "root.pem", made_pem(root), anchor);
    write_bio("crl", write_crl, crl, crl_path);
    for (int nth = 1; failed; nth++) {
        scarce_begin(nth);
        policy = load(anchor, crl_path, &error);
        failed = scarce_end();
        assert_true(policy == NULL || policy_anchor_count(policy) == 1);
        assert_true(policy == NULL || policy_crl_count(policy) == 1);
        policy_free(&policy);
    }
    X509_CRL_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_form_is_read, folder_new, folder_remove),
        cmocka_unit_test_setup_teardown(openssl_trust_settings_are_heeded, folder_new, folder_remove),
        cmocka_unit_test_setup_teardown(faults_name_setting_file_and_cause, folder_new, folder_remove),
        cmocka_unit_test_setup_teardown(crls_count_only_if_somebody_here_signed_them, folder_new, folder_remove),
        cmocka_unit_test(the_fingerprint_names_all_that_matters),
        cmocka_unit_test(anchors_can_be_listed),
        cmocka_unit_test_setup_teardown(a_load_without_memory_fails_cleanly, folder_new, folder_remove),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
