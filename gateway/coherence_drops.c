#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/coherence_private.h"
#include "gateway/dropping.h"
#include "gateway/following.h"

#define DROPS_REMEMBERED 16384
/* As long as a record may live: the longest cache.ttl and the longest cache.stale. */
#define PURGED_LIFE_MS (INT64_C(60) * 24 * 3600 * 1000)
/* Single addresses are many: the record that tells of the latest is written once for all of a while. */
#define WRITE_AFTER_MS 1000
/* A command may have been lost that was sent this long before we saw that the connection is; redis.timeout is no longer
 * than that. */
#define SENT_IN_VAIN_MS 10000
/* As far as gateways' clocks may be apart where Redis lost drops: a few more are said again. */
#define CLOCKS_APART_S 60
/* A time further ahead is not one of a clock that is only a little wrong. */
#define FUTURE_MAX_S 3600
/* While nothing tells us of changes. */
#define DEAF_READ_MS 10000
/* What could not be read says perhaps that something must not be served. */
#define READ_AGAIN_MS 1000

static const struct world *world_of(const struct coherence *coherence)
{
    return coherence->lookup->world;
}

static int64_t not_far_ahead(int64_t at)
{
    int64_t now = clock_wall_s();
    return at <= now + FUTURE_MAX_S ? at : now;
}

/* The record of what was dropped */

static void write_soon(struct coherence *coherence)
{
    if (!coherence->write_is_due) {
        coherence->write_is_due =
            engine_timer_set(coherence->lookup->parts.engine, &coherence->write, WRITE_AFTER_MS) == 0;
    }
}

/* What finds no place is written a little later. */
static void write_purged(struct coherence *coherence)
{
    bool sent = true;
    for (size_t i = 0; i < coherence->ring_count; i++) {
        struct buffer sealed;
        buffer_init(&sealed, MAX_RECORD_BYTES);
        const char *key = coherence->purged_keys[i];
        sent = purged_close(world_of(coherence)->ring, i, key, &coherence->purged, &sealed) == 0 &&
               shared_put_first(coherence->shared, key, buffer_bytes(&sealed), PURGED_LIFE_MS) && sent;
        buffer_free(&sealed);
    }
    coherence->write_is_due = false;
    if (!sent) {
        write_soon(coherence);
    }
}

/* To the others */

static bool delete_records(struct coherence *coherence, const struct address *address)
{
    const struct world *world = world_of(coherence);
    struct directory *directories[MAX_DIRECTORIES];
    struct digest scope;
    char key[RECORD_KEY_BYTES];
    bool sent = true;
    if (world_directories(world, address_domain(address), directories, &scope) == 0) {
        return true;
    }
    for (size_t i = 0; i < coherence->ring_count; i++) {
        record_key(world->ring, i, coherence->prefix, &scope, address, key);
        sent = shared_del(coherence->shared, key) && sent;
    }
    return sent;
}

static bool publish(struct coherence *coherence, const struct drop *drop, int64_t at)
{
    struct drop_message message = {.at = at, .drop = *drop};
    bool sent = true;
    memcpy(message.sender, coherence->sender, sizeof(message.sender));
    for (size_t i = 0; i < coherence->ring_count; i++) {
        struct buffer sealed;
        buffer_init(&sealed, MAX_MESSAGE_BYTES);
        sent = drop_message_close(world_of(coherence)->ring, i, coherence->prefix, &message, &sealed) == 0 &&
               shared_publish(coherence->shared, buffer_bytes(&sealed)) && sent;
        buffer_free(&sealed);
    }
    return sent;
}

/* First what lasts, then what goes by: who comes in between finds it. `mono_ms`: when it was dropped. */
static void tell(void *context, const struct drop *drop, int64_t at, int64_t mono_ms)
{
    struct coherence *coherence = context;
    bool sent = true;
    if (drop->what == DROP_ADDRESS) {
        sent = delete_records(coherence, &drop->address);
        write_soon(coherence);
    } else {
        write_purged(coherence);
    }
    sent = publish(coherence, drop, at) && sent;
    if (!sent) {
        coherence->unsent_ms = mono_ms < coherence->unsent_ms ? mono_ms : coherence->unsent_ms;
        write_soon(coherence);
    }
}

int64_t coherence_tell(struct coherence *coherence, const struct drop *drop)
{
    int64_t now_ms = clock_mono_ms(), at = purged_time(&coherence->purged, drop, clock_wall_s());
    purged_add(&coherence->purged, drop, at);
    journal_add(coherence->journal, drop, at, now_ms);
    if (coherence_is_up(coherence)) {
        tell(coherence, drop, at, now_ms);
    }
    return not_far_ahead(at);
}

/* Again */

