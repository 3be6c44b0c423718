#include "tests/unit/record_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cache/record.h"

static const struct digest policy = {"ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"}, other = {"another policy"};

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
        .source = {strdup("corp"), strdup("cn=Älice,dc=example,dc=org"), ATTRIBUTE_USER_CERTIFICATE, 3,
                   strdup("alice@example.org\na@xn--bcher-kva.example\n")},
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

static void add_links(struct certificate *certificate, size_t count, const uint64_t *links)
{
    certificate->links = calloc(count, sizeof(links[0]));
    memcpy(certificate->links, links, count * sizeof(links[0]));
    certificate->link_count = count;
}

void sample_fill(struct answer_draft *draft)
{
    static const char *const shared[] = {"issuer one", "root"}, *const second[] = {"issuer two", "root"};

    *draft = (struct answer_draft){.outcome = OUTCOME_FOUND, .reason = REASON_USABLE, .partial = true, .generation = 4,
                                   .made_at = 1700000000, .fresh_until = 1700003600, .stale_until = 1700090000};
    assert_int_equal(address_parse(bytes_of_string("Alice@bücher.example"), &draft->address), ADDRESS_OK);
    draft->policy = policy;
    draft->certificates = calloc(4, sizeof(draft->certificates[0]));
    draft->certificates[0] = certificate_of("leaf one", "leaf one", REASON_USABLE);
    add_chain(&draft->certificates[0], 2, shared);
    add_links(&draft->certificates[0], 2, (const uint64_t[]){0x0123456789abcdef, UINT64_MAX});
    draft->certificates[1] = certificate_of("bundle of leaf two", "leaf two", REASON_USABLE);
    draft->certificates[1].source.attribute = ATTRIBUTE_USER_SMIME_CERTIFICATE;
    add_chain(&draft->certificates[1], 2, shared);
    draft->certificates[2] = certificate_of("leaf three", "leaf three", REASON_REVOKED);
    draft->certificates[2].revocation = (struct revocation){REVOCATION_REVOKED, 1699999999, 1, 1700000000, 1700086400,
                                                              true};
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

struct answer *answer_of_draft(struct answer_draft *draft)
{
    struct answer *answer = answer_make(draft);

    assert_non_null(answer);
    answer_draft_free(draft);
    return answer;
}

struct answer *answer_of_record(struct answer_draft *draft)
{
    struct answer *answer = answer_make(draft);

    assert_non_null(answer);
    record_draft_free(draft);
    return answer;
}

struct known_issuers *sample_known(bool other_policy)
{
    static const char *const names[] = {"root", "issuer ten"};
    struct known_issuers *made = known_issuers_new(other_policy ? &other : &policy, 2);

    assert_non_null(made);
    for (size_t i = 0; i < 2; i++) {
        struct digest digest = digest_sha256(bytes_of_string(names[i]));
        struct blob *blob = issuer_of(names[i]);

        known_issuers_add(made, &digest, blob);
        blob_free(&blob);
    }
    known_issuers_sort(made);
    return made;
}

struct known_issuers *known;

int know(void **state)
{
    (void)state;
    known = sample_known(false);
    return 0;
}

int forget(void **state)
{
    (void)state;
    known_issuers_free(&known);
    return 0;
}

struct answer *sample_found(void)
{
    struct answer_draft draft;

    sample_fill(&draft);
    return answer_of_draft(&draft);
}

struct answer *sample_none(void)
{
    struct answer_draft draft = {.outcome = OUTCOME_NONE, .reason = REASON_NO_ENTRY, .policy = policy, .made_at = 1,
                                 .fresh_until = 2, .stale_until = 3};

    assert_int_equal(address_parse(bytes_of_string("bob@example.org"), &draft.address), ADDRESS_OK);
    return answer_of_draft(&draft);
}

struct seal_ring *ring_of(const char *first, const char *second)
{
    struct bytes keys[2] = {bytes_of_string(first), bytes_of_string(second != NULL ? second : "")};
    struct seal_ring *ring = seal_ring_new(keys, second != NULL ? 2 : 1, NULL);

    assert_non_null(ring);
    return ring;
}
