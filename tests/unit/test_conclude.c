#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "gateway/conclude.h"

#define NOW 1000000
#define DAY 86400

static const struct lives lives = {.ttl_s = 3600, .negttl_s = 300, .limitttl_s = 60, .stale_s = DAY};

/* One certificate and one directory are enough to tell the cases apart. */
static const struct case_ {
    const char *name;
    enum asked_result result;
    uint32_t entries;
    bool has_certificate;
    enum reason reason;
    struct revocation revocation;
    int64_t not_after;
    bool deadline_passed;
    enum outcome want;
    enum reason want_reason;
    bool want_partial;
    int64_t want_life_s;  /* the longest it may be; a tenth less is right too */
    int64_t want_stale_s; /* from now; 0: as fresh */
} cases[] = {
    {"found", ASKED_ANSWERED, 1, true, REASON_USABLE, {0}, NOW + 90 * DAY, false,
     OUTCOME_FOUND, REASON_USABLE, false, 3600, 3600 + DAY},
    {"found, cut off", ASKED_CUT_OFF, 1, true, REASON_USABLE, {0}, NOW + 90 * DAY, false,
     OUTCOME_FOUND, REASON_USABLE, true, 60, 60 + DAY},
    {"found until notAfter", ASKED_ANSWERED, 1, true, REASON_USABLE, {0}, NOW + 100, false,
     OUTCOME_FOUND, REASON_USABLE, false, 100, 100},
    {"found until nextUpdate", ASKED_ANSWERED, 1, true, REASON_USABLE,
     {.status = REVOCATION_GOOD, .next_update = NOW + 50}, NOW + DAY, false,
     OUTCOME_FOUND, REASON_USABLE, false, 50, 50},
    {"a CRL out of date does not bound what prefer lets pass", ASKED_ANSWERED, 1, true, REASON_USABLE,
     {.status = REVOCATION_UNKNOWN, .next_update = NOW - 50}, NOW + 90 * DAY, false,
     OUTCOME_FOUND, REASON_USABLE, false, 3600, 3600 + DAY},
    {"found, and its evidence may still come", ASKED_ANSWERED, 1, true, REASON_USABLE,
     {.status = REVOCATION_UNKNOWN, .awaited = true}, NOW + 90 * DAY, false,
     OUTCOME_FOUND, REASON_USABLE, false, 60, 60 + DAY},
    {"none: refused", ASKED_ANSWERED, 1, true, REASON_EXPIRED, {0}, NOW - 5, false,
     OUTCOME_NONE, REASON_EXPIRED, false, 300, 0},
    {"none: no entry", ASKED_ANSWERED, 0, false, 0, {0}, 0, false,
     OUTCOME_NONE, REASON_NO_ENTRY, false, 300, 0},
    {"none: no certificate", ASKED_ANSWERED, 2, false, 0, {0}, 0, false,
     OUTCOME_NONE, REASON_NO_CERTIFICATE, false, 300, 0},
    {"none: revocation unknown for good", ASKED_ANSWERED, 1, true, REASON_REVOCATION_UNKNOWN,
     {.status = REVOCATION_UNKNOWN}, NOW + DAY, false,
     OUTCOME_NONE, REASON_REVOCATION_UNKNOWN, false, 300, 0},
    {"unknown: evidence may still come", ASKED_ANSWERED, 1, true, REASON_REVOCATION_UNKNOWN,
     {.status = REVOCATION_UNKNOWN, .next_update = NOW - 50, .awaited = true}, NOW + DAY, false,
     OUTCOME_UNKNOWN, REASON_REVOCATION_UNKNOWN, false, 0, 0},
    {"unknown: down", ASKED_UNAVAILABLE, 0, false, 0, {0}, 0, false,
     OUTCOME_UNKNOWN, REASON_DIRECTORY_UNAVAILABLE, false, 0, 0},
    {"unknown: timed out", ASKED_TIMED_OUT, 0, false, 0, {0}, 0, false,
     OUTCOME_UNKNOWN, REASON_DIRECTORY_TIMEOUT, false, 0, 0},
    {"unknown: our deadline", ASKED_TIMED_OUT, 0, false, 0, {0}, 0, true,
     OUTCOME_UNKNOWN, REASON_DEADLINE, false, 0, 0},
    {"unknown: cut off before anything usable", ASKED_CUT_OFF, 1, true, REASON_EXPIRED, {0}, NOW - 5, false,
     OUTCOME_UNKNOWN, REASON_DIRECTORY_LIMIT, false, 0, 0},
};

