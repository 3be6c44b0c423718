#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <pthread.h>

#include "tests/unit/made.h"
#include "tests/unit/scarce.h"

/* Changed bytes, memory that runs out, many threads: the verdict is the right one or none. */

static X509 *root, *sub, *alice, *curved;
static X509_CRL *crl;
static struct policy *policy;

/* The allocators that scarce.c stands before. */
void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);

/* libcrypto's allocations: the nth one fails. Ours are scarce.c's. */
static int crypto_left;
static bool crypto_failed;

static bool crypto_fails(void)
{
    if (crypto_left <= 0 || --crypto_left > 0) {
        return false;
    }
    return crypto_failed = true;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return crypto_fails() ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return crypto_fails() ? NULL : __real_realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

static int setup(void **state)
{
    static const char *const oids[] = {"1.2.3.4", "any"};

    (void)state;
    root = made_root("CN=Root", MADE_RSA_ROOT);
    sub = made_certificate(&(struct made){
        .subject = "CN=Sub",
        .key = MADE_RSA_CA,
        .issuer = root,
        .issuer_key = MADE_RSA_ROOT,
        .extensions = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                       "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always",
                       "nameConstraints=critical,permitted;email:example.org,excluded;email:bob@example.org"},
    });
    alice = made_alice(MADE_RSA, sub, MADE_RSA_CA);
    curved = made_alice(MADE_P256, sub, MADE_RSA_CA);
    crl = made_crl(&(struct made_crl){.issuer = sub, .key = MADE_RSA_CA, .crl_reason = -1});
    policy = made_policy(&(struct made_policy){.anchors = (X509 *[]){root, NULL},
                                               .intermediates = (X509 *[]){sub, NULL},
                                               .crls = (X509_CRL *[]){crl, NULL},
                                               .revocation = REVOCATION_MODE_PREFER,
                                               .settings = {.oids = oids, .oid_count = 2}});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(&policy);
    X509_free(root);
    X509_free(sub);
    X509_free(alice);
    X509_free(curved);
    X509_CRL_free(crl);
    return 0;
}

static enum reason reason_of(enum attribute attribute, struct blob *value)
{
    struct answer_draft draft;
    enum reason reason;

    made_judge(policy, MADE_ADDRESS, attribute, &value, 1, &draft);
    reason = draft.certificates[0].reason;
    assert_true(strlen(draft.certificates[0].detail) <= MAX_DETAIL_BYTES);
    answer_draft_free(&draft);
    return reason;
}

static void no_changed_bit_makes_another_usable_certificate(void **state)
{
    struct blob *good = made_blob(alice);

    (void)state;
    for (size_t at = 0; at < good->size; at++) {
        for (int bit = 0; bit < 8; bit += 1 + (int)(at % 3)) {
            struct blob *changed = blob_new(blob_bytes(good));

            changed->data[at] ^= (uint8_t)(1U << bit);
            if (reason_of(ATTRIBUTE_USER_CERTIFICATE, changed) == REASON_USABLE) {
                fail_msg("usable with bit %d of octet %zu changed", bit, at);
            }
        }
    }
    blob_free(&good);
}

/* Pieces of the good value put together at random. */
static void no_shuffled_bytes_are_usable(void **state)
{
    X509 *const chain[] = {alice, sub, root};
    struct blob *good = made_blob(alice), *bundle = made_bundle(chain, 3, true);
    uint32_t random = 1;

    (void)state;
    for (int turn = 0; turn < 2000; turn++) {
        const struct blob *from = turn % 2 == 0 ? good : bundle;
        struct blob *changed = blob_new(blob_bytes(from));

        for (int cut = 0; cut < 1 + turn % 4; cut++) {
            size_t to, size;

            random = random * 1664525U + 1013904223U;
            to = (random >> 8) % from->size;
            random = random * 1664525U + 1013904223U;
            size = 1 + (random >> 8) % 64;
            for (size_t i = 0; i < size && to + i < from->size; i++) {
                changed->data[to + i] = from->data[(random + i) % from->size];
            }
        }
        if (from == good && !bytes_equal(blob_bytes(changed), blob_bytes(good))) {
            assert_int_not_equal(reason_of(ATTRIBUTE_USER_CERTIFICATE, changed), REASON_USABLE);
        } else {
            reason_of(ATTRIBUTE_USER_SMIME_CERTIFICATE, changed); /* a change may hit what nobody needs */
        }
    }
    blob_free(&good);
    blob_free(&bundle);
}

