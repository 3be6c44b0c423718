/*
 * The PROXY protocol: the header that a proxy sends before what its client says,
 * to tell for whom it connects. Private to http/.
 *
 * Versions 1 (a line of text) and 2 (binary) as "The PROXY protocol", versions 1
 * & 2, of the makers of HAProxy has them; over TCP.
 */
#ifndef HTTP_PROXIED_H
#define HTTP_PROXIED_H

#include <sys/socket.h>

#include "base/bytes.h"

/* The longest header that is read. What version 2 adds to addresses ("TLVs") is mostly some dozens of octets. */
#define PROXIED_HEADER_MAX 2048

enum proxied_state {
    PROXIED_INCOMPLETE, /* so far it is a header's beginning */
    PROXIED_BAD,
    PROXIED_GOOD
};

struct proxied {
    size_t size;      /* of the header; the client's own octets are behind it */
    bool has_address; /* else the proxy speaks for itself, or does not say */
    struct sockaddr_storage address; /* the client's */
};

/* `begin`: what came first over the connection. `proxied` is filled in where it is good. */
enum proxied_state proxied_parse(struct bytes begin, struct proxied *proxied);

#endif
