#include "http/wanted.h"

#include "http/negotiate.h"
#include "http/respond.h"
#include "http/routes.h"

/* "1" "true", "0" "false". False: neither. */
static bool parse_switch(struct bytes text, bool *on)
{
    *on = bytes_equal(text, bytes_of("1", 1)) || bytes_equal(text, bytes_of("true", 4));
    return *on || bytes_equal(text, bytes_of("0", 1)) || bytes_equal(text, bytes_of("false", 5));
}

bool wanted_switch(const struct request *request, const char *name, const char *why, bool *on,
                   struct refusal *refusal)
{
    struct bytes value;

    *on = false;
    size_t times = target_parameter(&request->target, name, &value);
    if (times == 0 || (times == 1 && parse_switch(value, on))) {
        return true;
    }
    *refusal = (struct refusal){MHD_HTTP_BAD_REQUEST, why, false};
    return false;
}

bool wanted_format(const struct request *request, enum format *format, struct refusal *refusal)
{
    const struct route *route = request->route;
    const struct header_list *accept = &request->headers.accept;
    struct bytes value;

    *format = route->preferred;
    size_t formats = target_parameter(&request->target, "format", &value);
    if (formats > 1 || (formats == 1 && !negotiate_name(value, format))) {
        *refusal = (struct refusal){MHD_HTTP_BAD_REQUEST, "format takes the name of one format, once", true};
        return false;
    }
    bool offered = formats == 1 ? (route->formats & FORMAT_BIT(*format)) != 0
                                : negotiate_accept(accept->values, accept->count, route->formats, route->preferred,
                                                   format);
    if (!offered) {
        *refusal = (struct refusal){MHD_HTTP_NOT_ACCEPTABLE, "no format that the request takes", true};
    }
    return offered;
}

enum MHD_Result wanted_refuse(struct request *request, const struct refusal *refusal)
{
    struct response_headers headers = {0};
    const char *before = ": this is offered as ";
    struct buffer detail;

    if (!refusal->list_formats) {
        return respond_problem(request, refusal->status, refusal->why, NULL);
    }
    buffer_init(&detail, MAX_ERROR_BYTES);
    buffer_append_string(&detail, refusal->why);
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        const struct format_info *info = &render_formats[i];
        if ((request->route->formats & FORMAT_BIT(i)) != 0) {
            buffer_append_format(&detail, "%s%s (?format=%s)", before, info->media_type, info->name);
            before = ", ";
        }
    }
    respond_header(&headers, MHD_HTTP_HEADER_VARY, "%s", MHD_HTTP_HEADER_ACCEPT);
    enum MHD_Result result = respond_problem(request, refusal->status, buffer_string(&detail), &headers);
    buffer_free(&detail);
    return result;
}
