/*
 * What came, verified on a validator, one arrival after the other, because each
 * is added to the snapshot that the one before it left. A second round there
 * does what may take long: giving back the snapshot that was replaced, and
 * looking through the memory for answers that the new one revokes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/evidence_private.h"

#define LEAST_REFRESH_S 10 /* not oftener, whatever a CRL says of itself */
/* How long bad evidence is remembered: as long as it would have lived, within these. */
#define BAD_LEAST_MS 60000
#define BAD_MOST_MS 3600000

static const enum counter counters[][EVIDENCE_RESULT_COUNT] = {
    [NEED_CRL] = {COUNT_CRLS_GOOD, COUNT_CRLS_SHARED, COUNT_CRLS_BAD, COUNT_CRLS_FAILED, COUNT_CRLS_REFUSED},
    [NEED_OCSP] = {COUNT_OCSP_GOOD, COUNT_OCSP_SHARED, COUNT_OCSP_BAD, COUNT_OCSP_FAILED, COUNT_OCSP_REFUSED},
    [NEED_ISSUER] = {COUNT_ISSUERS_GOOD, COUNT_ISSUERS_SHARED, COUNT_ISSUERS_BAD, COUNT_ISSUERS_FAILED,
                     COUNT_ISSUERS_REFUSED},
};

void evidence_count_result(enum need_kind kind, enum evidence_result result)
{
    count(counters[kind][result]);
}

void evidence_show(const struct evidence_store *store)
{
    struct evidence_counts counts = evidence_count(store->now);
    int64_t oldest = 0, now = clock_wall_s();
    const struct place *place;
    TAILQ_FOREACH (place, &store->places, order) {
        bool is_kept = place_holds(place) && place_is_wanted(place, now) && place->expires_at != 0;
        if (is_kept && (oldest == 0 || place->expires_at < oldest)) {
            oldest = place->expires_at;
        }
    }
    gauge_set(GAUGE_EVIDENCE_CRLS, (int64_t)counts.crls);
    gauge_set(GAUGE_EVIDENCE_OCSP, (int64_t)counts.ocsp_answers);
    gauge_set(GAUGE_EVIDENCE_ISSUERS, (int64_t)counts.issuers);
    gauge_set(GAUGE_EVIDENCE_BYTES, (int64_t)counts.bytes);
    gauge_set(GAUGE_EVIDENCE_NEXT_UPDATE, oldest);
}

/* On a validator */

static void add(struct adding *adding, const struct evidence_record *record)
{
    char name[MAX_SOURCE_BYTES];
    const struct place *place = adding->place;
    snprintf(name, sizeof(name), "%.*s", (int)record->source.size, (const char *)record->source.data);
    const struct arrival arrival = {
        .need = &place->need,
        .objects = record->objects,
        .count = record->count,
        .source = name,
        .now = clock_wall_s(),
        .relayed = place->sealed != NULL,
    };
    adding->fetched_at = record->fetched_at;
    adding->after = evidence_add(adding->before, adding->world->policies, &arrival, &adding->report);
}

static void seal(struct adding *adding, const struct evidence_record *record)
{
    struct place *place = adding->place;
    evidence_record_key(adding->world->ring, 0, adding->world->config->redis_prefix, &place->need.key,
                        place->record_key);
    if (evidence_record_close(adding->world->ring, place->record_key, record, &adding->sealed) != 0) {
        count(COUNT_LIMIT_RECORD_BYTES);
        buffer_clear(&adding->sealed);
    }
}

static void add_shared(struct adding *adding)
{
    const struct place *place = adding->place;
    struct evidence_record record = {0};
    struct buffer plain;
    buffer_init(&plain, MAX_RECORD_BYTES);
    switch (evidence_record_open(adding->world->ring, place->record_key, blob_bytes(place->sealed), &plain, &record,
                                 &adding->report.error)) {
    case RECORD_BAD_SEAL:
        count(COUNT_REDIS_BAD_SEAL);
        break;
    case RECORD_BAD:
        count(COUNT_REDIS_BAD_RECORD);
        break;
    case RECORD_GOOD:
        adding->is_stale = record.fetched_at <= place->fetched_at || record.fetched_at > clock_wall_s();
        if (!adding->is_stale) {
            add(adding, &record);
        }
        evidence_record_clear(&record);
    }
    buffer_free(&plain);
}

static void add_fetched(struct adding *adding)
{
    char name[MAX_SOURCE_BYTES];
    struct bytes objects[MAX_EVIDENCE_OBJECTS];
    struct place *place = adding->place;
    const struct evidence_record record = {
        .fetched_at = clock_wall_s(),
        .source = bytes_of_string(place_name(place, name)),
        .objects = objects,
        .count = place_objects(place, objects),
    };
    add(adding, &record);
    if (adding->report.usable && place->store->parts.shared != NULL) {
        seal(adding, &record);
    }
}

