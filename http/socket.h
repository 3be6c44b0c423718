/*
 * Listening sockets. Private to http/.
 *
 *   socket.c         what an address names; TCP
 *   socket_path.c    a socket in the file system: "unix:/run/certlookup/http"
 *   socket_passed.c  one that was opened by whoever started us: "systemd", "systemd:NAME"
 */
#ifndef HTTP_SOCKET_H
#define HTTP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Gives `count` sockets that listen to the address, non-blocking and close-on-exec. To a TCP address, "127.0.0.1:8080"
 * "[::1]:8080", each is bound for itself, and the kernel spreads the connections over them; it is numeric, so that a
 * start never waits for DNS, and one of IPv6 listens to IPv6 alone. Otherwise they are one socket, count times.
 * -1: there are none; the words name the address. */
int socket_listen(const char *address, int *sockets, size_t count, struct error *error);

/* Closes them all, and nobody has another of these any more: what they left in the file system goes, too. */
void socket_close_all(const char *address, int *sockets, size_t count);

/* Whether only this machine reaches it. */
bool socket_is_local(int socket);

/* The port it is bound to; 0: not bound, or not to a port. */
uint16_t socket_port(int socket);

/* socket_path.c. The path is absolute. socket_path_check(): whether it may be one. socket_path_remove(): the socket
 * there, if nobody listens by it. */
int socket_path_check(const char *path, struct error *error);
int socket_path_listen(const char *path, struct error *error);
void socket_path_remove(const char *path);

/* socket_passed.c. The one of this name among those that were passed (sd_listen_fds(3)); "": the only one. It stays in
 * its place: a duplicate is the caller's. */
int socket_passed_listen(const char *name, struct error *error);

#endif
