#include "http/batch.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "http/batch_private.h"
#include "http/fragments.h"
#include "http/limits.h"
#include "http/respond.h"
#include "http/routes.h"
#include "http/wanted.h"

#define TYPICAL_BYTES 2048 /* of one recipient in the answer; sizes its first memory */

static void batch_free(void *work)
{
    struct batch *batch = work;

    lookups_free(&batch->lookups);
    free(batch->question_of);
    bundle_free(&batch->bundle);
    buffer_free(&batch->body);
    recipient_list_free(&batch->list);
    free(batch);
}

static bool ask(struct batch *batch, size_t index, const struct address *address)
{
    if (batch->question_of == NULL) {
        batch->question_of = calloc(batch->list.count, sizeof(*batch->question_of));
    }
    if (batch->question_of == NULL) {
        return false;
    }
    batch->question_of[index] = lookups_ask(&batch->lookups, address);
    return batch->question_of[index] > 0;
}

/* Telling: into the body, one after the other */

static void begin_telling(struct batch *batch)
{
    if (batch->told++ > 0) {
        buffer_append_char(&batch->body, ',');
    }
}

/* Once a client has used up what may be answered "none", it is told nothing any more: neither "none" nor "found", or
 * it would know one by the other. What was paid for before, in an earlier time of telling, is told again. */
static bool may_tell(struct batch *batch, enum outcome outcome)
{
    if (outcome == OUTCOME_UNKNOWN) {
        return true;
    }
    batch->nones += outcome == OUTCOME_NONE && !batch->is_shut;
    if (!batch->is_shut && batch->nones >= batch->nones_paid + (outcome == OUTCOME_NONE)) {
        batch->is_shut = !limits_tell(batch->request, outcome);
        batch->nones_paid += outcome == OUTCOME_NONE && !batch->is_shut;
    }
    return !batch->is_shut;
}

static void tell_untold(struct batch *batch, struct bytes sent, enum reason why)
{
    int64_t wait_s = why == REASON_CLIENT_LIMIT ? limits_wait_s(batch->request, 1) : 1;

    if (wait_s > batch->retry_after_s) {
        batch->retry_after_s = wait_s;
    }
    batch->untold++;
    begin_telling(batch);
    render_recipient_untold(sent, why, wait_s, &batch->body);
}

/* A recipient of whom this thread has said the same before, and may again. `ready` NULL: it says nothing again. */
static bool tell_ready(struct batch *batch, struct fragments *ready, struct bytes sent)
{
    const struct http_backend *backend = &batch->request->http->backend;
    struct fragment fragment = {.answer = NULL};

    if (ready != NULL) {
        fragment = fragments_get(ready, sent);
    }
    if (fragment.answer == NULL || !limits_may_have(batch->request, fragment.answer) ||
        !backend->may_serve(backend->context, fragment.answer)) {
        return false;
    }
    if (!may_tell(batch, fragment.answer->outcome)) {
        tell_untold(batch, sent, REASON_CLIENT_LIMIT);
        return true;
    }
    batch->outcomes[fragment.answer->outcome]++;
    begin_telling(batch);
    buffer_append_bytes(&batch->body, fragment.text);
    return true;
}

