/*
 * The skeleton of DER (X.690 8.1, 10.1): tags and lengths. libcrypto reads BER
 * gladly; a certificate must be DER (RFC 5280 4.1), so this looks first.
 */
#ifndef X509_DER_H
#define X509_DER_H

#include "base/bytes.h"

#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30
#define DER_OBJECT_IDENTIFIER 0x06

/* Whether the bytes are one element with definite, shortest lengths throughout, and nothing after it. */
bool der_is_strict(struct bytes bytes);

/* Takes the first element off `left`. False: there is none with this tag, or it does not fit; nothing is taken. */
bool der_take(struct bytes *left, uint8_t tag, struct bytes *content);

/* The tag of the first element inside the outermost one, whose length may have any form of BER; -1: there is none. */
int der_inner_tag(struct bytes bytes);

#endif
