/* The body of a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/record.h"
#include "tests/unit/record_play.h"

static struct buffer encode(const struct answer *answer)
{
    struct buffer body;

    buffer_init(&body, MAX_RECORD_BYTES);
    assert_int_equal(record_encode(answer, known, &body), 0);
    return body;
}

static void comes_back_the_same(void **state)
{
    struct answer *(*const makers[])(void) = {sample_found, sample_none};

    (void)state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        struct answer *answer = makers[i]();
        struct buffer body = encode(answer), again;
        struct answer_draft draft = {.generation = 77, .scope = 88};
        struct answer *back;

        assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, NULL), 0);
        assert_int_equal(draft.generation, 77);
        assert_int_equal(draft.scope, 88);
        back = answer_of_record(&draft);
        again = encode(back);
        assert_true(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
        buffer_free(&body);
        buffer_free(&again);
        answer_free(&answer);
        answer_free(&back);
    }
}

/* Whatever address is expected: the record's own comes back, whole. */
static void the_expected_address_changes_nothing(void **state)
{
    static const char *const expected[] = {"alice@xn--bcher-kva.example", "bob@xn--bcher-kva.example", "a@b.example"};
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct answer_draft draft = {0};

        assert_int_equal(address_parse(bytes_of_string(expected[i]), &draft.address), ADDRESS_OK);
        assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, NULL), 0);
        assert_string_equal(draft.address.text, "alice@xn--bcher-kva.example");
        assert_string_equal(draft.address.display, "alice@bücher.example");
        assert_int_equal(draft.address.size, strlen("alice@xn--bcher-kva.example"));
        assert_int_equal(draft.address.local_size, 5);
        record_draft_free(&draft);
    }
    buffer_free(&body);
    answer_free(&answer);
}

static void keeps_every_field(void **state)
{
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);
    struct digest digest = digest_sha256(bytes_of_string("leaf one"));
    struct answer_draft draft = {0};

    (void)state;
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, NULL), 0);
    assert_string_equal(draft.address.text, "alice@xn--bcher-kva.example");
    assert_string_equal(draft.address.display, "alice@bücher.example");
    assert_true(draft.is_digested);
    assert_memory_equal(draft.best_digest, digest.bytes, sizeof(draft.best_digest));
    assert_int_equal(draft.outcome, OUTCOME_FOUND);
    assert_int_equal(draft.reason, REASON_USABLE);
    assert_true(draft.partial);
    assert_int_equal(draft.policy.bytes[31], 0x5a);
    assert_int_equal(draft.made_at, 1700000000);
    assert_int_equal(draft.fresh_until, 1700003600);
    assert_int_equal(draft.stale_until, 1700090000);
    assert_int_equal(draft.certificate_count, 4);
    assert_int_equal(draft.usable_count, 2);
    assert_ptr_equal(draft.certificates[0].der, draft.certificates[0].value);
    assert_true(bytes_equal(blob_bytes(draft.certificates[1].der), bytes_of_string("leaf two")));
    assert_true(bytes_equal(blob_bytes(draft.certificates[1].value), bytes_of_string("bundle of leaf two")));
    assert_null(draft.certificates[3].der);
    assert_ptr_equal(draft.certificates[0].chain[0], draft.certificates[1].chain[0]);
    assert_ptr_equal(draft.certificates[0].chain[1], draft.certificates[2].chain[1]);
    assert_ptr_equal(draft.certificates[2].chain[0], answer->certificates[2].chain[0]); /* interned */
    assert_true(known_issuers_hold(known, draft.certificates[2].chain[1]));
    assert_false(known_issuers_hold(known, draft.certificates[2].chain[0]));
    assert_string_equal(draft.certificates[0].source.directory, "corp");
    assert_string_equal(draft.certificates[0].source.dn, "cn=Älice,dc=example,dc=org");
    assert_int_equal(draft.certificates[1].source.attribute, ATTRIBUTE_USER_SMIME_CERTIFICATE);
    assert_int_equal(draft.certificates[1].source.index, 3);
    assert_string_equal(draft.certificates[1].source.mails, "alice@example.org\na@xn--bcher-kva.example\n");
    assert_int_equal(draft.certificates[0].link_count, 2);
    assert_int_equal(draft.certificates[0].links[0], 0x0123456789abcdef);
    assert_int_equal(draft.certificates[0].links[1], UINT64_MAX);
    assert_int_equal(draft.certificates[1].link_count, 0);
    assert_int_equal(draft.certificates[2].reason, REASON_REVOKED);
    assert_string_equal(draft.certificates[2].detail, "keyUsage lacks keyEncipherment (RFC 5280 4.2.1.3)");
    assert_int_equal(draft.certificates[2].revocation.status, REVOCATION_REVOKED);
    assert_int_equal(draft.certificates[2].revocation.revoked_at, 1699999999);
    assert_int_equal(draft.certificates[2].revocation.crl_reason, 1);
    assert_int_equal(draft.certificates[0].revocation.crl_reason, -1);
    assert_true(draft.certificates[2].revocation.awaited);
    assert_false(draft.certificates[0].revocation.awaited);
    assert_int_equal(draft.certificates[2].not_after, -5);
    assert_int_equal(draft.asked_count, 2);
    assert_int_equal(draft.asked[1].result, ASKED_TIMED_OUT);
    assert_int_equal(draft.asked[1].duration_ms, 3000);
    assert_string_equal(draft.asked[1].error, "ldap1: no answer");
    record_draft_free(&draft);
    buffer_free(&body);
    answer_free(&answer);
}

