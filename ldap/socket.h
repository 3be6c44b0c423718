/*
 * Connecting without waiting longer than told.
 */
#ifndef LDAP_SOCKET_H
#define LDAP_SOCKET_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* Connects a socket that does not block. `stop`, once set, ends it within a moment; NULL: never. -1: the words say why;
 * the socket is still the caller's. */
int socket_connect(int socket, const struct sockaddr *address, socklen_t size, int64_t deadline_ms,
                   const atomic_bool *stop, struct error *error);

/* Until when the next of `count` addresses may take: each gets its share of what is left, so that a silent one leaves
 * some to the others. */
int64_t socket_share_ms(int64_t deadline_ms, int64_t count);

#endif
