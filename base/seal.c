#include "base/seal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>

#include "base/lane_spare.h"

#define KEY_BYTES 32

struct seal_key {
    uint8_t id[SEAL_KEY_ID_BYTES];
    uint8_t seal[KEY_BYTES];
    struct digest_key *index;
    struct lane_spare *openers; /* contexts to decrypt with, which have the key */
};

struct seal_ring {
    EVP_CIPHER *cipher;
    size_t count;
    struct seal_key keys[SEAL_KEYS_MAX];
};

/* RFC 5869 without salt: the file's bytes are uniform already, the label keeps the keys apart. */
static int derive(EVP_KDF *hkdf, struct bytes secret, const char *label, uint8_t *out, size_t size)
{
    char hash[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret.data, secret.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    int result = -1;

    if (context != NULL && EVP_KDF_derive(context, out, size, parameters) == 1) {
        result = 0;
    }
    EVP_KDF_CTX_free(context);
    return result;
}

/* -1: libcrypto cannot, or memory. What was made is the key's all the same. */
static int key_derive(EVP_KDF *hkdf, struct bytes secret, struct seal_key *key)
{
    uint8_t index[KEY_BYTES];

    if (derive(hkdf, secret, "certlookup seal 1: key id", key->id, sizeof(key->id)) == 0 &&
        derive(hkdf, secret, "certlookup seal 1: sealing", key->seal, sizeof(key->seal)) == 0 &&
        derive(hkdf, secret, "certlookup seal 1: index", index, sizeof(index)) == 0) {
        key->index = digest_key_new(bytes_of(index, sizeof(index)));
        key->openers = calloc(1, sizeof(*key->openers));
    }
    OPENSSL_cleanse(index, sizeof(index));
    return key->index != NULL && key->openers != NULL ? 0 : -1;
}

static int ring_fill(struct seal_ring *ring, const struct bytes *keys, size_t count, struct error *error)
{
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    int result = -1;

    ring->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (hkdf == NULL || ring->cipher == NULL) {
        error_set(error, "libcrypto has no HKDF or no AES-256-GCM");
        goto out;
    }
    for (; ring->count < count; ring->count++) {
        if (keys[ring->count].size < SEAL_KEY_MIN_BYTES) {
            error_set(error, "a seal key has at least %d bytes, this one has %zu", SEAL_KEY_MIN_BYTES,
                      keys[ring->count].size);
            goto out;
        }
        if (key_derive(hkdf, keys[ring->count], &ring->keys[ring->count]) != 0) {
            error_set(error, "libcrypto cannot derive the seal keys");
            goto out;
        }
    }
    result = 0;
out:
    EVP_KDF_free(hkdf);
    return result;
}

struct seal_ring *seal_ring_new(const struct bytes *keys, size_t count, struct error *error)
{
    struct seal_ring *ring;

    if (count < 1 || count > SEAL_KEYS_MAX) {
        error_set(error, "a ring has 1 to %d seal keys, not %zu", SEAL_KEYS_MAX, count);
        return NULL;
    }
    ring = calloc(1, sizeof(*ring));
    if (ring == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (ring_fill(ring, keys, count, error) != 0) {
        seal_ring_free(&ring);
    }
    return ring;
}

static void end_opener(void *context)
{
    EVP_CIPHER_CTX_free(context);
}

static void openers_free(struct lane_spare **openers)
{
    if (*openers != NULL) {
        lane_spare_end(*openers, end_opener);
        free(*openers);
        *openers = NULL;
    }
}

void seal_ring_free(struct seal_ring **ring)
{
    if (*ring != NULL) {
        for (size_t i = 0; i < SEAL_KEYS_MAX; i++) {
            digest_key_free(&(*ring)->keys[i].index);
            openers_free(&(*ring)->keys[i].openers);
        }
        EVP_CIPHER_free((*ring)->cipher);
        OPENSSL_cleanse(*ring, sizeof(**ring));
        free(*ring);
        *ring = NULL;
    }
}

size_t seal_ring_count(const struct seal_ring *ring)
{
    return ring->count;
}

struct digest seal_index(const struct seal_ring *ring, size_t which, struct bytes bytes)
{
    return digest_hmac(ring->keys[which].index, bytes);
}

/* Encrypts `plain` into `body`, which has its size. */
static int gcm_encrypt(EVP_CIPHER_CTX *context, struct bytes associated, struct bytes plain, uint8_t *body,
                       uint8_t tag[SEAL_TAG_BYTES])
{
    int size = 0;

    if (associated.size > 0 &&
        EVP_EncryptUpdate(context, NULL, &size, associated.data, (int)associated.size) != 1) {
        return -1;
    }
    if (plain.size > 0 && (EVP_EncryptUpdate(context, body, &size, plain.data, (int)plain.size) != 1 ||
                           (size_t)size != plain.size)) {
        return -1;
    }
    if (EVP_EncryptFinal_ex(context, body + plain.size, &size) != 1 || size != 0 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_BYTES, tag) != 1) {
        return -1;
    }
    return 0;
}

static int gcm_decrypt(EVP_CIPHER_CTX *context, struct bytes associated, struct bytes body, const uint8_t *tag,
                       uint8_t *plain)
{
    int size = 0;

    if (associated.size > 0 &&
        EVP_DecryptUpdate(context, NULL, &size, associated.data, (int)associated.size) != 1) {
        return -1;
    }
    if (body.size > 0 && (EVP_DecryptUpdate(context, plain, &size, body.data, (int)body.size) != 1 ||
                          (size_t)size != body.size)) {
        return -1;
    }
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_BYTES, (void *)tag) != 1 ||
        EVP_DecryptFinal_ex(context, plain + body.size, &size) != 1 || size != 0) {
        return -1;
    }
    return 0;
}

