/*
 * A certificate in words, for JSON, text and explain. Only shows; decides nothing.
 */
#ifndef X509_DESCRIBE_H
#define X509_DESCRIBE_H

#include "base/buffer.h"
#include "base/bytes.h"

#define DESCRIPTION_LIST_MAX 16

struct description {
    char *subject;           /* RFC 2253, UTF-8 */
    char *common_name;       /* of the subject, the most specific one; UTF-8. NULL: it has none */
    char *issuer;
    char *serial;            /* hexadecimal, upper case, no separators; "-" first if negative */
    int64_t not_before;      /* wall seconds */
    int64_t not_after;
    char key[64];            /* "RSA" "EC" "X25519"…: what JSON shows as key.algorithm */
    int key_bits;            /* 0: not known */
    char curve[64];          /* "P-256" "brainpoolP256r1"…; "": none */
    char signature[64];      /* "sha256WithRSAEncryption" */
    const char *key_usage[DESCRIPTION_LIST_MAX];          /* "digitalSignature"… in the order of RFC 5280 4.2.1.3 */
    size_t key_usage_count;                               /* 0 with has_key_usage false: absent */
    bool has_key_usage;
    char *extended_key_usage[DESCRIPTION_LIST_MAX];       /* "emailProtection"… or the OID in dots */
    size_t extended_key_usage_count;
    char *addresses[DESCRIPTION_LIST_MAX];                /* rfc822Name, SmtpUTF8Mailbox, subject emailAddress; UTF-8 */
    size_t address_count;
    char fingerprint[65];    /* SHA-256 of the DER, lower-case hex */
};

/* `der`: one certificate. -1: not one; the description then holds nothing. */
int description_read(struct bytes der, struct description *description);
void description_free(struct description *description);

/* Appends a PKCS#7 certs-only message (RFC 8551 3.2.2) that holds the certificates in this order, byte for byte. They
 * are not parsed. -1: one is no single SEQUENCE, or the buffer is full, or memory is out. */
int bundle_encode(const struct bytes *certificates, size_t count, struct buffer *out);

#endif