static void drop_all(struct coherence *coherence, int64_t forgotten_at, int64_t mono_ms)
{
    const struct drop all = {.what = DROP_ALL};
    int64_t at = not_far_ahead(forgotten_at);
    purged_add(&coherence->purged, &all, at);
    lookup_drop_here(coherence->lookup, &all, at);
    tell(coherence, &all, at, mono_ms);
}

/* What was dropped since then, and may not have come to Redis. What we no longer know stands for everything. */
static void repeat_since(struct coherence *coherence, int64_t since_ms)
{
    int64_t forgotten_ms = journal_forgotten_mono_ms(coherence->journal);
    coherence->unsent_ms = INT64_MAX;
    if (forgotten_ms >= since_ms) {
        drop_all(coherence, journal_forgotten_at(coherence->journal), forgotten_ms);
    }
    journal_repeat(coherence->journal, since_ms, tell, coherence);
}

static void on_write(struct timer *timer)
{
    struct coherence *coherence = (struct coherence *)((char *)timer - offsetof(struct coherence, write));
    coherence->write_is_due = false;
    if (!coherence_is_up(coherence)) {
        return; /* all of it is repeated when Redis is back */
    }
    if (coherence->unsent_ms != INT64_MAX) {
        repeat_since(coherence, coherence->unsent_ms);
    }
    write_purged(coherence);
}

/* Redis has an older record than we know of, and so may have other old ones; or none, and so has none: it was
 * restarted. */
static void repeat_lost(struct coherence *coherence, int64_t latest, bool is_empty)
{
    int64_t now_ms = clock_mono_ms();
    log_event(LEVEL_NOTICE, "redis came back without all that was dropped; it is told again",
              LOG_NUMBER("latest", latest), LOG_NUMBER("known", coherence->purged.latest));
    if (!is_empty && journal_forgotten_at(coherence->journal) > latest) {
        drop_all(coherence, journal_forgotten_at(coherence->journal), now_ms);
    }
    journal_claim(coherence->journal, latest - CLOCKS_APART_S, now_ms);
    journal_repeat(coherence->journal, now_ms, tell, coherence);
}

/* From the others */

/* What is told there of domains and of everything, and we did not know. */
static void take_purged(struct coherence *coherence, const struct purged *found)
{
    struct purged known = coherence->purged;
    struct drop drop = {.what = DROP_ALL};
    if (found->latest > known.latest) {
        journal_forget(coherence->journal, found->latest); /* of addresses we know only that there were some */
    }
    purged_merge(&coherence->purged, found);
    if (found->all > known.all) {
        lookup_drop_here(coherence->lookup, &drop, not_far_ahead(found->all));
    }
    drop.what = DROP_DOMAIN;
    for (size_t i = 0; i < found->count; i++) {
        const struct purged_domain *domain = &found->domains[i];
        const struct purged one = {.latest = domain->at, .domains = {*domain}, .count = 1};
        if (!purged_is_within(&one, &known)) {
            memcpy(drop.domain, domain->domain, sizeof(drop.domain));
            lookup_drop_here(coherence->lookup, &drop, not_far_ahead(domain->at));
        }
    }
}

/* What Redis has under the key that was read; false: that is not known. */
static bool open_purged(const struct reading *reading, enum shared_result result, struct bytes value,
                        struct purged *found)
{
    struct error error;
    *found = (struct purged){0};
    if (result == SHARED_FAILED || reading->which >= reading->coherence->ring_count) {
        return false;
    }
    if (result == SHARED_HIT && purged_open(world_of(reading->coherence)->ring, reading->key, value, found, &error) !=
                                    RECORD_GOOD) {
        count(COUNT_REDIS_BAD_SEAL);
        *found = (struct purged){0};
    }
    return true;
}

static void compare(struct coherence *coherence, const struct purged *found, bool is_empty, bool checks)
{
    int64_t known = coherence->purged.latest;
    take_purged(coherence, found);
    if (checks && found->latest < known) {
        repeat_lost(coherence, found->latest, is_empty);
    }
    if (is_empty) {
        write_purged(coherence); /* before any record is there: so one that came back without it came back empty */
    } else if (!purged_is_within(&coherence->purged, found)) {
        write_soon(coherence);
    }
}

static void read_purged(struct reading *reading);

/* While Redis is away there is no need: all is read when it is back. */
static void read_later(struct reading *reading)
{
    struct coherence *coherence = reading->coherence;
    reading->failed = true;
    if (coherence_is_up(coherence)) {
        engine_timer_set(coherence->lookup->parts.engine, &coherence->reread, READ_AGAIN_MS);
    }
}

static void on_reread(struct timer *timer)
{
    struct coherence *coherence = (struct coherence *)((char *)timer - offsetof(struct coherence, reread));
    for (size_t i = 0; i < coherence->ring_count; i++) {
        if (coherence->readings[i].failed) {
            read_purged(&coherence->readings[i]);
        }
    }
}

