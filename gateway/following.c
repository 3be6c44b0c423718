#include "gateway/following.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/dropping.h"
#include "gateway/steps.h"

#define QUEUED 1024     /* more than MAX_DOMAINS, which come together */
#define AT_ONCE 64      /* taken before the engine does something else */
#define WARM 1024       /* addresses that are to be looked up anew */
/* At least; by then the other gateways that follow have dropped it as well, as a rule, and do not drop what is new. */
#define WARM_AFTER_MS 250
/* Of an answer that left memory because its record did: gateways hear of the same change at most so far apart. */
#define LOST_MS 5000
#define LOST 1024

_Static_assert(QUEUED > MAX_DOMAINS, "all domains of a directory find room");

struct item {
    enum drop_what what;
    bool here;   /* not of the other gateways' memory, nor of Redis */
    bool warm;
    char text[MAX_ADDRESS_BYTES + 1]; /* address or domain */
};

struct warm {
    int64_t due_ms;
    char text[MAX_ADDRESS_BYTES + 1];
};

struct lost {
    uint64_t hash; /* of the address; those that share a place push each other out */
    int64_t at_ms;
};

struct following {
    struct engine *engine;
    struct directory_listener listener;
    struct task task;

    pthread_mutex_t lock;  /* of what follows; under it only the engine's own is taken */
    struct lookup *lookup; /* NULL: changes are nobody's; set by the engine thread alone */
    bool is_posted;
    size_t first, count;
    struct item items[QUEUED];

    /* The engine's. */
    struct timer timer;
    size_t warm_first, warm_count;
    struct warm warm[WARM];
    bool is_any_warm; /* of the directories */
    struct lost lost[LOST];
};

/* Under the lock, with room. */
static void push(struct following *following, const struct item *item, const char *text)
{
    struct item *place = &following->items[(following->first + following->count++) % QUEUED];

    *place = *item;
    (void)snprintf(place->text, sizeof(place->text), "%s", text);
}

/* Everything that the directory answers for. Below a wildcard nobody knows which domains there are. */
static void push_domains(struct following *following, const struct directory_config *config, bool here)
{
    struct item item = {.what = DROP_DOMAIN, .here = here};

    for (size_t i = 0; i < config->domain_count; i++) {
        if (config->domains[i][0] == '*') {
            item.what = DROP_ALL;
        }
    }
    for (size_t i = 0; i < config->domain_count && item.what == DROP_DOMAIN; i++) {
        push(following, &item, config->domains[i]);
    }
    if (item.what == DROP_ALL) {
        push(following, &item, "");
    }
}

static void push_change(struct following *following, const struct directory_config *config,
                        enum directory_change change, const char *text)
{
    const struct item address = {.what = DROP_ADDRESS, .warm = config->warm};
    const struct item domain = {.what = DROP_DOMAIN};

    switch (change) {
    case CHANGED_ADDRESS:
        push(following, &address, text);
        break;
    case CHANGED_DOMAIN:
        push(following, &domain, text);
        break;
    case CHANGED_ALL:
    case CHANGED_UNSEEN:
        push_domains(following, config, change == CHANGED_UNSEEN);
        break;
    }
}

/* On a directory's thread. */
static bool on_changed(void *context, const struct directory_config *config, enum directory_change change,
                       const char *text)
{
    struct following *following = context;
    size_t wanted = change == CHANGED_ALL || change == CHANGED_UNSEEN ? config->domain_count : 1;

    pthread_mutex_lock(&following->lock);
    bool is_wanted = following->lookup != NULL;
    bool has_room = following->count + wanted <= QUEUED;

    if (is_wanted && has_room) {
        push_change(following, config, change, text);
    }
    if (is_wanted && !following->is_posted) {
        following->is_posted = true;
        engine_post(following->engine, &following->task);
    }
    pthread_mutex_unlock(&following->lock);
    return has_room || !is_wanted;
}

/* False: the queue is empty. */
static bool take(struct following *following, struct item *item)
{
    pthread_mutex_lock(&following->lock);
    bool is_there = following->count > 0;

    if (is_there) {
        *item = following->items[following->first];
        following->first = (following->first + 1) % QUEUED;
        following->count--;
    }
    following->is_posted = is_there;
    pthread_mutex_unlock(&following->lock);
    return is_there;
}

static bool is_in_memory(const struct following *following, const struct address *address)
{
    struct answer *answer = memory_get_hashed(following->lookup->parts.memory, address_bytes(address), address->hash);
    bool result = answer != NULL;

    answer_free(&answer);
    return result;
}

/* Or it would be, were it not for this drop. */
static bool is_being_renewed(const struct following *following, const struct address *address)
{
    const struct lookup *lookup = following->lookup;
    const struct flight *flight = flights_find(lookup->flights, address, lookup->world->generation);

    return flight != NULL && flight->errand == ERRAND_NOW;
}

/* Not in the second of the drop: what is found in that counts as found before, and no gateway takes it from Redis. */
static int64_t warm_due_ms(void)
{
    int64_t left_ms = 1000 - clock_wall_ms() % 1000;

    return clock_mono_ms() + (left_ms > WARM_AFTER_MS ? left_ms : WARM_AFTER_MS);
}

