/*
 * From which address a request comes. Private to http/.
 *
 * Whoever is at the other end of the connection, unless that is a proxy that we
 * trust (http.trusted-proxies): then whom it speaks for. X-Forwarded-For is a
 * list that each proxy on the way adds to, so it is read from its end, and only
 * as far as those who wrote it are trusted: what a client put there itself stands
 * before that, and counts for nothing.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <sys/socket.h>

#include "base/network.h"
#include "http/headers.h"

/* One element of X-Forwarded-For: an address, with a port or without: "192.0.2.1" "192.0.2.1:80" "2001:db8::1"
 * "[2001:db8::1]" "[2001:db8::1]:80". False: none of these. */
bool client_parse_address(struct bytes text, struct sockaddr_storage *address);

/* The client's address. `proxies` are as http_proxy_parse() reads them. Where a proxy that we trust says nothing that
 * can be read, its own: nobody knows more. */
void client_address(const struct network *proxies, size_t proxy_count, const struct sockaddr *peer,
                    const struct header_list *forwarded_for, struct sockaddr_storage *address);

/* Whether that is one of the proxies that we trust. */
bool client_is_proxy(const struct network *proxies, size_t count, const struct sockaddr *address);

/* What limits know a client of this name by. Never 0. */
uint64_t client_id(struct bytes name);

/* The same for an address: one of IPv4 by all of it, one of IPv6 by its network of 56 bits,
 * as a line mostly has all of these (RFC 6177). Never 0. */
uint64_t client_id_of_address(const struct sockaddr *address);

#endif
