#include "x509/link.h"

#include <limits.h>

#include "x509/evidence.h"

#define FNV_START 0xcbf29ce484222325U
#define FNV_PRIME 0x100000001b3U
#define SERIAL_BYTES 65 /* of longer ones, only the beginning counts */

static uint64_t add(uint64_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ bytes.data[i]) * FNV_PRIME;
    }
    return hash;
}

/* So that all bits of the serial number reach all bits of the hash. */
static uint64_t stirred(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
    return hash ^ hash >> 33;
}

/* libcrypto's hash is over the canonical form: equal names in other spelling are equal here. */
uint64_t link_of_issuer(const X509_NAME *issuer)
{
    return X509_NAME_hash_ex(issuer, NULL, NULL, NULL);
}

uint64_t link_of_entry(uint64_t issuer, struct bytes serial)
{
    uint8_t start[8];

    for (size_t i = 0; i < sizeof(start); i++) {
        start[i] = (uint8_t)(issuer >> (8 * i));
    }
    serial.size = serial.size < SERIAL_BYTES ? serial.size : SERIAL_BYTES;
    return stirred(add(add(FNV_START, bytes_of(start, sizeof(start))), serial));
}

uint64_t link_of(const X509 *x509)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    uint8_t bytes[SERIAL_BYTES];
    size_t size = (size_t)ASN1_STRING_length(serial);

    size = size < SERIAL_BYTES - 1 ? size : SERIAL_BYTES - 1;
    bytes[0] = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    memcpy(bytes + 1, ASN1_STRING_get0_data(serial), size);
    return link_of_entry(link_of_issuer(X509_get_issuer_name(x509)), bytes_of(bytes, size + 1));
}

uint64_t link_id(struct bytes certificate_der)
{
    const uint8_t *at = certificate_der.data;
    X509 *x509 = certificate_der.size <= LONG_MAX ? d2i_X509(NULL, &at, (long)certificate_der.size) : NULL;
    uint64_t link = x509 != NULL ? link_of(x509) : 0;

    X509_free(x509);
    return link;
}
