/*
 * Listening sockets. Private to http/.
 */
#ifndef HTTP_SOCKET_H
#define HTTP_SOCKET_H

#include <stdint.h>

#include "base/error.h"

/* Binds and listens: "127.0.0.1:8080" "[::1]:8080"; numeric, so that a start never waits for DNS. An IPv6 address
 * listens to IPv6 alone. Returns the socket, non-blocking and close-on-exec; -1: the words name the address. */
int socket_listen(const char *address, struct error *error);

/* The port it is bound to; 0: not bound. */
uint16_t socket_port(int socket);

#endif
