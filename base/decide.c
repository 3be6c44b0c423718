#include "base/decide.h"

enum reason decide_why_missing(enum asked_result result)
{
    static const enum reason reasons[] = {
        [ASKED_ANSWERED] = REASON_USABLE,
        [ASKED_CUT_OFF] = REASON_DIRECTORY_LIMIT,
        [ASKED_UNAVAILABLE] = REASON_DIRECTORY_UNAVAILABLE,
        [ASKED_TIMED_OUT] = REASON_DIRECTORY_TIMEOUT,
        [ASKED_OVERLOADED] = REASON_OVERLOADED,
    };

    return reasons[result];
}

/* Why the directories' word is not complete; REASON_USABLE when it is. A time-out says most, then a break-off. */
static enum reason missing_answer(const struct answer_draft *draft, bool deadline_passed)
{
    static const int weights[] = {
        [ASKED_ANSWERED] = 0,
        [ASKED_CUT_OFF] = 1,
        [ASKED_OVERLOADED] = 2,
        [ASKED_UNAVAILABLE] = 3,
        [ASKED_TIMED_OUT] = 4,
    };
    enum asked_result worst = ASKED_ANSWERED;

    for (size_t i = 0; i < draft->asked_count; i++) {
        if (weights[draft->asked[i].result] > weights[worst]) {
            worst = draft->asked[i].result;
        }
    }
    return worst == ASKED_TIMED_OUT && deadline_passed ? REASON_DEADLINE : decide_why_missing(worst);
}

/* A certificate that is refused only because its CRL is out of date may be good as soon as the next one comes. */
static bool awaits_evidence(const struct answer_draft *draft)
{
    for (size_t i = draft->usable_count; i < draft->certificate_count; i++) {
        const struct certificate *certificate = &draft->certificates[i];

        if (certificate->reason == REASON_REVOCATION_UNKNOWN && certificate->revocation.awaited) {
            return true;
        }
    }
    return false;
}

/* Another verdict might have come of looking further: as good as not judged. */
static bool is_unsettled(const struct answer_draft *draft)
{
    for (size_t i = draft->usable_count; i < draft->certificate_count; i++) {
        if (draft->certificates[i].unsettled) {
            return true;
        }
    }
    return false;
}

/* Nobody has looked at it: that says nothing about the person, and much about us. */
static bool is_unjudged(const struct answer_draft *draft)
{
    for (size_t i = 0; i < draft->certificate_count; i++) {
        if (draft->certificates[i].reason == REASON_UNJUDGED) {
            return true;
        }
    }
    return false;
}

static enum reason reason_for_none(const struct answer_draft *draft)
{
    if (draft->certificate_count > 0) {
        return draft->certificates[0].reason; /* the nearest to usable stands first */
    }
    for (size_t i = 0; i < draft->asked_count; i++) {
        if (draft->asked[i].entries > 0) {
            return REASON_NO_CERTIFICATE;
        }
    }
    return draft->asked_count > 0 ? REASON_NO_ENTRY : REASON_NO_DIRECTORY;
}

void decide(struct answer_draft *draft, bool deadline_passed)
{
    enum reason missing = missing_answer(draft, deadline_passed);

    draft->partial = false;
    if (draft->usable_count > 0) {
        draft->outcome = OUTCOME_FOUND;
        draft->reason = REASON_USABLE;
        draft->partial = missing != REASON_USABLE;
    } else if (missing != REASON_USABLE) {
        draft->outcome = OUTCOME_UNKNOWN;
        draft->reason = missing;
    } else if (is_unjudged(draft)) {
        draft->outcome = OUTCOME_UNKNOWN;
        draft->reason = REASON_INTERNAL;
    } else if (is_unsettled(draft)) {
        draft->outcome = OUTCOME_UNKNOWN;
        draft->reason = REASON_OVERLOADED;
    } else if (awaits_evidence(draft)) {
        draft->outcome = OUTCOME_UNKNOWN;
        draft->reason = REASON_REVOCATION_UNKNOWN;
    } else {
        draft->outcome = OUTCOME_NONE;
        draft->reason = reason_for_none(draft);
    }
}
