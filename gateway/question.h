/*
 * A question on its way from the thread that read it to the engine: the address
 * and nothing of the room that struct address has for the longest one, as each
 * miss costs such a block, made on one thread and freed on another.
 */
#ifndef GATEWAY_QUESTION_H
#define GATEWAY_QUESTION_H

#include "base/answer.h"
#include "gateway/engine.h"

struct lookup;

struct question {
    struct task task; /* the first member: `run` casts it, and frees the question */
    struct lookup *lookup;
    struct waiter *waiter;
    size_t size, local_size, display_size;
    char texts[]; /* the address's text and display, each with its NUL */
};

/* NULL: out of memory. */
struct question *question_new(struct lookup *lookup, const struct address *address, struct waiter *waiter,
                              void (*run)(struct task *task));

void question_address(const struct question *question, struct address *address);

#endif