int seal_close_by(const struct seal_ring *ring, size_t which, struct bytes associated, struct bytes plain,
                  struct buffer *out)
{
    uint8_t nonce[SEAL_NONCE_BYTES], tag[SEAL_TAG_BYTES];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *body;
    int result = -1;

    if (context == NULL || associated.size > INT_MAX || plain.size > INT_MAX) {
        goto out;
    }
    digest_random(nonce, sizeof(nonce));
    buffer_append(out, ring->keys[which].id, SEAL_KEY_ID_BYTES);
    buffer_append(out, nonce, sizeof(nonce));
    body = buffer_append_room(out, plain.size);
    if (body == NULL || EVP_EncryptInit_ex2(context, ring->cipher, ring->keys[which].seal, nonce, NULL) != 1 ||
        gcm_encrypt(context, associated, plain, body, tag) != 0) {
        goto out;
    }
    buffer_append(out, tag, sizeof(tag));
    result = out->failed ? -1 : 0;
out:
    EVP_CIPHER_CTX_free(context);
    return result;
}

int seal_close(const struct seal_ring *ring, struct bytes associated, struct bytes plain, struct buffer *out)
{
    return seal_close_by(ring, 0, associated, plain, out);
}

static const struct seal_key *key_find(const struct seal_ring *ring, const uint8_t *id)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (memcmp(ring->keys[i].id, id, SEAL_KEY_ID_BYTES) == 0) {
            return &ring->keys[i];
        }
    }
    return NULL;
}

/* For this nonce; NULL: libcrypto cannot, or memory. */
static EVP_CIPHER_CTX *opener_take(const struct seal_ring *ring, const struct seal_key *key, const uint8_t *nonce)
{
    EVP_CIPHER_CTX *context = lane_spare_take(key->openers);
    bool is_new = context == NULL;

    if (is_new) {
        context = EVP_CIPHER_CTX_new();
    }
    if (context == NULL || EVP_DecryptInit_ex2(context, is_new ? ring->cipher : NULL, is_new ? key->seal : NULL, nonce,
                                               NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

/* What was decrypted and is not whole is wiped: nobody reads it. */
static void forget(struct buffer *out, size_t size)
{
    OPENSSL_cleanse(out->data + out->size - size, size);
    out->size -= size;
    out->data[out->size] = '\0';
}

enum seal_result seal_open(const struct seal_ring *ring, struct bytes associated, struct bytes sealed,
                           struct buffer *out)
{
    const struct seal_key *key;
    EVP_CIPHER_CTX *context;
    const uint8_t *nonce, *text;
    uint8_t *plain;
    size_t size;
    bool opened;

    if (sealed.size < SEAL_OVERHEAD || sealed.size > INT_MAX || associated.size > INT_MAX) {
        return SEAL_BROKEN;
    }
    key = key_find(ring, sealed.data);
    if (key == NULL) {
        return SEAL_UNKNOWN_KEY;
    }
    nonce = sealed.data + SEAL_KEY_ID_BYTES;
    text = nonce + SEAL_NONCE_BYTES;
    size = sealed.size - SEAL_OVERHEAD;
    plain = buffer_append_room(out, size);
    if (plain == NULL) {
        return SEAL_BROKEN;
    }
    context = opener_take(ring, key, nonce);
    opened = context != NULL && gcm_decrypt(context, associated, bytes_of(text, size), text + size, plain) == 0;
    if (!opened) {
        EVP_CIPHER_CTX_free(context);
        forget(out, size);
    } else {
        EVP_CIPHER_CTX_free(lane_spare_give(key->openers, context));
    }
    return opened ? SEAL_OPENED : SEAL_BROKEN;
}
