#include "gateway/question.h"

#include <stdlib.h>

#include "base/clock.h"

struct question *question_new(struct lookup *lookup, const struct address *address, struct waiter *waiter,
                              void (*run)(struct task *task))
{
    size_t display_size = strlen(address->display);
    struct question *question = malloc(sizeof(*question) + address->size + 1 + display_size + 1);
    if (question == NULL) {
        return NULL;
    }
    waiter->next = NULL;
    question->task = (struct task){.run = run};
    question->lookup = lookup;
    question->waiters = waiter;
    question->waiter_count = 1;
    waiter->asked_us = clock_mono_us();
    question->asked_ms = waiter->asked_us / 1000;
    question->inquiry.state = INQUIRY_NONE; /* the rest of it is written by who makes it another */
    question->size = address->size;
    question->local_size = address->local_size;
    question->hash = address->hash;
    question->display_size = display_size;
    memcpy(question->texts, address->text, address->size + 1);
    memcpy(question->texts + address->size + 1, address->display, display_size + 1);
    return question;
}

void question_address(const struct question *question, struct address *address)
{
    address->size = question->size;
    address->local_size = question->local_size;
    address->hash = question->hash;
    memcpy(address->text, question->texts, question->size + 1);
    memcpy(address->display, question->texts + question->size + 1, question->display_size + 1);
}

enum known_by known_by(enum layer layer, bool stale)
{
    static const enum known_by layers[] = {
        [LAYER_DIRECTORY] = BY_DIRECTORY,
        [LAYER_REDIS] = BY_REDIS,
        [LAYER_MEMORY] = BY_MEMORY,
    };
    return stale ? BY_STALE : layers[layer];
}

void waiters_wake(struct waiter *waiters, struct answer *answer, enum layer layer, bool stale)
{
    enum known_by by = known_by(layer, stale);
    int64_t now_us = waiters != NULL ? clock_mono_us() : 0;
    while (waiters != NULL) {
        struct waiter *next = waiters->next; /* `ready` may free the waiter */
        if (waiters->asked_us != 0) {
            count_lookup_time(by, answer->outcome, now_us - waiters->asked_us);
        }
        waiters->ready(waiters, (struct served){answer_ref(answer), layer, stale});
        waiters = next;
    }
}
