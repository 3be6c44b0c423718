#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/answer.h"
#include "tests/unit/scarce.h"

static struct blob *blob_of(const char *text)
{
    return blob_new(bytes_of_string(text));
}

static struct certificate certificate_of(const char *text, const char *dn, enum reason reason)
{
    struct certificate certificate = {
        .value = blob_of(text),
        .chain = calloc(2, sizeof(struct blob *)),
        .chain_count = 2,
        .source = {strdup("corp"), strdup(dn), ATTRIBUTE_USER_CERTIFICATE, 3, strdup("alice@example.org\n")},
        .reason = reason,
        .detail = strdup(reason == REASON_USABLE ? "" : "why not"),
        .revocation = {REVOCATION_GOOD, 0, -1, 10, 20},
        .not_after = 1000,
        .links = calloc(2, sizeof(uint64_t)),
        .link_count = 2,
        .trail = trail_new(),
    };

    certificate.der = blob_ref(certificate.value);
    certificate.links[0] = 0x1111;
    certificate.links[1] = 0x2222;
    assert_non_null(certificate.trail);
    assert_int_equal(trail_set(&certificate.trail->place, "first: the only one"), 0);
    certificate.chain[0] = blob_intern(bytes_of_string("intermediate"));
    certificate.chain[1] = blob_intern(bytes_of_string("root"));
    return certificate;
}

static void draft_fill(struct answer_draft *draft)
{
    *draft = (struct answer_draft){
        .outcome = OUTCOME_FOUND,
        .reason = REASON_USABLE,
        .partial = true,
        .generation = 7,
        .policy = digest_sha256(bytes_of_string("policy")),
        .made_at = 1,
        .fresh_until = 2,
        .stale_until = 3,
        .retry_after_s = 4,
        .certificates = calloc(8, sizeof(struct certificate)),
        .certificate_count = 3,
        .usable_count = 1,
        .asked = calloc(4, sizeof(struct asked)),
        .asked_count = 2,
    };
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &draft->address), ADDRESS_OK);
    draft->certificates[0] = certificate_of("first", "cn=alice", REASON_USABLE);
    draft->certificates[1] = certificate_of("second", "cn=alice", REASON_EXPIRED);
    draft->certificates[2] = (struct certificate){ /* as a value that is no certificate */
        .value = blob_of("third"), .source = {strdup("corp"), NULL, ATTRIBUTE_USER_SMIME_CERTIFICATE, 0},
        .reason = REASON_MALFORMED, .detail = strdup("why not"),
    };
    draft->asked[0] = (struct asked){strdup("corp"), ASKED_ANSWERED, 5, 1, 3, strdup("")};
    draft->asked[1] = (struct asked){strdup("partner"), ASKED_TIMED_OUT, 3000, 0, 0, strdup("no answer in 3000 ms")};
}

static void answer_check(const struct answer *answer)
{
    const struct certificate *first = &answer->certificates[0];

    assert_string_equal(answer->address.text, "alice@example.org");
    assert_int_equal(answer->address.size, 17);
    assert_int_equal(answer->outcome, OUTCOME_FOUND);
    assert_true(answer->partial);
    assert_int_equal(answer->generation, 7);
    assert_int_equal(answer->stale_until, 3);
    assert_int_equal(answer->retry_after_s, 4);
    assert_int_equal(answer->certificate_count, 3);
    assert_int_equal(answer->usable_count, 1);
    assert_memory_equal(first->der->data, "first", 5);
    assert_memory_equal(first->chain[1]->data, "root", 4);
    assert_string_equal(first->source.dn, "cn=alice");
    assert_int_equal(first->source.index, 3);
    assert_string_equal(first->source.mails, "alice@example.org\n");
    assert_int_equal(first->link_count, 2);
    assert_int_equal(first->links[0], 0x1111);
    assert_int_equal(answer->certificates[1].links[1], 0x2222);
    assert_string_equal(first->trail->place, "first: the only one");
    assert_string_equal(first->detail, "");
    assert_int_equal(first->revocation.next_update, 20);
    assert_ptr_equal(first->chain[0], answer->certificates[1].chain[0]);
    assert_memory_equal(answer->certificates[1].value->data, "second", 6);
    assert_string_equal(answer->certificates[2].source.dn, "");
    assert_string_equal(answer->certificates[2].source.mails, "");
    assert_null(answer->certificates[2].links);
    assert_null(answer->certificates[2].trail);
    assert_null(answer->certificates[2].der);
    assert_int_equal(answer->certificates[2].chain_count, 0);
    assert_int_equal(answer->asked_count, 2);
    assert_string_equal(answer->asked[0].error, "");
    assert_string_equal(answer->asked[1].directory, "partner");
    assert_string_equal(answer->asked[1].error, "no answer in 3000 ms");
    assert_int_equal(answer->asked[1].duration_ms, 3000);
}

