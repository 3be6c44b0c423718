/*
 * Resolving a name, for who cannot wait for ever: a resolver cannot be
 * interrupted, so it runs on a thread of its own, which is left behind when it
 * is late. No more than MAX_LEFT_RESOLVERS run at a time.
 */
#ifndef LDAP_RESOLVE_H
#define LDAP_RESOLVE_H

#include <netdb.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

/* Waits until the deadline, or until `stop` (may be NULL) is set. NULL: see error. Free with freeaddrinfo(). */
struct addrinfo *resolve(const char *host, const char *port, int64_t deadline_ms, const atomic_bool *stop,
                         struct error *error);

#endif
