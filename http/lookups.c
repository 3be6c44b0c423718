#include "http/lookups.h"

#include <stdlib.h>

#include "base/metrics.h"

/* The second is for those whom memory had when the first began, and has no more: what was dropped meanwhile is not
 * told. */
#define WAITS_MAX 2
#define QUESTION_OF(waiter_) \
    ((struct lookups_question *)((char *)(waiter_) - offsetof(struct lookups_question, waiter)))

void lookups_init(struct lookups *lookups, struct request *request, size_t most)
{
    *lookups = (struct lookups){.request = request, .most = most};
    buffer_init(&lookups->addresses, most * MAX_ADDRESS_BYTES);
}

void lookups_free(struct lookups *lookups)
{
    for (size_t i = 0; i < lookups->count; i++) {
        answer_free(&lookups->questions[i].served.answer);
    }
    free(lookups->questions);
    free(lookups->places);
    buffer_free(&lookups->addresses);
}

bool lookups_may_wait(const struct lookups *lookups)
{
    return lookups->waited < WAITS_MAX;
}

/* Waiting */

static void came_back(struct lookups *lookups)
{
    if (atomic_fetch_sub(&lookups->open, 1) == 1) {
        request_resume(lookups->request); /* the request may be gone now */
    }
}

static void on_ready(struct waiter *waiter, struct served served)
{
    struct lookups_question *question = QUESTION_OF(waiter);

    question->served = served;
    atomic_fetch_sub(&question->lookups->request->http->batch_lookups, 1);
    came_back(question->lookups);
}

/* Takes as many places for lookups as there are, at most `wanted`. */
static size_t take_places(struct http *http, size_t wanted)
{
    size_t taken = atomic_load(&http->batch_lookups), more;

    do {
        more = taken < http->max_batch_lookups ? http->max_batch_lookups - taken : 0;
        more = more < wanted ? more : wanted;
    } while (!atomic_compare_exchange_weak(&http->batch_lookups, &taken, taken + more));
    count_add(COUNT_LIMIT_BATCH_LOOKUPS, wanted - more);
    return more;
}

static void start(struct lookups *lookups, struct lookups_question *questions, size_t count)
{
    const struct http_backend *backend = &lookups->request->http->backend;

    atomic_store(&lookups->open, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct lookups_question *question = &questions[i];
        struct address address;
        address_parse(bytes_of(lookups->addresses.data + question->at, question->size), &address);
        question->waiter = (struct waiter){.ready = on_ready};
        backend->start(backend->context, &address, &question->waiter);
    }
    came_back(lookups);
}

bool lookups_wait(struct lookups *lookups)
{
    struct request *request = lookups->request;
    size_t wanted = lookups->count - lookups->begun;

    lookups->untold = REASON_OVERLOADED;
    size_t taken = take_places(request->http, wanted);
    bool waits = taken > 0 && request_suspend(request, &lookups->untold);
    if (!waits) {
        atomic_fetch_sub(&request->http->batch_lookups, taken);
    }
    lookups->waited++;
    struct lookups_question *questions = &lookups->questions[lookups->begun];
    lookups->begun = lookups->count;
    if (waits) {
        start(lookups, questions, taken); /* the request may be gone then */
    }
    return waits;
}

/* Asking */

static bool begin_questions(struct lookups *lookups)
{
    size_t places = 16;

    while (places < 2 * lookups->most) {
        places *= 2;
    }
    lookups->place_mask = places - 1;
    lookups->places = calloc(places, sizeof(*lookups->places));
    lookups->questions = calloc(lookups->most, sizeof(*lookups->questions));
    return lookups->places != NULL && lookups->questions != NULL;
}

/* The place of the question for this address, or the free one where it belongs. */
static size_t *find_place(struct lookups *lookups, const struct address *address)
{
    size_t at = (size_t)address->hash & lookups->place_mask;

    while (lookups->places[at] != 0) {
        const struct lookups_question *question = &lookups->questions[lookups->places[at] - 1];
        struct bytes text = bytes_of(lookups->addresses.data + question->at, question->size);
        if (bytes_equal(text, address_bytes(address))) {
            break;
        }
        at = (at + 1) & lookups->place_mask;
    }
    return &lookups->places[at];
}

size_t lookups_ask(struct lookups *lookups, const struct address *address)
{
    if (lookups->questions == NULL && !begin_questions(lookups)) {
        return 0;
    }
    size_t *place = find_place(lookups, address);
    if (*place == 0) {
        struct lookups_question *question = &lookups->questions[lookups->count];
        *question = (struct lookups_question){
            .lookups = lookups, .at = lookups->addresses.size, .size = address->size};
        buffer_append_bytes(&lookups->addresses, address_bytes(address));
        if (lookups->addresses.failed) {
            return 0;
        }
        *place = ++lookups->count;
    }
    return *place;
}
