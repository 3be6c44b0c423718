#include "http/search.h"

#include "http/limits.h"
#include "http/respond.h"
#include "http/search_query.h"

/* They are public: signed by their issuers, to be handed on. */
enum MHD_Result search_answer_crls(struct request *request)
{
    const struct http_backend *backend = &request->http->backend;
    struct search_match found[MAX_SEARCH_RESULTS];
    struct parts parts = {.media_type = "application/pkix-crl"};
    struct search_query query;

    const char *fault = search_query_parse(&request->target, STORE_CRLS, &query);
    if (fault != NULL) {
        return respond_problem(request, MHD_HTTP_BAD_REQUEST, fault, NULL);
    }
    if (limits_take(request, 1, 1) == 0) {
        return limits_refuse(request, 1);
    }
    size_t count = backend->crls(backend->context, &query.key, found, MAX_SEARCH_RESULTS);
    for (size_t i = 0; i < count; i++) {
        parts_add(&parts, found[i]);
    }
    enum MHD_Result result = parts.count > 0 ? search_send(request, &parts)
                                             : search_send_none(request, "no current CRL of such an issuer is here",
                                                                REASON_UNJUDGED, NULL);
    parts_free(&parts);
    return result;
}