/* Every word of every enum is read back as what it was. */
static void knows_every_word(void **state)
{
    (void)state;
    for (int reason = REASON_USABLE; reason < REASON_COUNT; reason++) {
        struct answer_draft draft;
        struct answer *answer;
        struct buffer body;

        sample_fill(&draft);
        draft.certificates[3].reason = (enum reason)reason;
        draft.certificates[3].revocation.status = (enum revocation_status)(reason % 4);
        draft.asked[0].result = (enum asked_result)(reason % ASKED_RESULTS);
        answer = answer_of_draft(&draft);
        buffer_init(&body, MAX_RECORD_BYTES);
        if (reason == REASON_USABLE) {
            assert_int_equal(record_encode(answer, known, &body), -1); /* usable without a certificate */
        } else {
            assert_int_equal(record_encode(answer, known, &body), 0);
            assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, NULL), 0);
            assert_int_equal(draft.certificates[3].reason, reason);
            assert_int_equal(draft.certificates[3].revocation.status, reason % 4);
            assert_int_equal(draft.asked[0].result, reason % ASKED_RESULTS);
            record_draft_free(&draft);
        }
        buffer_free(&body);
        answer_free(&answer);
    }
}

static void refused_when_cut_or_too_long(void **state)
{
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);
    struct answer_draft draft = {0};
    struct error error;

    (void)state;
    for (size_t size = 0; size < body.size; size++) {
        /* A copy of its own, so that a sanitizer sees a read past the end. */
        uint8_t *cut = malloc(size + 1);

        memcpy(cut, body.data, size);
        assert_int_equal(record_decode(bytes_of(cut, size), known, &draft, &error), -1);
        free(cut);
    }
    assert_int_equal(record_decode(bytes_of(NULL, 0), known, &draft, &error), -1);
    assert_string_equal(error.text, "record: ends too early");
    buffer_append_u8(&body, 0);
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, &error), -1);
    assert_string_equal(error.text, "record: bytes are left at its end");
    assert_null(draft.certificates);
    buffer_free(&body);
    answer_free(&answer);
}

/* A body with any one bit changed is refused, or reads as another answer that writes the same bytes; or as what another
 * policy judged. */
