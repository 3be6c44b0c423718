#include "http/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "base/digest.h"

static bool is_loopback_v4(const uint8_t *address)
{
    return address[0] == 127;
}

bool access_is_loopback(const struct sockaddr *peer)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (peer != NULL && peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof(v4));
        return is_loopback_v4((const uint8_t *)&v4.sin_addr);
    }
    if (peer != NULL && peer->sa_family == AF_INET6) {
        memcpy(&v6, peer, sizeof(v6));
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && is_loopback_v4(v6.sin6_addr.s6_addr + 12));
    }
    return false;
}

bool access_has_token(const char *token, struct bytes authorization)
{
    static const char scheme[] = "Bearer ";
    size_t skip = sizeof(scheme) - 1;

    if (token[0] == '\0' || authorization.size < skip ||
        strncasecmp((const char *)authorization.data, scheme, skip) != 0) {
        return false;
    }
    while (skip < authorization.size && authorization.data[skip] == ' ') {
        skip++;
    }
    /* Digests, so that neither length nor content of what was sent changes how long the comparison takes. */
    struct digest ours = digest_sha256(bytes_of_string(token));
    struct digest theirs = digest_sha256(bytes_of(authorization.data + skip, authorization.size - skip));
    return digest_equal(&ours, &theirs);
}
