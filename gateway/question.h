/*
 * A question on its way from the thread that read it to the engine: the address
 * and nothing of the room that struct address has for the longest one, as each
 * miss costs such a block, made on one thread and freed on another.
 */
#ifndef GATEWAY_QUESTION_H
#define GATEWAY_QUESTION_H

#include "base/answer.h"
#include "base/metrics.h"
#include "cache/record.h"
#include "gateway/engine.h"

struct lookup;
struct world;

struct question {
    struct task task; /* the first member: `run` casts it; the question is its own then */
    struct lookup *lookup;
    struct waiter *waiters; /* by their `next` */
    size_t waiter_count;
    int64_t asked_ms;  /* mono */

    /* While the thread that read it asks Redis, and until the flight that follows is over; see gateway/inquiry.h. */
    struct inquiry {
        struct question *next; /* in its bucket */
        enum { INQUIRY_NONE, INQUIRY_READS, INQUIRY_AT_ENGINE } state;
        struct world *world;
        struct digest scope;
        int64_t stamp;         /* see coherence_stamp() */
        uint64_t began;        /* how many drops there were then */
        char key[RECORD_KEY_BYTES];
        bool has_asked;        /* Redis has answered, and what it had that is of any use is here: */
        bool lacks_record;     /* it had none */
        struct answer *answer; /* on its way into memory, or to the flight */
    } inquiry;

    uint64_t hash; /* of the address */
    size_t size, local_size, display_size;
    char texts[]; /* the address's text and display, each with its NUL */
};

/* NULL: out of memory. */
struct question *question_new(struct lookup *lookup, const struct address *address, struct waiter *waiter,
                              void (*run)(struct task *task));

void question_address(const struct question *question, struct address *address);
static inline struct bytes question_text(const struct question *question)
{
    return bytes_of(question->texts, question->size);
}

/* As what an answer counts that came from there. */
enum known_by known_by(enum layer layer, bool stale);

/* Gives everybody in the chain a reference to the answer, and counts what each has waited. */
void waiters_wake(struct waiter *waiters, struct answer *answer, enum layer layer, bool stale);

#endif
