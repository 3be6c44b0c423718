#include "gateway/evidence_store.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"

#define FIRST_REST_MS 1000
#define LONGEST_REST_MS 300000
#define LONGEST_RETRY_AFTER_MS 3600000

static void on_patience(struct timer *timer)
{
    struct evidence_store *store = (struct evidence_store *)((char *)timer - offsetof(struct evidence_store, patience));
    atomic_store(&store->is_ready, true);
}

struct evidence_store *evidence_store_new(const struct evidence_parts *parts, struct world *world)
{
    struct evidence_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->parts = *parts;
    pthread_mutex_init(&store->now_lock, NULL);
    store->now = evidence_new();
    store->number = store->world_number = 1;
    store->world = world_ref(world);
    store->patience.fire = on_patience;
    store->started_ms = clock_mono_ms();
    TAILQ_INIT(&store->places);
    STAILQ_INIT(&store->arrivals);
    buffer_init(&store->adding.sealed, MAX_RECORD_BYTES);
    if (store->now == NULL ||
        engine_timer_set(parts->engine, &store->patience, world->config->deadline_ms) != 0) {
        store->is_ended = true;
        evidence_store_free(&store);
        return NULL;
    }
    evidence_refresh_start(store);
    return store;
}

void evidence_store_free(struct evidence_store **store_)
{
    struct evidence_store *store = *store_;
    *store_ = NULL;
    if (store == NULL) {
        return;
    }
    engine_timer_clear(&store->refresh);
    engine_timer_clear(&store->patience);
    for (struct place *place; (place = TAILQ_FIRST(&store->places)) != NULL;) {
        TAILQ_REMOVE(&store->places, place, order);
        place_free(place);
    }
    buffer_free(&store->adding.sealed);
    evidence_free(&store->now);
    world_free(&store->world);
    pthread_mutex_destroy(&store->now_lock);
    free(store);
}

void evidence_store_adopt(struct evidence_store *store, struct world *world)
{
    struct world *before = store->world;
    store->world = world_ref(world);
    store->world_number++;
    world_retire(&before, store->parts.background);
    evidence_refresh_start(store);
}

struct evidence *evidence_store_now(struct evidence_store *store, uint64_t *number)
{
    *number = store->number;
    return evidence_ref(store->now);
}

struct evidence *evidence_store_ref(struct evidence_store *store)
{
    pthread_mutex_lock(&store->now_lock);
    struct evidence *now = evidence_ref(store->now);
    pthread_mutex_unlock(&store->now_lock);
    return now;
}

uint64_t evidence_store_number(const struct evidence_store *store)
{
    return store->number;
}

bool evidence_store_revokes(struct evidence_store *store, const uint64_t *links, size_t count)
{
    if (count == 0) {
        return false;
    }
    pthread_mutex_lock(&store->now_lock);
    bool result = evidence_revokes(store->now, links, count, clock_wall_s());
    pthread_mutex_unlock(&store->now_lock);
    return result;
}

bool evidence_store_is_ready(const struct evidence_store *store)
{
    return atomic_load(&store->is_ready);
}

bool evidence_store_idle(const struct evidence_store *store)
{
    return store->under_way == 0 && !store->adding.is_under_way;
}

void evidence_store_end(struct evidence_store *store)
{
    store->is_ended = true;
    engine_timer_clear(&store->refresh);
    engine_timer_clear(&store->patience);
    struct place *place;
    TAILQ_FOREACH (place, &store->places, order) {
        if (place->state == PLACE_ASKED) {
            world_stop_fetching(place->world);
            reading_abandon(&place->reading);
        }
    }
}

/* Tickets */

static void ticket_take(struct place *place, struct evidence_wait *wait)
{
    for (size_t i = 0; i < MAX_NEEDS; i++) {
        if (wait->tickets[i].wait == NULL) {
            wait->tickets[i].wait = wait;
            LIST_INSERT_HEAD(&place->tickets, &wait->tickets[i], entry);
            wait->pending++;
            return;
        }
    }
}

static void ticket_give_back(struct evidence_ticket *ticket)
{
    LIST_REMOVE(ticket, entry);
    ticket->wait->pending--;
    ticket->wait = NULL;
}

void evidence_store_forget(struct evidence_store *store, struct evidence_wait *wait)
{
    (void)store;
    for (size_t i = 0; i < MAX_NEEDS && wait->pending > 0; i++) {
        if (wait->tickets[i].wait != NULL) {
            ticket_give_back(&wait->tickets[i]);
        }
    }
}

