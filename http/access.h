/*
 * Who may have what is not for everybody: explain and metrics, loopback or
 * whoever has the token; a purge, the token alone.
 */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "base/bytes.h"

struct sockaddr;

/* 127.0.0.0/8, ::1, and the former mapped into IPv6. */
bool access_is_loopback(const struct sockaddr *peer);

/* Whether `authorization` is "Bearer" and the token (RFC 6750 2.1). Takes as long whatever is wrong with the token.
 * An empty token fits nobody. */
bool access_has_token(const char *token, struct bytes authorization);

#endif
