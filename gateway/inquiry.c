#include "gateway/inquiry.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/steps.h"

/* Powers of two. Few questions are under way at a time: they take turns at a lock for a few instructions. */
#define SHARDS 16
#define BUCKETS 256

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct question *buckets[BUCKETS];
};

struct inquiries {
    struct shard shards[SHARDS];
};

/* The calling thread's own connection. */
static _Thread_local struct {
    struct lookup *lookup;
    struct shared *shared; /* NULL: it has none */
    uint32_t epoch;
} own;

struct inquiries *inquiries_new(void)
{
    struct inquiries *inquiries = aligned_alloc(_Alignof(struct inquiries), sizeof(*inquiries));
    if (inquiries == NULL) {
        return NULL;
    }
    memset(inquiries, 0, sizeof(*inquiries));
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&inquiries->shards[i].lock, NULL);
    }
    return inquiries;
}

void inquiries_free(struct inquiries **inquiries)
{
    for (size_t i = 0; *inquiries != NULL && i < SHARDS; i++) {
        pthread_mutex_destroy(&(*inquiries)->shards[i].lock);
    }
    free(*inquiries);
    *inquiries = NULL;
}

void inquiry_use(struct lookup *lookup, struct shared *shared, uint32_t epoch)
{
    own.epoch = epoch;
    own.lookup = lookup;
    own.shared = shared;
}

/* The table */

static struct shard *shard_of(const struct question *question)
{
    return &question->lookup->inquiries->shards[question->hash % SHARDS];
}

/* Under the shard's lock. */
static struct question **place_of(struct shard *shard, const struct question *question)
{
    struct question **place = &shard->buckets[question->hash / SHARDS % BUCKETS];
    while (*place != NULL && !((*place)->hash == question->hash &&
                               bytes_equal(question_text(*place), question_text(question)))) {
        place = &(*place)->inquiry.next;
    }
    return place;
}

enum entered { ENTERED_FIRST, ENTERED_JOINED, ENTERED_TOO_LATE };

/* Nobody may be told what Redis had before a change that we have heard of by now. */
static bool is_overtaken(const struct question *question)
{
    const struct lookup *lookup = question->lookup;
    const struct inquiry *inquiry = &question->inquiry;
    struct address address;
    question_address(question, &address);
    return dropped_since(lookup->dropped, &address, inquiry->began) ||
           coherence_changed_since(lookup->coherence, inquiry->key, inquiry->began) ||
           !coherence_may_store(lookup->coherence, inquiry->stamp);
}

/* Joined: who waits for it now waits with another question. Too late: the engine has that one, or is to. */
static enum entered enter(struct question *question)
{
    struct shard *shard = shard_of(question);
    enum entered result = ENTERED_TOO_LATE;

    pthread_mutex_lock(&shard->lock);
    struct question **place = place_of(shard, question), *other = *place;
    if (other == NULL) {
        question->inquiry.next = NULL;
        question->inquiry.state = INQUIRY_READS;
        *place = question;
        result = ENTERED_FIRST;
    } else if (other->inquiry.state == INQUIRY_READS && !is_overtaken(other)) {
        question->waiters->next = other->waiters;
        other->waiters = question->waiters;
        other->waiter_count++;
        result = ENTERED_JOINED;
    }
    pthread_mutex_unlock(&shard->lock);
    return result;
}

/* Who still waits is the caller's. */
static struct waiter *leave(struct question *question)
{
    struct shard *shard = shard_of(question);

    pthread_mutex_lock(&shard->lock);
    struct question **place = place_of(shard, question);
    *place = question->inquiry.next;
    struct waiter *waiters = question->waiters;
    question->waiters = NULL;
    pthread_mutex_unlock(&shard->lock);
    return waiters;
}

/* Nobody joins it there any more. False: nobody waits, either. */
static bool hand_over(struct question *question)
{
    struct shard *shard = shard_of(question);

    pthread_mutex_lock(&shard->lock);
    question->inquiry.state = INQUIRY_AT_ENGINE;
    bool result = question->waiters != NULL;
    pthread_mutex_unlock(&shard->lock);
    return result;
}

/* The thread that asks */

static void question_free(struct question **question)
{
    if ((*question)->inquiry.state != INQUIRY_NONE) {
        world_retire(&(*question)->inquiry.world, (*question)->lookup->parts.background);
        answer_free(&(*question)->inquiry.answer);
    }
    free(*question);
    *question = NULL;
}

/* As flight_record_came() has it of what Redis had. */
static bool may_serve(const struct question *question, const struct answer *answer)
{
    struct lookup *lookup = question->lookup;
    return is_current(lookup, answer) && answer->generation == question->inquiry.world->generation &&
           answer->generation == atomic_load(&lookup->generation) && !is_revoked_since(lookup, answer);
}

/* Engine thread. */
static void on_keep(struct task *task)
{
    struct question *question = (struct question *)task;
    struct lookup *lookup = question->lookup;
    keep_inquired(question);
    question_free(&question);
    atomic_fetch_sub(&lookup->due, 1);
}

static void answer_with(struct question *question, struct answer *answer)
{
    question->inquiry.answer = answer;
    struct lookup *lookup = question->lookup;
    struct waiter *waiters = leave(question);
    bool keeps = waiters != NULL && memory_keeps(lookup->parts.memory);
    if (keeps) {
        atomic_fetch_add(&lookup->due, 1); /* before anybody is told: who drains looks whether it is idle after that */
    }
    if (waiters != NULL) {
        answer_inquired(question, answer);
        waiters_wake(waiters, answer, LAYER_REDIS, false);
    }
    if (!keeps) {
        question_free(&question);
        return;
    }
    make_findable(lookup, answer);
    question->task.run = on_keep;
    engine_post(lookup->parts.engine, &question->task);
}

