/*
 * The timer: what the configuration names is fetched at start, and what is held
 * is fetched again before it runs out, a few places at a time and as long as
 * somebody has wanted it lately, or certificates were held against it.
 */
#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"
#include "x509/prefetch.h"

#define DAY_S (24 * 3600)
#define REDIS_STEP_MS 20
#define LONGEST_TIMER_MS (EVIDENCE_TIDY_S * 1000)

static const int64_t wanted_for_s[] = {
    [NEED_CRL] = 30 * DAY_S,
    [NEED_OCSP] = DAY_S, /* one for each certificate, and each asking tells the responder of it */
    [NEED_ISSUER] = 30 * DAY_S,
};

static bool is_configured(const struct place *place)
{
    return place->configured_in == place->store->world_number;
}

bool place_is_wanted(const struct place *place, int64_t now_s)
{
    bool was_wanted = now_s - place->wanted_at < wanted_for_s[place->need.kind];
    return is_configured(place) || (place_holds(place) && was_wanted);
}

/* Mono milliseconds; -1: nobody has to ask it unless somebody wants it. */
static int64_t due_ms(const struct place *place, int64_t now_s, int64_t now_ms)
{
    bool is_held = place->fetched_at != 0;
    if (place->state != PLACE_RESTS || !place_is_wanted(place, now_s) ||
        place->refused_in == place->store->world_number) {
        return -1;
    }
    int64_t due = is_held ? now_ms + (place_due_at(place) - now_s) * 1000 : now_ms;
    return due > place->rests_until_ms ? due : place->rests_until_ms;
}

static void note_expiry(struct place *place, int64_t now_s)
{
    char name[MAX_SOURCE_BYTES];
    bool is_past = place_holds(place) && place->expires_at != 0 && now_s >= place->expires_at;
    if (is_past && place_is_wanted(place, now_s) && !place->expiry_was_logged) {
        place->expiry_was_logged = true;
        log_event(LEVEL_WARNING, "evidence is past its nextUpdate", LOG_TEXT("kind", need_word(place->need.kind)),
                  LOG_TEXT("place", place_name(place, name)));
    }
}

/* Whether it was in use is asked with each try, also while the place fails. */
static void refresh_place(struct place *place, int64_t now_s)
{
    if (evidence_take_use(place->store->now, &place->need.key)) {
        place_note_wanted(place, now_s);
    }
    place->is_refresh = true;
    if (place->fetched_at != 0) {
        count(COUNT_EVIDENCE_REFRESHES);
    }
    place_ask(place);
}

static void on_refresh(struct timer *timer)
{
    struct evidence_store *store = (struct evidence_store *)((char *)timer - offsetof(struct evidence_store, refresh));
    evidence_add_next(store);
    evidence_refresh(store);
    evidence_show(store); /* what nobody wants any more is not missed */
}

static void become_ready(struct evidence_store *store)
{
    const struct place *place;
    if (atomic_load(&store->is_ready)) {
        return;
    }
    TAILQ_FOREACH (place, &store->places, order) {
        if (is_configured(place) && !place->was_tried) {
            return;
        }
    }
    atomic_store(&store->is_ready, true);
    engine_timer_clear(&store->patience);
}

/* At start Redis is not connected yet, and what another gateway has there spares the place. */
static bool waits_for_redis(const struct evidence_store *store)
{
    return store->parts.shared != NULL && !shared_is_up(store->parts.shared) &&
           clock_mono_ms() - store->started_ms < store->world->config->redis.timeout_ms;
}

/* What is asked here cannot end before we are back, but where our own rules refuse it; so no place goes meanwhile. */
void evidence_refresh(struct evidence_store *store)
{
    int64_t now_s = clock_wall_s(), now_ms = clock_mono_ms(), next_ms = LONGEST_TIMER_MS;
    if (store->is_ended || store->is_refreshing) {
        return;
    }
    store->refresh.fire = on_refresh;
    if (waits_for_redis(store)) {
        become_ready(store); /* where there is nothing to wait for */
        engine_timer_set(store->parts.engine, &store->refresh, REDIS_STEP_MS);
        return;
    }
    store->is_refreshing = true;
    struct place *place, *next;
    for (place = TAILQ_FIRST(&store->places); place != NULL; place = next) {
        next = TAILQ_NEXT(place, order); /* it may become the last, which is come to once more, and asked already */
        note_expiry(place, now_s);
        int64_t due = due_ms(place, now_s, now_ms);
        if (due >= 0 && due <= now_ms && store->refreshing < MAX_REFRESHES) {
            refresh_place(place, now_s);
        } else if (due > now_ms && due - now_ms < next_ms) {
            next_ms = due - now_ms;
        }
    }
    become_ready(store);
    engine_timer_set(store->parts.engine, &store->refresh, next_ms);
    store->is_refreshing = false;
}

static void mark(void *context, const struct need *need)
{
    struct evidence_store *store = context;
    struct place *place = place_for(store, need);
    if (place != NULL) {
        place->configured_in = store->world_number;
    }
}

void evidence_refresh_start(struct evidence_store *store)
{
    policies_each_need(store->world->policies, store->world->config->fetch.crls, mark, store);
    evidence_refresh(store);
}
