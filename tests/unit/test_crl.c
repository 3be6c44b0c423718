#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/revocation_play.h"
#include "x509/crl.h"

/* Reading one CRL: what is refused, with which words, and what a large one costs. */

static X509 *root, *other;

static int setup(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    root = made_root("CN=Root", MADE_RSA_ROOT);
    other = made_root("CN=Other", MADE_RSA_CA);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(other);
    return 0;
}

static const struct {
    const char *name;
    struct made_crl made;
    enum crl_taken taken;
    const char *words;
} rows[] = {
    {"plain", {.crl_reason = -1}, CRL_TAKEN, ""},
    {"number of twenty octets",
     {.crl_reason = -1, .extensions = {"crlNumber=DER:02147f00000000000000000000000000000000000000"}}, CRL_TAKEN, ""},
    {"number of 21 octets",
     {.crl_reason = -1, .extensions = {"crlNumber=DER:02157f0000000000000000000000000000000000000000"}}, CRL_BROKEN,
     "5.2.3"},
    {"negative number", {.crl_reason = -1, .extensions = {"crlNumber=DER:020180"}}, CRL_BROKEN, "5.2.3"},
    {"number that is none", {.crl_reason = -1, .extensions = {"crlNumber=DER:0500"}}, CRL_BROKEN, "5.2.3"},
    {"negative base", {.crl_reason = -1, .extensions = {"2.5.29.27=critical,DER:0201ff"}}, CRL_BROKEN, "5.2.4"},
    {"base that is none", {.crl_reason = -1, .extensions = {"2.5.29.27=critical,DER:0500"}}, CRL_BROKEN, "5.2.4"},
    {"number twice", {.crl_reason = -1, .extensions = {"crlNumber=DER:020101", "crlNumber=DER:020102"}}, CRL_BROKEN,
     "twice"},
    {"an unknown extension twice", {.crl_reason = -1, .extensions = {"1.2.3.4=ASN1:NULL", "1.2.3.4=ASN1:NULL"}},
     CRL_BROKEN, "twice"},
    {"scope that is none", {.crl_reason = -1, .extensions = {"2.5.29.28=critical,ASN1:NULL"}}, CRL_ASIDE, "5.2.5"},
    {"for users and for CAs",
     {.crl_reason = -1, .extensions = {"issuingDistributionPoint=critical,onlyuser:TRUE,onlyCA:TRUE"}}, CRL_BROKEN,
     "onlyContains"},
    {"unknown critical extension", {.crl_reason = -1, .extensions = {"1.2.3.4=critical,ASN1:NULL"}}, CRL_ASIDE, "5.2"},
    {"unknown extension", {.crl_reason = -1, .extensions = {"1.2.3.4=ASN1:NULL"}}, CRL_TAKEN, ""},
    {"reason that is none", {.crl_reason = -1, .entry_extension = "2.5.29.21=DER:0500"}, CRL_BROKEN, "5.3.1"},
    {"reason twice", {.crl_reason = 1, .entry_extension = "2.5.29.21=DER:0a0101"}, CRL_BROKEN, "twice"},
    {"reason that nobody knows", {.crl_reason = 99}, CRL_TAKEN, ""},
    {"unknown critical extension of an entry", {.crl_reason = -1, .entry_extension = "1.2.3.4=critical,ASN1:NULL"},
     CRL_ASIDE, "5.3"},
    {"an entry's issuer in a CRL that is not indirect", {.crl_reason = -1, .entry_extension = "certificateIssuer"},
     CRL_ASIDE, "5.3.3"},
    {"an entry's issuer that is none", {.crl_reason = -1, .entry_extension = "2.5.29.29=critical,DER:0500"}, CRL_ASIDE,
     "5.3.3"},
};

/* As it comes from somewhere; frees `x509`. */
static enum crl_taken read_made(X509_CRL *x509, struct crl **crl, struct error *error)
{
    struct blob *der = play_crl(x509);
    enum crl_taken taken = crl_read(blob_bytes(der), "a file", crl, error);

    blob_free(&der);
    X509_CRL_free(x509);
    return taken;
}

