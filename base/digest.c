#include "base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/lane_spare.h"
#include "base/log.h"

/* Fetched once: libcrypto otherwise searches its providers for each hash. They live as long as the process. */
static struct {
    pthread_once_t once;
    EVP_MD *sha1, *sha256;
    EVP_MAC *hmac;
} algorithms = {.once = PTHREAD_ONCE_INIT};

static _Noreturn void libcrypto_broken(const char *what)
{
    log_event(LEVEL_ERROR, "libcrypto failed", LOG_TEXT("in", what));
    abort();
}

static void algorithms_fetch(void)
{
    algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (algorithms.sha1 == NULL || algorithms.sha256 == NULL || algorithms.hmac == NULL) {
        libcrypto_broken("fetching SHA1, SHA256 and HMAC");
    }
}

struct digest digest_sha256(struct bytes bytes)
{
    struct digest digest;

    pthread_once(&algorithms.once, algorithms_fetch);
    if (EVP_Digest(bytes.data, bytes.size, digest.bytes, NULL, algorithms.sha256, NULL) != 1) {
        libcrypto_broken("SHA256");
    }
    return digest;
}

void digest_sha1(struct bytes bytes, uint8_t out[DIGEST_SHA1_BYTES])
{
    pthread_once(&algorithms.once, algorithms_fetch);
    if (EVP_Digest(bytes.data, bytes.size, out, NULL, algorithms.sha1, NULL) != 1) {
        libcrypto_broken("SHA1");
    }
}

static EVP_MAC_CTX *hmac_begin(struct bytes key)
{
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context;

    pthread_once(&algorithms.once, algorithms_fetch);
    context = EVP_MAC_CTX_new(algorithms.hmac);
    if (key.size == 0) {
        key = bytes_of("", 0); /* for EVP_MAC_init() a key that is NULL is none, not an empty one */
    }
    if (context != NULL && EVP_MAC_init(context, key.data, key.size, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    return context;
}

static struct digest hmac_end(EVP_MAC_CTX *context, struct bytes bytes)
{
    struct digest digest;
    size_t size = 0;

    if (context == NULL || EVP_MAC_update(context, bytes.data, bytes.size) != 1 ||
        EVP_MAC_final(context, digest.bytes, &size, sizeof(digest.bytes)) != 1 || size != sizeof(digest.bytes)) {
        libcrypto_broken("HMAC");
    }
    return digest;
}

struct digest_key {
    EVP_MAC_CTX *context;   /* the key is in it, and nothing else; only ever copied */
    struct lane_spare copy; /* begun again, it has the key still */
};

struct digest_key *digest_key_new(struct bytes key)
{
    struct digest_key *prepared = calloc(1, sizeof(*prepared));

    if (prepared == NULL) {
        return NULL;
    }
    prepared->context = hmac_begin(key);
    if (prepared->context == NULL) {
        digest_key_free(&prepared);
    }
    return prepared;
}

static void end_copy(void *context)
{
    EVP_MAC_CTX_free(context);
}

void digest_key_free(struct digest_key **key)
{
    if (*key != NULL) {
        EVP_MAC_CTX_free((*key)->context);
        lane_spare_end(&(*key)->copy, end_copy);
        free(*key);
        *key = NULL;
    }
}

struct digest digest_hmac(struct digest_key *key, struct bytes bytes)
{
    EVP_MAC_CTX *context = lane_spare_take(&key->copy);
    struct digest digest;

    if (context == NULL) {
        context = EVP_MAC_CTX_dup(key->context);
    } else if (EVP_MAC_init(context, NULL, 0, NULL) != 1) {
        libcrypto_broken("HMAC");
    }
    digest = hmac_end(context, bytes);
    EVP_MAC_CTX_free(lane_spare_give(&key->copy, context));
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool digest_equal_secrets(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}

struct digest_stream {
    EVP_MD_CTX *context;
};

struct digest_stream *digest_stream_new(void)
{
    struct digest_stream *stream = malloc(sizeof(*stream));

    if (stream == NULL) {
        return NULL;
    }
    pthread_once(&algorithms.once, algorithms_fetch);
    stream->context = EVP_MD_CTX_new();
    if (stream->context == NULL || EVP_DigestInit_ex2(stream->context, algorithms.sha256, NULL) != 1) {
        EVP_MD_CTX_free(stream->context);
        free(stream);
        return NULL;
    }
    return stream;
}

/* Before each part stand its kind and its size, so that parts of different kinds differ too. */
static void stream_add(struct digest_stream *stream, uint8_t kind, struct bytes part)
{
    uint8_t head[9] = {kind};

    for (size_t i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)((uint64_t)part.size >> (56 - 8 * i));
    }
    if (EVP_DigestUpdate(stream->context, head, sizeof(head)) != 1 ||
        EVP_DigestUpdate(stream->context, part.data, part.size) != 1) {
        libcrypto_broken("SHA256");
    }
}

void digest_stream_add(struct digest_stream *stream, struct bytes part)
{
    stream_add(stream, 'b', part);
}

void digest_stream_add_string(struct digest_stream *stream, const char *part)
{
    stream_add(stream, part != NULL ? 's' : 'n', part != NULL ? bytes_of_string(part) : bytes_of("", 0));
}

void digest_stream_add_number(struct digest_stream *stream, int64_t part)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)((uint64_t)part >> (56 - 8 * i));
    }
    stream_add(stream, 'i', bytes_of(bytes, sizeof(bytes)));
}

struct digest digest_stream_end(struct digest_stream **stream)
{
    struct digest digest;

    if (EVP_DigestFinal_ex((*stream)->context, digest.bytes, NULL) != 1) {
        libcrypto_broken("SHA256");
    }
    EVP_MD_CTX_free((*stream)->context);
    free(*stream);
    *stream = NULL;
    return digest;
}

void digest_random(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        int piece = size > 4096 ? 4096 : (int)size;

        if (RAND_bytes(at, piece) != 1) {
            libcrypto_broken("RAND_bytes");
        }
        at += piece;
        size -= (size_t)piece;
    }
}
