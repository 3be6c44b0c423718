#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made.h"

/* The forms of values, several values side by side, and the order of verdicts. */

#define SAN "subjectAltName=email:" MADE_ADDRESS
#define EMAIL "extendedKeyUsage=emailProtection"
#define SMIME ATTRIBUTE_USER_SMIME_CERTIFICATE
#define USER ATTRIBUTE_USER_CERTIFICATE

static X509 *root, *sub, *alice, *signing, *second;
static struct policy *policy;

static X509 *issued(enum made_key key, const char *usage, const char *extended, const char *name, int64_t from)
{
    return made_certificate(
        &(struct made){.key = key,
                       .issuer = root,
                       .issuer_key = MADE_RSA_ROOT,
                       .from = from,
                       .until = MADE_DAY * 300,
                       .extensions = {name, usage != NULL ? usage : extended, usage != NULL ? extended : NULL}});
}

static int setup(void **state)
{
    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_intermediate("CN=Sub", MADE_RSA_CA, root, MADE_RSA_ROOT);
    alice = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    second = made_alice(MADE_RSA_2, sub, MADE_RSA_CA);
    signing = made_certificate(&(struct made){.key = MADE_RSA_2,
                                              .issuer = sub,
                                              .issuer_key = MADE_RSA_CA,
                                              .extensions = {"keyUsage=digitalSignature", EMAIL, SAN}});
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
    X509_free(second);
    X509_free(signing);
    return 0;
}

static void check_one(const char *what, enum attribute attribute, struct blob *value, enum reason want,
                      const X509 *leaf)
{
    struct answer_draft draft;
    struct blob *der = leaf != NULL ? made_blob(leaf) : NULL;

    made_judge(policy, MADE_ADDRESS, attribute, &value, 1, &draft);
    if (draft.certificates[0].reason != want) {
        fail_msg("%s: %s (%s)", what, reason_word(draft.certificates[0].reason), draft.certificates[0].detail);
    }
    if ((der == NULL) != (draft.certificates[0].der == NULL) ||
        (der != NULL && !bytes_equal(blob_bytes(der), blob_bytes(draft.certificates[0].der)))) {
        fail_msg("%s: another leaf", what);
    }
    blob_free(&der);
    answer_draft_free(&draft);
}

static void bundles_are_taken_apart(void **state)
{
    X509 *other = made_certificate(&(struct made){.key = MADE_RSA,
                                                  .issuer = sub,
                                                  .issuer_key = MADE_RSA_CA,
                                                  .extensions = {"subjectAltName=email:bob@example.org"}});
    X509 *const chain[] = {alice, sub, root}, *const upside_down[] = {root, sub, alice},
                *const pair[] = {signing, alice, sub};
    X509 *const strangers[] = {other, sub, alice}, *const alone[] = {alice}, *const signs[] = {signing, sub};
    X509 *const authorities[] = {sub, root};

    (void)state;
    for (int indefinite = 0; indefinite < 2; indefinite++) {
        check_one("chain", SMIME, made_bundle(chain, 3, indefinite), REASON_USABLE, alice);
        check_one("upside down", SMIME, made_bundle(upside_down, 3, indefinite), REASON_USABLE, alice);
        check_one("signing and encryption", SMIME, made_bundle(pair, 3, indefinite), REASON_USABLE, alice);
        check_one("a stranger first", SMIME, made_bundle(strangers, 3, indefinite), REASON_USABLE, alice);
        check_one("without chain", SMIME, made_bundle(alone, 1, indefinite), REASON_UNTRUSTED, alice);
        check_one("signing only", SMIME, made_bundle(signs, 2, indefinite), REASON_WRONG_KEY_USAGE, signing);
        check_one("nothing inside", SMIME, made_bundle(NULL, 0, indefinite), REASON_MALFORMED, NULL);
        check_one("in the wrong attribute", USER, made_bundle(chain, 3, indefinite), REASON_MALFORMED, NULL);
    }
    check_one("CAs only", SMIME, made_bundle(authorities, 1, false), REASON_ADDRESS_MISMATCH, sub);
    check_one("bare", SMIME, made_blob(alice), REASON_UNTRUSTED, alice);
    X509_free(other);
}

static struct blob *changed(struct blob *from, const char *before, size_t cut, const char *after)
{
    struct buffer buffer;
    struct blob *blob;