static void each_is_taken_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct made_crl made = rows[i].made;
        struct error error = {""};
        enum crl_taken taken;
        struct crl *crl;

        made.issuer = root;
        made.key = MADE_RSA_ROOT;
        made.revoked[0] = other;
        if (made.entry_extension != NULL && strcmp(made.entry_extension, "certificateIssuer") == 0) {
            made.entry_extension = play_entry_issuer(other);
        }
        taken = read_made(made_crl(&made), &crl, &error);
        if (taken != rows[i].taken || strstr(error.text, rows[i].words) == NULL) {
            fail_msg("%s: %d, %s", rows[i].name, taken, error.text);
        }
        assert_true((crl != NULL) == (taken == CRL_TAKEN));
        crl_free(&crl);
    }
}

/* The place of an octet string in the DER, which is then changed; the signature does not count here. */
static enum crl_taken read_changed(const char *from, const char *to, size_t size, struct error *error)
{
    X509_CRL *made = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                                 .revoked = {other}});
    struct blob *der = play_crl(made);
    uint8_t *place = memmem(der->data, der->size, from, size);
    enum crl_taken taken;
    struct crl *crl;

    assert_non_null(place);
    memcpy(place, to, size);
    taken = crl_read(blob_bytes(der), "a file", &crl, error);
    crl_free(&crl);
    X509_CRL_free(made);
    blob_free(&der);
    return taken;
}

/* MADE_NOW is 2027-01-15T08:00:00Z; the CRL is a day old, its entry two. */
static void times_must_be_times(void **state)
{
    struct error error = {""};

    (void)state;
    assert_int_equal(read_changed("270114080000Z", "271314080000Z", 13, &error), CRL_BROKEN);
    assert_non_null(strstr(error.text, "5.1.2.4"));
    assert_int_equal(read_changed("270122080000Z", "27012208000xZ", 13, &error), CRL_BROKEN);
    assert_non_null(strstr(error.text, "5.1.2.4"));
    assert_int_equal(read_changed("270113080000Z", "270100080000Z", 13, &error), CRL_BROKEN);
    assert_non_null(strstr(error.text, "5.1.2.6"));
    /* Within: sha256WithRSAEncryption becomes sha384. The first of two. */
    assert_int_equal(read_changed("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9,
                                  &error), CRL_BROKEN);
    assert_non_null(strstr(error.text, "5.1.1.2"));
}

static void the_number_is_shown_in_decimal(void **state)
{
    struct error error;
    struct crl *crl;

    (void)state;
    assert_int_equal(read_made(made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                                          .extensions = {"crlNumber=DER:02090100000000000000ff"}}),
                              &crl, &error), CRL_TAKEN);
    assert_string_equal(crl->number_text, "18446744073709551871");
    crl_free(&crl);
}

static void only_a_key_that_may_sign_verifies(void **state)
{
    X509 *no_crls = made_certificate(&(struct made){.subject = "CN=Root", .key = MADE_RSA_ROOT,
                                                    .extensions = {"basicConstraints=CA:TRUE", "keyUsage=keyCertSign"}});
    X509 *all[] = {other, no_crls, root};
    static const char *const words[] = {"is known", "made its signature", ""};
    struct error error;
    struct crl *crl;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct finding finding;
        struct cert cert;
        struct issuers issuers;
        int tried = 0;

        assert_int_equal(read_made(made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1}),
                                  &crl, &error), CRL_TAKEN);
        assert_true(cert_copy(all[i], &cert, &finding));
        assert_int_equal(issuers_make(&issuers, &(const struct cert *){&cert}, 1), 0);
        assert_int_equal(crl_verify(crl, &issuers, &tried, &error), i == 2 ? 0 : -1);
        assert_int_equal(tried, i > 0);
        if (i < 2) {
            assert_non_null(strstr(error.text, words[i]));
        }
        assert_true((crl->key != NULL) == (i == 2) && (crl->parts.head == NULL) == (i == 2));
        issuers_free(&issuers);
        cert_free(&cert);
        crl_free(&crl);
    }
    X509_free(no_crls);
}

