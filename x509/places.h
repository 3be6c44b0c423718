/*
 * Places that certificates and CRLs name, as texts that may be asked for. They
 * are an attacker's input: what is no plain URL or name is no place.
 */
#ifndef X509_PLACES_H
#define X509_PLACES_H

#include <openssl/x509.h>
#include <stdbool.h>

/* An ldap URL that names no host (RFC 4516 2: the client knows which), as Active Directory's are. */
bool place_is_hostless(const char *url);

/* All these give NULL where there is none, or no memory; the caller free()s. */

/* http, https or ldap, at most MAX_NEED_URL_BYTES of visible ASCII. */
char *place_url(const ASN1_STRING *url);

/* The DN out of one that is hostless. */
char *place_ldap_dn(const char *url);

/* The name as a DN in a string (RFC 4514). */
char *place_dn(const X509_NAME *name);

#endif
