#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Whoever spoke before says something, too. */
static void put_before(struct header_list *list, uint8_t *room, size_t size)
{
    static const char before[] = "203.0.113.99, ";

    if (list->count > 0 && sizeof(before) - 1 + list->values[0].size <= size) {
        memcpy(room, before, sizeof(before) - 1);
        memcpy(room + sizeof(before) - 1, list->values[0].data, list->values[0].size);
        list->values[0] = bytes_of(room, sizeof(before) - 1 + list->values[0].size);
    }
}

/* X-Forwarded-For, a field to each line. What stands before the last address that is no proxy's changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct network proxies[] = {{.family = AF_INET, .address = {10}, .prefix = 8}};
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    struct sockaddr_storage client, alone, same, named;
    struct bytes rest = bytes_of(data, size);
    struct headers headers;
    static uint8_t room[8192];

    headers_init(&headers);
    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t line = end != NULL ? (size_t)(end - rest.data) : rest.size;

        headers_add(&headers, bytes_of_string("X-Forwarded-For"), bytes_of(rest.data, line));
        line += end != NULL;
        rest = bytes_of(rest.data + line, rest.size - line);
    }
    client_address(proxies, 1, (const struct sockaddr *)&peer, &headers.forwarded_for, &client);
    must(client.ss_family == AF_INET || client.ss_family == AF_INET6);
    must(client_id_of_address((const struct sockaddr *)&client) != 0);

    /* A peer that is no proxy is the client, whatever it says. */
    client_address(NULL, 0, (const struct sockaddr *)&peer, &headers.forwarded_for, &alone);
    must(memcmp(&alone, &peer, sizeof(peer)) == 0);

    if (!network_holds(proxies, 1, (const struct sockaddr *)&client)) {
        put_before(&headers.forwarded_for, room, sizeof(room));
        client_address(proxies, 1, (const struct sockaddr *)&peer, &headers.forwarded_for, &same);
        must(memcmp(&same, &client, sizeof(client)) == 0);
    }
    if (client_parse_address(bytes_of(data, size), &named)) {
        must(named.ss_family == AF_INET || named.ss_family == AF_INET6);
    }
    return 0;
}
