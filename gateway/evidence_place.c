#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"

void place_free(struct place *place)
{
    place_drop_arrival(place);
    need_clear(&place->need);
    free(place);
}

static struct digest key_of(const struct need *need)
{
    struct digest parts[2] = {need->key};
    if (need->issuer != NULL) {
        parts[1] = digest_sha256(blob_bytes(need->issuer));
    }
    return digest_sha256(bytes_of(parts, sizeof(parts)));
}

static struct place **bucket_of(struct evidence_store *store, const struct digest *key)
{
    size_t number = ((size_t)key->bytes[0] << 8 | key->bytes[1]) & (PLACE_BUCKETS - 1);
    return &store->buckets[number];
}

static void forget_place(struct evidence_store *store, struct place *place)
{
    struct place **at = bucket_of(store, &place->key);
    while (*at != place) {
        at = &(*at)->next;
    }
    *at = place->next;
    TAILQ_REMOVE(&store->places, place, order);
    store->place_count--;
    place_free(place);
}

static struct place *find_least(struct evidence_store *store, bool may_hold)
{
    struct place *place;
    TAILQ_FOREACH (place, &store->places, order) {
        if (place->state == PLACE_RESTS && place->configured_in != store->world_number &&
            (may_hold || !place_holds(place))) {
            break;
        }
    }
    return place;
}

/* The least recently wanted that rests and that no configuration names gives way. One that gave something only where
 * there is no other: what is held nobody wants, and without its place it would not be fetched again in time. */
static bool make_room(struct evidence_store *store)
{
    if (store->place_count < MAX_PLACES) {
        return true;
    }
    count(COUNT_LIMIT_PLACES);
    struct place *least = find_least(store, false);
    least = least != NULL ? least : find_least(store, true);
    if (least != NULL) {
        forget_place(store, least);
    }
    return least != NULL;
}

static struct place *find_place(struct evidence_store *store, const struct digest *key)
{
    struct place *place = *bucket_of(store, key);
    while (place != NULL && !digest_equal(&place->key, key)) {
        place = place->next;
    }
    return place;
}

struct place *place_known(struct evidence_store *store, const struct need *need)
{
    struct digest key = key_of(need);
    return find_place(store, &key);
}

struct place *place_for(struct evidence_store *store, const struct need *need)
{
    struct digest key = key_of(need);
    struct place *place = find_place(store, &key);
    if (place != NULL) {
        return place;
    }
    place = make_room(store) ? calloc(1, sizeof(*place)) : NULL;
    if (place == NULL || need_copy(need, &place->need) != 0) {
        free(place);
        return NULL;
    }
    place->store = store;
    place->key = key;
    LIST_INIT(&place->tickets);
    struct place **bucket = bucket_of(store, &key);
    place->next = *bucket;
    *bucket = place;
    TAILQ_INSERT_TAIL(&store->places, place, order);
    store->place_count++;
    return place;
}

void place_note_wanted(struct place *place, int64_t now_s)
{
    struct evidence_store *store = place->store;
    place->wanted_at = now_s;
    TAILQ_REMOVE(&store->places, place, order);
    TAILQ_INSERT_TAIL(&store->places, place, order);
}

const char *place_name(const struct place *place, char out[MAX_SOURCE_BYTES])
{
    if (place->need.url != NULL) {
        snprintf(out, MAX_SOURCE_BYTES, "%s", place->need.url);
    } else {
        snprintf(out, MAX_SOURCE_BYTES, "%s: %s", place->need.directory, place->need.dn);
    }
    return out;
}

bool place_holds(const struct place *place)
{
    return place->fetched_at != 0 && !place->is_barren;
}

int64_t place_due_at(const struct place *place)
{
    bool runs_out_first = place->expires_at != 0 && place->expires_at < place->refresh_at;
    return runs_out_first ? place->expires_at : place->refresh_at;
}

/* What is held and current nobody wants: one who does knows that it ran out, or had to go for want of room. */
bool place_may_be_asked(const struct place *place)
{
    return place->state == PLACE_RESTS && !place->store->is_ended &&
           place->refused_in != place->store->world_number && clock_mono_ms() >= place->rests_until_ms;
}

void place_ask(struct place *place)
{
    struct evidence_store *store = place->store;
    const char *why_not;
    if (!place_is_allowed(place, store->world, &why_not)) {
        place->was_tried = true;
        place->is_refresh = false;
        place->refused_in = store->world_number;
        log_event(LEVEL_DEBUG, "evidence is not fetched", LOG_TEXT("why", why_not));
        return;
    }
    place->world = world_ref(store->world);
    store->under_way++;
    store->refreshing += place->is_refresh;
    if (store->parts.shared != NULL) {
        place_ask_shared(place);
    } else {
        place_fetch(place);
    }
}
