/*
 * What tells of who asks: the address at the other end of the connection, and
 * the token that was sent. doors.h says what that opens.
 */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "base/bytes.h"

struct sockaddr;

/* 127.0.0.0/8, ::1, and the former mapped into IPv6; and a socket in the file system. */
bool access_is_this_machine(const struct sockaddr *address);

/* The token of a field Authorization that says "Bearer" and one (RFC 6750 2.1). False: it does not. */
bool access_bearer(struct bytes authorization, struct bytes *token);

/* Whether it says "Bearer", and then anything but blanks and a b64token (RFC 6750 2.1). */
bool access_is_malformed_bearer(struct bytes authorization);

#endif
