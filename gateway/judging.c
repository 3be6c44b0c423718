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

/* Everything that costs, so that the engine only passes on. */
static void judge_flight(struct flight *flight)
{
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
    if (flight->verdict != NULL && flight->judging != JUDGING_EXPLAINED) {
        make_findable(flight->lookup, flight->verdict);
    }
}

static void run_judge(struct work *work)
{
    struct flight *flight = (struct flight *)((char *)work - offsetof(struct flight, judge));
    judge_flight(flight);
    engine_post(flight->lookup->parts.engine, &flight->judged);
}

/* PKCS#7 brings issuers of the sender's choice, whose signatures may take long. */
static bool is_small(const struct candidate *candidate)
{
    return candidate->source.attribute == ATTRIBUTE_USER_CERTIFICATE &&
           blob_bytes(candidate->value).size <= ALONE_MAX_VALUE_BYTES;
}

bool engine_may_work(const struct flight *flight)
{
    const struct lookup *lookup = flight->lookup;
    bool may = flight->judging != JUDGING_EXPLAINED && flight->candidate_count <= ALONE_MAX_VALUES &&
               alone_may_work(&lookup->alone, lookup->alive, clock_mono_ms());
    for (size_t i = 0; may && i < flight->candidate_count; i++) {
        may = is_small(&flight->candidates[i]);
    }
    return may;
}

void engine_work(struct flight *flight, void (*work)(struct flight *flight))
{
    int64_t began_us = clock_thread_us();
    work(flight);
    alone_worked(&flight->lookup->alone, clock_thread_us() - began_us, clock_mono_ms());
    count(COUNT_ENGINE_WORKED);
}

static void on_judged(struct task *task)
{
    struct flight *flight = (struct flight *)((char *)task - offsetof(struct flight, judged));
    if (flight->engine_judges) {
        engine_work(flight, judge_flight);
    }
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
    flight->engine_judges = engine_may_work(flight);
    if (flight->engine_judges) {
        engine_post(flight->lookup->parts.engine, &flight->judged);
    } else if (!pool_submit(flight->lookup->parts.validators, &flight->judge)) {
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