static void run_add(struct work *work)
{
    struct adding *adding = (struct adding *)((char *)work - offsetof(struct adding, work));
    struct evidence_store *store = (struct evidence_store *)((char *)adding - offsetof(struct evidence_store, adding));
    if (adding->place == NULL) {
        adding->after = evidence_without_old(adding->before, clock_wall_s());
    } else if (adding->place->sealed != NULL) {
        add_shared(adding);
    } else {
        add_fetched(adding);
    }
    engine_post(store->parts.engine, &adding->done);
}

static int compare_links(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static bool rests_on_revoked(void *context, const struct answer *answer)
{
    const struct arrival_report *report = context;
    for (size_t i = 0; i < answer->usable_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        for (size_t j = 0; j < certificate->link_count; j++) {
            if (bsearch(&certificate->links[j], report->revoked, report->revoked_count, sizeof(uint64_t),
                        compare_links) != NULL) {
                return true;
            }
        }
    }
    return false;
}

static void run_tidy(struct work *work)
{
    struct adding *adding = (struct adding *)((char *)work - offsetof(struct adding, work));
    struct evidence_store *store = (struct evidence_store *)((char *)adding - offsetof(struct evidence_store, adding));
    struct arrival_report *report = &adding->report;
    if (report->revoked_count > 0) {
        qsort(report->revoked, report->revoked_count, sizeof(uint64_t), compare_links);
        count_add(COUNT_EVIDENCE_DROPPED, memory_drop_if(store->parts.memory, rests_on_revoked, report));
    }
    evidence_free(&adding->before);
    engine_post(store->parts.engine, &adding->done);
}

/* On the engine again */

static void end_adding(struct evidence_store *store)
{
    struct adding *adding = &store->adding;
    evidence_free(&adding->before); /* gone already, but where no validator took it */
    arrival_report_free(&adding->report);
    buffer_free(&adding->sealed);
    world_retire(&adding->world, store->parts.background);
    adding->is_under_way = false;
    evidence_add_next(store);
}

static void on_tidied(struct task *task)
{
    struct adding *adding = (struct adding *)((char *)task - offsetof(struct adding, done));
    end_adding((struct evidence_store *)((char *)adding - offsetof(struct evidence_store, adding)));
}

static void tidy(struct evidence_store *store)
{
    store->adding.work.run = run_tidy;
    store->adding.done.run = on_tidied;
    if (store->is_ended || !pool_submit(store->parts.validators, &store->adding.work)) {
        if (store->adding.report.revoked_count > 0 && !store->is_ended) {
            run_tidy(&store->adding.work); /* a revoked answer must go: better the engine is late for once */
        } else {
            end_adding(store);
        }
    }
}

static int64_t jittered(const struct place *place, int64_t refresh_at, int64_t now)
{
    uint64_t draw = digest_table_hash(bytes_of(place->key.bytes, sizeof(place->key.bytes))) % 1024;
    int64_t in_s = refresh_at - now;
    in_s -= in_s > 0 ? in_s / 10 * (int64_t)draw / 1024 : 0;
    return now + (in_s > LEAST_REFRESH_S ? in_s : LEAST_REFRESH_S);
}

static void take_good(struct place *place, const struct adding *adding)
{
    char name[MAX_SOURCE_BYTES];
    const struct arrival_report *report = &adding->report;
    int64_t now = clock_wall_s();
    bool is_shared = place->sealed != NULL;
    place->fetched_at = adding->fetched_at;
    place->refresh_at = jittered(place, report->refresh_at, now);
    place->expires_at = report->expires_at;
    place->expiry_was_logged = false;
    place->is_barren = !report->usable && !report->holds;
    if (place->expires_at == 0 || place->expires_at > now) {
        place->rest_ms = 0;
        place->rests_until_ms = clock_mono_ms() + LEAST_REFRESH_S * 1000;
    } else {
        place_take_rest(place, LEAST_REFRESH_S * 1000); /* what has run out is little better than nothing */
    }
    evidence_count_result(place->need.kind, !report->usable ? EVIDENCE_BAD : is_shared ? EVIDENCE_SHARED
                                                                                       : EVIDENCE_GOOD);
    if (!is_shared && place->store->parts.shared != NULL) {
        place_store_shared(place, &adding->sealed, report->expires_at);
    }
    log_event(LEVEL_INFO, adding->after != NULL ? "evidence came" : "evidence came, the same as before",
              LOG_TEXT("kind", need_word(place->need.kind)), LOG_TEXT("place", place_name(place, name)),
              LOG_TEXT("layer", is_shared ? "redis" : "place"), LOG_NUMBER("refresh_in_s", place->refresh_at - now),
              LOG_NUMBER("expires_in_s", report->expires_at != 0 ? report->expires_at - now : 0),
              LOG_NUMBER("revokes", (int64_t)report->revoked_count), LOG_TEXT("remark", report->error.text));
}

static void take_bad(struct place *place, const struct adding *adding)
{
    int64_t lives_ms = adding->report.expires_at != 0 ? (adding->report.expires_at - clock_wall_s()) * 1000 : 0;
    lives_ms = lives_ms > BAD_LEAST_MS ? lives_ms : BAD_LEAST_MS;
    lives_ms = lives_ms < BAD_MOST_MS ? lives_ms : BAD_MOST_MS;
    evidence_count_result(place->need.kind, adding->was_judged ? EVIDENCE_BAD : EVIDENCE_FAILED);
    place->is_barren = adding->was_judged && !place_holds(place); /* what it gave before is held still */
    place_failed(place, adding->report.error.text, adding->was_judged ? lives_ms : 0);
}

static void take(struct evidence_store *store, struct place *place)
{
    struct adding *adding = &store->adding;
    bool is_good = adding->after != NULL || adding->report.usable;
    if (is_good) {
        take_good(place, adding);
    }
    /* What Redis had may be of no use. */
    if (place->sealed != NULL && !adding->report.usable && !store->is_ended) {
        blob_free(&place->sealed);
        place_fetch(place);
    } else if (is_good) {
        place_rest(place, adding->after != NULL);
    } else {
        take_bad(place, adding);
    }
}

static void on_added(struct task *task)
{
    struct adding *adding = (struct adding *)((char *)task - offsetof(struct adding, done));
    struct evidence_store *store = (struct evidence_store *)((char *)adding - offsetof(struct evidence_store, adding));
    struct place *place = adding->place;
    bool is_new = adding->after != NULL;
    if (is_new) {
        evidence_free(&adding->before); /* our second reference: `now` is given back by the validator */
        adding->before = store->now;
        pthread_mutex_lock(&store->now_lock);
        store->now = adding->after;
        pthread_mutex_unlock(&store->now_lock);
        store->number++;
    }
    if (place != NULL) {
        take(store, place);
    }
    adding->after = NULL;
    evidence_show(store);
    tidy(store);
}

void evidence_add_next(struct evidence_store *store)
{
    struct adding *adding = &store->adding;
    bool wants_tidy = clock_wall_s() >= store->next_tidy_at && !store->is_ended;
    struct place *place = STAILQ_FIRST(&store->arrivals);
    if (adding->is_under_way || (place == NULL && !wants_tidy)) {
        return;
    }
    if (place != NULL) {
        STAILQ_REMOVE_HEAD(&store->arrivals, arrival);
        store->arrived_bytes -= place->arrived_bytes;
    } else {
        store->next_tidy_at = clock_wall_s() + EVIDENCE_TIDY_S;
    }
    adding->is_under_way = true;
    adding->place = place;
    adding->world = world_ref(store->world);
    adding->before = evidence_ref(store->now);
    adding->after = NULL;
    adding->is_stale = false;
    adding->was_judged = true;
    adding->report = (struct arrival_report){0};
    buffer_init(&adding->sealed, MAX_RECORD_BYTES);
    adding->work.run = run_add;
    adding->done.run = on_added;
    if (store->is_ended || !pool_submit(store->parts.validators, &adding->work)) {
        adding->was_judged = false;
        error_set(&adding->report.error, "the validators are full");
        count(COUNT_LIMIT_VALIDATORS);
        engine_post(store->parts.engine, &adding->done); /* by itself: the next arrival may end the same way */
    }
}

static size_t bytes_of_arrival(const struct place *place)
{
    struct bytes objects[MAX_EVIDENCE_OBJECTS];
    size_t bytes = 0;
    if (place->sealed != NULL) {
        return blob_bytes(place->sealed).size;
    }
    for (size_t i = place_objects(place, objects); i > 0; i--) {
        bytes += objects[i - 1].size;
    }
    return bytes;
}

void place_came(struct place *place)
{
    struct evidence_store *store = place->store;
    size_t bytes = bytes_of_arrival(place);
    if (!STAILQ_EMPTY(&store->arrivals) && store->arrived_bytes + bytes > MAX_ARRIVED_BYTES) {
        count(COUNT_LIMIT_ARRIVALS);
        evidence_count_result(place->need.kind, EVIDENCE_FAILED);
        place_failed(place, "too much waits to be verified already", 0);
        return;
    }
    place->state = PLACE_ADDING;
    place->arrived_bytes = bytes;
    store->arrived_bytes += bytes;
    STAILQ_INSERT_TAIL(&store->arrivals, place, arrival);
    evidence_add_next(store);
}
