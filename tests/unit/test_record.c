#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/record.h"
#include "tests/unit/scarce.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char other_secret[] = "fedcba9876543210fedcba9876543210";

static struct seal_ring *ring_of(const char *first, const char *second)
{
    struct bytes keys[2] = {bytes_of_string(first), bytes_of_string(second != NULL ? second : "")};
    struct seal_ring *ring = seal_ring_new(keys, second != NULL ? 2 : 1, NULL);

    assert_non_null(ring);
    return ring;
}

static struct blob *blob_of(const char *text)
{
    struct blob *blob = blob_new(bytes_of_string(text));

    assert_non_null(blob);
    return blob;
}

static struct blob *issuer_of(const char *text)
{
    struct blob *blob = blob_intern(bytes_of_string(text));

    assert_non_null(blob);
    return blob;
}

static struct certificate certificate_of(const char *value, const char *der, enum reason reason)
{
    struct certificate certificate = {
        .value = blob_of(value),
        .source = {strdup("corp"), strdup("cn=Älice,dc=example,dc=org"), ATTRIBUTE_USER_CERTIFICATE, 3},
        .reason = reason,
        .detail = strdup(reason == REASON_USABLE ? "" : "keyUsage lacks keyEncipherment (RFC 5280 4.2.1.3)"),
        .revocation = {REVOCATION_GOOD, 0, -1, 1700000000, 1700086400},
        .not_after = 1900000000,
    };

    if (der != NULL) {
        certificate.der = strcmp(value, der) == 0 ? blob_ref(certificate.value) : blob_of(der);
    }
    return certificate;
}

static void add_chain(struct certificate *certificate, size_t count, const char *const *issuers)
{
    certificate->chain = calloc(count, sizeof(certificate->chain[0]));
    for (size_t i = 0; i < count; i++) {
        certificate->chain[certificate->chain_count++] = issuer_of(issuers[i]);
    }
}

/* Two usable ones that share an issuer, one refused with a chain of its own, one malformed. */
static void fill(struct answer_draft *draft)
{
    static const char *const shared[] = {"issuer one", "root"}, *const second[] = {"issuer two", "root"};

    *draft = (struct answer_draft){.outcome = OUTCOME_FOUND, .reason = REASON_USABLE, .partial = true, .generation = 4,
                                   .made_at = 1700000000, .fresh_until = 1700003600, .stale_until = 1700090000};
    assert_int_equal(address_parse(bytes_of_string("Alice@bücher.example"), &draft->address), ADDRESS_OK);
    memset(draft->policy.bytes, 0x5a, sizeof(draft->policy.bytes));
    draft->certificates = calloc(4, sizeof(draft->certificates[0]));
    draft->certificates[0] = certificate_of("leaf one", "leaf one", REASON_USABLE);
    add_chain(&draft->certificates[0], 2, shared);
    draft->certificates[1] = certificate_of("bundle of leaf two", "leaf two", REASON_USABLE);
    draft->certificates[1].source.attribute = ATTRIBUTE_USER_SMIME_CERTIFICATE;
    add_chain(&draft->certificates[1], 2, shared);
    draft->certificates[2] = certificate_of("leaf three", "leaf three", REASON_REVOKED);
    draft->certificates[2].revocation = (struct revocation){REVOCATION_REVOKED, 1699999999, 1, 1700000000, 1700086400};
    draft->certificates[2].not_after = -5;
    add_chain(&draft->certificates[2], 2, second);
    draft->certificates[3] = certificate_of("garbage", NULL, REASON_MALFORMED);
    draft->certificate_count = 4;
    draft->usable_count = 2;
    draft->asked = calloc(2, sizeof(draft->asked[0]));
    draft->asked[0] = (struct asked){strdup("corp"), ASKED_ANSWERED, 12, 1, 4, strdup("")};
    draft->asked[1] = (struct asked){strdup("partner"), ASKED_TIMED_OUT, 3000, 0, 0, strdup("ldap1: no answer")};
    draft->asked_count = 2;
}

static struct answer *answer_of(struct answer_draft *draft)
{
    struct answer *answer = answer_make(draft);

    assert_non_null(answer);
    answer_draft_free(draft);
    return answer;
}

static struct answer *sample(void)
{
    struct answer_draft draft;