/* Whether it is under way, and waited for by whoever waits. */
static bool want_one(struct evidence_store *store, const struct need *need, struct evidence_wait *wait)
{
    struct place *place = place_for(store, need);
    if (place == NULL) {
        return false;
    }
    place_note_wanted(place, clock_wall_s());
    bool failed_before = place->rest_ms > 0;
    if (place_may_be_asked(place)) {
        place_ask(place);
    }
    bool is_under_way = place->state != PLACE_RESTS;
    if (wait == NULL || !is_under_way) {
        return is_under_way;
    }
    bool is_waited_for = wait->is_patient || !failed_before;
    if (is_waited_for) {
        ticket_take(place, wait);
    }
    return is_waited_for;
}

void evidence_store_want(struct evidence_store *store, const struct needs *needs, struct evidence_wait *wait)
{
    bool reads_issuers = false;
    for (size_t i = 0; i < needs->count; i++) {
        if (!need_is_last(&needs->items[i])) {
            bool is_under_way = want_one(store, &needs->items[i], wait);
            reads_issuers = reads_issuers || (is_under_way && needs->items[i].kind == NEED_ISSUER);
        }
    }
    for (size_t i = 0; i < needs->count; i++) {
        if (need_is_last(&needs->items[i]) && !reads_issuers) {
            want_one(store, &needs->items[i], wait);
        } else if (need_is_last(&needs->items[i]) && wait != NULL) {
            wait->holds_back = true;
        }
    }
}

bool evidence_store_may_come(struct evidence_store *store, const struct needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        const struct place *place = place_known(store, &needs->items[i]);
        bool may_come = place != NULL && place->refused_in != store->world_number && place->fetched_at == 0 &&
                        !place->is_barren;
        if (may_come) {
            return true;
        }
    }
    return false;
}

/* Those who wait for this place. One who is told may ask for more at once, and for this place again: so the list is
 * taken off it first, and the place itself may be gone afterwards. */
static void wake(struct place *place, bool news)
{
    struct evidence_store *store = place->store;
    struct evidence_tickets woken = place->tickets;
    LIST_INIT(&place->tickets);
    if (woken.lh_first != NULL) {
        woken.lh_first->entry.le_prev = &woken.lh_first;
    }
    for (struct evidence_ticket *ticket; (ticket = LIST_FIRST(&woken)) != NULL;) {
        struct evidence_wait *wait = ticket->wait;
        ticket_give_back(ticket);
        if (news && !wait->for_all) {
            evidence_store_forget(store, wait);
        }
        if (wait->pending == 0) {
            wait->ready(wait);
        }
    }
}

/* The ends of a round */

void place_rest(struct place *place, bool news)
{
    struct evidence_store *store = place->store;
    place_drop_arrival(place);
    store->under_way--;
    store->refreshing -= place->is_refresh;
    place->is_refresh = false;
    place->was_tried = true;
    place->state = PLACE_RESTS;
    world_retire(&place->world, store->parts.background);
    wake(place, news);
    evidence_refresh(store);
}

int64_t place_take_rest(struct place *place, int64_t at_least_ms)
{
    int64_t rest_ms = place->rest_ms == 0 ? FIRST_REST_MS : place->rest_ms * 2;
    place->rest_ms = rest_ms < LONGEST_REST_MS ? rest_ms : LONGEST_REST_MS;
    rest_ms = at_least_ms < LONGEST_RETRY_AFTER_MS ? at_least_ms : LONGEST_RETRY_AFTER_MS;
    rest_ms = rest_ms > place->rest_ms ? rest_ms : place->rest_ms;
    place->rests_until_ms = clock_mono_ms() + rest_ms;
    return rest_ms;
}

void place_failed(struct place *place, const char *why, int64_t at_least_ms)
{
    char name[MAX_SOURCE_BYTES];
    int64_t rest_ms = place_take_rest(place, at_least_ms);
    if (!place->store->is_ended) {
        log_event(LEVEL_WARNING, "evidence could not be had", LOG_TEXT("kind", need_word(place->need.kind)),
                  LOG_TEXT("place", place_name(place, name)), LOG_TEXT("why", why),
                  LOG_NUMBER("again_in_ms", rest_ms));
    }
    place_rest(place, false);
}

void place_refused(struct place *place, const char *why)
{
    char name[MAX_SOURCE_BYTES];
    place->refused_in = place->store->world_number;
    evidence_count_result(place->need.kind, EVIDENCE_REFUSED);
    log_event(LEVEL_WARNING, "evidence may not be fetched", LOG_TEXT("kind", need_word(place->need.kind)),
              LOG_TEXT("place", place_name(place, name)), LOG_TEXT("why", why));
    place_rest(place, false);
}
