#include "x509/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "base/limits.h"
#include "x509/keys_probe.h"
#include "x509/rsa_key.h"
#include "x509/shown.h"

static const struct algorithm {
    int nid;
    const char *word;
    enum key_use use;
    bool signs; /* strong enough to sign certificates, whatever its size */
} algorithms[] = {
    {NID_rsaEncryption, "RSA", KEY_USE_TRANSPORT, false},
    {NID_X9_62_id_ecPublicKey, "EC", KEY_USE_AGREEMENT, false},
    {NID_X25519, "X25519", KEY_USE_AGREEMENT, true},
    {NID_X448, "X448", KEY_USE_AGREEMENT, true},
    {NID_ED25519, "Ed25519", KEY_USE_NONE, true},
    {NID_ED448, "Ed448", KEY_USE_NONE, true},
    {NID_rsassaPss, "RSASSA-PSS", KEY_USE_NONE, false},
    {NID_dsa, "DSA", KEY_USE_NONE, false},
    {NID_dhpublicnumber, "X9.42 DH", KEY_USE_NONE, false},
};

/* The curves that S/MIME clients can use: FIPS 186, RFC 5639 (the r1 ones, as TLS and CMS profiles take them). */
static const struct {
    const char *group, *word;
} curves[] = {
    {"prime256v1", "P-256"},
    {"secp384r1", "P-384"},
    {"secp521r1", "P-521"},
    {"brainpoolP256r1", "brainpoolP256r1"},
    {"brainpoolP384r1", "brainpoolP384r1"},
    {"brainpoolP512r1", "brainpoolP512r1"},
};

static const struct {
    int nid;
    const char *word;
} hashes[] = {
    {NID_sha224, "sha224"},
    {NID_sha256, "sha256"},
    {NID_sha384, "sha384"},
    {NID_sha512, "sha512"},
    {NID_sha512_256, "sha512-256"},
    {NID_sha3_224, "sha3-224"},
    {NID_sha3_256, "sha3-256"},
    {NID_sha3_384, "sha3-384"},
    {NID_sha3_512, "sha3-512"},
    {NID_sha1, "sha1"},
};

uint32_t key_curve_bit(const char *word)
{
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(word, curves[i].word) == 0) {
            return (uint32_t)1 << i;
        }
    }
    return 0;
}

uint32_t signature_hash_bit(const char *word)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (strcmp(word, hashes[i].word) == 0) {
            return (uint32_t)1 << i;
        }
    }
    return 0;
}

static const struct algorithm *algorithm_find(int nid)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (algorithms[i].nid == nid) {
            return &algorithms[i];
        }
    }
    return NULL;
}

static const ASN1_OBJECT *key_object(const X509 *x509)
{
    ASN1_OBJECT *object = NULL;

    X509_PUBKEY_get0_param(&object, NULL, NULL, NULL, X509_get_X509_PUBKEY(x509));
    return object;
}

/* "": not an EC key, or its domain parameters are spelled out, which may hide a trapdoor (RFC 5480 2.1.1). */
static void curve_read(EVP_PKEY *pkey, char out[KEY_WORD_BYTES])
{
    char group[KEY_WORD_BYTES] = "";
    int explicit_parameters = 0;

    out[0] = '\0';
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
        (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters) == 1 &&
         explicit_parameters != 0)) {
        return;
    }
    snprintf(out, KEY_WORD_BYTES, "%s", group);
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(group, curves[i].group) == 0) {
            snprintf(out, KEY_WORD_BYTES, "%s", curves[i].word);
        }
    }
}

void key_read(const X509 *x509, struct key *key)
{
    struct rsa_key rsa;
    bool is_rsa = rsa_key_read(x509, &rsa);
    EVP_PKEY *pkey = is_rsa ? NULL : X509_get0_pubkey(x509);
    const ASN1_OBJECT *object = key_object(x509);
    int nid = OBJ_obj2nid(object);
    const struct algorithm *algorithm = algorithm_find(nid);

    *key = (struct key){.readable = is_rsa || pkey != NULL, .known = pkey != NULL || algorithm != NULL};
    if (algorithm != NULL) {
        snprintf(key->algorithm, sizeof(key->algorithm), "%s", algorithm->word);
        key->use = keys_probe_can_encrypt(nid) ? algorithm->use : KEY_USE_NONE;
    } else if (nid != NID_undef) {
        snprintf(key->algorithm, sizeof(key->algorithm), "%s", OBJ_nid2sn(nid));
    } else {
        shown_object(object, key->algorithm, sizeof(key->algorithm));
    }
    if (is_rsa) {
        key->bits = rsa.bits;
    } else if (pkey != NULL) {
        key->bits = EVP_PKEY_get_bits(pkey);
        curve_read(pkey, key->curve);
    }
}

