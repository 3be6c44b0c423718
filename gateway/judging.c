#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/conclude.h"
#include "gateway/steps.h"

static void count_refusals(const struct answer *answer)
{
    for (size_t i = answer->usable_count; i < answer->certificate_count; i++) {
        count_refusal(answer->certificates[i].reason);
    }
}

/* The verdicts before, with their blobs; what the directories did stays. */
static void forget_verdicts(struct answer_draft *draft)
{
    struct answer_draft verdicts = {
        .certificates = draft->certificates,
        .certificate_count = draft->certificate_count,
    };
    answer_draft_free(&verdicts);
    draft->certificates = NULL;
    draft->certificate_count = draft->usable_count = 0;
}

/* A directory whose `issuers` is off, or that is gone, is not to be asked for what verdicts lack. */
static void close_candidates(struct flight *flight)
{
    for (size_t i = 0; i < flight->candidate_count; i++) {
        struct candidate *candidate = &flight->candidates[i];
        candidate->closed = world_issuer_directory(flight->world, candidate->source.directory) == NULL;
    }
}

/* On a validator: everything that costs, so that the engine only passes on. */
static void run_judge(struct work *work)
{
    struct flight *flight = (struct flight *)((char *)work - offsetof(struct flight, judge));
    const struct lives lives = world_lives(flight->world);
    const struct fetch_config *fetch = &flight->world->config->fetch;
    struct answer_draft *draft = &flight->draft;
    const struct judge_request request = {
        .policies = flight->world->policies,
        .evidence = flight->evidence,
        .address = &flight->address,
        .candidates = flight->candidates,
        .count = flight->candidate_count,
        .now = clock_wall_s(),
        .ask_urls = fetch->crls,
        .ask_directories = true,
        .ask_ocsp = fetch->ocsp,
        .ask_issuers = fetch->issuers,
        .explain = flight->judging == JUDGING_EXPLAINED,
    };

    forget_verdicts(draft);
    close_candidates(flight);
    needs_free(&flight->needs);
    if (judge(&request, draft, &flight->needs) == 0) {
        if (flight->judging == JUDGING_EXPLAINED) {
            conclude_explained(draft, &lives, flight->judged_before);
        } else if (flight->judged_before != NULL) {
            conclude_again(draft, &lives, flight->judged_before);
        } else {
            conclude(draft, &lives, flight->cut_short);
        }
        flight->verdict = answer_make(draft);
    }
    evidence_free(&flight->evidence);
    if (flight->verdict != NULL && flight->judging == JUDGING_FOUND) {
        count_refusals(flight->verdict);
    }
    engine_post(flight->lookup->parts.engine, &flight->judged);
}

static void on_judged(struct task *task)
{
    struct flight *flight = (struct flight *)((char *)task - offsetof(struct flight, judged));
    flight->is_judged = false;
    flight_judged(flight);
    flight_release(flight);
}

int judge_candidates(struct flight *flight, enum judging judging)
{
    uint64_t number;
    struct answer *before = flight->verdict;
    flight->judging = judging;
    flight->judge.run = run_judge;
    flight->judged.run = on_judged;
    flight->evidence = evidence_store_now(flight->lookup->parts.evidence, &number);
    flight->verdict = NULL;
    flight->open++;
    if (!pool_submit(flight->lookup->parts.validators, &flight->judge)) {
        count(COUNT_LIMIT_VALIDATORS);
        evidence_free(&flight->evidence);
        flight->verdict = before;
        flight->open--;
        return -1;
    }
    answer_free(&before);
    flight->evidence_number = number;
    flight->is_judged = true;
    return 0;
}
