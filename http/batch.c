#include "http/batch.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "http/fragments.h"
#include "http/respond.h"
#include "render/batch.h"

#define TYPICAL_BYTES 2048 /* of one recipient in the answer; sizes its first memory */

/* One address that is looked up, for all recipients that are the same. */
struct question {
    struct waiter waiter;
    struct batch *batch;
    struct served served; /* what came; .answer NULL: nothing, and reason says why */
    size_t at, size;      /* the address in batch->addresses */
};

struct recipient {
    enum address_fault fault;
    struct served served;       /* from memory; .answer NULL: not there */
    size_t question;            /* then its index + 1; 0: none */
};

struct batch {
    struct request *request;
    struct recipient_list list; /* what was asked, as it was sent */
    struct buffer body;         /* of the answer, as far as nobody has to be waited for */
    size_t told;                /* recipients that are in it */
    struct recipient *recipients; /* NULL: nobody has to be waited for, so far */
    struct question *questions;
    size_t question_count;
    struct buffer addresses;    /* of the questions, normalised */
    size_t *places;             /* index + 1 of the question in each place of a hash table; 0: free */
    size_t place_mask;
    enum reason untold;         /* why some questions were not started */
    atomic_size_t open;         /* lookups still to come back, and the starting of them */
};

#define QUESTION_OF(waiter_) ((struct question *)((char *)(waiter_) - offsetof(struct question, waiter)))

static void batch_free(void *work)
{
    struct batch *batch = work;

    for (size_t i = 0; batch->recipients != NULL && i < batch->list.count; i++) {
        answer_free(&batch->recipients[i].served.answer);
    }
    for (size_t i = 0; i < batch->question_count; i++) {
        answer_free(&batch->questions[i].served.answer);
    }
    free(batch->questions);
    free(batch->recipients);
    free(batch->places);
    buffer_free(&batch->addresses);
    buffer_free(&batch->body);
    recipient_list_free(&batch->list);
    free(batch);
}

/* Waiting */

static void came_back(struct batch *batch)
{
    if (atomic_fetch_sub(&batch->open, 1) == 1) {
        request_resume(batch->request); /* the batch may be gone now */
    }
}

static void on_ready(struct waiter *waiter, struct served served)
{
    struct question *question = QUESTION_OF(waiter);

    question->served = served;
    atomic_fetch_sub(&question->batch->request->http->batch_lookups, 1);
    came_back(question->batch);
}

/* Takes as many places for lookups as there are, at most `wanted`. */
static size_t take_lookups(struct http *http, size_t wanted)
{
    size_t taken = atomic_load(&http->batch_lookups), more;

    do {
        more = taken < http->max_batch_lookups ? http->max_batch_lookups - taken : 0;
        more = more < wanted ? more : wanted;
    } while (!atomic_compare_exchange_weak(&http->batch_lookups, &taken, taken + more));
    count_add(COUNT_LIMIT_BATCH_LOOKUPS, wanted - more);
    return more;
}

static void start(struct batch *batch, size_t lookups)
{
    const struct http_backend *backend = &batch->request->http->backend;

    atomic_store(&batch->open, lookups + 1);
    for (size_t i = 0; i < lookups; i++) {
        struct question *question = &batch->questions[i];
        struct address address;
        address_parse(bytes_of(batch->addresses.data + question->at, question->size), &address);
        question->waiter = (struct waiter){.ready = on_ready};
        backend->start(backend->context, &address, &question->waiter);
    }
    came_back(batch);
}

/* False: nobody waits, and batch->untold is the answer to every question. */
static bool wait_for_questions(struct batch *batch)
{
    struct request *request = batch->request;

    batch->untold = REASON_OVERLOADED;
    size_t lookups = take_lookups(request->http, batch->question_count);
    if (lookups == 0) {
        return false;
    }
    if (!request_suspend(request, &batch->untold)) {
        atomic_fetch_sub(&request->http->batch_lookups, lookups);
        return false;
    }
    start(batch, lookups);
    return true;
}

/* Asking */

