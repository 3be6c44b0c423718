/*
 * Text out of a certificate, made fit to be shown: whoever made the certificate
 * chose these bytes. What comes out is UTF-8 without control characters, line
 * separators or marks that turn the direction of writing around; each of those,
 * and each octet that is not UTF-8, becomes U+FFFD.
 */
#ifndef X509_SHOWN_H
#define X509_SHOWN_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define SHOWN_NAME_BYTES 120 /* of a name within a sentence, NUL included */

void shown_append(struct buffer *out, struct bytes text);

/* Cuts at `size` octets, NUL included, between two characters; "…" stands where something is missing. */
const char *shown_copy(char *out, size_t size, struct bytes text);

/* The name as RFC 2253 writes it. */
void shown_append_name(struct buffer *out, const X509_NAME *name);

/* The same, for a sentence: cut, and "(empty name)" where there is nothing. Returns `out`. */
const char *shown_name(const X509_NAME *name, char out[SHOWN_NAME_BYTES]);

/* "emailProtection", or the OID in dots where it has no name here. Returns `out`. */
const char *shown_object(const ASN1_OBJECT *object, char *out, size_t size);

#endif
