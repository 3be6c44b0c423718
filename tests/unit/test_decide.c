#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decide.h"

#define END REASON_COUNT

static const struct {
    const char *name;
    int usable;
    enum reason refused[3]; /* ends with END */
    enum asked_result asked[3];
    int asked_count;
    uint32_t entries; /* of the first one asked */
    bool awaited;
    bool deadline_passed;
    enum outcome outcome;
    enum reason reason;
    bool partial;
    bool unsettled;
} cases[] = {
    {"usable", 1, {END}, {ASKED_ANSWERED}, 1, 1, 0, false, OUTCOME_FOUND, REASON_USABLE, false},
    {"usable beside refused", 1, {REASON_EXPIRED, END}, {ASKED_ANSWERED}, 1, 1, 0, false, OUTCOME_FOUND, REASON_USABLE,
     false},
    {"usable, one directory down", 1, {END}, {ASKED_ANSWERED, ASKED_UNAVAILABLE}, 2, 1, 0, false, OUTCOME_FOUND,
     REASON_USABLE, true},
    {"usable, cut off", 1, {END}, {ASKED_CUT_OFF}, 1, 1, 0, false, OUTCOME_FOUND, REASON_USABLE, true},
    {"no directory", 0, {END}, {ASKED_ANSWERED}, 0, 0, 0, false, OUTCOME_NONE, REASON_NO_DIRECTORY, false},
    {"no entry", 0, {END}, {ASKED_ANSWERED, ASKED_ANSWERED}, 2, 0, 0, false, OUTCOME_NONE, REASON_NO_ENTRY, false},
    {"an empty entry", 0, {END}, {ASKED_ANSWERED, ASKED_ANSWERED}, 2, 1, 0, false, OUTCOME_NONE, REASON_NO_CERTIFICATE,
     false},
    {"refused", 0, {REASON_EXPIRED, REASON_MALFORMED, END}, {ASKED_ANSWERED}, 1, 1, 0, false, OUTCOME_NONE,
     REASON_EXPIRED, false},
    {"refused, one directory down", 0, {REASON_EXPIRED, END}, {ASKED_ANSWERED, ASKED_UNAVAILABLE}, 2, 1, 0, false,
     OUTCOME_UNKNOWN, REASON_DIRECTORY_UNAVAILABLE, false},
    {"nothing, cut off", 0, {END}, {ASKED_CUT_OFF}, 1, 1, 0, false, OUTCOME_UNKNOWN, REASON_DIRECTORY_LIMIT, false},
    {"down before cut off", 0, {END}, {ASKED_CUT_OFF, ASKED_UNAVAILABLE}, 2, 1, 0, false, OUTCOME_UNKNOWN,
     REASON_DIRECTORY_UNAVAILABLE, false},
    {"not asked", 0, {END}, {ASKED_ANSWERED, ASKED_OVERLOADED}, 2, 0, 0, false, OUTCOME_UNKNOWN, REASON_OVERLOADED},
    {"usable, and another one was not asked", 1, {END}, {ASKED_ANSWERED, ASKED_OVERLOADED}, 2, 1, 0, false,
     OUTCOME_FOUND, REASON_USABLE, true},
    {"down before not asked", 0, {END}, {ASKED_OVERLOADED, ASKED_UNAVAILABLE}, 2, 1, 0, false, OUTCOME_UNKNOWN,
     REASON_DIRECTORY_UNAVAILABLE},
    {"timed out before down", 0, {END}, {ASKED_TIMED_OUT, ASKED_UNAVAILABLE}, 2, 1, 0, false, OUTCOME_UNKNOWN,
     REASON_DIRECTORY_TIMEOUT, false},
    {"our own deadline", 0, {END}, {ASKED_TIMED_OUT}, 1, 0, 0, true, OUTCOME_UNKNOWN, REASON_DEADLINE, false},
    {"our own deadline, but it was down", 0, {END}, {ASKED_UNAVAILABLE}, 1, 0, 0, true, OUTCOME_UNKNOWN,
     REASON_DIRECTORY_UNAVAILABLE, false},
    {"a CRL may still come", 0, {REASON_EXPIRED, REASON_REVOCATION_UNKNOWN, END}, {ASKED_ANSWERED}, 1, 1, true, false,
     OUTCOME_UNKNOWN, REASON_REVOCATION_UNKNOWN, false},
    {"one that nobody judged", 0, {REASON_EXPIRED, REASON_UNJUDGED, END}, {ASKED_ANSWERED}, 1, 1, false, false,
     OUTCOME_UNKNOWN, REASON_INTERNAL, false},
    {"one whose search was broken off", 0, {REASON_EXPIRED, REASON_BAD_CHAIN, END}, {ASKED_ANSWERED}, 1, 1, false, false,
     OUTCOME_UNKNOWN, REASON_OVERLOADED, false, true},
    {"usable beside it", 1, {REASON_BAD_CHAIN, END}, {ASKED_ANSWERED}, 1, 1, false, false, OUTCOME_FOUND, REASON_USABLE,
     false, true},
    {"no CRL will come", 0, {REASON_REVOCATION_UNKNOWN, END}, {ASKED_ANSWERED}, 1, 1, false, false, OUTCOME_NONE,
     REASON_REVOCATION_UNKNOWN, false},
};

static void verdicts_become_outcomes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct certificate certificates[4] = {{0}};
        struct asked asked[3] = {{0}};
        struct answer_draft draft = {.certificates = certificates, .asked = asked, .partial = true};

        draft.usable_count = draft.certificate_count = (size_t)cases[i].usable;
        for (size_t j = 0; cases[i].refused[j] != END; j++) {
            certificates[draft.certificate_count].reason = cases[i].refused[j];
            certificates[draft.certificate_count].unsettled = cases[i].unsettled;
            certificates[draft.certificate_count++].revocation.awaited = cases[i].awaited;
        }
        draft.asked_count = (size_t)cases[i].asked_count;
        for (size_t j = 0; j < draft.asked_count; j++) {
            asked[j].result = cases[i].asked[j];
        }
        asked[0].entries = cases[i].entries;
        decide(&draft, cases[i].deadline_passed);
        if (draft.outcome != cases[i].outcome || draft.reason != cases[i].reason ||
            draft.partial != cases[i].partial) {
            fail_msg("%s: %s, %s, %s", cases[i].name, outcome_word(draft.outcome), reason_word(draft.reason),
                     draft.partial ? "partial" : "whole");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_become_outcomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