static void tell_served(struct batch *batch, struct fragments *ready, struct bytes sent, const struct served *served)
{
    struct buffer *body = &batch->body;

    if (!may_tell(batch, served->answer->outcome)) {
        tell_untold(batch, sent, REASON_CLIENT_LIMIT);
        return;
    }
    batch->outcomes[served->answer->outcome]++;
    if (batch->bundle != NULL && served->answer->outcome == OUTCOME_FOUND) {
        bundle_add(batch->bundle, served->answer);
        return;
    }
    if (served->answer->retry_after_s > batch->retry_after_s) {
        batch->retry_after_s = served->answer->retry_after_s;
    }
    begin_telling(batch);
    size_t before = body->size;
    render_recipient(served->answer, limits_told_reason(batch->request, served->answer), served->stale, sent, body);
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

/* What came to a question of a time before. */
static void tell_asked(struct batch *batch, struct fragments *ready, size_t index)
{
    const struct served *served = lookups_served(&batch->lookups, batch->question_of[index]);

    if (served->answer != NULL) {
        tell_served(batch, ready, batch->list.texts[index], served);
    } else {
        tell_untold(batch, batch->list.texts[index], batch->lookups.untold);
    }
}

/* One who is not in memory becomes a question, unless we waited as often as we may. False: out of memory. */
static bool tell_missing(struct batch *batch, struct fragments *ready, size_t index, const struct address *address)
{
    if (!lookups_may_wait(&batch->lookups)) {
        tell_untold(batch, batch->list.texts[index], batch->lookups.untold);
        return true;
    }
    if (!ask(batch, index, address)) {
        return false;
    }
    batch->waits = batch->waits || lookups_is_new(&batch->lookups, batch->question_of[index]);
    if (!batch->waits) {
        tell_asked(batch, ready, index);
    }
    return true;
}

/* What memory says of this one now. False: out of memory. */
static bool look_up(struct batch *batch, struct fragments *ready, size_t index)
{
    const struct http_backend *backend = &batch->request->http->backend;
    struct bytes sent = batch->list.texts[index];
    struct address address;
    enum address_fault fault = address_parse(sent, &address);

    if (fault != ADDRESS_OK) {
        if (!batch->waits) {
            tell_invalid(batch, sent, fault);
        }
        return true;
    }
    bool may_ask = limits_may_ask(batch->request, address_domain(&address));
    struct served served = may_ask ? backend->get(backend->context, &address)
                                   : (struct served){limits_closed_answer(&address), LAYER_DIRECTORY, false};
    if (served.answer == NULL && !may_ask) {
        return false;
    }
    if (served.answer == NULL) {
        return tell_missing(batch, ready, index, &address);
    }
    if (!batch->waits) {
        tell_served(batch, ready, sent, &served);
    }
    answer_free(&served.answer);
    return true;
}

/* One more than the client may ask for. */
static void tell_refused(struct batch *batch, size_t index)
{
    if (!batch->waits) {
        tell_untold(batch, batch->list.texts[index], REASON_CLIENT_LIMIT);
    }
}

static void begin_answer(struct batch *batch)
{
    buffer_clear(&batch->body);
    buffer_append_string(&batch->body, "{\"recipients\":[");
    if (batch->bundle != NULL) {
        bundle_clear(batch->bundle);
    }
    memset(batch->outcomes, 0, sizeof(batch->outcomes));
    batch->retry_after_s = 1;
    batch->told = 0;
    batch->untold = 0;
    batch->nones = 0;
    batch->is_shut = false;
    batch->waits = false;
}

static bool look_all_up(struct batch *batch)
{
    struct fragments *ready = batch->bundle == NULL ? worker_fragments(batch->request->worker) : NULL;
    bool result = true;

    begin_answer(batch);
    for (size_t i = 0; i < batch->list.count && result && !batch->body.failed; i++) {
        bool is_asked = batch->question_of != NULL && batch->question_of[i] > 0;
        if (i >= batch->allowed) {
            tell_refused(batch, i);
        } else if (is_asked && !batch->waits) {
            tell_asked(batch, ready, i);
        } else if (!is_asked && (batch->waits || !tell_ready(batch, ready, batch->list.texts[i]))) {
            result = look_up(batch, ready, i);
        }
    }
    return result;
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
    request->work = batch;
    request->work_free = batch_free;
    enum recipients_fault fault = render_read_recipients(bytes_of(request->body.data, request->body.size),
                                                         request->http->max_recipients, &batch->list, error);
    lookups_init(&batch->lookups, request, batch->list.count);
    return statuses[fault];
}

/* What the answer goes into. False: out of memory. */
static bool make_room(struct batch *batch, enum format format)
{
    if (format == FORMAT_P7C) {
        batch->bundle = bundle_new(batch->list.count);
        return batch->bundle != NULL;
    }
    buffer_reserve(&batch->body, batch->list.count * TYPICAL_BYTES);
    return true;
}

/* There never will be as many, however long the client waits. */
static enum MHD_Result refuse_beyond(const struct batch *batch, size_t most)
{
    struct error error;

    error_set(&error, "%zu recipients, and this client may look up at most %zu at once: ask for fewer at a time",
              batch->list.count, most);
    return respond_problem(batch->request, MHD_HTTP_CONTENT_TOO_LARGE, error.text, NULL);
}

/* A bundle lacks nobody, so part of it would only use up what the next try needs. False: `result` says why not. */
static bool take_allowance(struct batch *batch, enum format format, enum MHD_Result *result)
{
    size_t wanted = batch->list.count, most;
    size_t least = format == FORMAT_P7C && !batch->partial ? wanted : 1;

    batch->allowed = limits_take(batch->request, least, wanted);
    if (batch->allowed > 0 || wanted == 0) {
        return true;
    }
    most = limits_most(batch->request);
    *result = least > most ? refuse_beyond(batch, most) : limits_refuse(batch->request, least);
    return false;
}

/* Reads all that the request says. False: it is answered already, as `result` says. */
static bool begin_batch(struct request *request, enum MHD_Result *result)
{
    struct refusal refusal;
    struct error error;
    enum format format;

    unsigned status = open_batch(request, &error);
    struct batch *batch = request->work;
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        *result = request_refuse(request, REASON_OVERLOADED);
    } else if (status != MHD_HTTP_OK) {
        *result = respond_problem(request, status, error.text, NULL);
    } else if (!wanted_switch(request, "partial", "partial takes 1 or 0, once", &batch->partial, &refusal) ||
               !wanted_format(request, &format, &refusal)) {
        *result = wanted_refuse(request, &refusal);
    } else if (take_allowance(batch, format, result)) {
        if (make_room(batch, format)) {
            return true;
        }
        *result = request_refuse(request, REASON_OVERLOADED);
    }
    return false;
}

enum MHD_Result batch_answer(struct request *request)
{
    enum MHD_Result result;

    if (request->work == NULL && !begin_batch(request, &result)) {
        return result;
    }
    struct batch *batch = request->work;
    do {
        if (!look_all_up(batch)) {
            return request_refuse(request, REASON_OVERLOADED);
        }
        if (!lookups_is_new(&batch->lookups, batch->lookups.count)) {
            return batch_send(batch);
        }
    } while (!lookups_wait(&batch->lookups));
    return MHD_YES;
}