static bool begin_questions(struct batch *batch)
{
    size_t places = 16;

    while (places < 2 * batch->list.count) {
        places *= 2;
    }
    batch->place_mask = places - 1;
    batch->places = calloc(places, sizeof(*batch->places));
    batch->questions = calloc(batch->list.count, sizeof(*batch->questions));
    batch->recipients = calloc(batch->list.count, sizeof(*batch->recipients));
    return batch->places != NULL && batch->questions != NULL && batch->recipients != NULL;
}

/* The place of the question for this address, or the free one where it belongs. */
static size_t *find_place(struct batch *batch, const struct address *address)
{
    size_t at = (size_t)digest_table_hash(address_bytes(address)) & batch->place_mask;

    while (batch->places[at] != 0) {
        const struct question *question = &batch->questions[batch->places[at] - 1];
        if (bytes_equal(bytes_of(batch->addresses.data + question->at, question->size), address_bytes(address))) {
            break;
        }
        at = (at + 1) & batch->place_mask;
    }
    return &batch->places[at];
}

static bool ask(struct batch *batch, size_t index, const struct address *address)
{
    if (batch->recipients == NULL && !begin_questions(batch)) {
        return false;
    }
    size_t *place = find_place(batch, address);
    if (*place == 0) {
        struct question *question = &batch->questions[batch->question_count++];
        *question = (struct question){.batch = batch, .at = batch->addresses.size, .size = address->size};
        buffer_append_bytes(&batch->addresses, address_bytes(address));
        *place = batch->question_count;
    }
    batch->recipients[index].question = *place;
    return !batch->addresses.failed;
}

/* Telling: into the body, one after the other */

static void begin_telling(struct batch *batch)
{
    buffer_append_string(&batch->body, batch->told > 0 ? "," : "{\"recipients\":[");
    batch->told++;
}

/* A recipient of whom this thread has said the same before, and may again. */
static bool tell_ready(struct batch *batch, struct fragments *ready, struct bytes sent)
{
    const struct http_backend *backend = &batch->request->http->backend;
    struct fragment fragment = {.answer = NULL};

    if (ready != NULL) {
        fragment = fragments_get(ready, sent);
    }
    if (fragment.answer == NULL || !backend->may_serve(backend->context, fragment.answer)) {
        return false;
    }
    count_outcome(fragment.answer->outcome);
    begin_telling(batch);
    buffer_append_bytes(&batch->body, fragment.text);
    return true;
}

static void tell_served(struct batch *batch, struct fragments *ready, struct bytes sent, const struct served *served)
{
    struct buffer *body = &batch->body;

    count_outcome(served->answer->outcome);
    begin_telling(batch);
    size_t before = body->size;
    render_recipient(served->answer, served->stale, sent, body);
    if (ready != NULL && hot_may_keep(served) && !body->failed) {
        struct fragment fragment = {served->answer, bytes_of(body->data + before, body->size - before)};
        fragments_put(ready, sent, &fragment);
    }
}

static void tell_invalid(struct batch *batch, struct bytes sent, enum address_fault fault)
{
    begin_telling(batch);
    render_recipient_invalid(sent, address_fault_text(fault), &batch->body);
}

static void tell_untold(struct batch *batch, struct bytes sent)
{
    count_outcome(OUTCOME_UNKNOWN);
    begin_telling(batch);
    render_recipient_untold(sent, batch->untold, &batch->body);
}

/* One who came behind somebody who had to be waited for. */
static void tell_late(struct batch *batch, struct fragments *ready, size_t index)
{
    const struct recipient *recipient = &batch->recipients[index];
    const struct served *served = recipient->question > 0 ? &batch->questions[recipient->question - 1].served
                                                          : &recipient->served;
    struct bytes sent = batch->list.texts[index];

    if (recipient->fault != ADDRESS_OK) {
        tell_invalid(batch, sent, recipient->fault);
    } else if (served->answer == NULL) {
        tell_untold(batch, sent);
    } else {
        tell_served(batch, ready, sent, served);
    }
}