static struct answer_draft draft_of(const struct case_ *c, struct certificate *certificate, struct asked *asked)
{
    *certificate = (struct certificate){.reason = c->reason, .revocation = c->revocation, .not_after = c->not_after};
    *asked = (struct asked){.directory = "corp", .result = c->result, .entries = c->entries};
    return (struct answer_draft){
        .made_at = NOW,
        .retry_after_s = 7,
        .certificates = certificate,
        .certificate_count = c->has_certificate,
        .usable_count = c->has_certificate && c->reason == REASON_USABLE,
        .asked = asked,
        .asked_count = 1,
    };
}

static void outcomes_and_lives(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct case_ *c = &cases[i];
        struct certificate certificate;
        struct asked asked;
        struct answer_draft draft = draft_of(c, &certificate, &asked);
        print_message("# %s\n", c->name);
        conclude(&draft, &lives, c->deadline_passed);
        assert_int_equal(draft.outcome, c->want);
        assert_int_equal(draft.reason, c->want_reason);
        assert_int_equal(draft.partial, c->want_partial);
        assert_true(draft.fresh_until <= NOW + c->want_life_s);
        assert_true(draft.fresh_until >= NOW + c->want_life_s - c->want_life_s / 10 - 1);
        assert_true(draft.stale_until <= NOW + (c->want_stale_s != 0 ? c->want_stale_s : c->want_life_s));
        assert_true(draft.stale_until >= draft.fresh_until);
        assert_int_equal(draft.retry_after_s, c->want == OUTCOME_UNKNOWN ? 7 : 0);
    }
}

/* The first verdict's lives are never made longer by judging again. */
static void judging_again_never_lengthens(void **state)
{
    (void)state;
    const struct answer before = {.fresh_until = NOW + 10, .stale_until = NOW + 20};
    struct certificate certificate;
    struct asked asked;
    struct answer_draft draft = draft_of(&cases[0], &certificate, &asked);
    conclude_again(&draft, &lives, &before);
    assert_int_equal(draft.fresh_until, NOW + 10);
    assert_int_equal(draft.stale_until, NOW + 20);
}

static void what_is_lacking_lives_for_limitttl(void **state)
{
    (void)state;
    struct certificate certificate;
    struct asked asked;
    struct case_ refused = cases[0];
    refused.reason = REASON_UNTRUSTED;
    struct answer_draft draft = draft_of(&refused, &certificate, &asked);
    conclude(&draft, &lives, false);
    assert_true(draft.fresh_until > NOW + lives.limitttl_s);
    conclude_lacking(&draft, &lives);
    assert_int_equal(draft.fresh_until, NOW + lives.limitttl_s);
    assert_int_equal(draft.stale_until, NOW + lives.limitttl_s);
}

/* Why it is unknown is not for the second judging to say. */
static void explaining_keeps_the_reason(void **state)
{
    (void)state;
    const struct answer before = {.outcome = OUTCOME_UNKNOWN, .reason = REASON_DEADLINE, .retry_after_s = 4};
    struct certificate certificate;
    struct asked asked;
    struct case_ late = cases[0];
    late.result = ASKED_TIMED_OUT;
    late.has_certificate = false;
    struct answer_draft draft = draft_of(&late, &certificate, &asked);
    conclude_explained(&draft, &lives, &before);
    assert_int_equal(draft.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(draft.reason, REASON_DEADLINE);
    assert_int_equal(draft.retry_after_s, 4);
}

/* A dead directory beside a cut-off one: the reason that says most. */
static void worst_failure_names_the_reason(void **state)
{
    (void)state;
    struct asked asked[] = {
        {"a", ASKED_CUT_OFF}, {"b", ASKED_TIMED_OUT}, {"c", ASKED_UNAVAILABLE}, {"d", ASKED_ANSWERED}};
    struct answer_draft draft = {.made_at = NOW, .asked = asked, .asked_count = 4};
    conclude(&draft, &lives, false);
    assert_int_equal(draft.reason, REASON_DIRECTORY_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_and_lives),
        cmocka_unit_test(judging_again_never_lengthens),
        cmocka_unit_test(what_is_lacking_lives_for_limitttl),
        cmocka_unit_test(explaining_keeps_the_reason),
        cmocka_unit_test(worst_failure_names_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
