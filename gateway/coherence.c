#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/coherence_private.h"
#include "gateway/following.h"

#define NAMES_PART 32 /* of cache.memory may go to them */

static uint32_t second_now(void)
{
    return (uint32_t)(clock_mono_ms() / 1000);
}

static enum shared_state state_of(uint64_t now)
{
    return (enum shared_state)(now & 3);
}

static uint32_t epoch_of(uint64_t now)
{
    return (uint32_t)(now >> 2);
}

bool coherence_is_up(const struct coherence *coherence)
{
    return state_of(atomic_load(&coherence->now)) != SHARED_AWAY;
}

bool coherence_is_deaf(const struct coherence *coherence)
{
    return state_of(atomic_load(&coherence->now)) == SHARED_DEAF;
}

int64_t coherence_stamp(const struct coherence *coherence)
{
    return (int64_t)((uint64_t)epoch_of(atomic_load(&coherence->now)) << 32 | second_now());
}

bool coherence_covers(const struct coherence *coherence, int64_t stamp)
{
    uint64_t now = atomic_load(&coherence->now);
    uint32_t epoch = (uint32_t)((uint64_t)stamp >> 32), since = (uint32_t)stamp;
    if (state_of(now) == SHARED_HEARS) {
        return epoch == epoch_of(now);
    }
    if (state_of(now) == SHARED_DEAF) {
        return epoch == epoch_of(now) && (int64_t)second_now() - since < atomic_load(&coherence->memory_ttl_s);
    }
    uint64_t heard = atomic_load(&coherence->heard);
    if (epoch == (uint32_t)(heard >> 32) && (uint32_t)heard > since) {
        since = (uint32_t)heard; /* until then we would have heard */
    }
    return (int64_t)second_now() - since < atomic_load(&coherence->unconfirmed_s);
}

bool coherence_may_store(const struct coherence *coherence, int64_t stamp)
{
    return (uint32_t)((uint64_t)stamp >> 32) == epoch_of(atomic_load(&coherence->now));
}

bool coherence_is_settled(const struct coherence *coherence)
{
    return atomic_load(&coherence->is_settled);
}

uint32_t coherence_epoch(const struct coherence *coherence)
{
    return epoch_of(atomic_load(&coherence->now));
}

static void begin_epoch(struct coherence *coherence, enum shared_state state)
{
    uint64_t before = atomic_load(&coherence->now);
    if (state_of(before) == SHARED_HEARS) {
        atomic_store(&coherence->heard, (uint64_t)epoch_of(before) << 32 | second_now());
    }
    atomic_store(&coherence->now, ((uint64_t)epoch_of(before) + 1) << 2 | state);
    count(COUNT_REDIS_GENERATIONS);
}

static void on_state(void *context, enum shared_state state)
{
    struct coherence *coherence = context;
    bool was_up = coherence_is_up(coherence);
    begin_epoch(coherence, state);
    if (state == SHARED_AWAY) {
        drops_away(coherence);
    } else if (!was_up) {
        drops_back(coherence);
    } else if (state == SHARED_HEARS) {
        drops_read(coherence); /* it may have changed just before we heard */
    }
    if (state == SHARED_DEAF) {
        drops_deaf(coherence);
    }
}

/* Names: prefix and the hexadecimal digits of an HMAC, of which 64 bits tell enough. */

static bool take_digit(uint64_t *name, uint8_t digit)
{
    bool is_letter = digit >= 'a' && digit <= 'f';
    *name = *name << 4 | (uint64_t)(is_letter ? digit - 'a' + 10 : digit - '0');
    return is_letter || (digit >= '0' && digit <= '9');
}

static bool name_behind(struct bytes key, size_t prefix, uint64_t *name)
{
    if (key.size != prefix + 2 * DIGEST_BYTES) {
        return false;
    }
    *name = 0;
    for (size_t i = 0; i < 16; i++) {
        if (!take_digit(name, key.data[prefix + i])) {
            return false;
        }
    }
    return true;
}

static bool name_of_key(const struct coherence *coherence, struct bytes key, uint64_t *name)
{
    size_t prefix = strlen(coherence->prefix);
    return key.size >= prefix && memcmp(key.data, coherence->prefix, prefix) == 0 && name_behind(key, prefix, name);
}

bool coherence_changed_since(const struct coherence *coherence, const char *key, uint64_t began)
{
    size_t size = strlen(key);
    uint64_t name;
    return size >= 2 * DIGEST_BYTES && name_behind(bytes_of(key, size), size - 2 * DIGEST_BYTES, &name) &&
           dropped_name_since(coherence->lookup->dropped, name, began);
}