    buffer_init(&buffer, 1024 * 1024);
    buffer_append_string(&buffer, before);
    buffer_append(&buffer, from->data, from->size - cut);
    buffer_append_string(&buffer, after);
    blob = blob_new(buffer_bytes(&buffer));
    buffer_free(&buffer);
    blob_free(&from);
    return blob;
}

static void garbage_is_malformed(void **state)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "0",
                                        "\x30\x80",
                                        "\x30\x03\x02\x01\x01",
                                        "-----BEGIN CERTIFICATE-----\n",
                                        "\x30\x84\xff\xff\xff\xff",
                                        "\x30\x80\x06\x09",
                                        "\x01\x00\x01\x00"};
    X509 *const chain[] = {alice, sub};
    struct blob *large = made_blob(alice), *grown;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_one(texts[i], USER, blob_new(bytes_of_string(texts[i])), REASON_MALFORMED, NULL);
        check_one(texts[i], SMIME, blob_new(bytes_of_string(texts[i])), REASON_MALFORMED, NULL);
    }
    for (int attribute = 0; attribute < 2; attribute++) {
        check_one("byte after it", (enum attribute)attribute, changed(made_blob(alice), "", 0, "x"), REASON_MALFORMED,
                  NULL);
        check_one("byte before it", (enum attribute)attribute, changed(made_blob(alice), "x", 0, ""), REASON_MALFORMED,
                  NULL);
        check_one("last byte missing", (enum attribute)attribute, changed(made_blob(alice), "", 1, ""),
                  REASON_MALFORMED, NULL);
    }
    for (int indefinite = 0; indefinite < 2; indefinite++) {
        check_one("bundle, byte after it", SMIME, changed(made_bundle(chain, 2, indefinite), "", 0, "x"),
                  REASON_MALFORMED, NULL);
        check_one("bundle, byte missing", SMIME, changed(made_bundle(chain, 2, indefinite), "", 1, ""),
                  REASON_MALFORMED, NULL);
    }
    grown = calloc(1, sizeof(*grown) + MAX_VALUE_BYTES + 1);
    blob_free(&large);
    large = blob_new((struct bytes){(uint8_t *)(grown + 1), MAX_VALUE_BYTES + 1});
    free(grown);
    check_one("too large", USER, large, REASON_MALFORMED, NULL);
}

/* libcrypto takes BER for a certificate; RFC 5280 4.1 does not. */
static void ber_is_no_certificate(void **state)
{
    struct blob *der = made_blob(alice), *value;
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1024 * 1024);
    buffer_append(&buffer, "\x30\x80", 2);
    buffer_append(&buffer, der->data + 4, der->size - 4);
    buffer_append(&buffer, "\0\0", 2);
    value = blob_new(buffer_bytes(&buffer));
    check_one("indefinite length", USER, value, REASON_MALFORMED, NULL);
    buffer_clear(&buffer);
    buffer_append(&buffer, "\x30\x83\0", 3);
    buffer_append(&buffer, der->data + 2, der->size - 2);
    value = blob_new(buffer_bytes(&buffer));
    check_one("length longer than need be", USER, value, REASON_MALFORMED, NULL);
    buffer_free(&buffer);
    blob_free(&der);
}

static void a_bundle_helps_all_values(void **state)
{
    X509 *const chain[] = {second, sub};
    struct blob *values[] = {made_blob(alice), made_bundle(chain, 2, false)};
    struct candidate candidates[] = {
        {values[0], {"corp", "uid=alice", USER, 0}},
        {values[1], {"corp", "uid=alice", SMIME, 0}},
    };
    struct answer_draft draft;

    (void)state;
    made_judge_candidates(policy, MADE_ADDRESS, candidates, 2, &draft);
    assert_int_equal(draft.usable_count, 2);
    answer_draft_free(&draft);
    blob_free(&values[0]);
    blob_free(&values[1]);
}

