#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"
#include "x509/mapi_value.h"

/* MAPI's form of a userSMIMECertificate (MS-OXOABK 2.2.4.36). */

#define SETTING(tag, length) tag "\0" length "\0"

static X509 *root, *sub, *alice, *other;
static struct policy *policy;

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    alice = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    other = made_alice(MADE_RSA_2, sub, MADE_RSA_CA);
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    X509_free(root);
    X509_free(sub);
    X509_free(alice);
    X509_free(other);
    return 0;
}

static void reads_within_bounds(void **state)
{
    static const struct {
        const char *name;
        struct bytes bytes;
        const char *want; /* NULL: good */
    } rows[] = {
        {"nothing", {NULL, 0}, "no KeyExchangeCertificate setting"},
        {"half a header", {(const uint8_t *)"\x03\0\x05", 3}, "a setting's length is not that of its data"},
        {"length 0", {(const uint8_t *)SETTING("\x03", "\0"), 4}, "a setting's length is not that of its data"},
        {"length 3", {(const uint8_t *)SETTING("\x03", "\x03"), 4}, "a setting's length is not that of its data"},
        {"length beyond", {(const uint8_t *)SETTING("\x03", "\x06") "x", 5},
         "a setting's length is not that of its data"},
        {"length 65535", {(const uint8_t *)"\x03\0\xff\xffx", 5}, "a setting's length is not that of its data"},
        {"big-endian", {(const uint8_t *)"\0\x03\0\x05x", 5}, "a setting's length is not that of its data"},
        {"empty certificate", {(const uint8_t *)SETTING("\x03", "\x04"), 4}, "an empty KeyExchangeCertificate setting"},
        {"two certificates", {(const uint8_t *)SETTING("\x03", "\x05") "x" SETTING("\x03", "\x05") "y", 10},
         "two KeyExchangeCertificate settings"},
        {"only a hash", {(const uint8_t *)SETTING("\x22", "\x06") "xx", 6}, "only the hash of a certificate"},
        {"only a name", {(const uint8_t *)SETTING("\x0b", "\x06") "n\0", 6}, "no KeyExchangeCertificate setting"},
        {"rest", {(const uint8_t *)SETTING("\x03", "\x05") "xy", 6}, "a setting's length is not that of its data"},
        {"one", {(const uint8_t *)SETTING("\x03", "\x05") "x", 5}, NULL},
        {"among unknown ones", {(const uint8_t *)"\xff\xff\x04\0" SETTING("\x03", "\x05") "x" SETTING("\x01", "\x04"), 13},
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* A copy of its own, so that a sanitizer sees a read past the end. */
        struct blob *copy = blob_new(rows[i].bytes);
        struct mapi_value value;
        const char *fault = mapi_value_read(blob_bytes(copy), &value);

        if (rows[i].want == NULL ? fault != NULL : fault == NULL || strcmp(fault, rows[i].want) != 0) {
            fail_msg("%s: %s", rows[i].name, fault != NULL ? fault : "good");
        }
        if (fault == NULL) {
            assert_true(bytes_equal(value.key_exchange, bytes_of_string("x")));
        }
        blob_free(&copy);
    }
}

static void chain_settings_have_a_cap(void **state)
{
    struct buffer buffer;
    struct mapi_value value;

    (void)state;
    buffer_init(&buffer, MAX_VALUE_BYTES);
    buffer_append(&buffer, SETTING("\x03", "\x05") "x", 5);
    for (int i = 0; i < MAX_BUNDLE_CERTIFICATES - 1; i++) {
        buffer_append(&buffer, SETTING("\x04", "\x05") "c", 5);
    }
    assert_null(mapi_value_read(buffer_bytes(&buffer), &value));
    assert_int_equal(value.chain_count, MAX_BUNDLE_CERTIFICATES - 1);
    buffer_append(&buffer, SETTING("\x04", "\x05") "c", 5);
    assert_string_equal(mapi_value_read(buffer_bytes(&buffer), &value), "too many ChainCertificate settings");
    buffer_free(&buffer);
}

static void put(struct buffer *buffer, unsigned tag, struct blob *data)
{
    size_t length = data->size + 4;
    const uint8_t header[] = {(uint8_t)tag, (uint8_t)(tag >> 8), (uint8_t)length, (uint8_t)(length >> 8)};

    buffer_append(buffer, header, sizeof(header));
    buffer_append_bytes(buffer, blob_bytes(data));
    blob_free(&data);
}

/* As Outlook writes them: version, encoding, flags, name; then the certificates. */
static void put_rest(struct buffer *buffer)
{
    put(buffer, 0x0001, blob_new(bytes_of("\1\0\0\0", 4)));
    put(buffer, 0x0006, blob_new(bytes_of("\1\0\0\0", 4)));
    put(buffer, 0x0020, blob_new(bytes_of("\3\0\0\0", 4)));
    put(buffer, 0x0051, blob_new(bytes_of("A\0l\0\0\0", 6)));
    put(buffer, 0x0022, blob_new(bytes_of("01234567890123456789", 20)));
}

static void check(const char *what, struct buffer *buffer, enum reason want, const X509 *leaf)
{
    struct blob *value = blob_new(buffer_bytes(buffer)), *der = leaf != NULL ? made_blob(leaf) : NULL;
    struct answer_draft draft;

    made_judge(policy, MADE_ADDRESS, ATTRIBUTE_USER_SMIME_CERTIFICATE, &value, 1, &draft);
    if (draft.certificates[0].reason != want) {
        fail_msg("%s: %s (%s)", what, reason_word(draft.certificates[0].reason), draft.certificates[0].detail);
    }
    if ((der == NULL) != (draft.certificates[0].der == NULL) ||
        (der != NULL && !bytes_equal(blob_bytes(der), blob_bytes(draft.certificates[0].der)))) {
        fail_msg("%s: another leaf", what);
    }
    blob_free(&der);
    answer_draft_free(&draft);
    buffer_clear(buffer);
}

static void its_certificate_is_judged_with_its_chain(void **state)
{
    X509 *const message[] = {alice, sub}, *const stranger[] = {other, sub};
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, MAX_VALUE_BYTES);
    put_rest(&buffer);
    put(&buffer, 0x0003, made_blob(alice));
    check("no chain", &buffer, REASON_UNTRUSTED, alice);

    put(&buffer, 0x0004, made_blob(sub));
    put_rest(&buffer);
    put(&buffer, 0x0003, made_blob(alice));
    put(&buffer, 0x0004, made_blob(root));
    check("chain", &buffer, REASON_USABLE, alice);

    put(&buffer, 0x0003, made_bundle(message, 2, false));
    check("a message inside", &buffer, REASON_USABLE, alice);

    /* Whatever else stands there, the setting says to whom to encrypt. */
    put(&buffer, 0x0003, made_blob(alice));
    put(&buffer, 0x0004, made_blob(other));
    put(&buffer, 0x0008, made_bundle(stranger, 2, false));
    check("others are no recipients", &buffer, REASON_UNTRUSTED, alice);

    put(&buffer, 0x0003, made_blob(alice));
    put(&buffer, 0x0004, blob_new(bytes_of_string("garbage")));
    put(&buffer, 0x0004, made_blob(sub));
    check("garbage in the chain", &buffer, REASON_USABLE, alice);

    put(&buffer, 0x0003, blob_new(bytes_of_string("garbage")));
    put(&buffer, 0x0004, made_blob(sub));
    check("garbage", &buffer, REASON_MALFORMED, NULL);
    buffer_free(&buffer);
}

static void cut_anywhere_it_is_malformed(void **state)
{
    struct buffer buffer;
    struct blob *whole;

    (void)state;
    buffer_init(&buffer, MAX_VALUE_BYTES);
    put_rest(&buffer);
    put(&buffer, 0x0004, made_blob(sub));
    put(&buffer, 0x0003, made_blob(alice));
    whole = blob_new(buffer_bytes(&buffer));
    check("whole", &buffer, REASON_USABLE, alice);
    for (size_t size = 0; size < whole->size; size++) {
        buffer_append(&buffer, whole->data, size);
        check("cut", &buffer, REASON_MALFORMED, NULL);
    }
    blob_free(&whole);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_within_bounds),
        cmocka_unit_test(chain_settings_have_a_cap),
        cmocka_unit_test(its_certificate_is_judged_with_its_chain),
        cmocka_unit_test(cut_anywhere_it_is_malformed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
