#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/steps.h"

/* On a thread of the directory: the result goes to the engine, which owns everything else. */
static void on_result(void *context, struct search_result *result)
{
    struct ask *ask = context;
    ask->result = result;
    engine_post(ask->flight->lookup->parts.engine, &ask->came);
}

static void on_came(struct task *task)
{
    struct ask *ask = (struct ask *)((char *)task - offsetof(struct ask, came));
    struct flight *flight = ask->flight;
    ask->back = true;
    search_abandon(&ask->search);
    if (--flight->asks_pending > 0) {
        /* The others may know as well. */
    } else if (flight->asking) {
        flight->asking = false;
        flight_directories_came(flight);
    } else if (flight->hedged) {
        hedge_directories_came(flight);
    }
    flight_release(flight);
}

int ask_directories(struct flight *flight)
{
    flight->asks = calloc(flight->directory_count, sizeof(struct ask));
    if (flight->asks == NULL) {
        return -1;
    }
    flight->asked_at = clock_wall_s();
    flight->asks_pending = flight->directory_count;
    flight->open += (unsigned)flight->directory_count;
    for (size_t i = 0; i < flight->directory_count; i++) {
        struct ask *ask = &flight->asks[i];
        *ask = (struct ask){.flight = flight, .directory = flight->directories[i], .came = {.run = on_came}};
        ask->search = directory_search(ask->directory, &flight->address, directory_settings(ask->directory)->timeout_ms,
                                       on_result, ask);
    }
    return 0;
}

void await_directories(struct flight *flight)
{
    flight->asking = flight->asks_pending > 0;
    if (!flight->asking) {
        flight_directories_came(flight);
    }
}

void ask_no_longer(struct flight *flight)
{
    flight->asking = false;
    for (size_t i = 0; flight->asks != NULL && i < flight->directory_count; i++) {
        search_abandon(&flight->asks[i].search);
    }
}

bool was_refused(const struct flight *flight)
{
    bool all = true;
    for (size_t i = 0; all && i < flight->directory_count; i++) {
        const struct ask *ask = &flight->asks[i];
        all = ask->back && ask->result != NULL && ask->result->result == ASKED_OVERLOADED;
    }
    return all;
}

/* A draft for the candidates of one judging, in the place of the one before. */
static int begin_draft(struct flight *flight, size_t candidates, size_t asked)
{
    answer_draft_free(&flight->draft);
    free(flight->candidates);
    flight->candidate_count = 0;
    flight->candidates = calloc(candidates + 1, sizeof(struct candidate));
    flight->draft = (struct answer_draft){
        .address = flight->address,
        .generation = flight->world->generation,
        .scope = world_scope_number(&flight->scope),
        .asked = calloc(asked + 1, sizeof(struct asked)),
    };
    return flight->candidates != NULL && flight->draft.asked != NULL ? 0 : -1;
}

static int add_asked(struct answer_draft *draft, struct asked asked)
{
    asked.directory = strdup(asked.directory);
    asked.error = strdup(asked.error != NULL ? asked.error : "");
    draft->asked[draft->asked_count++] = asked;
    return asked.directory != NULL && asked.error != NULL ? 0 : -1;
}

static int add_silent(struct flight *flight, const char *directory)
{
    return add_asked(&flight->draft, (struct asked){
                                         .directory = directory,
                                         .result = ASKED_TIMED_OUT,
                                         .duration_ms = (uint32_t)(clock_mono_ms() - flight->started_ms),
                                         .error = "no answer before the deadline of the lookup",
                                     });
}

static int add_result(struct flight *flight, const char *directory, const struct search_result *result)
{
    struct asked asked = {
        .directory = directory,
        .result = result->result,
        .duration_ms = result->duration_ms,
        .entries = result->entries,
        .values = (uint32_t)result->value_count,
        .error = result->error,
    };
    for (size_t i = 0; i < result->value_count; i++) {
        if (flight->candidate_count == MAX_VALUES) {
            count(COUNT_LIMIT_VALUES);
            asked.result = asked.result == ASKED_ANSWERED ? ASKED_CUT_OFF : asked.result;
            break;
        }
        const struct found_value *value = &result->values[i];
        flight->candidates[flight->candidate_count++] = (struct candidate){
            .value = value->value,
            .source = {directory, value->dn, value->attribute, value->index, value->mails},
        };
    }
    return add_asked(&flight->draft, asked);
}

static size_t values_that_came(const struct flight *flight)
{
    size_t count = 0;
    for (size_t i = 0; i < flight->directory_count; i++) {
        const struct search_result *result = flight->asks[i].back ? flight->asks[i].result : NULL;
        count += result != NULL ? result->value_count : 0;
    }
    return count < MAX_VALUES ? count : MAX_VALUES;
}

int collect_answers(struct flight *flight)
{
    if (begin_draft(flight, values_that_came(flight), flight->directory_count) != 0) {
        return -1;
    }
    flight->judged_before = NULL;
    flight->cut_short = flight->deadline_passed;
    flight->draft.made_at = flight->asked_at;
    for (size_t i = 0; i < flight->directory_count; i++) {
        const struct ask *ask = &flight->asks[i];
        const char *name = directory_settings(ask->directory)->name;
        if (ask->back && ask->result == NULL) {
            return -1;
        }
        if ((ask->back ? add_result(flight, name, ask->result) : add_silent(flight, name)) != 0) {
            return -1;
        }
    }
    return 0;
}

int collect_from_answer(struct flight *flight, const struct answer *answer)
{
    if (begin_draft(flight, answer->certificate_count, answer->asked_count) != 0) {
        return -1;
    }
    flight->judged_before = answer;
    flight->draft.made_at = answer->made_at;
    for (size_t i = 0; i < answer->certificate_count; i++) {
        flight->candidates[flight->candidate_count++] = (struct candidate){
            .value = answer->certificates[i].value,
            .source = answer->certificates[i].source,
        };
    }
    for (size_t i = 0; i < answer->asked_count; i++) {
        if (add_asked(&flight->draft, answer->asked[i]) != 0) {
            return -1;
        }
    }
    return 0;
}
