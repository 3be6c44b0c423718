/*
 * What this libcrypto's CMS can encrypt to. OpenSSL 3.0 cannot use X25519 and
 * X448 keys in EnvelopedData, later ones can (RFC 8418): rather than to know
 * versions, this encrypts a few bytes to a throwaway key of each kind, once in
 * the life of the process.
 */
#ifndef X509_KEYS_PROBE_H
#define X509_KEYS_PROBE_H

#include <stdbool.h>

/* Whether a key of this algorithm (a NID) can be a recipient. Thread-safe. */
bool keys_probe_can_encrypt(int nid);

#endif
