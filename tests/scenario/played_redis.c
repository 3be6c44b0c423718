#include <stdlib.h>

#include "base/clock.h"
#include "cache/evidence_record.h"
#include "cache/record.h"
#include "cache/redis.h"
#include "tests/scenario/played.h"

#define ITEMS_MAX 64

struct shared {
    char unused;
};

static struct item {
    char key[RECORD_KEY_BYTES];
    struct blob *value;
    int64_t until_ms;
} items[ITEMS_MAX];
static bool is_up;
static unsigned gets, sets;

static struct item *find(const char *key)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL && items[i].until_ms <= clock_mono_ms()) {
            blob_free(&items[i].value);
        }
        if (items[i].value != NULL && strcmp(items[i].key, key) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

void played_redis_forget(void)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        blob_free(&items[i].value);
    }
}

void played_redis_forget_evidence(void)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL && strstr(items[i].key, ":e:") != NULL) {
            blob_free(&items[i].value);
        }
    }
}

void played_redis_seal_evidence(const struct seal_ring *ring, struct bytes object)
{
    const struct evidence_record record = {clock_wall_s(), bytes_of_string("http://crl.example/forged.crl"), &object, 1};
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL && strstr(items[i].key, ":e:") != NULL) {
            struct buffer sealed;
            buffer_init(&sealed, MAX_RECORD_BYTES);
            if (evidence_record_close(ring, items[i].key, &record, &sealed) != 0) {
                abort();
            }
            blob_free(&items[i].value);
            items[i].value = blob_new(buffer_bytes(&sealed));
            buffer_free(&sealed);
        }
    }
}

void played_redis_reset(void)
{
    played_redis_forget();
    gets = sets = 0;
    is_up = true;
}

void played_redis_up(bool up)
{
    is_up = up;
}

void played_redis_tamper(void)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL) {
            items[i].value->data[items[i].value->size / 2] ^= 1;
        }
    }
}

void played_redis_swap(void)
{
    struct item *before = NULL;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL && before != NULL) {
            struct blob *value = before->value;
            before->value = items[i].value;
            items[i].value = value;
        }
        before = items[i].value != NULL ? &items[i] : before;
    }
}

unsigned played_redis_gets(void)
{
    return gets;
}

unsigned played_redis_sets(void)
{
    return sets;
}

bool played_redis_mentions(const char *text)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL &&
            (strstr(items[i].key, text) != NULL ||
             memmem(items[i].value->data, items[i].value->size, text, strlen(text)) != NULL)) {
            return true;
        }
    }
    return false;
}

struct shared *shared_open(struct event_base *base, const struct shared_config *config, struct error *error)
{
    (void)base, (void)config, (void)error;
    return calloc(1, sizeof(struct shared));
}

void shared_close(struct shared **shared)
{
    free(*shared);
    *shared = NULL;
}

bool shared_is_up(const struct shared *shared)
{
    (void)shared;
    return is_up;
}

void shared_get(struct shared *shared, const char *key,
                void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    (void)shared;
    struct item *item = is_up ? find(key) : NULL;
    gets += is_up;
    done(context, !is_up ? SHARED_FAILED : item != NULL ? SHARED_HIT : SHARED_MISS,
         item != NULL ? blob_bytes(item->value) : bytes_of(NULL, 0));
}

void shared_put(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    (void)shared;
    if (!is_up) {
        return;
    }
    sets++;
    struct item *item = find(key);
    for (size_t i = 0; item == NULL && i < ITEMS_MAX; i++) {
        item = items[i].value == NULL ? &items[i] : NULL;
    }
    blob_free(&item->value);
    memcpy(item->key, key, strlen(key) + 1);
    item->value = blob_new(value);
    item->until_ms = clock_mono_ms() + life_ms;
}
