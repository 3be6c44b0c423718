/* Evidence in Redis: one gateway fetches it, the others find it there, and verify it as if it came from its place. */
#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"

#define LONGEST_LIFE_S (7 * 24 * 3600)
#define LIFE_WITHOUT_END_S (24 * 3600) /* of issuers, which state no nextUpdate */

static void ask_under_next_key(struct place *place);

static void on_shared(void *context, enum shared_result result, struct bytes value)
{
    struct place *place = context;
    if (result == SHARED_HIT && value.size <= MAX_RECORD_BYTES) {
        place->sealed = blob_new(value);
    }
    if (place->sealed != NULL) {
        place_came(place);
    } else if (result == SHARED_MISS && ++place->ring_index < seal_ring_count(place->world->ring)) {
        ask_under_next_key(place);
    } else {
        place_fetch(place);
    }
}

static void ask_under_next_key(struct place *place)
{
    const struct world *world = place->world;
    evidence_record_key(world->ring, place->ring_index, world->config->redis_prefix, &place->need.key,
                        place->record_key);
    shared_get(place->store->parts.shared, place->record_key, on_shared, place);
}

void place_ask_shared(struct place *place)
{
    place->state = PLACE_SHARED;
    place->ring_index = 0;
    ask_under_next_key(place);
}

void place_store_shared(struct place *place, const struct buffer *sealed, int64_t expires_at)
{
    int64_t life_s = expires_at != 0 ? expires_at - clock_wall_s() : LIFE_WITHOUT_END_S;
    if (sealed->size == 0 || sealed->failed || life_s <= 0) {
        return;
    }
    shared_put(place->store->parts.shared, place->record_key, buffer_bytes(sealed),
               (life_s < LONGEST_LIFE_S ? life_s : LONGEST_LIFE_S) * 1000);
}
