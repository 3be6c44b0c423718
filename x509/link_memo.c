#include "x509/link_memo.h"

#include <stdatomic.h>

#define WORDS (2 * DIGEST_BYTES / sizeof(uint64_t))

/* `turn` is odd while somebody writes, and another number afterwards. Each word is written after the turn became odd
 * (release) and read before the turn is looked at again (acquire): who reads any word of a later writer sees a later
 * turn. 0 in all words: nothing yet. */
struct place {
    atomic_uint turn;
    _Atomic uint64_t words[WORDS];
};

static struct place places[LINK_MEMO_PLACES];

struct pair {
    uint64_t words[WORDS];
};

static struct pair pair_of(const struct digest *subject, const struct digest *issuer)
{
    struct pair pair;

    memcpy(pair.words, subject->bytes, DIGEST_BYTES);
    memcpy(pair.words + WORDS / 2, issuer->bytes, DIGEST_BYTES);
    return pair;
}

/* Where it would stand: by a keyed hash, so that nobody outside can aim at the place of another. */
static struct place *place_of(const struct pair *pair)
{
    return &places[digest_table_hash(bytes_of(pair->words, sizeof(pair->words))) % LINK_MEMO_PLACES];
}

bool link_memo_has(const struct digest *subject, const struct digest *issuer)
{
    const struct pair pair = pair_of(subject, issuer);
    struct place *place = place_of(&pair);
    unsigned turn = atomic_load_explicit(&place->turn, memory_order_acquire);
    bool same = turn % 2 == 0;

    for (size_t i = 0; i < WORDS && same; i++) {
        same = atomic_load_explicit(&place->words[i], memory_order_acquire) == pair.words[i];
    }
    return same && atomic_load_explicit(&place->turn, memory_order_relaxed) == turn;
}

void link_memo_add(const struct digest *subject, const struct digest *issuer)
{
    const struct pair pair = pair_of(subject, issuer);
    struct place *place = place_of(&pair);
    unsigned turn = atomic_load_explicit(&place->turn, memory_order_relaxed);

    if (turn % 2 != 0 || !atomic_compare_exchange_strong_explicit(&place->turn, &turn, turn + 1, memory_order_acquire,
                                                                  memory_order_relaxed)) {
        return; /* somebody else writes there */
    }
    for (size_t i = 0; i < WORDS; i++) {
        atomic_store_explicit(&place->words[i], pair.words[i], memory_order_release);
    }
    atomic_store_explicit(&place->turn, turn + 2, memory_order_release);
}

void link_memo_clear(void)
{
    const struct digest nothing = {.bytes = {0}};
    const struct pair pair = pair_of(&nothing, &nothing);

    for (size_t i = 0; i < LINK_MEMO_PLACES; i++) {
        for (size_t k = 0; k < WORDS; k++) {
            atomic_store_explicit(&places[i].words[k], pair.words[k], memory_order_release);
        }
    }
}