static void one_way_only_to_write_it(void **state)
{
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);

    (void)state;
    for (size_t i = 0; i < body.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct answer_draft draft = {0};

            body.data[i] ^= (uint8_t)(1u << bit);
            if (record_decode(buffer_bytes(&body), known, &draft, NULL) == 0) {
                struct answer *changed = answer_of_record(&draft);
                struct buffer again = encode(changed);

                if (known_issuers_are_of(known, &changed->policy)) {
                    assert_true(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
                } else {
                    assert_int_equal(changed->certificates[0].chain_count, 0);
                }
                buffer_free(&again);
                answer_free(&changed);
            }
            body.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    buffer_free(&body);
    answer_free(&answer);
}

/* What the parts of the sample body are, for the cases below: text that stands there once → another of its size. */
static void refuses_contradictions(void **state)
{
    static const struct {
        const char *name, *from, *to, *want;
        size_t size;
    } cases[] = {
        {"address not normalised", "alice@xn", "ALICE@xn", "the address is not a normalised one", 8},
        {"address that is none", "alice@xn", "alice\0xn", "the address is not a normalised one", 8},
        {"outcome unknown", "\x05" "found\x06u", "\x07" "unknown", "the outcome is neither found nor none", 8},
        {"no such outcome", "\x05" "found", "\x05" "Found", "a word is none that we know", 6},
        {"no such reason", "\x07" "revoked", "\x07" "revokes", "a word is none that we know", 8},
        {"a NUL in a word", "\x07" "revoked", "\x07" "rev\0ked", "a word is none that we know", 8},
        {"never judged", "\x07" "revoked", "\x08" "unjudged", "a reason says that nobody judged", 9},
        {"no such answer of a directory", "\x08" "answered", "\x08" "answerer", "a word is none that we know", 9},
        {"no such attribute", "userSMIMECertificate", "userSMIMECertifikate", "a word is none that we know", 20},
        {"refused before usable", "\x06" "usable\0\0\0\x04" "good\0\0\0\0", "\x06" "denied\0\0\0\x04" "good\0\0\0\0",
         "a usable certificate stands behind a refused one", 19},
        {"a NUL in a text", "partner", "par\0ner", "a text is not UTF-8 without NUL", 7},
        {"a text without its NUL", "partner\0", "partner\x01", "a text has no NUL behind it", 8},
        {"bad UTF-8", "partner", "par\xc3ner", "a text is not UTF-8 without NUL", 7},
        {"a mail not normalised", "\na@xn--", "\nA@xn--", "the entry's mails are not lines of normalised addresses", 7},
        {"a mail that is none", "alice@example.org\n", "alice?example.org\n",
         "the entry's mails are not lines of normalised addresses", 18},
        {"a mail with a NUL", "alice@example.org\n", "alice\0example.org\n",
         "the entry's mails are not lines of normalised addresses", 18},
        {"an empty mail", "alice@example.org\n", "\nlice@example.org\n",
         "the entry's mails are not lines of normalised addresses", 18},
        {"mails without an end", "kva.example\n", "kva.exampleX", "the entry's mails are not lines of normalised addresses",
         12},
        {"too many links", "\x02\x01\x23\x45\x67", "\x0b\x01\x23\x45\x67", "a count is over its limit", 5},
        {"links that are not there", "\x02\x01\x23\x45\x67", "\x00\x01\x23\x45\x67", "", 5},
        {"an issuer twice", "\0\0\0\x0a" "issuer two", "\0\0\0\x0a" "issuer one", "an issuer stands twice", 14},
        {"an issuer of the policy", "\0\0\0\x0a" "issuer two", "\0\0\0\x0a" "issuer ten",
         "an issuer of the policy stands there whole", 14},
        {"an issuer in no form", "\1\0\0\0\x0a" "issuer two", "\2\0\0\0\x0a" "issuer two",
         "an issuer is neither known nor whole", 15},
        {"a count over its limit", "\0\0\0\x08" "leaf one", "\x01\0\0\x08" "leaf one", "a count is over its limit", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer *answer = sample_found();
        struct buffer body = encode(answer);
        struct answer_draft draft = {0};
        struct error error = {""};
        uint8_t *at = memmem(body.data, body.size, cases[i].from, cases[i].size);

        if (at == NULL) {
            fail_msg("%s: the sample does not have it", cases[i].name);
        } else {
            memcpy(at, cases[i].to, cases[i].size);
        }
        assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, &error), -1);
        if (strstr(error.text, cases[i].want) == NULL) {
            fail_msg("%s: want \"%s\", got \"%s\"", cases[i].name, cases[i].want, error.text);
        }
        buffer_free(&body);
        answer_free(&answer);
    }
}