    fill(&draft);
    return answer_of(&draft);
}

static struct answer *nothing(void)
{
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_NO_ENTRY, .made_at = 1, .fresh_until = 2,
                                 .stale_until = 3};

    assert_int_equal(address_parse(bytes_of_string("bob@example.org"), &draft.address), ADDRESS_OK);
    return answer_of(&draft);
}

static struct buffer encode(const struct answer *answer)
{
    struct buffer body;

    buffer_init(&body, MAX_RECORD_BYTES);
    assert_int_equal(record_encode(answer, &body), 0);
    return body;
}

static void comes_back_the_same(void **state)
{
    struct answer *(*const makers[])(void) = {sample, nothing};

    (void)state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        struct answer *answer = makers[i]();
        struct buffer body = encode(answer), again;
        struct answer_draft draft = {.generation = 77, .scope = 88};
        struct answer *back;

        assert_int_equal(record_decode(buffer_bytes(&body), &draft, NULL), 0);
        assert_int_equal(draft.generation, 77);
        assert_int_equal(draft.scope, 88);
        back = answer_of(&draft);
        again = encode(back);
        assert_true(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
        buffer_free(&body);
        buffer_free(&again);
        answer_free(&answer);
        answer_free(&back);
    }
}

static void keeps_every_field(void **state)
{
    struct answer *answer = sample();
    struct buffer body = encode(answer);
    struct answer_draft draft = {0};

    (void)state;
    assert_int_equal(record_decode(buffer_bytes(&body), &draft, NULL), 0);
    assert_string_equal(draft.address.text, "alice@xn--bcher-kva.example");
    assert_string_equal(draft.address.display, "alice@bücher.example");
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
    assert_string_equal(draft.certificates[0].source.directory, "corp");
    assert_string_equal(draft.certificates[0].source.dn, "cn=Älice,dc=example,dc=org");
    assert_int_equal(draft.certificates[1].source.attribute, ATTRIBUTE_USER_SMIME_CERTIFICATE);
    assert_int_equal(draft.certificates[1].source.index, 3);
    assert_int_equal(draft.certificates[2].reason, REASON_REVOKED);
    assert_string_equal(draft.certificates[2].detail, "keyUsage lacks keyEncipherment (RFC 5280 4.2.1.3)");
    assert_int_equal(draft.certificates[2].revocation.status, REVOCATION_REVOKED);
    assert_int_equal(draft.certificates[2].revocation.revoked_at, 1699999999);
    assert_int_equal(draft.certificates[2].revocation.crl_reason, 1);
    assert_int_equal(draft.certificates[0].revocation.crl_reason, -1);
    assert_int_equal(draft.certificates[2].not_after, -5);
    assert_int_equal(draft.asked_count, 2);
    assert_int_equal(draft.asked[1].result, ASKED_TIMED_OUT);
    assert_int_equal(draft.asked[1].duration_ms, 3000);
    assert_string_equal(draft.asked[1].error, "ldap1: no answer");
    answer_draft_free(&draft);
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

        fill(&draft);
        draft.certificates[3].reason = (enum reason)reason;
        draft.certificates[3].revocation.status = (enum revocation_status)(reason % 4);
        draft.asked[0].result = (enum asked_result)(reason % 4);
        answer = answer_of(&draft);
        buffer_init(&body, MAX_RECORD_BYTES);
        if (reason == REASON_USABLE) {
            assert_int_equal(record_encode(answer, &body), -1); /* usable without a certificate */
        } else {
            assert_int_equal(record_encode(answer, &body), 0);
            assert_int_equal(record_decode(buffer_bytes(&body), &draft, NULL), 0);
            assert_int_equal(draft.certificates[3].reason, reason);
            assert_int_equal(draft.certificates[3].revocation.status, reason % 4);
            assert_int_equal(draft.asked[0].result, reason % 4);
            answer_draft_free(&draft);
        }
        buffer_free(&body);
        answer_free(&answer);
    }
}