static void a_bad_value_never_hides_a_good_one(void **state)
{
    X509 *expired = made_certificate(&(struct made){
        .key = MADE_RSA, .issuer = root, .issuer_key = MADE_RSA_ROOT, .from = -9, .until = -1, .extensions = {SAN}});
    X509 *good = issued(MADE_RSA, NULL, EMAIL, SAN, -5), *revoked = issued(MADE_RSA_2, NULL, EMAIL, SAN, -5);
    X509_CRL *crl =
        made_crl(&(struct made_crl){.issuer = root, .key = MADE_RSA_ROOT, .crl_reason = 1, .revoked = {revoked}});
    struct policy *checks = made_policy(&(struct made_policy){
        .anchors = (X509 *[]){root, NULL}, .crls = (X509_CRL *[]){crl, NULL}, .revocation = REVOCATION_MODE_REQUIRE});

    (void)state;
    for (size_t place = 0; place < 4; place++) {
        struct blob *bad[] = {made_blob(expired), made_blob(revoked), blob_new(bytes_of_string("garbage"))};
        struct blob *values[4];
        struct answer_draft draft;

        for (size_t i = 0, b = 0; i < 4; i++) {
            values[i] = i == place ? made_blob(good) : bad[b++];
        }
        made_judge(checks, MADE_ADDRESS, USER, values, 4, &draft);
        assert_int_equal(draft.certificate_count, 4);
        assert_int_equal(draft.usable_count, 1);
        assert_int_equal(draft.certificates[0].source.index, place);
        assert_int_equal(draft.certificates[1].reason, REASON_REVOKED);
        assert_int_equal(draft.certificates[2].reason, REASON_EXPIRED);
        assert_int_equal(draft.certificates[3].reason, REASON_MALFORMED);
        answer_draft_free(&draft);
    }
    policy_free(&checks);
    X509_CRL_free(crl);
    X509_free(expired);
    X509_free(good);
    X509_free(revoked);
}

static void two_good_ones_stay_two_and_equal_ones_are_one(void **state)
{
    X509 *first = issued(MADE_RSA, NULL, EMAIL, SAN, -5), *other = issued(MADE_RSA, NULL, EMAIL, SAN, -5);
    struct blob *values[] = {made_blob(first), made_blob(other), made_blob(first), made_blob(other)};
    struct answer_draft draft;

    (void)state;
    made_judge(policy, MADE_ADDRESS, USER, values, 4, &draft);
    assert_int_equal(draft.certificate_count, 2);
    assert_int_equal(draft.usable_count, 2);
    assert_true(draft.certificates[0].source.index < 2 && draft.certificates[1].source.index < 2);
    assert_string_equal(draft.certificates[0].source.directory, "corp");
    assert_string_equal(draft.certificates[0].source.dn, "uid=alice,dc=example");
    answer_draft_free(&draft);
    made_judge(policy, MADE_ADDRESS, USER, NULL, 0, &draft);
    assert_int_equal(draft.certificate_count, 0);
    answer_draft_free(&draft);
    X509_free(first);
    X509_free(other);
}

/* One value in both attributes, in this order and in the other. */
static void judge_in_both(struct blob *value, bool smime_first, struct answer_draft *draft)
{
    const struct candidate candidates[] = {
        {value, {"corp", "uid=alice", smime_first ? SMIME : USER, 0}},
        {value, {"corp", "uid=alice", smime_first ? USER : SMIME, 0}},
    };

    made_judge_candidates(policy, MADE_ADDRESS, candidates, 2, draft);
}

static void the_same_octets_elsewhere_never_hide_a_good_value(void **state)
{
    X509 *good = issued(MADE_RSA, NULL, EMAIL, SAN, -5), *const chain[] = {alice, sub};
    struct blob *bundle = made_bundle(chain, 2, false), *bare = made_blob(good);
    struct answer_draft draft;

    (void)state;
    for (int smime_first = 0; smime_first < 2; smime_first++) {
        judge_in_both(bundle, smime_first, &draft);
        assert_int_equal(draft.certificate_count, 2);
        assert_int_equal(draft.usable_count, 1);
        assert_int_equal(draft.certificates[0].source.attribute, SMIME);
        assert_int_equal(draft.certificates[1].reason, REASON_MALFORMED);
        answer_draft_free(&draft);
        judge_in_both(bare, smime_first, &draft);
        assert_int_equal(draft.certificate_count, 1);
        assert_int_equal(draft.usable_count, 1);
        answer_draft_free(&draft);
    }
    blob_free(&bundle);
    blob_free(&bare);
    X509_free(good);
}