/* The digest of the best certificate is made, or taken from who has it already; without a usable one there is none. */
static void the_digest_is_made_or_taken(void **state)
{
    static const uint8_t zeros[ANSWER_DIGEST_BYTES], taken[ANSWER_DIGEST_BYTES] = {1, 2, 3};
    struct digest made = digest_sha256(bytes_of_string("first"));
    struct answer_draft draft;
    struct answer *answer;

    (void)state;
    draft_fill(&draft);
    answer = answer_make(&draft);
    assert_memory_equal(answer->best_digest, made.bytes, ANSWER_DIGEST_BYTES);
    answer_free(&answer);
    draft.is_digested = true;
    memcpy(draft.best_digest, taken, sizeof(taken));
    answer = answer_make(&draft);
    assert_memory_equal(answer->best_digest, taken, ANSWER_DIGEST_BYTES);
    answer_free(&answer);
    draft.usable_count = 0;
    answer = answer_make(&draft);
    assert_memory_equal(answer->best_digest, zeros, ANSWER_DIGEST_BYTES);
    answer_free(&answer);
    answer_draft_free(&draft);
}

static void an_answer_outlives_its_draft(void **state)
{
    struct answer_draft draft;
    struct answer *answer, *second;

    (void)state;
    draft_fill(&draft);
    answer = answer_make(&draft);
    answer_draft_free(&draft);
    answer_draft_free(&draft);
    answer_check(answer);
    second = answer_ref(answer);
    assert_ptr_equal(second, answer);
    answer_free(&answer);
    assert_null(answer);
    answer_check(second);
    answer_free(&second);
    answer_free(&second);
    assert_null(answer_ref(NULL));
}

/* Of a draft whose strings are not its own, as a record's: no reference is counted, and none is left behind. */
static void an_answer_takes_over(void **state)
{
    struct answer_draft owner, draft;
    struct answer *answer = NULL;
    int nth = 0;

    (void)state;
    draft_fill(&owner);
    draft = owner;
    do {
        assert_null(answer);
        assert_int_equal(draft.certificate_count, 3);
        scarce_begin(++nth);
        answer = answer_take(&draft);
    } while (scarce_end());
    assert_int_equal(draft.certificate_count, 0);
    assert_int_equal(draft.usable_count, 0);
    answer_check(answer);
    for (size_t i = 0; i < 3; i++) {
        struct certificate *from = &owner.certificates[i];
        assert_ptr_equal(answer->certificates[i].value, from->value);
        assert_int_equal(from->value->references, from->der != NULL ? 2 : 1);
        from->value = from->der = NULL;
        from->trail = NULL;
        from->chain_count = 0;
    }
    answer_draft_free(&owner);
    answer_check(answer);
    answer_free(&answer);
}

static void equal_strings_stand_once(void **state)
{
    struct answer_draft draft;
    struct answer *answer;

    (void)state;
    draft_fill(&draft);
    answer = answer_make(&draft);
    assert_ptr_equal(answer->certificates[0].source.directory, answer->asked[0].directory);
    assert_ptr_equal(answer->certificates[0].source.dn, answer->certificates[1].source.dn);
    assert_ptr_equal(answer->certificates[0].source.mails, answer->certificates[1].source.mails);
    assert_ptr_equal(answer->certificates[1].detail, answer->certificates[2].detail);
    answer_free(&answer);
    answer_draft_free(&draft);
}

