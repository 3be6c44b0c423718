/*
 * Listening sockets. Private to http/.
 */
#ifndef HTTP_SOCKET_H
#define HTTP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Binds `count` sockets to "127.0.0.1:8080" "[::1]:8080" and listens by each; the kernel spreads the connections over
 * them. The address is numeric, so that a start never waits for DNS. An IPv6 address listens to IPv6 alone. The sockets
 * are non-blocking and close-on-exec. -1: there are none; the words name the address. */
int socket_listen(const char *address, int *sockets, size_t count, struct error *error);
void socket_close_all(int *sockets, size_t count);

/* The port it is bound to; 0: not bound. */
uint16_t socket_port(int socket);

#endif
