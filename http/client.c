#include "http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/digest.h"
#include "http/http.h"

#define IPV6_NETWORK_BYTES 7

/* ":80" */
static bool is_port(struct bytes text)
{
    if (text.size < 2 || text.size > 6 || text.data[0] != ':') {
        return false;
    }
    for (size_t i = 1; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

/* Takes off brackets and port. False: what stands around the address is none. */
static bool bare_address(struct bytes *text)
{
    const uint8_t *end;

    if (text->size > 0 && text->data[0] == '[') {
        end = memchr(text->data, ']', text->size);
        if (end == NULL) {
            return false;
        }
        struct bytes behind = bytes_of(end + 1, (size_t)(text->data + text->size - (end + 1)));

        *text = bytes_of(text->data + 1, (size_t)(end - text->data) - 1);
        return behind.size == 0 || is_port(behind);
    }
    end = text->size > 0 ? memchr(text->data, ':', text->size) : NULL;
    size_t before = end != NULL ? (size_t)(end - text->data) : 0;

    /* One colon: a port. More: IPv6 as it is. */
    if (end != NULL && memchr(end + 1, ':', text->size - before - 1) == NULL) {
        bool result = is_port(bytes_of(end, text->size - before));

        text->size = before;
        return result;
    }
    return true;
}

bool client_parse_address(struct bytes text, struct sockaddr_storage *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char copy[INET6_ADDRSTRLEN];

    text = headers_trim(text);
    if (!bare_address(&text) || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, copy, &v4.sin_addr) == 1) {
        memcpy(address, &v4, sizeof(v4));
        return true;
    }
    if (inet_pton(AF_INET6, copy, &v6.sin6_addr) == 1) {
        memcpy(address, &v6, sizeof(v6));
        return true;
    }
    return false;
}

/* Cuts the last element off. False: there is none any more. */
static bool cut_last(struct header_list *list, struct bytes *element)
{
    while (list->count > 0) {
        struct bytes *last = &list->values[list->count - 1];
        size_t begin = last->size;

        while (begin > 0 && last->data[begin - 1] != ',') {
            begin--;
        }
        *element = headers_trim(bytes_of(last->data + begin, last->size - begin));
        if (begin > 0) {
            last->size = begin - 1;
        } else {
            list->count--;
        }
        if (element->size > 0) {
            return true;
        }
    }
    return false;
}

int http_proxy_parse(const char *text, struct network *network, struct error *error)
{
    if (strcmp(text, "unix") == 0) {
        *network = (struct network){.family = AF_UNIX};
        return 0;
    }
    return network_parse(text, network, error);
}

bool client_is_proxy(const struct network *proxies, size_t count, const struct sockaddr *address)
{
    for (size_t i = 0; i < count && address->sa_family == AF_UNIX; i++) {
        if (proxies[i].family == AF_UNIX) {
            return true;
        }
    }
    return network_holds(proxies, count, address);
}

static socklen_t size_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
           : address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address->sa_family);
}

void client_address(const struct network *proxies, size_t proxy_count, const struct sockaddr *peer,
                    const struct header_list *forwarded_for, struct sockaddr_storage *address)
{
    struct header_list rest = *forwarded_for;
    struct sockaddr_storage named;
    struct bytes element;

    memset(address, 0, sizeof(*address));
    if (peer != NULL) {
        memcpy(address, peer, size_of(peer));
    }
    while (client_is_proxy(proxies, proxy_count, (const struct sockaddr *)address) && cut_last(&rest, &element) &&
           client_parse_address(element, &named)) {
        *address = named;
    }
}

uint64_t client_id(struct bytes name)
{
    uint64_t hash = digest_table_hash(name);

    return hash != 0 ? hash : 1;
}

uint64_t client_id_of_address(const struct sockaddr *address)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    uint8_t key[1 + IPV6_NETWORK_BYTES] = {0};

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        key[0] = 4;
        memcpy(key + 1, &v4.sin_addr, sizeof(v4.sin_addr));
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);

        key[0] = is_mapped ? 4 : 6;
        memcpy(key + 1, v6.sin6_addr.s6_addr + (is_mapped ? 12 : 0), is_mapped ? 4 : IPV6_NETWORK_BYTES);
    }
    return client_id(bytes_of(key, sizeof(key)));
}