/* Of ours and of libcrypto's allocations, the ones that fail; 0: none. */
static int judge_all(int ours, int of_libcrypto, struct answer_draft *draft, bool *failed)
{
    X509 *const chain[] = {alice, sub};
    struct blob *values[] = {made_blob(alice), made_bundle(chain, 2, false), made_blob(curved)};
    const struct candidate candidates[] = {
        {values[0], {"corp", "uid=alice", ATTRIBUTE_USER_CERTIFICATE, 0}},
        {values[1], {"corp", "uid=alice", ATTRIBUTE_USER_SMIME_CERTIFICATE, 0}},
        {values[2], {"corp", "uid=alice", ATTRIBUTE_USER_CERTIFICATE, 1}},
    };
    struct policies *policies = policies_of(policy);
    struct address address;
    const struct judge_request request = {policies, NULL, &address, candidates, 3, MADE_NOW, false};
    int result;

    *draft = (struct answer_draft){0};
    assert_int_equal(address_parse(bytes_of_string(MADE_ADDRESS), &address), ADDRESS_OK);
    crypto_failed = false;
    crypto_left = of_libcrypto;
    scarce_begin(ours);
    result = judge(&request, draft, NULL);
    crypto_left = 0;
    *failed = scarce_end() || crypto_failed;
    policies_free(&policies);
    blob_free(&values[0]);
    blob_free(&values[1]);
    blob_free(&values[2]);
    return result;
}

static void check_all_or_nothing(int result, struct answer_draft *draft, int nth)
{
    if (result == 0) {
        if (draft->usable_count != 3) {
            fail_msg("allocation %d: %s (%s)", nth, reason_word(draft->certificates[draft->usable_count].reason),
                     draft->certificates[draft->usable_count].detail);
        }
    } else {
        assert_null(draft->certificates);
        assert_int_equal(draft->certificate_count, 0);
    }
    answer_draft_free(draft);
}

static void short_of_memory_there_is_no_verdict(void **state)
{
    struct answer_draft draft;
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        int result = judge_all(nth, 0, &draft, &failed);

        check_all_or_nothing(result, &draft, nth);
    }
}

static void with_libcrypto_short_of_memory_there_is_no_verdict(void **state)
{
    struct answer_draft draft;
    bool failed = true;

    (void)state;
    for (int nth = 1; failed; nth++) {
        int result = judge_all(0, nth, &draft, &failed);

        check_all_or_nothing(result, &draft, nth);
    }
}

static void *judge_often(void *context)
{
    (void)context;
    for (int turn = 0; turn < 50; turn++) {
        struct blob *value = made_blob(alice);
        struct answer_draft draft;
        struct policy *mine = policy_ref(policy);

        made_judge(mine, MADE_ADDRESS, ATTRIBUTE_USER_CERTIFICATE, &value, 1, &draft);
        if (draft.usable_count != 1) {
            abort();
        }
        answer_draft_free(&draft);
        policy_free(&mine);
    }
    return NULL;
}

static void threads_share_a_policy(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, judge_often, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_changed_bit_makes_another_usable_certificate),
        cmocka_unit_test(no_shuffled_bytes_are_usable),
        cmocka_unit_test(short_of_memory_there_is_no_verdict),
        cmocka_unit_test(with_libcrypto_short_of_memory_there_is_no_verdict),
        cmocka_unit_test(threads_share_a_policy),
    };

    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
        return 1;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