/* Best first, each differing from the one before it in one step of the order. */
static void the_best_stands_first(void **state)
{
    static const struct {
        const char *name;
        enum made_key key;
        const char *usage, *extended;
        bool in_subject;
        int64_t from;
    } ranked[] = {
        {"all it can be", MADE_RSA, "keyUsage=keyEncipherment", EMAIL, false, -1},
        {"older", MADE_RSA, "keyUsage=keyEncipherment", EMAIL, false, -2},
        {"address in the subject", MADE_RSA, "keyUsage=keyEncipherment", EMAIL, true, -1},
        {"EC", MADE_P256, "keyUsage=keyAgreement", EMAIL, false, -1},
        {"signs as well", MADE_RSA, "keyUsage=digitalSignature,keyEncipherment", EMAIL, false, -1},
        {"EC, signs as well", MADE_P256, "keyUsage=digitalSignature,keyAgreement", EMAIL, false, -1},
        {"does anything", MADE_RSA, "keyUsage=digitalSignature,nonRepudiation,keyEncipherment", EMAIL, false, -1},
        {"states no usage, older", MADE_RSA, NULL, EMAIL, false, -3},
        {"anyExtendedKeyUsage", MADE_RSA, "keyUsage=keyEncipherment", "extendedKeyUsage=anyExtendedKeyUsage", false,
         -1},
        {"no extended usage, older", MADE_RSA, "keyUsage=keyEncipherment", NULL, false, -9},
    };
    enum { COUNT = sizeof(ranked) / sizeof(ranked[0]) };
    struct blob *values[COUNT], *kept[COUNT];
    struct answer_draft draft;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct made made = {.key = ranked[i].key,
                            .issuer = root,
                            .issuer_key = MADE_RSA_ROOT,
                            .from = ranked[i].from,
                            .until = MADE_DAY};
        size_t used = 0;
        X509 *leaf;

        made.names[0] = (struct made_name){ranked[i].in_subject ? MADE_SUBJECT_IA5 : MADE_RFC822, MADE_ADDRESS, 0};
        if (ranked[i].usage != NULL) {
            made.extensions[used++] = ranked[i].usage;
        }
        made.extensions[used] = ranked[i].extended;
        leaf = made_certificate(&made);
        kept[i] = made_blob(leaf);
        X509_free(leaf);
    }
    for (size_t turn = 0; turn < COUNT; turn++) {
        for (size_t i = 0; i < COUNT; i++) {
            values[i] = blob_ref(kept[(i * 3 + turn) % COUNT]);
        }
        made_judge(policy, MADE_ADDRESS, USER, values, COUNT, &draft);
        assert_int_equal(draft.usable_count, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            if (draft.certificates[i].value != kept[i]) {
                fail_msg("%s stands elsewhere", ranked[i].name);
            }
        }
        answer_draft_free(&draft);
    }
    for (size_t i = 0; i < COUNT; i++) {
        blob_free(&kept[i]);
    }
}

/* Those that nothing tells apart but their octets: in one order, whatever that of the directory. */
static void the_order_of_equally_good_ones_is_stable(void **state)
{
    enum { COUNT = 5 };
    struct blob *kept[COUNT], *first_order[COUNT] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        X509 *leaf = issued(MADE_RSA, NULL, EMAIL, SAN, -5);
        kept[i] = made_blob(leaf);
        X509_free(leaf);
    }
    for (size_t turn = 0; turn < COUNT; turn++) {
        struct blob *values[COUNT];
        struct answer_draft draft;

        for (size_t i = 0; i < COUNT; i++) {
            values[i] = blob_ref(kept[(i * 2 + turn) % COUNT]);
        }
        made_judge(policy, MADE_ADDRESS, USER, values, COUNT, &draft);
        assert_int_equal(draft.usable_count, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            first_order[i] = turn == 0 ? draft.certificates[i].value : first_order[i];
            assert_ptr_equal(draft.certificates[i].value, first_order[i]);
        }
        answer_draft_free(&draft);
    }
    for (size_t i = 0; i < COUNT; i++) {
        blob_free(&kept[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_are_taken_apart),
        cmocka_unit_test(garbage_is_malformed),
        cmocka_unit_test(ber_is_no_certificate),
        cmocka_unit_test(a_bundle_helps_all_values),
        cmocka_unit_test(a_bad_value_never_hides_a_good_one),
        cmocka_unit_test(two_good_ones_stay_two_and_equal_ones_are_one),
        cmocka_unit_test(the_same_octets_elsewhere_never_hide_a_good_value),
        cmocka_unit_test(the_best_stands_first),
        cmocka_unit_test(the_order_of_equally_good_ones_is_stable),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
