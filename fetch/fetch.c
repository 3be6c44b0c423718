#include "fetch/fetch.h"

#include "fetch/transfer.h"

int fetch_exchange(const struct fetch_request *request, struct fetch_answer *answer, struct error *error)
{
    const struct transfer_request transfer = {
        .url = request->url,
        .accept = request->accept,
        .token = request->token,
        .ca_file = request->ca_file,
        .timeout_ms = request->timeout_ms,
        .post = request->post,
        .post_type = request->post_type,
        .anywhere = true,
    };
    struct transfer_answer came = {.body = answer->body};
    int result = transfer_run(&transfer, &came, error);

    answer->status = came.status;
    memcpy(answer->content_type, came.content_type, sizeof(answer->content_type));
    answer->body = came.body;
    buffer_init(&came.body, 0); /* it is the caller's */
    transfer_clear(&came);
    return result;
}