static void cost_counts_block_and_values(void **state)
{
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_NO_ENTRY};
    struct answer *empty = answer_make(&draft), *full, *larger;
    static const uint8_t zeros[50000];

    (void)state;
    assert_true(empty->memory_bytes >= sizeof(*empty) && empty->memory_bytes < sizeof(*empty) + 64);
    assert_string_equal(empty->address.text, "");
    answer_free(&empty);

    draft_fill(&draft);
    full = answer_make(&draft);
    blob_free(&draft.certificates[0].value);
    draft.certificates[0].value = blob_new(bytes_of(zeros, sizeof(zeros)));
    larger = answer_make(&draft);
    assert_in_range(larger->memory_bytes - full->memory_bytes, sizeof(zeros), sizeof(zeros) + 100);
    answer_free(&larger);
    answer_free(&full);
    answer_draft_free(&draft);
}

static void out_of_memory(void **state)
{
    struct answer_draft draft;
    struct answer *answer = NULL;
    int nth = 0;

    (void)state;
    draft_fill(&draft);
    do {
        assert_null(answer);
        scarce_begin(++nth);
        answer = answer_make(&draft);
    } while (scarce_end());
    assert_int_equal(nth, 3);
    answer_check(answer);
    answer_free(&answer);
    answer_draft_free(&draft);
}

static void the_internal_error_is_always_there(void **state)
{
    struct answer *answer = answer_ref(answer_internal_error());

    (void)state;
    for (int i = 0; i < 5; i++) {
        answer = answer_internal_error();
        assert_int_equal(answer->outcome, OUTCOME_UNKNOWN);
        assert_int_equal(answer->reason, REASON_INTERNAL);
        assert_string_equal(answer->address.text, "");
        assert_int_equal(answer->certificate_count, 0);
        assert_int_equal(answer->asked_count, 0);
        answer_free(&answer);
        assert_null(answer);
    }
}

static void *share(void *context)
{
    for (int i = 0; i < 5000; i++) {
        struct answer *answer = answer_ref(context);

        answer_free(&answer);
        answer = answer_internal_error();
        answer_free(&answer);
    }
    return context;
}

static void threads_share_an_answer(void **state)
{
    pthread_t threads[4];
    struct answer_draft draft;
    struct answer *answer;

    (void)state;
    draft_fill(&draft);
    answer = answer_make(&draft);
    answer_draft_free(&draft);
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, share, answer);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    answer_check(answer);
    answer_free(&answer);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(attribute_name(ATTRIBUTE_USER_CERTIFICATE), "userCertificate");
    assert_string_equal(attribute_name(ATTRIBUTE_USER_SMIME_CERTIFICATE), "userSMIMECertificate");
    assert_string_equal(revocation_word(REVOCATION_NOT_CHECKED), "not_checked");
    assert_string_equal(revocation_word(REVOCATION_GOOD), "good");
    assert_string_equal(revocation_word(REVOCATION_UNKNOWN), "unknown");
    assert_string_equal(revocation_word(REVOCATION_REVOKED), "revoked");
    assert_string_equal(asked_word(ASKED_ANSWERED), "answered");
    assert_string_equal(asked_word(ASKED_CUT_OFF), "cut_off");
    assert_string_equal(asked_word(ASKED_TIMED_OUT), "timed_out");
    assert_string_equal(asked_word(ASKED_UNAVAILABLE), "unavailable");
    assert_string_equal(asked_word(ASKED_OVERLOADED), "overloaded");
    assert_string_equal(layer_word(LAYER_DIRECTORY), "directory");
    assert_string_equal(layer_word(LAYER_REDIS), "redis");
    assert_string_equal(layer_word(LAYER_MEMORY), "memory");
    assert_string_equal(crl_reason_word(0), "unspecified");
    assert_string_equal(crl_reason_word(1), "keyCompromise");
    assert_string_equal(crl_reason_word(6), "certificateHold");
    assert_string_equal(crl_reason_word(10), "aACompromise");
    assert_null(crl_reason_word(7));
    assert_null(crl_reason_word(-1));
    assert_null(crl_reason_word(11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_outlives_its_draft),
        cmocka_unit_test(an_answer_takes_over),
        cmocka_unit_test(the_digest_is_made_or_taken),
        cmocka_unit_test(equal_strings_stand_once),
        cmocka_unit_test(cost_counts_block_and_values),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(the_internal_error_is_always_there),
        cmocka_unit_test(threads_share_an_answer),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