static void pass_on(struct question *question)
{
    if (hand_over(question)) {
        engine_post(question->lookup->parts.engine, &question->task);
    } else {
        inquiry_end(&question);
    }
}

static bool was_in_vain(const struct question *question)
{
    return clock_mono_ms() - question->asked_ms >= question->inquiry.world->config->redis.timeout_ms;
}

static void on_record(void *context, enum shared_result result, struct bytes value)
{
    struct question *question = context;
    struct inquiry *inquiry = &question->inquiry;
    struct address address;
    struct answer *answer = NULL;
    /* While the engine does not know what was dropped, nobody may say that this was not. */
    bool counts = coherence_is_settled(question->lookup->coherence) &&
                  coherence_may_store(question->lookup->coherence, inquiry->stamp);
    if (result == SHARED_HIT && counts) {
        question_address(question, &address);
        answer = take_record(question->lookup, inquiry->world, &inquiry->scope, &address, inquiry->key, value);
    }
    note_record(question->lookup, result, answer);
    if (answer != NULL && may_serve(question, answer)) {
        answer_with(question, answer);
        return;
    }
    inquiry->answer = answer;
    /* An error of Redis is an answer, too, and so is silence: the engine would get the same. */
    inquiry->has_asked = counts && (result != SHARED_FAILED || shared_is_up(own.shared) || was_in_vain(question));
    inquiry->lacks_record = result == SHARED_MISS;
    pass_on(question);
}

/* False: what is to be asked, or whether, is not so simple. */
static bool prepare(struct question *question, const struct world *world)
{
    struct lookup *lookup = question->lookup;
    struct inquiry *inquiry = &question->inquiry;
    struct directory *directories[MAX_DIRECTORIES];
    struct address address;
    question_address(question, &address);
    if (seal_ring_count(world->ring) != 1 ||
        world_directories(world, address_domain(&address), directories, &inquiry->scope) == 0) {
        return false;
    }
    record_key(world->ring, 0, world->config->redis_prefix, &inquiry->scope, &address, inquiry->key);
    inquiry->began = dropped_number(lookup->dropped);
    dropped_fetch_ahead(lookup->dropped, &address); /* it is looked at when Redis has answered */
    inquiry->stamp = coherence_stamp(lookup->coherence);
    inquiry->has_asked = inquiry->lacks_record = false;
    inquiry->answer = NULL;
    return true;
}

/* An older answer in memory is for the engine to weigh against what Redis has. */
static bool may_ask(const struct question *question)
{
    struct memory *memory = question->lookup->parts.memory;
    const struct coherence *coherence = question->lookup->coherence;
    return shared_is_up(own.shared) && coherence_is_settled(coherence) && own.epoch == coherence_epoch(coherence) &&
           !lookup_is_draining(question->lookup) &&
           !(memory_keeps(memory) && memory_has(memory, question->hash));
}

bool inquiry_ask(struct question *question)
{
    struct lookup *lookup = question->lookup;
    struct inquiry *inquiry = &question->inquiry;
    if (own.shared == NULL || own.lookup != lookup || !may_ask(question)) {
        return false;
    }
    inquiry->world = lookup_world_ref(lookup);
    enum entered entered = prepare(question, inquiry->world) ? enter(question) : ENTERED_TOO_LATE;
    if (entered == ENTERED_FIRST) {
        if (hedge_is_on(&lookup->hedge, atomic_load(&lookup->alive) + 1)) {
            pass_on(question); /* the engine asks Redis and the directories at once; nobody else asks meanwhile */
        } else {
            shared_get(own.shared, inquiry->key, on_record, question);
        }
        return true;
    }
    world_retire(&inquiry->world, lookup->parts.background);
    if (entered == ENTERED_JOINED) {
        count(COUNT_LOOKUPS_JOINED);
        free(question);
    }
    return entered == ENTERED_JOINED;
}

/* The engine */

void inquiry_end(struct question **question)
{
    if (*question == NULL) {
        return;
    }
    if ((*question)->inquiry.state != INQUIRY_NONE) {
        leave(*question);
    }
    question_free(question);
}

/* Somebody who waits for Redis, and for whose address; NULL: nobody. */
static struct waiter *take_waiters(struct shard *shard, struct address *address)
{
    struct waiter *result = NULL;
    pthread_mutex_lock(&shard->lock);
    for (size_t i = 0; i < BUCKETS && result == NULL; i++) {
        struct question *question = shard->buckets[i];
        while (question != NULL && (question->inquiry.state != INQUIRY_READS || question->waiters == NULL)) {
            question = question->inquiry.next;
        }
        if (question != NULL) {
            result = question->waiters;
            question->waiters = NULL;
            question_address(question, address);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return result;
}

void inquiries_end(struct lookup *lookup)
{
    struct waiter *waiters;
    struct address address;
    for (size_t i = 0; lookup->inquiries != NULL && i < SHARDS; i++) {
        while ((waiters = take_waiters(&lookup->inquiries->shards[i], &address)) != NULL) {
            tell_plain(lookup, &address, waiters, OUTCOME_UNKNOWN, REASON_SHUTTING_DOWN, 1000);
        }
    }
}
