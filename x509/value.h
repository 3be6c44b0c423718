/*
 * One attribute value, taken apart.
 *
 *   userCertificate (RFC 4523 4.1)        one certificate, DER
 *   userSMIMECertificate (RFC 2798 2.8)   a SignedData message, DER or BER, or, as some directories have it, one
 *                                         certificate, or MAPI's own form (MS-OXOABK 2.2.4.36)
 */
#ifndef X509_VALUE_H
#define X509_VALUE_H

#include "base/answer.h"
#include "x509/cert.h"

/* A certificate that stands alone may come without an object of its key: cert_parse_recipient(). */
struct value {
    struct cert certs[MAX_BUNDLE_CERTIFICATES]; /* those that can be parsed, in the order of the message */
    size_t count;
    struct finding finding; /* why there is none; REASON_INTERNAL: out of memory */
};

/* How the octets are read. */
enum value_form { VALUE_CERTIFICATE, VALUE_BUNDLE, VALUE_MAPI };
enum value_form value_form(struct bytes bytes, enum attribute attribute);

void value_split(struct blob *bytes, enum attribute attribute, struct value *value);
void value_free(struct value *value);

#endif