/* What finds no room is looked up by who asks for it. */
static void warm_later(struct following *following, const char *address)
{
    if (following->warm_count == WARM) {
        return;
    }
    struct warm *warm = &following->warm[(following->warm_first + following->warm_count) % WARM];

    warm->due_ms = warm_due_ms();
    (void)snprintf(warm->text, sizeof(warm->text), "%s", address);
    if (following->warm_count == 0 &&
        engine_timer_set(following->engine, &following->timer, warm->due_ms - clock_mono_ms()) != 0) {
        return;
    }
    following->warm_count++;
}

void following_lost(struct following *following, uint64_t hash)
{
    if (following->is_any_warm && memory_has(following->lookup->parts.memory, hash)) {
        following->lost[hash % LOST] = (struct lost){hash, clock_mono_ms()};
    }
}

/* Only once: it is warmed for one of those who tell of the change. */
static bool was_lost_lately(struct following *following, const struct address *address)
{
    uint64_t hash = address->hash;
    struct lost *lost = &following->lost[hash % LOST];
    bool result = lost->hash == hash && lost->at_ms > clock_mono_ms() - LOST_MS;

    if (result) {
        *lost = (struct lost){0};
    }
    return result;
}

static void warm_what_is_there(struct following *following, const struct address *address)
{
    if (was_lost_lately(following, address) || is_in_memory(following, address) ||
        is_being_renewed(following, address)) {
        warm_later(following, address->text);
    }
}

static bool is_to_be_warm(const struct world *world, const struct address *address)
{
    for (size_t i = 0; i < world->directory_count; i++) {
        const struct directory_config *config = directory_settings(world->directories[i]->directory);

        if (config->sync && config->warm && directory_serves(config, address_domain(address))) {
            return true;
        }
    }
    return false;
}

void following_told(struct following *following, const struct address *address)
{
    if (following->is_any_warm && is_to_be_warm(following->lookup->world, address)) {
        warm_what_is_there(following, address);
    }
}

static void on_warm(struct timer *timer)
{
    struct following *following = (struct following *)((char *)timer - offsetof(struct following, timer));
    int64_t now_ms = clock_mono_ms();
    struct address address;

    while (following->warm_count > 0 && following->warm[following->warm_first].due_ms <= now_ms) {
        const char *text = following->warm[following->warm_first].text;

        if (address_parse(bytes_of_string(text), &address) == ADDRESS_OK) {
            lookup_renew(following->lookup, &address);
        }
        following->warm_first = (following->warm_first + 1) % WARM;
        following->warm_count--;
    }
    if (following->warm_count > 0 &&
        engine_timer_set(following->engine, timer, following->warm[following->warm_first].due_ms - now_ms) != 0) {
        following->warm_count = 0;
    }
}

static void drop(struct following *following, const struct item *item)
{
    struct drop drop = {.what = item->what};

    if (item->what == DROP_ADDRESS && address_parse(bytes_of_string(item->text), &drop.address) != ADDRESS_OK) {
        return;
    }
    if (item->what == DROP_DOMAIN) {
        (void)snprintf(drop.domain, sizeof(drop.domain), "%s", item->text);
    }
    if (item->warm && item->what == DROP_ADDRESS) {
        warm_what_is_there(following, &drop.address);
    }
    if (item->here) {
        lookup_drop_here(following->lookup, &drop, 0); /* whenever it was found, as far as it is here */
    } else {
        lookup_drop(following->lookup, &drop, NULL);
    }
}

static void on_task(struct task *task)
{
    struct following *following = (struct following *)((char *)task - offsetof(struct following, task));
    struct item item;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (!take(following, &item)) {
            return;
        }
        drop(following, &item);
    }
    engine_post(following->engine, task); /* is_posted still says so */
}

struct following *following_new(struct engine *engine)
{
    struct following *following = calloc(1, sizeof(*following));

    if (following != NULL) {
        following->engine = engine;
        following->listener = (struct directory_listener){.changed = on_changed, .context = following};
        following->task.run = on_task;
        following->timer.fire = on_warm;
        pthread_mutex_init(&following->lock, NULL);
    }
    return following;
}

void following_free(struct following **following)
{
    if (*following != NULL) {
        pthread_mutex_destroy(&(*following)->lock);
    }
    free(*following);
    *following = NULL;
}

static void set_lookup(struct following *following, struct lookup *lookup)
{
    pthread_mutex_lock(&following->lock);
    following->lookup = lookup;
    following->count = 0;
    pthread_mutex_unlock(&following->lock);
}

void following_begin(struct following *following, struct lookup *lookup)
{
    set_lookup(following, lookup);
}

void following_end(struct following *following)
{
    set_lookup(following, NULL);
    engine_timer_clear(&following->timer);
    following->warm_count = 0;
    following->is_any_warm = false;
}

void following_adopt(struct following *following, const struct world *world)
{
    following->is_any_warm = false;
    for (size_t i = 0; i < world->directory_count; i++) {
        struct directory *directory = world->directories[i]->directory;
        const struct directory_config *config = directory_settings(directory);

        following->is_any_warm = following->is_any_warm || (config->sync && config->warm);
        if (directory_follow(directory, &following->listener) != 0) {
            log_event(LEVEL_ERROR, "the directory is not followed: out of memory or threads",
                      LOG_TEXT("directory", config->name),
                      LOG_TEXT("setting", "directories.sync"));
        }
    }
}
