#include <stdint.h>
#include <stdlib.h>

#include "http/proxied.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What comes first over a connection: more of it changes no verdict, and less of a good one is never bad. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxied proxied, same;
    enum proxied_state state = proxied_parse(bytes_of(data, size), &proxied);

    if (state == PROXIED_GOOD) {
        must(proxied.size > 0 && proxied.size <= size && proxied.size <= PROXIED_HEADER_MAX);
        must(!proxied.has_address || proxied.address.ss_family == AF_INET || proxied.address.ss_family == AF_INET6);
        must(proxied_parse(bytes_of(data, proxied.size), &same) == PROXIED_GOOD && same.size == proxied.size);
        must(proxied_parse(bytes_of(data, proxied.size - 1), &same) == PROXIED_INCOMPLETE);
    }
    must(state != PROXIED_INCOMPLETE || size < PROXIED_HEADER_MAX);
    for (size_t part = 0; part < size && part < 300; part++) {
        must(state == PROXIED_BAD || proxied_parse(bytes_of(data, part), &same) != PROXIED_BAD);
    }
    return 0;
}
