/*
 * What a recipient says to be able to read: SMIMECapabilities (RFC 8551 2.5.2),
 * best first. Only shown; no verdict rests on it.
 *
 * They stand in the signed attributes of a userSMIMECertificate, where the
 * recipient's program put them, or in the certificate, where its issuer did
 * (RFC 4262). The former are newer, so they win, but count only if the
 * signature over them is by the certificate itself, or by another one in the
 * message with the same subject: many have one key to sign and one to read.
 */
#ifndef X509_CAPABILITIES_H
#define X509_CAPABILITIES_H

#include "base/answer.h"

#define CAPABILITIES_MAX 32      /* more are left out */
#define CAPABILITY_BYTES 160

enum capabilities_source { CAPABILITIES_NONE, CAPABILITIES_SIGNED, CAPABILITIES_EXTENSION };
const char *capabilities_word(enum capabilities_source source); /* "signed_attributes" "extension" */

struct capabilities {
    enum capabilities_source source;
    size_t count;
    /* "aes256-CBC", the OID in dots where it has no name here; the length of a key or the algorithm that stands with it
     * in brackets: "rc2-CBC (128)". ASCII. */
    char words[CAPABILITIES_MAX][CAPABILITY_BYTES];
};

/* `leaf`: the certificate, DER. `value`: the attribute value that it came in; the same where there is no more. What is
 * broken, or signed by somebody else, is as good as absent: the recipient speaks with the leaf's key, or with another
 * certificate of the same subject that the leaf's `issuer` (DER; .data NULL: not known) has signed. */
void capabilities_read(struct bytes leaf, struct bytes issuer, struct bytes value, struct capabilities *capabilities);

/* The same of a value with its verdict, whose leaf was parsed. */
void capabilities_of(const struct certificate *certificate, struct capabilities *capabilities);

#endif
