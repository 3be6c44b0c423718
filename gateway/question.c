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
    question->asked_ms = clock_mono_ms();
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

void waiters_wake(struct waiter *waiters, struct answer *answer, enum layer layer, bool stale)
{
    while (waiters != NULL) {
        struct waiter *next = waiters->next; /* `ready` may free the waiter */
        waiters->ready(waiters, (struct served){answer_ref(answer), layer, stale});
        waiters = next;
    }
}
