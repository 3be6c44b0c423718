#include "http/wanted.h"

#include <stdio.h>

#include "http/negotiate.h"
#include "http/respond.h"
#include "http/routes.h"

#define STRANGER_BYTES 64 /* of a name that nobody knows are shown */

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

bool wanted_explains(const struct request *request)
{
    bool on, takes = request->route->parameters != NULL && strstr(request->route->parameters, "explain") != NULL;
    struct refusal ignored;

    return takes && wanted_switch(request, "explain", "", &on, &ignored) && on;
}

/* `list` is "a, b". */
static bool is_listed(const char *list, struct bytes name)
{
    while (*list != '\0') {
        size_t size = strcspn(list, ",");

        if (bytes_equal(name, bytes_of(list, size))) {
            return true;
        }
        list += size + strspn(list + size, ", ");
    }
    return false;
}

bool wanted_stranger(const struct request *request, struct bytes *name)
{
    const char *known = request->route->parameters;

    for (size_t i = 0; known != NULL && i < request->target.parameter_count; i++) {
        *name = request->target.parameters[i].name;
        if (!is_listed(known, *name)) {
            return true;
        }
    }
    return false;
}

/* A name that is long is cut between characters. */
enum MHD_Result wanted_refuse_stranger(struct request *request, struct bytes name)
{
    const char *known = request->route->parameters;
    int size = name.size <= STRANGER_BYTES ? (int)name.size : STRANGER_BYTES;
    char detail[RESPOND_VALUE_BYTES];

    while (size < (int)name.size && size > 0 && (name.data[size] & 0xc0) == 0x80) {
        size--;
    }
    snprintf(detail, sizeof(detail), "there is no parameter \"%.*s\" here: this takes %s", size,
             (const char *)name.data, known[0] != '\0' ? known : "none");
    return respond_problem_quoting(request, MHD_HTTP_BAD_REQUEST, detail, "a parameter that is not known here");
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
