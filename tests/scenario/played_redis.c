#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cache/evidence_record.h"
#include "cache/record.h"
#include "cache/redis.h"
#include "tests/scenario/played.h"

#define ITEMS_MAX 64
#define GATEWAYS_MAX 8
#define LATE_MAX 16

struct shared {
    struct shared_ears ears; /* .state == NULL: nobody listens */
    char prefix[RECORD_PREFIX_MAX + 1];
    enum shared_state state;
    bool cut;                /* from Redis, this one alone */
};

static struct shared *gateways[GATEWAYS_MAX];
static struct item {
    char key[RECORD_KEY_BYTES];
    struct blob *value;
    int64_t until_ms;
} items[ITEMS_MAX], saved[ITEMS_MAX];
static bool is_up, tracks;
static bool is_full; /* no command finds a place */
static bool is_readable;
static struct late {
    struct shared *shared;
    char key[RECORD_KEY_BYTES];
    void (*done)(void *context, enum shared_result result, struct bytes value);
    void *context;
} late_ones[LATE_MAX];
static size_t late_count;
static bool is_late;
static unsigned gets, sets;

static enum shared_state state_of(const struct shared *shared)
{
    return !is_up || shared->cut ? SHARED_AWAY : tracks ? SHARED_HEARS : SHARED_DEAF;
}

/* As the real one: first there is a connection, then it hears. */
static void tell_states(void)
{
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        struct shared *shared = gateways[i];
        while (shared != NULL && shared->ears.state != NULL && shared->state != state_of(shared)) {
            bool comes = shared->state == SHARED_AWAY;
            shared->state = comes ? SHARED_DEAF : state_of(shared);
            shared->ears.state(shared->ears.context, shared->state);
        }
    }
}

static bool hears(const struct shared *shared, const char *key)
{
    return shared != NULL && shared->ears.state != NULL && shared->state == SHARED_HEARS &&
           strncmp(key, shared->prefix, strlen(shared->prefix)) == 0;
}

static void tell_others(const struct shared *writer, const char *key)
{
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        if (gateways[i] != writer && hears(gateways[i], key)) {
            gateways[i]->ears.changed(gateways[i]->ears.context, bytes_of_string(key));
        }
    }
}

/* What is no answer: evidence, and what was dropped. */
static bool is_beside(const char *key)
{
    return strstr(key, ":e:") != NULL || strstr(key, ":p:") != NULL;
}

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

void played_redis_flush(void)
{
    played_redis_forget();
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        if (gateways[i] != NULL && gateways[i]->state == SHARED_HEARS) {
            gateways[i]->ears.changed(gateways[i]->ears.context, bytes_of(NULL, 0));
        }
    }
}

void played_redis_touch(void)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL) {
            tell_others(NULL, items[i].key);
        }
    }
}

static void copy_items(struct item *to, const struct item *from)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        blob_free(&to[i].value);
        to[i] = from[i];
        to[i].value = blob_ref(from[i].value);
    }
}

void played_redis_save(void)
{
    copy_items(saved, items);
}

void played_redis_restore(void)
{
    copy_items(items, saved);
}

void played_redis_track(bool on)
{
    tracks = on;
    tell_states();
}

void played_redis_cut(struct shared *shared, bool cut)
{
    shared->cut = cut;
    tell_states();
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
    played_redis_save();
    gets = sets = 0;
    is_up = tracks = is_readable = true;
    is_full = is_late = false;
    late_count = 0;
}

void played_redis_fill(bool full)
{
    is_full = full;
}

void played_redis_let_read(bool readable)
{
    is_readable = readable;
}

static void answer_late_ones(void);

void played_redis_up(bool up)
{
    is_up = up;
    if (!up) {
        answer_late_ones();
    }
    tell_states();
}

void played_redis_tamper(void)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL) {
            struct blob *altered = blob_new(blob_bytes(items[i].value)); /* what was saved stays as it is */
            altered->data[altered->size / 2] ^= 1;
            blob_free(&items[i].value);
            items[i].value = altered;
        }
    }
}

void played_redis_swap(void)
{
    struct item *before = NULL;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (items[i].value != NULL && is_beside(items[i].key)) {
            continue;
        }
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
    size_t i = 0;
    while (gateways[i] != NULL) {
        i++;
    }
    gateways[i] = calloc(1, sizeof(struct shared));
    return gateways[i];
}

void shared_close(struct shared **shared)
{
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        gateways[i] = gateways[i] == *shared ? NULL : gateways[i];
    }
    free(*shared);
    *shared = NULL;
}

void shared_listen(struct shared *shared, const char *prefix, const struct shared_ears *ears)
{
    shared->ears = *ears;
    snprintf(shared->prefix, sizeof(shared->prefix), "%s", prefix);
    if (shared->state == SHARED_HEARS) {
        shared->state = SHARED_DEAF;
        ears->state(ears->context, SHARED_DEAF);
    }
    tell_states();
}

bool shared_is_up(const struct shared *shared)
{
    return state_of(shared) != SHARED_AWAY;
}

void shared_get_first(struct shared *shared, const char *key,
                      void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    bool up = shared_is_up(shared) && is_readable;
    struct item *item = up ? find(key) : NULL;
    gets += up && strstr(key, ":p:") == NULL;
    done(context, !up ? SHARED_FAILED : item != NULL ? SHARED_HIT : SHARED_MISS,
         item != NULL ? blob_bytes(item->value) : bytes_of(NULL, 0));
}

void shared_get(struct shared *shared, const char *key,
                void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    if (is_full && shared_is_up(shared)) {
        done(context, SHARED_FAILED, bytes_of(NULL, 0));
    } else if (is_late && shared_is_up(shared) && late_count < LATE_MAX) {
        struct late *late = &late_ones[late_count++];
        *late = (struct late){.shared = shared, .done = done, .context = context};
        memcpy(late->key, key, strlen(key) + 1);
    } else {
        shared_get_first(shared, key, done, context);
    }
}

static void answer_late_ones(void)
{
    size_t count = late_count;
    late_count = 0;
    for (size_t i = 0; i < count; i++) {
        shared_get_first(late_ones[i].shared, late_ones[i].key, late_ones[i].done, late_ones[i].context);
    }
}

void played_redis_be_late(bool late)
{
    is_late = late;
    if (!late) {
        answer_late_ones();
    }
}

bool shared_put_first(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    if (!shared_is_up(shared) || is_full) {
        return false;
    }
    sets += strstr(key, ":p:") == NULL;
    struct item *item = find(key);
    for (size_t i = 0; item == NULL && i < ITEMS_MAX; i++) {
        item = items[i].value == NULL ? &items[i] : NULL;
    }
    blob_free(&item->value);
    memcpy(item->key, key, strlen(key) + 1);
    item->value = blob_new(value);
    item->until_ms = clock_mono_ms() + life_ms;
    tell_others(shared, key);
    return true;
}

void shared_put(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    shared_put_first(shared, key, value, life_ms);
}

bool shared_del(struct shared *shared, const char *key)
{
    if (!shared_is_up(shared) || is_full) {
        return false;
    }
    struct item *item = find(key);
    if (item != NULL) {
        blob_free(&item->value);
        tell_others(shared, key);
    }
    return true;
}

bool shared_publish(struct shared *shared, struct bytes message)
{
    bool goes = shared_is_up(shared) && !is_full;
    for (size_t i = 0; goes && i < GATEWAYS_MAX; i++) {
        if (hears(gateways[i], shared->prefix)) {
            gateways[i]->ears.said(gateways[i]->ears.context, message);
        }
    }
    return goes;
}