static void refused_when_cut_or_too_long(void **state)
{
    struct answer *answer = sample();
    struct buffer body = encode(answer);
    struct answer_draft draft = {0};
    struct error error;

    (void)state;
    for (size_t size = 0; size < body.size; size++) {
        /* A copy of its own, so that a sanitizer sees a read past the end. */
        uint8_t *cut = malloc(size + 1);

        memcpy(cut, body.data, size);
        assert_int_equal(record_decode(bytes_of(cut, size), &draft, &error), -1);
        free(cut);
    }
    assert_int_equal(record_decode(bytes_of(NULL, 0), &draft, &error), -1);
    assert_string_equal(error.text, "record: ends too early");
    buffer_append_u8(&body, 0);
    assert_int_equal(record_decode(buffer_bytes(&body), &draft, &error), -1);
    assert_string_equal(error.text, "record: bytes are left at its end");
    assert_null(draft.certificates);
    buffer_free(&body);
    answer_free(&answer);
}

/* A body with any one byte changed is refused, or reads as another answer that writes the same bytes. */
static void one_way_only_to_write_it(void **state)
{
    struct answer *answer = sample();
    struct buffer body = encode(answer);

    (void)state;
    for (size_t i = 0; i < body.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct answer_draft draft = {0};

            body.data[i] ^= (uint8_t)(1u << bit);
            if (record_decode(buffer_bytes(&body), &draft, NULL) == 0) {
                struct answer *changed = answer_of(&draft);
                struct buffer again = encode(changed);

                assert_true(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
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
        {"outcome unknown", "\x05" "found", "\x07" "unkno", "the outcome is neither found nor none", 6},
        {"no such outcome", "\x05" "found", "\x05" "Found", "the outcome is neither found nor none", 6},
        {"no such reason", "\x07" "revoked", "\x07" "revokes", "a reason is none that we know", 8},
        {"a NUL in a word", "\x07" "revoked", "\x07" "rev\0ked", "a word has a NUL in it", 8},
        {"never judged", "\x07" "revoked", "\x08" "unjudged", "a reason is none that we know", 9},
        {"no such attribute", "userSMIMECertificate", "userSMIMECertifikate", "a word is none that we know", 20},
        {"refused before usable", "\x06" "usable\0\0\x04" "good\0\0\0\0", "\x06" "denied\0\0\x04" "good\0\0\0\0",
         "a usable certificate stands behind a refused one", 18},
        {"a NUL in a text", "partner", "par\0ner", "a text is not UTF-8 without NUL", 7},
        {"bad UTF-8", "partner", "par\xc3ner", "a text is not UTF-8 without NUL", 7},
        {"an issuer twice", "\0\0\0\x0a" "issuer two", "\0\0\0\x0a" "issuer one", "an issuer stands twice", 14},
        {"a count over its limit", "\0\0\0\x08" "leaf one", "\x01\0\0\x08" "leaf one", "a count is over its limit", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer *answer = sample();
        struct buffer body = encode(answer);
        struct answer_draft draft = {0};
        struct error error = {""};
        uint8_t *at = memmem(body.data, body.size, cases[i].from, cases[i].size);

        if (at == NULL) {
            fail_msg("%s: the sample does not have it", cases[i].name);
        } else {
            memcpy(at, cases[i].to, cases[i].size);
        }
        assert_int_equal(record_decode(buffer_bytes(&body), &draft, &error), -1);
        if (strstr(error.text, cases[i].want) == NULL) {
            fail_msg("%s: want \"%s\", got \"%s\"", cases[i].name, cases[i].want, error.text);
        }
        buffer_free(&body);
        answer_free(&answer);
    }
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

static void does_not_write_what_it_would_not_read(void **state)
{
    void (*const breaks[])(struct answer_draft *draft) = {
        break_unknown, break_none_with_usable, break_found_with_reason, break_order, break_time, break_not_after,
        break_unjudged, break_value, break_der,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct answer_draft draft;
        struct answer *answer;
        struct buffer body;

        fill(&draft);
        breaks[i](&draft);
        answer = answer_of(&draft);
        buffer_init(&body, MAX_RECORD_BYTES);
        assert_int_equal(record_encode(answer, &body), -1);
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
    fill(&draft);
    free((char *)draft.certificates[0].source.dn);
    draft.certificates[0].source.dn = dn;
    free((char *)draft.asked[1].error);
    draft.asked[1].error = strdup("b\xc3" "d");
    answer = answer_of(&draft);
    body = encode(answer);
    assert_int_equal(record_decode(buffer_bytes(&body), &draft, NULL), 0);
    assert_int_equal(strlen(draft.certificates[0].source.dn), MAX_DN_BYTES);
    assert_string_equal(draft.asked[1].error, "b?d");
    answer_draft_free(&draft);
    buffer_free(&body);
    answer_free(&answer);
}

/* MAX_VALUES values of MAX_VALUE_BYTES are more than a record holds. */
static void too_large_for_a_record(void **state)
{
    char *large = malloc(MAX_VALUE_BYTES), out[RECORD_KEY_BYTES] = "key";
    struct certificate certificates[MAX_VALUES] = {0};
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_MALFORMED, .certificates = certificates,
                                 .certificate_count = MAX_VALUES};
    struct seal_ring *ring = ring_of(secret, NULL);
    struct buffer sealed;
    struct answer *answer;

    (void)state;
    memset(large, 'x', MAX_VALUE_BYTES);
    assert_int_equal(address_parse(bytes_of_string("a@example.org"), &draft.address), ADDRESS_OK);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        certificates[i] = (struct certificate){.value = blob_new(bytes_of(large, MAX_VALUE_BYTES)),
                                               .reason = REASON_MALFORMED};
    }
    answer = answer_make(&draft);
    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(record_close(ring, out, answer, &sealed), -1);
    buffer_free(&sealed);
    answer_free(&answer);
    draft.certificate_count = MAX_VALUES - 1;
    answer = answer_make(&draft);
    assert_int_equal(record_close(ring, out, answer, &sealed), 0);
    buffer_free(&sealed);
    answer_free(&answer);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        blob_free(&certificates[i].value);
    }
    free(large);
    seal_ring_free(&ring);
}

static struct buffer close_sample(const struct seal_ring *ring, const char *key)
{
    struct answer *answer = sample();
    struct buffer sealed;

    buffer_init(&sealed, MAX_RECORD_BYTES);
    assert_int_equal(record_close(ring, key, answer, &sealed), 0);
    answer_free(&answer);
    return sealed;
}

static enum record_result open_with(const struct seal_ring *ring, const char *key, struct bytes sealed)
{
    struct answer_draft draft = {0};
    enum record_result result = record_open(ring, key, sealed, &draft, NULL);

    assert_true((result == RECORD_GOOD) == (draft.certificate_count == 4));
    answer_draft_free(&draft);
    return result;
}

static void opens_only_as_it_was_closed(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL), *other = ring_of(other_secret, NULL);
    struct seal_ring *rotated = ring_of(other_secret, secret);
    struct buffer sealed = close_sample(ring, "key one"), again = close_sample(ring, "key one");

    (void)state;
    assert_int_equal(open_with(ring, "key one", buffer_bytes(&sealed)), RECORD_GOOD);
    assert_int_equal(open_with(rotated, "key one", buffer_bytes(&sealed)), RECORD_GOOD);
    assert_int_equal(open_with(other, "key one", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key two", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key on", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_false(bytes_equal(buffer_bytes(&sealed), buffer_bytes(&again)));
    assert_null(memmem(sealed.data, sealed.size, "alice", 5));
    assert_null(memmem(sealed.data, sealed.size, "leaf", 4));
    buffer_free(&sealed);
    buffer_free(&again);
    seal_ring_free(&ring);
    seal_ring_free(&other);
    seal_ring_free(&rotated);
}

static void never_opens_when_altered(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct buffer sealed = close_sample(ring, "key");

    (void)state;
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
        sealed.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(open_with(ring, "key", bytes_of(sealed.data, i)), RECORD_BAD_SEAL);
    }
    buffer_append_u8(&sealed, 0);
    assert_int_equal(open_with(ring, "key", buffer_bytes(&sealed)), RECORD_BAD_SEAL);
    assert_int_equal(open_with(ring, "key", bytes_of(sealed.data, MAX_RECORD_BYTES + 1)), RECORD_BAD_SEAL);
    buffer_free(&sealed);
    seal_ring_free(&ring);
}

/* Under a good seal: what is inside must still be a record. */
static void good_seal_on_something_else(void **state)
{
    static const struct {
        const char *name;
        struct bytes plain;
    } cases[] = {
        {"nothing", {(const uint8_t *)"", 0}},
        {"other magic", {(const uint8_t *)"CLX\x01", 4}},
        {"another version", {(const uint8_t *)"CLR\x02", 4}},
        {"no body", {(const uint8_t *)"CLR\x01", 4}},
        {"garbage", {(const uint8_t *)"CLR\x01garbage", 11}},
    };
    struct seal_ring *ring = ring_of(secret, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer sealed;

        buffer_init(&sealed, 1000);
        assert_int_equal(seal_close(ring, bytes_of_string("\x01key"), cases[i].plain, &sealed), 0);
        if (open_with(ring, "key", buffer_bytes(&sealed)) != RECORD_BAD) {
            fail_msg("%s was taken for a record", cases[i].name);
        }
        buffer_free(&sealed);
    }
    seal_ring_free(&ring);
}

static void keys_hide_and_tell_apart(void **state)
{
    struct seal_ring *ring = ring_of(secret, other_secret), *alone = ring_of(other_secret, NULL);
    struct digest scope = {{1}}, other_scope = {{2}};
    char keys[5][RECORD_KEY_BYTES], again[RECORD_KEY_BYTES], long_prefix[RECORD_PREFIX_MAX + 1];
    struct address alice, bob;

    (void)state;
    memset(long_prefix, 'p', RECORD_PREFIX_MAX);
    long_prefix[RECORD_PREFIX_MAX] = '\0';
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &alice), ADDRESS_OK);
    assert_int_equal(address_parse(bytes_of_string("bob@example.org"), &bob), ADDRESS_OK);
    record_key(ring, 0, "certlookup:", &scope, &alice, keys[0]);
    record_key(ring, 1, "certlookup:", &scope, &alice, keys[1]);
    record_key(ring, 0, "certlookup:", &other_scope, &alice, keys[2]);
    record_key(ring, 0, "certlookup:", &scope, &bob, keys[3]);
    record_key(ring, 0, long_prefix, &scope, &alice, keys[4]);
    for (size_t i = 0; i < 5; i++) {
        assert_null(strstr(keys[i], "alice"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(keys[i], keys[j]);
        }
    }
    assert_int_equal(strlen(keys[0]), 11 + 64);
    assert_memory_equal(keys[0], "certlookup:", 11);
    assert_int_equal(strlen(keys[4]), RECORD_PREFIX_MAX + 64);
    /* The key of the old file is found by who has only that. */
    assert_string_equal(record_key(alone, 0, "certlookup:", &scope, &alice, again), keys[1]);
    seal_ring_free(&ring);
    seal_ring_free(&alone);
}

static void survives_lack_of_memory(void **state)
{
    struct seal_ring *ring = ring_of(secret, NULL);
    struct answer *answer = sample();
    struct buffer sealed;
    bool failed = true;
    int result;

    (void)state;
    for (int nth = 1; failed; nth++) {
        buffer_init(&sealed, MAX_RECORD_BYTES);
        scarce_begin(nth);
        result = record_close(ring, "key", answer, &sealed);
        failed = scarce_end();
        assert_true(failed == (result != 0));
        if (failed) {
            buffer_free(&sealed);
        }
    }
    failed = true;
    for (int nth = 1; failed; nth++) {
        struct answer_draft draft = {0};
        struct error error;

        scarce_begin(nth);
        result = record_open(ring, "key", buffer_bytes(&sealed), &draft, &error) == RECORD_GOOD ? 0 : -1;
        failed = scarce_end();
        assert_true(failed == (result != 0));
        answer_draft_free(&draft);
    }
    buffer_free(&sealed);
    answer_free(&answer);
    seal_ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_the_same),
        cmocka_unit_test(keeps_every_field),
        cmocka_unit_test(knows_every_word),
        cmocka_unit_test(refused_when_cut_or_too_long),
        cmocka_unit_test(one_way_only_to_write_it),
        cmocka_unit_test(refuses_contradictions),
        cmocka_unit_test(does_not_write_what_it_would_not_read),
        cmocka_unit_test(words_for_people_never_cost_the_record),
        cmocka_unit_test(too_large_for_a_record),
        cmocka_unit_test(opens_only_as_it_was_closed),
        cmocka_unit_test(never_opens_when_altered),
        cmocka_unit_test(good_seal_on_something_else),
        cmocka_unit_test(keys_hide_and_tell_apart),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
