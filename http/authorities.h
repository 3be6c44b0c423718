/*
 * Whose client certificates count: who vouches for them, and what it has
 * revoked. Inside of http/credentials.
 */
#ifndef HTTP_AUTHORITIES_H
#define HTTP_AUTHORITIES_H

#include <gnutls/gnutls.h>

#include "http/credentials.h"

/* What GnuTLS does not know of them. Immutable; any thread. */
struct authorities;

/* Has `gnutls` trust the authorities of the configuration for client certificates, and know their revocation lists. A
 * list that is out of date is taken: the certificates that it would speak of do not count then. NULL: the words say
 * what is wrong. */
struct authorities *authorities_read(gnutls_certificate_credentials_t gnutls, const struct http_tls *config,
                                     struct error *error);
void authorities_free(struct authorities **authorities);

/* When the first of the lists is out of date, wall seconds; INT64_MAX: none ever is. */
int64_t authorities_crls_until(const struct authorities *authorities);

/* As credentials_find_client(); `client` is empty. */
void authorities_find_client(const struct authorities *authorities, gnutls_certificate_credentials_t gnutls,
                             gnutls_session_t session, struct tls_client *client);

/* 0, or what a negative result of GnuTLS says of the `thing` in the setting's file, and -1. */
int authorities_fault(const char *setting, const char *thing, int result, struct error *error);

/* The same bytes for GnuTLS, which only reads them. */
gnutls_datum_t authorities_datum(struct bytes bytes);

#endif