/* e = 1 would send the content key in clear, an even e cannot be decrypted, a long one makes each use slow. */
static bool exponent_is_sound(const X509 *x509)
{
    EVP_PKEY *pkey;
    BIGNUM *exponent = NULL;
    struct rsa_key rsa;
    bool sound;

    if (rsa_key_read(x509, &rsa)) {
        return rsa.exponent_bits > 1;
    }
    pkey = X509_get0_pubkey(x509);
    sound = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_odd(exponent) &&
                 !BN_is_one(exponent) && BN_num_bits(exponent) <= MAX_RSA_EXPONENT_BITS;

    BN_free(exponent);
    return sound;
}

static bool rsa_is_strong(const X509 *x509, const struct key *key, int64_t min_rsa_bits, char *weakness)
{
    const char *word = key->algorithm;
    int bits = key->bits;

    if (bits < min_rsa_bits) {
        snprintf(weakness, KEY_WEAKNESS_BYTES, "%s key of %d bits, fewer than %lld", word, bits,
                 (long long)min_rsa_bits);
        return false;
    }
    if (bits > MAX_RSA_BITS) {
        snprintf(weakness, KEY_WEAKNESS_BYTES, "%s key of %d bits, more than %d", word, bits, MAX_RSA_BITS);
        return false;
    }
    if (!exponent_is_sound(x509)) {
        snprintf(weakness, KEY_WEAKNESS_BYTES, "%s key with an unsound exponent (RFC 8017 3.1)", word);
        return false;
    }
    return true;
}

bool key_is_strong(const X509 *x509, const struct strength *strength, char weakness[KEY_WEAKNESS_BYTES])
{
    int nid = OBJ_obj2nid(key_object(x509));
    const struct algorithm *algorithm = algorithm_find(nid);
    struct key key;

    key_read(x509, &key);
    if (key.readable && (nid == NID_rsaEncryption || nid == NID_rsassaPss)) {
        return rsa_is_strong(x509, &key, strength->min_rsa_bits, weakness);
    }
    if (key.readable &&
        ((algorithm != NULL && algorithm->signs) || (key_curve_bit(key.curve) & strength->curves) != 0)) {
        return true;
    }
    snprintf(weakness, KEY_WEAKNESS_BYTES, "%s key%s%s, which is not on the list", key.algorithm,
             key.curve[0] != '\0' ? " on " : "", key.curve);
    return false;
}

const struct strength strength_least = {.min_rsa_bits = 1024, .curves = UINT32_MAX, .hashes = UINT32_MAX};

bool hash_is_listed(int digest, const struct strength *strength)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (digest == hashes[i].nid && (strength->hashes >> i & 1) != 0) {
            return true;
        }
    }
    return false;
}

bool signature_is_strong(X509 *x509, const struct strength *strength, char word[KEY_WORD_BYTES])
{
    int digest = NID_undef, key = NID_undef;

    if (X509_get_signature_info(x509, &digest, &key, NULL, NULL) == 1) {
        if (digest == NID_undef && (key == NID_ED25519 || key == NID_ED448)) {
            return true;
        }
        if (hash_is_listed(digest, strength)) {
            return true;
        }
    }
    signature_word(x509, word);
    return false;
}

void signature_word(const X509 *x509, char word[KEY_WORD_BYTES])
{
    int nid = X509_get_signature_nid(x509);
    const X509_ALGOR *algorithm = NULL;

    if (nid != NID_undef) {
        snprintf(word, KEY_WORD_BYTES, "%s", OBJ_nid2ln(nid));
        return;
    }
    X509_get0_signature(NULL, &algorithm, x509);
    shown_object(algorithm->algorithm, word, KEY_WORD_BYTES);
}