static bool is_purged_key(const struct coherence *coherence, struct bytes key)
{
    for (size_t i = 0; i < coherence->ring_count; i++) {
        if (bytes_equal(key, bytes_of_string(coherence->purged_keys[i]))) {
            return true;
        }
    }
    return false;
}

/* Evidence that another gateway fetched stands under the prefix, too: who needs it asks for it. */
static void on_changed(void *context, struct bytes key)
{
    struct coherence *coherence = context;
    uint64_t name;
    if (key.data == NULL) {
        begin_epoch(coherence, state_of(atomic_load(&coherence->now)));
        drops_read(coherence);
    } else if (name_of_key(coherence, key, &name)) {
        dropped_note_name(coherence->lookup->dropped, name);
        following_lost(coherence->lookup->parts.following, names_find(coherence->names, name));
        names_changed(coherence->names, name);
    } else if (is_purged_key(coherence, key)) {
        drops_read(coherence);
    }
}

static void on_said(void *context, struct bytes message)
{
    drops_said(context, message);
}

/* The flight's record, under each key of the ring: other gateways may seal with another one first. */
static size_t names_of(const struct coherence *coherence, const struct flight *flight, uint64_t names[SEAL_KEYS_MAX])
{
    const struct seal_ring *ring = flight->world->ring;
    const char *prefix = flight->world->config->redis_prefix;
    char key[RECORD_KEY_BYTES];
    size_t count = 0;
    if (seal_ring_count(ring) == 1 && flight->record_key[0] != '\0') {
        return name_of_key(coherence, bytes_of_string(flight->record_key), &names[0]);
    }
    for (size_t i = 0; i < seal_ring_count(ring); i++) {
        record_key(ring, i, prefix, &flight->scope, &flight->address, key);
        count += name_of_key(coherence, bytes_of_string(key), &names[count]);
    }
    return count;
}

bool coherence_is_overtaken(const struct coherence *coherence, const struct flight *flight)
{
    uint64_t names[SEAL_KEYS_MAX];
    size_t count = names_of(coherence, flight, names);
    for (size_t i = 0; i < count; i++) {
        if (dropped_name_since(coherence->lookup->dropped, names[i], flight->began)) {
            return true;
        }
    }
    return false;
}

void coherence_kept(struct coherence *coherence, const struct flight *flight)
{
    uint64_t names[SEAL_KEYS_MAX];
    size_t count = names_of(coherence, flight, names);
    for (size_t i = 0; i < count; i++) {
        names_put(coherence->names, names[i], address_bytes(&flight->address));
    }
}

/* Settings */

static bool learn_keys(struct coherence *coherence, const struct world *world)
{
    char key[RECORD_KEY_BYTES];
    size_t count = seal_ring_count(world->ring);
    bool news = count != coherence->ring_count;
    coherence->ring_count = count;
    for (size_t i = 0; i < count; i++) {
        purged_key(world->ring, i, world->config->redis_prefix, key);
        news = news || strcmp(key, coherence->purged_keys[i]) != 0;
        memcpy(coherence->purged_keys[i], key, sizeof(key));
    }
    return news;
}

static void listen_under(struct coherence *coherence, const char *prefix)
{
    const struct shared_ears ears = {on_state, on_changed, on_said, coherence};
    snprintf(coherence->prefix, sizeof(coherence->prefix), "%s", prefix);
    shared_listen(coherence->shared, prefix, &ears);
}

void coherence_adopt(struct coherence *coherence)
{
    const struct world *world = coherence->lookup->world;
    const struct config *config = world->config;
    atomic_store(&coherence->memory_ttl_s, config->cache.memory_ttl_s);
    atomic_store(&coherence->unconfirmed_s, config->redis_unconfirmed_s);
    bool news = learn_keys(coherence, world);
    if (strcmp(coherence->prefix, config->redis_prefix) != 0) {
        listen_under(coherence, config->redis_prefix);
    } else if (news) {
        begin_epoch(coherence, state_of(atomic_load(&coherence->now))); /* what is in memory has other names now */
        drops_read(coherence);
    }
}

struct coherence *coherence_new(struct lookup *lookup)
{
    struct coherence *coherence = calloc(1, sizeof(*coherence));
    if (coherence == NULL) {
        return NULL;
    }
    coherence->lookup = lookup;
    coherence->shared = lookup->parts.shared;
    coherence->names = names_new(lookup->parts.memory, (size_t)lookup->world->config->cache.memory_bytes / NAMES_PART);
    if (coherence->names == NULL || drops_open(coherence) != 0) {
        coherence_free(&coherence);
        return NULL;
    }
    coherence_adopt(coherence);
    return coherence;
}

void coherence_free(struct coherence **coherence)
{
    if (*coherence == NULL) {
        return;
    }
    drops_close(*coherence);
    names_free(&(*coherence)->names);
    free(*coherence);
    *coherence = NULL;
}
