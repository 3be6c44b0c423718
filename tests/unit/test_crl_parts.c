#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/buffer.h"
#include "x509/crl.h"
#include "x509/crl_plain.h"

#define HEX_MAX 8192
#define TIME "170d" "3236303130323033303430355a" /* 260102030405Z */
#define SERIAL "020105"
#define REASON(critical, value) "300a0603551d15" critical "04030a01" value

/* revokedCertificates, in hex, and how each of its entries is read: serial number as libcrypto prints it, time, reason;
 * NULL: it is no CRL. */
static const struct {
    const char *name, *entries;
    bool plain; /* every entry is read without libcrypto */
    const char *want;
} rows[] = {
    {"none", "", true, ""},
    {"plain", "3012" SERIAL TIME, true, "05 1767323045 -1\n"},
    {"reason", "3020" SERIAL TIME "300c" REASON("", "01"), true, "05 1767323045 1\n"},
    {"the last reason", "3020" SERIAL TIME "300c" REASON("", "0a"), true, "05 1767323045 10\n"},
    {"reason that nobody knows", "3020" SERIAL TIME "300c" REASON("", "0b"), true, "05 1767323045 -1\n"},
    {"negative reason", "3020" SERIAL TIME "300c" REASON("", "81"), true, "05 1767323045 -1\n"},
    {"critical reason", "3023" SERIAL TIME "300f" "300d0603551d15" "0101ff" "04030a0101", false, "05 1767323045 1\n"},
    {"serial number 0", "3012" "020100" TIME, true, "00 1767323045 -1\n"},
    {"serial number with a zero in front", "3013" "02020080" TIME, true, "80 1767323045 -1\n"},
    {"serial number with a zero too many", "3013" "02020005" TIME, false, NULL},
    {"negative serial number", "3012" "0201fb" TIME, false, "-05 1767323045 -1\n"},
    {"empty serial number", "3011" "0200" TIME, false, NULL},
    {"serial number of no integer", "3012" "040105" TIME, false, NULL},
    {"two", "3012" SERIAL TIME "3012" "020106" TIME, true, "05 1767323045 -1\n06 1767323045 -1\n"},
    {"two, the other way round", "3012" "020106" TIME "3012" SERIAL TIME, true,
     "06 1767323045 -1\n05 1767323045 -1\n"},
    {"plain after odd", "3012" "0201fb" TIME "3012" SERIAL TIME, false, "-05 1767323045 -1\n05 1767323045 -1\n"},
    {"1999", "3012" SERIAL "170d" "3939303130323033303430355a", true, "05 915246245 -1\n"},
    {"1950", "3012" SERIAL "170d" "3530303130313030303030305a", true, "05 -631152000 -1\n"},
    {"the 29th of a leap year's February", "3012" SERIAL "170d" "3234303232393030303030305a", false,
     "05 1709164800 -1\n"},
    {"the 31st", "3012" SERIAL "170d" "3236303133313030303030305a", false, "05 1769817600 -1\n"},
    {"GeneralizedTime", "3014" SERIAL "180f" "32303236303130323033303430355a", false, "05 1767323045 -1\n"},
    {"length in the long form", "308112" SERIAL TIME, false, "05 1767323045 -1\n"},
    {"indefinite length", "3080" SERIAL TIME "0000", false, "05 1767323045 -1\n"},
    {"something after the extensions", "3022" SERIAL TIME "300c" REASON("", "01") "0500", false, NULL},
    {"longer than what is there", "3013" SERIAL TIME, false, NULL},
    {"cut off", "30", false, NULL},
    {"no entry", "0500", false, NULL},
};

/* Dates that are none: crl_read() refuses them, whoever reads them. */
static const char *const no_times[] = {
    "3236303033303030303030305a" /* the 30th of month 0 */, "3236313330313030303030305a" /* month 13 */,
    "3236303130303030303030305a" /* day 0 */,               "3236303233303030303030305a" /* February 30 */,
    "3236303130313234303030305a" /* 24 hours */,            "3236303130313030363030305a" /* minute 60 */,
    "3236303130313030303036305a" /* second 60 */,           "3236303130313030303030302b" /* a + at the end */,
    "3236303130313a3030303030303030" /* a colon */,
};

static struct bytes unhex(const char *hex, uint8_t *out)
{
    size_t size = strlen(hex) / 2;

