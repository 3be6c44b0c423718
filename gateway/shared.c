#include <stddef.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/steps.h"

struct answer *take_record(const struct lookup *lookup, const struct world *world, const struct digest *scope,
                           const struct address *address, const char *key, struct bytes value)
{
    const struct known_issuers *known = policies_known_issuers(world->policies);
    struct record record;
    struct answer_draft *draft = &record.draft;
    struct answer *answer = NULL;
    struct error error;
    answer_draft_begin(draft, address);
    switch (record_open(world->ring, key, value, known, &record, &error)) {
    case RECORD_BAD_SEAL:
        count(COUNT_REDIS_BAD_SEAL);
        return NULL;
    case RECORD_BAD:
        count(COUNT_REDIS_BAD_RECORD);
        return NULL;
    case RECORD_GOOD:
        break;
    }
    if (!bytes_equal(address_bytes(&draft->address), address_bytes(address))) {
        count(COUNT_REDIS_BAD_RECORD);
    } else if (!dropped_holds(lookup->dropped, address, draft->made_at)) {
        draft->scope = world_scope_number(scope); /* the key of the record is made of it */
        draft->generation = known_issuers_are_of(known, &draft->policy) ? world->generation : 0;
        answer = answer_take(draft);
        count_add(COUNT_REDIS_REJUDGED, draft->generation == 0);
    }
    record_free(&record);
    return answer;
}

bool is_current(const struct lookup *lookup, const struct answer *answer)
{
    return clock_wall_s() < answer->fresh_until && answer->made_at > atomic_load(&lookup->all_dropped_at);
}

void note_record(struct lookup *lookup, enum shared_result result, const struct answer *record)
{
    if (record != NULL || result == SHARED_MISS) {
        hedge_note(&lookup->hedge, record != NULL);
    }
}

static void record_is_weighed(struct flight *flight)
{
    if (flight->awaits_record) {
        flight->awaits_record = false;
        flight_record_came(flight);
    } else {
        flight_record_came_late(flight);
    }
}

static void ask_under_next_key(struct flight *flight);

static void on_shared(void *context, enum shared_result result, struct bytes value)
{
    struct flight *flight = context;
    if (result == SHARED_HIT) {
        flight->record = take_record(flight->lookup, flight->world, &flight->scope, &flight->address,
                                     flight->record_key, value);
    }
    note_record(flight->lookup, result, flight->record);
    flight->asks_shared = false;
    /* While keys change, a record may still stand under the name that the key before gave it. */
    if (flight->record == NULL && result == SHARED_MISS &&
        ++flight->ring_index < seal_ring_count(flight->world->ring)) {
        ask_under_next_key(flight);
    } else {
        flight->lacks_record = flight->record == NULL && result == SHARED_MISS;
        record_is_weighed(flight);
    }
    flight_release(flight);
}

static void ask_under_next_key(struct flight *flight)
{
    record_key(flight->world->ring, flight->ring_index, flight->world->config->redis_prefix, &flight->scope,
               &flight->address, flight->record_key);
    flight->open++;
    flight->asks_shared = true;
    shared_get(flight->lookup->parts.shared, flight->record_key, on_shared, flight);
}

void ask_shared(struct flight *flight)
{
    flight->ring_index = 0;
    ask_under_next_key(flight);
}

/* Within one second another gateway may have found other certificates. */
static bool says_the_same(const struct answer *a, const struct answer *b)
{
    bool same = a->outcome == b->outcome && a->reason == b->reason && a->certificate_count == b->certificate_count &&
                a->usable_count == b->usable_count;
    for (size_t i = 0; same && i < a->certificate_count; i++) {
        const struct certificate *left = &a->certificates[i], *right = &b->certificates[i];
        same = left->reason == right->reason && bytes_equal(blob_bytes(left->value), blob_bytes(right->value));
    }
    return same;
}

bool record_is_known(const struct flight *flight)
{
    const struct answer *old = flight->old, *record = flight->record;
    return old != NULL && record != NULL && old->made_at == record->made_at &&
           old->fresh_until == record->fresh_until && old->generation == record->generation &&
           old->scope == record->scope && says_the_same(old, record);
}

bool flight_is_outdated(const struct flight *flight)
{
    const struct coherence *coherence = flight->lookup->coherence;
    return flight_is_dropped(flight) || (coherence != NULL && coherence_is_overtaken(coherence, flight));
}

static void put_into_memory(struct flight *flight, struct answer *answer)
{
    struct lookup *lookup = flight->lookup;
    plan_renewal(flight->world, answer);
    memory_put(lookup->parts.memory, answer, flight->stamp);
    if (lookup->coherence != NULL) {
        coherence_kept(lookup->coherence, flight);
    }
}

