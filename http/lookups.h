/*
 * Many lookups for one request. Private to http/.
 *
 * Who is in memory needs none. For the others the connection is suspended, all
 * their lookups are started together, an address that is asked for twice is
 * looked up once, and the one that comes back last resumes the connection; each
 * comes at the deadline of lookups at the latest. Then memory is asked for those
 * whom it had once more, as what it had may have been dropped meanwhile, and who
 * is not there any more is looked up, in a second wait, which is the last.
 *
 * All of it takes one place among the requests that wait. The lookups take places
 * of their own, shared by all such requests and fewer than single ones have; for
 * whom there is none nothing comes.
 *
 *     do {
 *         for each address: it is in memory, or lookups_ask()
 *         nobody was asked for that was not before: the request is answered
 *     } while (!lookups_wait());
 */
#ifndef HTTP_LOOKUPS_H
#define HTTP_LOOKUPS_H

#include "http/request.h"

/* One address that is looked up, for all that are the same. */
struct lookups_question {
    struct waiter waiter;
    struct lookups *lookups;
    struct served served; /* what came; .answer NULL: nothing, and lookups->untold says why */
    size_t at, size;      /* the address in lookups->addresses */
};

struct lookups {
    struct request *request;
    size_t most;             /* addresses */
    unsigned waited;         /* times */
    struct lookups_question *questions; /* NULL: there are none */
    size_t count;
    size_t begun;            /* of them: started, or left without a place */
    struct buffer addresses; /* of the questions, normalised */
    size_t *places;          /* index + 1 of the question in each place of a hash table; 0: free */
    size_t place_mask;
    enum reason untold;      /* why some questions were not started */
    atomic_size_t open;      /* lookups still to come back, and the starting of them */
};

void lookups_init(struct lookups *lookups, struct request *request, size_t most);
void lookups_free(struct lookups *lookups);

/* Whether there may be another wait. */
bool lookups_may_wait(const struct lookups *lookups);

/* The number of the question for this address, from 1. 0: out of memory. */
size_t lookups_ask(struct lookups *lookups, const struct address *address);

/* Whether a question, by its number, is still to be waited for. */
static inline bool lookups_is_new(const struct lookups *lookups, size_t number)
{
    return number > lookups->begun;
}

/* What came to a question that is not new. */
static inline const struct served *lookups_served(const struct lookups *lookups, size_t number)
{
    return &lookups->questions[number - 1].served;
}

/* Starts the new questions. True: the route is called again when all have come, and the request may be gone already.
 * False: nobody waits, and lookups->untold is the answer to each of them. */
bool lookups_wait(struct lookups *lookups);

#endif
