#include "cli/assess.h"

#include <stdlib.h>

#include "base/clock.h"
#include "x509/prefetch.h"

struct assessor {
    const struct options *options;
    struct policies *policies;
    struct collector *collector;
    bool begun; /* the CRLs that options name by URL were asked for */
};

struct assessor *assessor_open(const struct options *options, struct error *error)
{
    struct policies_config config = {.trust = trust_policy(&options->trust)};
    struct assessor *assessor = calloc(1, sizeof(*assessor));

    if (assessor == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    config.trust.ocsp = options->fetch.ocsp;
    assessor->options = options;
    assessor->policies = policies_load(&config, error);
    if (assessor->policies == NULL) {
        trust_name_option(error);
    } else {
        assessor->collector = collector_open(options, assessor->policies, error);
    }
    if (assessor->collector == NULL) {
        assessor_close(&assessor);
    }
    return assessor;
}

void assessor_close(struct assessor **assessor_)
{
    struct assessor *assessor = *assessor_;

    *assessor_ = NULL;
    if (assessor != NULL) {
        collector_close(&assessor->collector);
        policies_free(&assessor->policies);
        free(assessor);
    }
}

struct collector *assessor_collector(struct assessor *assessor)
{
    return assessor->collector;
}

struct named {
    const struct trust_list *crls;
    struct needs needs;
};

static void take_named(void *context, const struct need *need)
{
    struct named *named = context;

    for (size_t i = 0; i < named->crls->count; i++) {
        if (need->url != NULL && strcmp(need->url, named->crls->items[i]) == 0) {
            needs_add(&named->needs, need);
        }
    }
}

/* Whatever else may not be fetched, what --crl names by its URL is. */
static void fetch_named(struct assessor *assessor, const struct assessment *assessment)
{
    struct named named = {.crls = &assessor->options->trust.crls};

    if (!assessor->begun) {
        assessor->begun = true;
        policies_each_need(assessor->policies, false, take_named, &named);
        collector_fetch(assessor->collector, NULL, &named.needs, assessment->deadline_ms);
        needs_free(&named.needs);
    }
}

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

int assessor_judge(struct assessor *assessor, const struct assessment *assessment, struct answer_draft *draft)
{
    const struct fetch_options *fetch = &assessor->options->fetch;
    struct judge_request request = {
        .policies = assessor->policies,
        .address = assessment->address,
        .candidates = assessment->candidates,
        .count = assessment->count,
        .explain = assessor->options->explain,
        .ask_urls = fetch->crls,
        .ask_directories = assessment->directory != NULL,
        .ask_ocsp = fetch->ocsp,
        .ask_issuers = fetch->issuer_hosts.count > 0,
    };
    bool news = true;
    int result = 0;

    fetch_named(assessor, assessment);
    for (int round = 0; round < MAX_NEED_ROUNDS && news && result == 0; round++) {
        struct needs needs = {.count = 0};
        forget_verdicts(draft);
        request.evidence = collector_evidence(assessor->collector);
        request.now = draft->made_at = clock_wall_s();
        result = judge(&request, draft, &needs);
        news = result == 0 && needs.count > 0 && clock_mono_ms() < assessment->deadline_ms &&
               collector_fetch(assessor->collector, assessment->directory, &needs, assessment->deadline_ms);
        needs_free(&needs);
    }
    return result;
}
