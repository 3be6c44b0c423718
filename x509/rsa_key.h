/*
 * RSA keys, read from their octets (RFC 8017 A.1.1, RFC 3279 2.3.1).
 *
 * libcrypto 3.0 takes five times as long to make an object of a key as for the
 * rest of its certificate and one signature over it together. What is to be
 * known of a recipient's key are its size and whether its exponent is sound;
 * these stand in a few octets. Only a key that is written in the one way that
 * DER allows, and that no libcrypto refuses, is read here: of anything else
 * libcrypto has the word.
 */
#ifndef X509_RSA_KEY_H
#define X509_RSA_KEY_H

#include <openssl/x509.h>
#include <stdbool.h>

struct rsa_key {
    int bits;                /* of the modulus */
    int exponent_bits;
};

/* False: not such a key. Then nothing is known of it. */
bool rsa_key_read(const X509 *x509, struct rsa_key *key);

/* Whether both certificates have the same key, and that one is such a key. */
bool rsa_key_is_same(const X509 *a, const X509 *b);

#endif
