/* For one who wants to know why: an answer that is known, or that a flight comes to, is judged once more, with the way
 * of each verdict written down. */
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/steps.h"

struct explanation {
    struct lookup *lookup;
    struct address address;
    struct waiter *asker;
    struct waiter inner;   /* waits for the answer itself */
    struct served served;
    bool asked_again;
    struct task task;
};

/* What has not come by now is not explained. */
static void on_late(struct timer *timer)
{
    struct flight *flight = (struct flight *)((char *)timer - offsetof(struct flight, deadline));
    flight->open++;
    flight->deadline_passed = true;
    if (flight->awaits_evidence) {
        fetch_no_longer(flight);
        if (!judge_with_news(flight)) {
            flight_explained(flight);
        }
    }
    flight_release(flight);
}

/* A flight of its own, which nobody joins. Takes over the answer when it starts. -1: it does not. */
static int start(struct explanation *explanation)
{
    struct lookup *lookup = explanation->lookup;
    struct served *served = &explanation->served;
    struct flight *flight = NULL;
    if (served->answer->certificate_count > 0) {
        flight = flight_new(lookup->flights, lookup, &explanation->address, lookup->world);
    }
    if (flight == NULL) {
        return -1;
    }
    flight->answered = true; /* by the flight before: nothing of this one is stored */
    flight->explained_layer = served->layer;
    flight->explained_stale = served->stale;
    flight->old = served->answer;
    if (collect_from_answer(flight, flight->old) != 0 || judge_candidates(flight, JUDGING_EXPLAINED) != 0) {
        flight->old = NULL;
        flight_free(lookup->flights, &flight, lookup->parts.background);
        return -1;
    }
    flight->deadline.fire = on_late;
    if (engine_timer_set(lookup->parts.engine, &flight->deadline, flight->world->config->deadline_ms) != 0) {
        flight->deadline_passed = true; /* then it waits for nothing */
    }
    flight_join(flight, explanation->asker);
    lookup->alive++;
    return 0;
}

/* That a lookup rests does not say why, as nobody was asked: who wants to know why has it tried, once. */
static bool ask_again(struct explanation *explanation)
{
    struct lookup *lookup = explanation->lookup;
    if (explanation->served.answer->reason != REASON_BACKING_OFF || explanation->asked_again ||
        lookup_is_draining(lookup)) {
        return false;
    }
    explanation->asked_again = true;
    answer_free(&explanation->served.answer);
    backoff_end_rest(lookup->backoff, address_bytes(&explanation->address), lookup->world->generation,
                     clock_mono_ms());
    lookup_start(lookup, &explanation->address, &explanation->inner);
    return true;
}

static void on_answer(struct task *task)
{
    struct explanation *explanation = (struct explanation *)((char *)task - offsetof(struct explanation, task));
    struct lookup *lookup = explanation->lookup;
    if (ask_again(explanation)) {
        return;
    }
    if (start(explanation) != 0) {
        explanation->asker->ready(explanation->asker, explanation->served);
    }
    free(explanation);
    atomic_fetch_sub(&lookup->explaining, 1);
}

static void on_inner_ready(struct waiter *waiter, struct served served)
{
    struct explanation *explanation = (struct explanation *)((char *)waiter - offsetof(struct explanation, inner));
    explanation->served = served;
    engine_post(explanation->lookup->parts.engine, &explanation->task);
}

void lookup_explain(struct lookup *lookup, const struct address *address, struct waiter *waiter)
{
    struct explanation *explanation = malloc(sizeof(*explanation));
    if (explanation == NULL) {
        waiter->ready(waiter, (struct served){.answer = answer_internal_error(), .layer = LAYER_DIRECTORY});
        return;
    }
    atomic_fetch_add(&lookup->explaining, 1);
    *explanation = (struct explanation){
        .lookup = lookup,
        .address = *address,
        .asker = waiter,
        .inner = {.ready = on_inner_ready},
        .task = {.run = on_answer},
    };
    struct served served = lookup_get(lookup, address);
    if (served.answer != NULL) {
        on_inner_ready(&explanation->inner, served);
    } else {
        lookup_start(lookup, address, &explanation->inner);
    }
}

void flight_explained(struct flight *flight)
{
    engine_timer_clear(&flight->deadline);
    struct answer *answer = flight->verdict != NULL ? flight->verdict : flight->old;
    flight_wake(flight, answer, flight->explained_layer, flight->explained_stale);
}
