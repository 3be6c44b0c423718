#include <pthread.h>

#include "base/digest.h"

/*
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"): one
 * round a word and three at the end, as hash tables commonly use it. libcrypto
 * has the 2-4 form behind an allocated context, too slow for each cache hit.
 */
static struct {
    pthread_once_t once;
    uint64_t half[2];
} key = {.once = PTHREAD_ONCE_INIT};

static void key_draw(void)
{
    digest_random(key.half, sizeof(key.half));
}

static inline uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

uint64_t digest_table_hash(struct bytes bytes)
{
    uint64_t v[4], word, last = (uint64_t)bytes.size << 56;
    size_t whole = bytes.size / 8 * 8;

    pthread_once(&key.once, key_draw);
    v[0] = key.half[0] ^ 0x736f6d6570736575;
    v[1] = key.half[1] ^ 0x646f72616e646f6d;
    v[2] = key.half[0] ^ 0x6c7967656e657261;
    v[3] = key.half[1] ^ 0x7465646279746573;
    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, bytes.data + i, sizeof(word)); /* the machine's byte order: hashes never leave the process */
        sip_word(v, word);
    }
    for (size_t i = whole; i < bytes.size; i++) {
        last |= (uint64_t)bytes.data[i] << (8 * (i - whole));
    }
    sip_word(v, last);
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
