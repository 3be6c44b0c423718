#include "gateway/backoff.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/metrics.h"

#define WAYS 4
#define SETS 8192
#define FIRST_MS 1000
#define LONGEST_MS 30000
#define FORGOTTEN_AFTER_MS 60000 /* a failure after this long a pause is a first one again */

struct slot {
    uint64_t hash; /* 0: free */
    int64_t until_ms;
    int64_t rest_ms;
    uint64_t awaits; /* other evidence than this ends the rest; 0: none does */
};

struct backoff {
    struct slot slots[SETS][WAYS];
};

struct backoff *backoff_new(void)
{
    return calloc(1, sizeof(struct backoff));
}

void backoff_free(struct backoff **backoff)
{
    free(*backoff);
    *backoff = NULL;
}

/* 64 keyed bits stand for both: that two lookups share them is far less likely than a failing memory bit. */
static uint64_t hash_key(struct bytes address, uint64_t generation)
{
    uint64_t hash = digest_table_hash(address) ^ generation * UINT64_C(0x9e3779b97f4a7c15);
    return hash != 0 ? hash : 1;
}

static struct slot *find(const struct backoff *backoff, uint64_t hash)
{
    const struct slot *set = backoff->slots[hash % SETS];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].hash == hash) {
            return (struct slot *)&set[i];
        }
    }
    return NULL;
}

static struct slot *claim(struct backoff *backoff, uint64_t hash, int64_t now_ms)
{
    struct slot *set = backoff->slots[hash % SETS];
    struct slot *first = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].hash == 0) {
            first = &set[i];
            break;
        }
        if (set[i].until_ms < first->until_ms) {
            first = &set[i];
        }
    }
    if (first->hash != 0 && first->until_ms > now_ms) {
        count(COUNT_LIMIT_BACKOFFS);
    }
    *first = (struct slot){.hash = hash};
    return first;
}

int64_t backoff_remaining_ms(const struct backoff *backoff, struct bytes address, uint64_t generation,
                             uint64_t evidence, int64_t now_ms)
{
    const struct slot *slot = find(backoff, hash_key(address, generation));
    bool rests = slot != NULL && slot->until_ms > now_ms && (slot->awaits == 0 || slot->awaits == evidence);
    return rests ? slot->until_ms - now_ms : 0;
}

static bool goes_on_failing(const struct slot *slot, int64_t now_ms)
{
    return slot != NULL && slot->rest_ms != 0 && now_ms - slot->until_ms <= FORGOTTEN_AFTER_MS;
}

static int64_t next_rest_ms(const struct slot *slot, int64_t now_ms)
{
    if (!goes_on_failing(slot, now_ms)) {
        return FIRST_MS;
    }
    return slot->rest_ms * 2 < LONGEST_MS ? slot->rest_ms * 2 : LONGEST_MS;
}

bool backoff_failed_lately(const struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms)
{
    return goes_on_failing(find(backoff, hash_key(address, generation)), now_ms);
}

int64_t backoff_next_ms(const struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms)
{
    return next_rest_ms(find(backoff, hash_key(address, generation)), now_ms);
}

int64_t backoff_fail(struct backoff *backoff, struct bytes address, uint64_t generation, uint64_t awaits,
                     int64_t now_ms)
{
    uint64_t hash = hash_key(address, generation);
    struct slot *slot = find(backoff, hash);
    int64_t rest_ms = next_rest_ms(slot, now_ms);
    if (slot == NULL) {
        slot = claim(backoff, hash, now_ms);
    }
    slot->rest_ms = rest_ms;
    slot->awaits = awaits;
    slot->until_ms = now_ms + rest_ms;
    return rest_ms;
}

void backoff_end_rest(struct backoff *backoff, struct bytes address, uint64_t generation, int64_t now_ms)
{
    struct slot *slot = find(backoff, hash_key(address, generation));
    if (slot != NULL && slot->until_ms > now_ms) {
        slot->until_ms = now_ms;
        slot->rest_ms /= 2; /* which doubles */
    }
}

void backoff_clear(struct backoff *backoff, struct bytes address, uint64_t generation)
{
    struct slot *slot = find(backoff, hash_key(address, generation));
    if (slot != NULL) {
        *slot = (struct slot){0};
    }
}
