#include "http/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

static bool is_loopback_v4(const uint8_t *octets)
{
    return octets[0] == 127;
}

bool access_is_this_machine(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address != NULL && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_loopback_v4((const uint8_t *)&v4.sin_addr);
    }
    if (address != NULL && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && is_loopback_v4(v6.sin6_addr.s6_addr + 12));
    }
    return address != NULL && address->sa_family == AF_UNIX;
}

/* The size of "Bearer", or 0 where that is not the scheme. */
static size_t scheme_size(struct bytes authorization)
{
    static const char scheme[] = "Bearer";
    size_t size = sizeof(scheme) - 1;
    bool is_scheme = authorization.size >= size && strncasecmp((const char *)authorization.data, scheme, size) == 0 &&
                     (authorization.size == size || authorization.data[size] == ' ');

    return is_scheme ? size : 0;
}

bool access_is_malformed_bearer(struct bytes authorization)
{
    static const bool in_token[256] = {
        ['+'] = true, ['-' ... '9'] = true, ['A' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true, ['~'] = true,
    };
    size_t at = scheme_size(authorization), from, end;

    if (at == 0) {
        return false;
    }
    while (at < authorization.size && authorization.data[at] == ' ') {
        at++;
    }
    for (from = at; at < authorization.size && in_token[authorization.data[at]]; at++) {
    }
    for (end = at; end < authorization.size && authorization.data[end] == '='; end++) {
    }
    return at == from || end < authorization.size;
}

bool access_bearer(struct bytes authorization, struct bytes *token)
{
    size_t skip = scheme_size(authorization);

    if (skip == 0) {
        return false;
    }
    while (skip < authorization.size && authorization.data[skip] == ' ') {
        skip++;
    }
    *token = bytes_of(authorization.data + skip, authorization.size - skip);
    return token->size > 0;
}