/* Every chain is whole, or the record is none. */
static void an_issuer_that_its_policy_does_not_have(void **state)
{
    struct digest root = digest_sha256(bytes_of_string("root")), ten = digest_sha256(bytes_of_string("issuer ten"));
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);
    uint8_t *at = memmem(body.data, body.size, root.bytes, DIGEST_BYTES);
    struct answer_draft draft = {0};
    struct error error;

    (void)state;
    assert_non_null(at);
    assert_null(memmem(body.data, body.size, "root", 4));
    at[DIGEST_BYTES - 1] ^= 1;
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, &error), -1);
    assert_string_equal(error.text, "record: an issuer is none of the policy that judged");
    assert_null(draft.certificates);
    memcpy(at, ten.bytes, DIGEST_BYTES);
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, &error), 0);
    assert_true(bytes_equal(blob_bytes(draft.certificates[0].chain[1]), bytes_of_string("issuer ten")));
    record_draft_free(&draft);
    buffer_free(&body);
    answer_free(&answer);
}

/* The values are there to be judged again; of the chains nothing is, not even the issuers that stand there whole. */
static void another_policy_reads_no_chain(void **state)
{
    struct known_issuers *others = sample_known(true);
    struct answer *answer = sample_found();
    struct buffer body = encode(answer);
    struct answer_draft draft = {0};
    struct error error;

    (void)state;
    assert_int_equal(record_decode(buffer_bytes(&body), others, &draft, NULL), 0);
    assert_false(known_issuers_are_of(others, &draft.policy));
    assert_int_equal(draft.certificate_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(draft.certificates[i].chain_count, 0);
        assert_true(bytes_equal(blob_bytes(draft.certificates[i].value), blob_bytes(answer->certificates[i].value)));
        assert_string_equal(draft.certificates[i].source.dn, answer->certificates[i].source.dn);
    }
    assert_int_equal(draft.asked_count, 2);
    record_draft_free(&draft);
    for (size_t size = 0; size < body.size; size++) {
        assert_int_equal(record_decode(bytes_of(body.data, size), others, &draft, &error), -1);
    }
    known_issuers_free(&others);
    buffer_free(&body);
    answer_free(&answer);
}

/* Who writes what another policy judged has none of its issuers. */
static void issuers_of_another_policy_stand_there_whole(void **state)
{
    struct known_issuers *others = sample_known(true);
    struct answer *answer = sample_found();
    struct buffer body;
    struct answer_draft draft = {0};
    struct error error;

    (void)state;
    buffer_init(&body, MAX_RECORD_BYTES);
    assert_int_equal(record_encode(answer, others, &body), 0);
    assert_non_null(memmem(body.data, body.size, "\x01\0\0\0\x04" "root", 9));
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, &error), -1);
    assert_string_equal(error.text, "record: an issuer of the policy stands there whole");
    known_issuers_free(&others);
    buffer_free(&body);
    answer_free(&answer);
}

/* Answers that no record may hold. */
static void break_unknown(struct answer_draft *draft)
{
    draft->outcome = OUTCOME_UNKNOWN;
}

static void break_none_with_usable(struct answer_draft *draft)
{
    draft->outcome = OUTCOME_NONE;
}