void keep_answer(struct flight *flight, struct answer *answer)
{
    if (memory_keeps(flight->lookup->parts.memory) && !flight_is_outdated(flight)) {
        put_into_memory(flight, answer);
    }
}

/* Of then is what Redis had. */
static void be_of_then(struct flight *flight, const struct inquiry *inquiry)
{
    flight->began = inquiry->began;
    flight->stamp = inquiry->stamp;
    memcpy(flight->record_key, inquiry->key, sizeof(flight->record_key));
}

void take_inquired(struct flight *flight, struct question *question)
{
    struct inquiry *inquiry = &question->inquiry;
    if (inquiry->state == INQUIRY_NONE || !inquiry->has_asked || inquiry->world != flight->world) {
        return;
    }
    flight->was_inquired = true;
    flight->lacks_record = inquiry->lacks_record;
    flight->record = inquiry->answer;
    inquiry->answer = NULL;
    be_of_then(flight, inquiry);
}

/* Of an answer that no flight brought, one is made that might have. */
void keep_inquired(const struct question *question)
{
    const struct inquiry *inquiry = &question->inquiry;
    struct lookup *lookup = question->lookup;
    struct address address;
    question_address(question, &address);
    struct flight *flight = flight_new(lookup->flights, lookup, &address, inquiry->world);
    if (flight == NULL) {
        return;
    }
    be_of_then(flight, inquiry);
    /* What a snapshot after its own revokes would stay, as that one's sweep may be over already. */
    if (inquiry->world->generation == lookup->world->generation && !is_revoked_since(lookup, inquiry->answer)) {
        keep_answer(flight, inquiry->answer);
    }
    flight_free(lookup->flights, &flight, lookup->parts.background);
}

void store_verdict(struct flight *flight)
{
    if (!memory_keeps(flight->lookup->parts.memory) || clock_wall_s() >= flight->verdict->fresh_until ||
        flight_is_outdated(flight)) {
        return;
    }
    /* A flight that began before a reload must not take the place of what came after it. */
    if (flight->world->generation == flight->lookup->world->generation) {
        put_into_memory(flight, flight->verdict);
    }
}

static bool may_share(const struct flight *flight)
{
    const struct lookup *lookup = flight->lookup;
    return lookup->parts.shared != NULL && !flight->is_provisional && flight->verdict->outcome != OUTCOME_UNKNOWN &&
           clock_wall_s() < flight->verdict->fresh_until && !flight_is_outdated(flight) &&
           coherence_may_store(lookup->coherence, flight->stamp);
}

/* The key is known already if the flight asked Redis under its only name. */
static void choose_seal_key(struct flight *flight)
{
    const struct seal_ring *ring = flight->world->ring;
    if (seal_ring_count(ring) > 1 || flight->record_key[0] == '\0') {
        record_key(ring, 0, flight->world->config->redis_prefix, &flight->scope, &flight->address, flight->seal_key);
    } else {
        memcpy(flight->seal_key, flight->record_key, sizeof(flight->seal_key));
    }
}

static void seal_verdict(struct flight *flight)
{
    const struct seal_ring *ring = flight->world->ring;
    if (record_close(ring, flight->seal_key, flight->verdict, policies_known_issuers(flight->world->policies),
                     &flight->sealed) != 0) {
        count(COUNT_LIMIT_RECORD_BYTES);
        buffer_clear(&flight->sealed);
    }
}

static void run_sealing(struct work *work)
{
    struct flight *flight = (struct flight *)((char *)work - offsetof(struct flight, seal));
    seal_verdict(flight);
    engine_post(flight->lookup->parts.engine, &flight->was_sealed);
}

/* What was dropped while it was sealed is not stored either. */
static void on_sealed(struct task *task)
{
    struct flight *flight = (struct flight *)((char *)task - offsetof(struct flight, was_sealed));
    if (flight->engine_seals) {
        engine_work(flight, seal_verdict);
    }
    if (flight->sealed.size > 0 && may_share(flight)) {
        shared_put(flight->lookup->parts.shared, flight->seal_key, buffer_bytes(&flight->sealed),
                   (flight->verdict->stale_until - clock_wall_s()) * 1000);
    }
    flight_release(flight);
}

void share_verdict(struct flight *flight)
{
    if (!may_share(flight)) {
        return;
    }
    flight->seal.run = run_sealing;
    flight->was_sealed.run = on_sealed;
    choose_seal_key(flight);
    flight->open++;
    flight->engine_seals = engine_may_work(flight);
    if (flight->engine_seals) {
        engine_post(flight->lookup->parts.engine, &flight->was_sealed); /* who waits is woken before, in this turn */
    } else if (!pool_submit(flight->lookup->parts.validators, &flight->seal)) {
        count(COUNT_LIMIT_VALIDATORS);
        flight->open--;
    }
}
