#include "http/purge.h"

#include <stdlib.h>

#include "http/respond.h"
#include "render/purge.h"

/* A purge on its way. */
struct purging {
    struct drop_waiter waiter;
    struct request *request;
    struct drop drop;
    bool failed;
    size_t dropped;
};

#define PURGING_OF(waiter_) ((struct purging *)((char *)(waiter_) - offsetof(struct purging, waiter)))

static void on_done(struct drop_waiter *waiter, size_t dropped)
{
    struct purging *purging = PURGING_OF(waiter);

    purging->dropped = dropped;
    request_resume(purging->request); /* the purging may be gone now */
}

static enum MHD_Result start(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;
    struct purging *purging = calloc(1, sizeof(*purging));
    struct error error;
    enum reason why;

    if (purging == NULL) {
        return request_refuse(request, REASON_OVERLOADED);
    }
    request->work = purging;
    request->work_free = free;
    purging->request = request;
    purging->waiter.done = on_done;
    if (render_read_purge(bytes_of(request->body.data, request->body.size), &purging->drop, &error) != 0) {
        return respond_problem(request, MHD_HTTP_BAD_REQUEST, error.text, NULL);
    }
    if (!request_suspend(request, &why)) {
        return request_refuse(request, why);
    }
    if (backend->purge(backend->context, &purging->drop, &purging->waiter) != 0) {
        purging->failed = true;
        request_resume(request);
    }
    return MHD_YES;
}

enum MHD_Result purge_answer(struct request *request)
{
    const struct purging *purging = request->work;
    struct buffer body;

    if (purging == NULL) {
        return start(request);
    }
    buffer_init(&body, MAX_ERROR_BYTES + MAX_PURGE_BODY_BYTES);
    if (purging->failed || render_purged(&purging->drop, purging->dropped, &body) != 0) {
        buffer_free(&body);
        return request_refuse(request, REASON_OVERLOADED);
    }
    return respond_text(request, MHD_HTTP_OK, &body, "application/json");
}