/* `count` entries, each of the next serial number down; every `every`th names another issuer (0: none does). */
static X509_CRL *large_crl(size_t count, size_t every)
{
    X509_CRL *crl = made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = -1,
                                                .extensions = {every != 0 ? play_scope(&(struct play_point){0}, true)
                                                                          : NULL}});
    ASN1_TIME *time = ASN1_TIME_set(NULL, MADE_NOW);

    for (size_t i = count; i > 0; i--) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();

        ASN1_INTEGER_set_uint64(serial, i);
        X509_REVOKED_set_serialNumber(entry, serial);
        X509_REVOKED_set_revocationDate(entry, time);
        if (every != 0 && i % every == 0) {
            GENERAL_NAMES *names = GENERAL_NAMES_new();
            GENERAL_NAME *name = GENERAL_NAME_new();
            X509_NAME *dn = X509_NAME_new();
            char text[32];

            snprintf(text, sizeof(text), "CA %zu", i / every);
            X509_NAME_add_entry_by_txt(dn, "CN", MBSTRING_UTF8, (const uint8_t *)text, -1, -1, 0);
            GENERAL_NAME_set0_value(name, GEN_DIRNAME, dn);
            sk_GENERAL_NAME_push(names, name);
            assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0), 1);
            GENERAL_NAMES_free(names);
        }
        assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
        ASN1_INTEGER_free(serial);
    }
    ASN1_TIME_free(time);
    return crl;
}

static void a_large_crl_costs_bounded_time(void **state)
{
    X509_CRL *x509 = large_crl(200000, 0);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    int64_t start = clock_mono_ms();
    struct error error;
    struct crl *crl;

    (void)state;
    assert_int_equal(read_made(x509, &crl, &error), CRL_TAKEN);
    assert_int_equal(crl->index.count, 200000);
    for (uint64_t i = 1; i <= 200000; i++) {
        ASN1_INTEGER_set_uint64(serial, i);
        assert_non_null(crl_index_find(&crl->index, crl->issuer, serial));
    }
    ASN1_INTEGER_set_uint64(serial, 200001);
    assert_null(crl_index_find(&crl->index, crl->issuer, serial));
    ASN1_INTEGER_set_int64(serial, -1);
    assert_null(crl_index_find(&crl->index, crl->issuer, serial));
    assert_true(clock_mono_ms() - start < 20000); /* with sanitizers, on a busy machine; two seconds are usual */
    ASN1_INTEGER_free(serial);
    crl_free(&crl);
}

static void issuers_of_entries_are_bounded(void **state)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509_NAME *name = X509_NAME_new();
    struct error error;
    struct crl *crl;

    (void)state;
    assert_int_equal(read_made(large_crl(1100, 1), &crl, &error), CRL_ASIDE);
    assert_non_null(strstr(error.text, "1024"));
    assert_int_equal(read_made(large_crl(1000, 1), &crl, &error), CRL_TAKEN);
    crl_free(&crl);
    /* The issuer carries over to the entries that follow: here 20 to 11 are of "CA 2". */
    assert_int_equal(read_made(large_crl(25, 10), &crl, &error), CRL_TAKEN);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"ca 2", -1, -1, 0);
    for (int64_t i = 1; i <= 25; i++) {
        ASN1_INTEGER_set_int64(serial, i);
        assert_true((crl_index_find(&crl->index, name, serial) != NULL) == (i >= 11 && i <= 20));
        assert_true((crl_index_find(&crl->index, crl->issuer, serial) != NULL) == (i > 20));
    }
    ASN1_INTEGER_free(serial);
    X509_NAME_free(name);
    crl_free(&crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_taken_or_not),
        cmocka_unit_test(times_must_be_times),
        cmocka_unit_test(the_number_is_shown_in_decimal),
        cmocka_unit_test(only_a_key_that_may_sign_verifies),
        cmocka_unit_test(a_large_crl_costs_bounded_time),
        cmocka_unit_test(issuers_of_entries_are_bounded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