    for (size_t i = 0; i < size; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return bytes_of(out, size);
}

static void append_element(struct buffer *buffer, uint8_t tag, struct bytes content)
{
    const uint8_t header[] = {tag, 0x81, (uint8_t)content.size};
    const uint8_t short_header[] = {tag, (uint8_t)content.size};

    assert_true(content.size < 0x100);
    buffer_append(buffer, content.size < 0x80 ? short_header : header, content.size < 0x80 ? 2 : 3);
    buffer_append(buffer, content.data, content.size);
}

/* A CRL of CN=A, version 2, signed by nobody. */
static void make_crl_of(uint8_t entries_tag, const char *entries, struct buffer *der)
{
    static const char before[] = "020101" "300a06082a8648ce3d040302" "300c310a3008060355040313" "0141"
                                 "170d3236303130323033303430355a" "170d3336303130323033303430355a";
    static const char after[] = "300a06082a8648ce3d040302" "030200aa";
    uint8_t bytes[HEX_MAX];
    struct buffer tbs, all;

    buffer_init(&tbs, HEX_MAX);
    buffer_init(&all, HEX_MAX);
    struct bytes part = unhex(before, bytes);
    buffer_append(&tbs, part.data, part.size);
    append_element(&tbs, entries_tag, unhex(entries, bytes));
    append_element(&all, 0x30, buffer_bytes(&tbs));
    part = unhex(after, bytes);
    buffer_append(&all, part.data, part.size);
    append_element(der, 0x30, buffer_bytes(&all));
    buffer_free(&tbs);
    buffer_free(&all);
}

static void make_crl(const char *entries, struct buffer *der)
{
    make_crl_of(0x30, entries, der);
}

/* Of libcrypto's entries, what our index says of each. */
static void print_entries(struct bytes der, const struct crl *crl, struct buffer *out)
{
    const uint8_t *at = der.data;
    X509_CRL *x509 = d2i_X509_CRL(NULL, &at, (long)der.size);

    assert_non_null(x509);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(x509);
    assert_int_equal(crl->index.count, entries != NULL ? sk_X509_REVOKED_num(entries) : 0);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *revoked = sk_X509_REVOKED_value(entries, i);
        const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(revoked);
        const struct crl_entry *entry = crl_index_find(&crl->index, crl->issuer, serial);
        int64_t revoked_at;

        assert_non_null(entry);
        assert_int_equal(cert_time(X509_REVOKED_get0_revocationDate(revoked), &revoked_at), 0);
        assert_int_equal(entry->revoked_at, revoked_at);
        BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
        char *hex = BN_bn2hex(number);
        buffer_append_format(out, "%s %lld %d\n", BN_is_zero(number) ? "00" : hex, (long long)entry->revoked_at,
                             entry->reason);
        OPENSSL_free(hex);
        BN_free(number);
    }
    X509_CRL_free(x509);
}

static bool all_plain(const char *hex)
{
    uint8_t bytes[HEX_MAX];
    struct bytes rest = unhex(hex, bytes);
    struct crl_plain plain;

    while (rest.size > 0 && crl_plain_take(&rest, &plain)) {
    }
    return rest.size == 0;
}

static void entries_are_read_as_libcrypto_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer der, got;
        struct error error = {""};
        struct crl *crl;

        buffer_init(&der, HEX_MAX);
        buffer_init(&got, HEX_MAX);
        make_crl(rows[i].entries, &der);
        enum crl_taken taken = crl_read(buffer_bytes(&der), "a file", &crl, &error);
        if ((taken == CRL_TAKEN) != (rows[i].want != NULL)) {
            fail_msg("%s: %d, %s", rows[i].name, taken, error.text);
        }
        if (taken == CRL_TAKEN) {
            print_entries(buffer_bytes(&der), crl, &got);
            if (strcmp(buffer_string(&got), rows[i].want) != 0) {
                fail_msg("%s: want\n%sgot\n%s", rows[i].name, rows[i].want, buffer_string(&got));
            }
        } else {
            const uint8_t *at = der.data;
            X509_CRL *x509 = d2i_X509_CRL(NULL, &at, (long)der.size);
            assert_true(x509 == NULL || at != der.data + der.size);
            X509_CRL_free(x509);
            assert_non_null(strstr(error.text, "not a CRL"));
        }
        if (all_plain(rows[i].entries) != rows[i].plain) {
            fail_msg("%s: plain: want %d", rows[i].name, rows[i].plain);
        }
        crl_free(&crl);
        buffer_free(&der);
        buffer_free(&got);
        ERR_clear_error();
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(no_times) / sizeof(no_times[0]); i++) {
        char entry[128];
        struct buffer der;
        struct error error = {""};
        struct crl *crl;

        snprintf(entry, sizeof(entry), "30%02zx" SERIAL "17%02zx%s", strlen(no_times[i]) / 2 + 5,
                 strlen(no_times[i]) / 2, no_times[i]);
        buffer_init(&der, HEX_MAX);
        make_crl(entry, &der);
        assert_int_equal(crl_read(buffer_bytes(&der), "a file", &crl, &error), CRL_BROKEN);
        assert_non_null(strstr(error.text, "revocationDate"));
        buffer_free(&der);
    }
}

/* Every beginning of a CRL, and one with something behind it. */
static void what_is_not_whole_is_no_crl(void **state)
{
    struct buffer der;
    struct error error;
    struct crl *crl;

    (void)state;
    buffer_init(&der, HEX_MAX);
    make_crl("3012" SERIAL TIME, &der);
    assert_true(crl_is(buffer_bytes(&der)));
    for (size_t size = 0; size < der.size; size++) {
        assert_false(crl_is(bytes_of(der.data, size)));
        assert_int_equal(crl_read(bytes_of(der.data, size), "a file", &crl, &error), CRL_BROKEN);
    }
    buffer_append_char(&der, '\0');
    assert_false(crl_is(buffer_bytes(&der)));
    buffer_free(&der);
}

/* libcrypto takes a primitive SEQUENCE for the list, too; to overlook its entries would be to overlook who is revoked. */
static void a_list_that_is_none_is_no_list(void **state)
{
    static const uint8_t tags[] = {0x10, 0x31, 0x04, 0x11};

    (void)state;
    for (size_t i = 0; i < sizeof(tags); i++) {
        struct buffer der;
        struct error error = {""};
        struct crl *crl;

        buffer_init(&der, HEX_MAX);
        make_crl_of(tags[i], "3012" SERIAL TIME, &der);
        assert_false(crl_is(buffer_bytes(&der)));
        assert_int_equal(crl_read(buffer_bytes(&der), "a file", &crl, &error), CRL_BROKEN);
        buffer_free(&der);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_as_libcrypto_does),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(what_is_not_whole_is_no_crl),
        cmocka_unit_test(a_list_that_is_none_is_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
