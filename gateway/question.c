#include "gateway/question.h"

#include <stdlib.h>

struct question *question_new(struct lookup *lookup, const struct address *address, struct waiter *waiter,
                              void (*run)(struct task *task))
{
    size_t display_size = strlen(address->display);
    struct question *question = malloc(sizeof(*question) + address->size + 1 + display_size + 1);
    if (question != NULL) {
        *question = (struct question){.task = {.run = run}, .lookup = lookup, .waiter = waiter, .size = address->size,
                                      .local_size = address->local_size, .display_size = display_size};
        memcpy(question->texts, address->text, address->size + 1);
        memcpy(question->texts + address->size + 1, address->display, display_size + 1);
    }
    return question;
}

void question_address(const struct question *question, struct address *address)
{
    address->size = question->size;
    address->local_size = question->local_size;
    memcpy(address->text, question->texts, question->size + 1);
    memcpy(address->display, question->texts + question->size + 1, question->display_size + 1);
}