static bool drops_are_read(const struct coherence *coherence)
{
    for (size_t i = 0; i < coherence->ring_count; i++) {
        if (coherence->readings[i].under_way || coherence->readings[i].failed) {
            return false;
        }
    }
    return coherence_is_up(coherence);
}

/* Others than the engine may ask Redis, or may not. */
static void settle(struct coherence *coherence)
{
    atomic_store(&coherence->is_settled, drops_are_read(coherence));
}

static void on_purged(void *context, enum shared_result result, struct bytes value)
{
    struct reading *reading = context;
    struct purged found;
    bool checks = reading->checks;
    reading->under_way = false;
    if (open_purged(reading, result, value, &found)) {
        reading->checks = false;
        compare(reading->coherence, &found, result == SHARED_MISS, checks);
    } else {
        read_later(reading);
    }
    if (reading->again) {
        read_purged(reading);
    }
    settle(reading->coherence);
}

static void read_purged(struct reading *reading)
{
    struct coherence *coherence = reading->coherence;
    reading->again = reading->under_way;
    if (!reading->under_way) {
        reading->under_way = true;
        reading->failed = false;
        atomic_store(&coherence->is_settled, false);
        memcpy(reading->key, coherence->purged_keys[reading->which], sizeof(reading->key));
        shared_get_first(coherence->shared, reading->key, on_purged, reading);
    }
}

void drops_read(struct coherence *coherence)
{
    for (size_t i = 0; i < coherence->ring_count; i++) {
        read_purged(&coherence->readings[i]);
    }
}

static void hear(struct coherence *coherence, const struct drop_message *message)
{
    const struct drop *drop = &message->drop;
    int64_t at = not_far_ahead(message->at);
    purged_add(&coherence->purged, drop, at);
    journal_add(coherence->journal, drop, at, JOURNAL_HEARD);
    if (drop->what == DROP_ADDRESS) {
        following_told(coherence->lookup->parts.following, &drop->address);
    }
    lookup_drop_here(coherence->lookup, drop, at);
    /* What we stored a moment ago may have come to Redis after the deletion that this tells of; and where our
     * directories are others, our record has another name. */
    if (drop->what == DROP_ADDRESS) {
        delete_records(coherence, &drop->address);
    }
}

void drops_said(struct coherence *coherence, struct bytes sealed)
{
    struct drop_message message;
    struct error error;
    if (drop_message_open(world_of(coherence)->ring, coherence->prefix, sealed, &message, &error) != RECORD_GOOD) {
        count(COUNT_REDIS_BAD_MESSAGES);
        return;
    }
    if (memcmp(message.sender, coherence->sender, sizeof(message.sender)) == 0) {
        return;
    }
    count(COUNT_REDIS_MESSAGES);
    hear(coherence, &message);
}

/* Redis goes and comes */

void drops_away(struct coherence *coherence)
{
    int64_t since_ms = clock_mono_ms() - SENT_IN_VAIN_MS;
    coherence->unsent_ms = since_ms < coherence->unsent_ms ? since_ms : coherence->unsent_ms;
    settle(coherence);
}

/* This goes first on the new connection. The record is read before we write it: what it says then tells whether Redis
 * has lost anything. */
void drops_back(struct coherence *coherence)
{
    for (size_t i = 0; i < coherence->ring_count; i++) {
        coherence->readings[i].checks = true;
    }
    drops_read(coherence);
    if (coherence->unsent_ms != INT64_MAX) {
        repeat_since(coherence, coherence->unsent_ms);
    }
}

static void on_deaf(struct timer *timer)
{
    struct coherence *coherence = (struct coherence *)((char *)timer - offsetof(struct coherence, deaf));
    if (coherence_is_deaf(coherence)) {
        drops_read(coherence);
        drops_deaf(coherence);
    }
}

void drops_deaf(struct coherence *coherence)
{
    engine_timer_set(coherence->lookup->parts.engine, &coherence->deaf, DEAF_READ_MS);
}

int drops_open(struct coherence *coherence)
{
    coherence->journal = journal_new(DROPS_REMEMBERED);
    coherence->unsent_ms = 0; /* what is dropped before we first connect */
    coherence->write.fire = on_write;
    coherence->deaf.fire = on_deaf;
    coherence->reread.fire = on_reread;
    digest_random(coherence->sender, sizeof(coherence->sender));
    for (size_t i = 0; i < SEAL_KEYS_MAX; i++) {
        coherence->readings[i] = (struct reading){.coherence = coherence, .which = i};
    }
    return coherence->journal != NULL ? 0 : -1;
}

void drops_close(struct coherence *coherence)
{
    engine_timer_clear(&coherence->write);
    engine_timer_clear(&coherence->deaf);
    engine_timer_clear(&coherence->reread);
    journal_free(&coherence->journal);
}