static void break_found_with_reason(struct answer_draft *draft)
{
    draft->reason = REASON_EXPIRED;
}

static void break_order(struct answer_draft *draft)
{
    draft->usable_count = 1;
}

static void break_time(struct answer_draft *draft)
{
    draft->fresh_until = INT64_MAX;
}

static void break_not_after(struct answer_draft *draft)
{
    draft->certificates[0].not_after = 253402300800;
}

static void break_unjudged(struct answer_draft *draft)
{
    draft->certificates[3].reason = REASON_UNJUDGED;
}

static void break_value(struct answer_draft *draft)
{
    char *large = calloc(1, MAX_VALUE_BYTES + 1);

    blob_free(&draft->certificates[3].value);
    draft->certificates[3].value = blob_new(bytes_of(large, MAX_VALUE_BYTES + 1));
    free(large);
}

static void break_der(struct answer_draft *draft)
{
    blob_free(&draft->certificates[2].der);
}

static void break_links(struct answer_draft *draft)
{
    free(draft->certificates[0].links);
    draft->certificates[0].links = calloc(MAX_CHAIN + 1, sizeof(uint64_t));
    draft->certificates[0].link_count = MAX_CHAIN + 1;
}

static void break_links_of_none(struct answer_draft *draft)
{
    draft->certificates[3].links = calloc(1, sizeof(uint64_t));
    draft->certificates[3].link_count = 1;
}

static void does_not_write_what_it_would_not_read(void **state)
{
    void (*const breaks[])(struct answer_draft *draft) = {
        break_unknown, break_none_with_usable, break_found_with_reason, break_order, break_time, break_not_after,
        break_unjudged, break_value, break_der, break_links, break_links_of_none,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct answer_draft draft;
        struct answer *answer;
        struct buffer body;

        sample_fill(&draft);
        breaks[i](&draft);
        answer = answer_of_draft(&draft);
        buffer_init(&body, MAX_RECORD_BYTES);
        assert_int_equal(record_encode(answer, known, &body), -1);
        buffer_free(&body);
        answer_free(&answer);
    }
}

static void words_for_people_never_cost_the_record(void **state)
{
    struct answer_draft draft;
    struct answer *answer;
    struct buffer body;
    char *dn = malloc(MAX_DN_BYTES + 100);

    (void)state;
    memset(dn, 'x', MAX_DN_BYTES + 99);
    dn[MAX_DN_BYTES + 99] = '\0';
    sample_fill(&draft);
    free((char *)draft.certificates[0].source.dn);
    draft.certificates[0].source.dn = dn;
    free((char *)draft.asked[1].error);
    draft.asked[1].error = strdup("b\xc3" "d");
    answer = answer_of_draft(&draft);
    body = encode(answer);
    assert_int_equal(record_decode(buffer_bytes(&body), known, &draft, NULL), 0);
    assert_int_equal(strlen(draft.certificates[0].source.dn), MAX_DN_BYTES);
    assert_string_equal(draft.asked[1].error, "b?d");
    record_draft_free(&draft);
    buffer_free(&body);
    answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_the_same),
        cmocka_unit_test(the_expected_address_changes_nothing),
        cmocka_unit_test(keeps_every_field),
        cmocka_unit_test(knows_every_word),
        cmocka_unit_test(refused_when_cut_or_too_long),
        cmocka_unit_test(one_way_only_to_write_it),
        cmocka_unit_test(refuses_contradictions),
        cmocka_unit_test(an_issuer_that_its_policy_does_not_have),
        cmocka_unit_test(another_policy_reads_no_chain),
        cmocka_unit_test(issuers_of_another_policy_stand_there_whole),
        cmocka_unit_test(does_not_write_what_it_would_not_read),
        cmocka_unit_test(words_for_people_never_cost_the_record),
    };

    return cmocka_run_group_tests(tests, know, forget);
}