/* What memory says of this one: at once, or kept for when it is its turn. False: out of memory. */
static bool look_up(struct batch *batch, struct fragments *ready, size_t index)
{
    const struct http_backend *backend = &batch->request->http->backend;
    struct recipient one = {.fault = ADDRESS_OK};
    struct bytes sent = batch->list.texts[index];
    struct address address;
    bool result = true;

    one.fault = address_parse(sent, &address);
    if (one.fault == ADDRESS_OK) {
        one.served = backend->get(backend->context, &address);
    }
    if (one.fault == ADDRESS_OK && one.served.answer == NULL) {
        result = ask(batch, index, &address);
    } else if (batch->recipients != NULL) {
        batch->recipients[index] = one;
        one.served.answer = NULL;
    } else if (one.fault != ADDRESS_OK) {
        tell_invalid(batch, sent, one.fault);
    } else {
        tell_served(batch, ready, sent, &one.served);
    }
    answer_free(&one.served.answer);
    return result;
}

static bool look_all_up(struct batch *batch)
{
    struct fragments *ready = worker_fragments(batch->request->worker);

    for (size_t i = 0; i < batch->list.count; i++) {
        bool told = batch->recipients == NULL && tell_ready(batch, ready, batch->list.texts[i]);
        if (!told && !look_up(batch, ready, i)) {
            return false;
        }
    }
    return true;
}

static enum MHD_Result send_all(struct batch *batch)
{
    struct request *request = batch->request;
    struct fragments *ready = worker_fragments(request->worker);
    struct buffer *body = &batch->body;

    while (batch->told < batch->list.count && !body->failed) {
        tell_late(batch, ready, batch->told);
    }
    buffer_append_string(body, batch->told > 0 ? "]}" : "{\"recipients\":[]}");
    if (body->failed && body->size > MAX_RESPONSE_BYTES - 2 * MAX_VALUE_BYTES) { /* it was not memory */
        return respond_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
                               "the answer would be too large: ask for fewer recipients at a time", NULL);
    }
    if (body->failed || !body_hold(&request->body, request->http, body->size)) {
        return request_refuse(request, REASON_OVERLOADED);
    }
    return respond_text(request, MHD_HTTP_OK, body, "application/json");
}

/* Reads the body of the request, which stays, as the list looks into it. Returns 200, or the status to refuse with. */
static unsigned open_batch(struct request *request, struct error *error)
{
    static const unsigned statuses[] = {
        [RECIPIENTS_OK] = MHD_HTTP_OK,
        [RECIPIENTS_BAD] = MHD_HTTP_BAD_REQUEST,
        [RECIPIENTS_TOO_MANY] = MHD_HTTP_CONTENT_TOO_LARGE,
        [RECIPIENTS_NO_MEMORY] = MHD_HTTP_SERVICE_UNAVAILABLE,
    };
    struct batch *batch = calloc(1, sizeof(*batch));

    error_set(error, "%s", reason_text(REASON_OVERLOADED));
    if (batch == NULL) {
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    batch->request = request;
    buffer_init(&batch->body, MAX_RESPONSE_BYTES);
    buffer_init(&batch->addresses, MAX_BATCH_RECIPIENTS * MAX_ADDRESS_BYTES);
    request->work = batch;
    request->work_free = batch_free;
    enum recipients_fault fault = render_read_recipients(bytes_of(request->body.data, request->body.size),
                                                         request->http->max_recipients, &batch->list, error);
    buffer_reserve(&batch->body, batch->list.count * TYPICAL_BYTES);
    return statuses[fault];
}

enum MHD_Result batch_answer(struct request *request)
{
    if (request->work == NULL) {
        struct error error;
        unsigned status = open_batch(request, &error);
        if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
            return request_refuse(request, REASON_OVERLOADED);
        }
        if (status != MHD_HTTP_OK) {
            return respond_problem(request, status, error.text, NULL);
        }
        struct batch *batch = request->work;
        if (!look_all_up(batch)) {
            return request_refuse(request, REASON_OVERLOADED);
        }
        if (batch->question_count > 0 && wait_for_questions(batch)) {
            return MHD_YES;
        }
    }
    return send_all(request->work);
}
