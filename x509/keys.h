/*
 * Public keys: what they are, whether one can encrypt to them, whether they are
 * strong enough. Reads; keeps nothing.
 */
#ifndef X509_KEYS_H
#define X509_KEYS_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define KEY_WORD_BYTES 64
#define KEY_WEAKNESS_BYTES 192

/* How a key takes part in CMS EnvelopedData (RFC 5652 6.2): by key transport, by key agreement, or not. */
enum key_use { KEY_USE_NONE, KEY_USE_TRANSPORT, KEY_USE_AGREEMENT };

struct key {
    char algorithm[KEY_WORD_BYTES]; /* "RSA" "EC" "X25519"…, libcrypto's name, or the OID in dots */
    char curve[KEY_WORD_BYTES];     /* "P-256" "brainpoolP256r1"…; "": none, or spelled out instead of named */
    int bits;                       /* 0: not known */
    enum key_use use;               /* what this libcrypto's CMS can do with it */
    bool known;                     /* this libcrypto knows the algorithm */
    bool readable;                  /* and could read the key */
};

void key_read(const X509 *x509, struct key *key);

/* What counts as strong. Curves and hashes are bits: key_curve_bit(), signature_hash_bit(). */
struct strength {
    int64_t min_rsa_bits;
    uint32_t curves, hashes;
};

/* Of what is not weak for every policy: to keep away what takes long, before anybody knows which policy asks. */
extern const struct strength strength_least;

/* Whether the hash of this NID is listed. */
bool hash_is_listed(int digest, const struct strength *strength);

/* The words of POLICY_CURVES, and of POLICY_HASHES and "sha1" (x509/policy_settings.h). 0: no such word. */
uint32_t key_curve_bit(const char *word);
uint32_t signature_hash_bit(const char *word);

/* RSA of min_rsa_bits to MAX_RSA_BITS with a sound exponent, a listed curve by its name, X25519, X448, Ed25519 or
 * Ed448. Cheap, whatever the key: what passes can verify a signature in about a millisecond. False: `weakness` says
 * what it is instead, without its certificate's name. */
bool key_is_strong(const X509 *x509, const struct strength *strength, char weakness[KEY_WEAKNESS_BYTES]);

/* Whether the certificate was signed with a listed hash, or by an algorithm that has its own (Ed25519, Ed448). False:
 * `word` names algorithm and hash. */
bool signature_is_strong(X509 *x509, const struct strength *strength, char word[KEY_WORD_BYTES]);

/* "sha256WithRSAEncryption": libcrypto's long name, or the OID in dots. */
void signature_word(const X509 *x509, char word[KEY_WORD_BYTES]);

#endif
