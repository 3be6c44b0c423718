#include "http/values.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

_Static_assert(VALUES_DATE_SIZE < TEXT_TIME_BYTES, "a date and its NUL");

char *values_of(struct MHD_Response *response, const char *name)
{
    return (char *)(uintptr_t)MHD_get_response_header(response, name);
}

/* False: or libmicrohttpd has no memory for two. */
static bool have_own_values(struct MHD_Response *one, struct MHD_Response *other)
{
    static const char name[] = "ETag", value[] = "\"1\"";

    if (one == NULL || other == NULL || MHD_add_response_header(one, name, value) != MHD_YES ||
        MHD_add_response_header(other, name, value) != MHD_YES) {
        return false;
    }
    const char *first = values_of(one, name), *second = values_of(other, name);
    return first != second && first != value && second != value;
}

bool values_may_be_written(void)
{
    struct MHD_Response *one = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *other = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    bool result = have_own_values(one, other);

    if (one != NULL) {
        MHD_destroy_response(one);
    }
    if (other != NULL) {
        MHD_destroy_response(other);
    }
    return result;
}

const char *values_date(void)
{
    static _Thread_local struct {
        int64_t second; /* 0: no date yet */
        char text[TEXT_TIME_BYTES];
    } last;
    int64_t now = clock_wall_s();

    if (now != last.second) {
        last.second = now;
        text_http_date(now, last.text);
    }
    return last.text;
}

void values_renew_date(struct MHD_Response *response)
{
    char *date = values_of(response, MHD_HTTP_HEADER_DATE);

    if (date != NULL) {
        memcpy(date, values_date(), VALUES_DATE_SIZE);
    }
}
