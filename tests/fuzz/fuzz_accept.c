#include <stdint.h>
#include <stdlib.h>

#include "http/etag.h"
#include "http/headers.h"
#include "http/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The first byte chooses what is offered; the rest is Accept, If-None-Match, and a header field at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned all = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_DER) | FORMAT_BIT(FORMAT_PEM) | FORMAT_BIT(FORMAT_P7C);
    enum format format = FORMAT_COUNT;
    struct headers headers;

    if (size == 0) {
        return 0;
    }
    unsigned offered = (data[0] & all) | FORMAT_BIT(FORMAT_JSON);
    struct bytes values[2] = {bytes_of(data + 1, (size - 1) / 2), bytes_of(data + 1 + (size - 1) / 2, size / 2)};
    if (negotiate_accept(values, 2, offered, FORMAT_JSON, &format)) {
        must(format < FORMAT_COUNT && (offered & FORMAT_BIT(format)) != 0);
    } else {
        must(format == FORMAT_COUNT);
    }
    static const char *const types[] = {"text/plain", "text/html"};
    must(negotiate_type(values, 2, types, 2) < 2);
    etag_listed(values[0], "\"a\"");
    negotiate_name(values[0], &format);
    headers_init(&headers);
    headers_add(&headers, bytes_of_string("Content-Length"), values[0]);
    if (headers_check(&headers, false, 0) == FRAMING_OK) {
        must(values[0].size > 0 && headers.length <= MAX_IGNORED_BODY_BYTES);
    }
    headers_add(&headers, values[0], values[1]);
    headers_check(&headers, true, 100);
    return 0;
}
