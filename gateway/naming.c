/* Directories are asked for a name (RFC 4387): all of them, as a name has no domain; what addresses they tell is then
 * looked up as any other, by the directories of its own domain. */
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/decide.h"
#include "gateway/steps.h"

/* One directory being asked. */
struct naming_ask {
    struct naming *naming;
    struct search *search;        /* until it is given back */
    struct search_result *result; /* written by the directory's thread before `came` is posted */
    bool back;
    struct task came;
};

struct naming {
    struct task begin;
    LIST_ENTRY(naming) entry;
    struct lookup *lookup;
    struct world *world;
    struct name_waiter *waiter;
    struct timer deadline;
    bool answered;
    size_t pending;               /* directories that have not come back */
    size_t ask_count;
    struct naming_ask asks[MAX_DIRECTORIES];
    char name[MAX_SEARCH_NAME_BYTES + 1];
};

struct namings {
    LIST_HEAD(naming_list, naming) under_way; /* engine thread only */
    atomic_size_t count;                      /* with those on their way to the engine */
};

struct namings *namings_new(void)
{
    struct namings *namings = calloc(1, sizeof(*namings));
    if (namings != NULL) {
        LIST_INIT(&namings->under_way);
    }
    return namings;
}

void namings_free(struct namings **namings)
{
    free(*namings);
    *namings = NULL;
}

bool namings_are_over(const struct namings *namings)
{
    return atomic_load(&namings->count) == 0;
}

static void naming_free(struct naming *naming)
{
    struct lookup *lookup = naming->lookup;
    for (size_t i = 0; i < naming->ask_count; i++) {
        search_result_free(&naming->asks[i].result);
    }
    if (naming->world != NULL) {
        world_retire(&naming->world, lookup->parts.background);
    }
    free(naming);
    atomic_fetch_sub(&lookup->namings->count, 1);
}

static bool is_known(const struct named *named, struct bytes address)
{
    for (size_t i = 0; i < named->count; i++) {
        if (bytes_equal(bytes_of_string(named->addresses[i]), address)) {
            return true;
        }
    }
    return false;
}

static void add_addresses(struct named *named, struct bytes lines)
{
    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        struct bytes line = bytes_of(lines.data, end != NULL ? (size_t)(end - lines.data) : lines.size);
        lines = bytes_of(line.data + line.size + (end != NULL), lines.size - line.size - (end != NULL));
        if (line.size == 0 || line.size > MAX_ADDRESS_BYTES || is_known(named, line)) {
            continue;
        }
        if (named->count == MAX_SEARCH_RESULTS) {
            count(COUNT_LIMIT_SEARCH_RESULTS);
            named->reason = REASON_DIRECTORY_LIMIT;
            return;
        }
        memcpy(named->addresses[named->count], line.data, line.size);
        named->addresses[named->count++][line.size] = '\0';
    }
}

static enum reason why_not_answered(const struct naming_ask *ask)
{
    if (!ask->back) {
        return REASON_DEADLINE;
    }
    return ask->result != NULL ? decide_why_missing(ask->result->result) : REASON_INTERNAL;
}

static void collect(const struct naming *naming, struct named *named)
{
    named->outcome = OUTCOME_NONE;
    for (size_t i = 0; i < naming->ask_count; i++) {
        const struct naming_ask *ask = &naming->asks[i];
        if (ask->back && ask->result != NULL) {
            add_addresses(named, buffer_bytes(&ask->result->mails));
        }
        if (!ask->back || ask->result == NULL || ask->result->result != ASKED_ANSWERED) {
            named->outcome = OUTCOME_UNKNOWN;
            named->reason = why_not_answered(ask);
        }
    }
    named->outcome = named->count > 0 ? OUTCOME_FOUND : named->outcome;
}

/* Also before everybody is back: who is not is not waited for. */
static void answer_naming(struct naming *naming, const struct named *named)
{
    naming->answered = true;
    LIST_REMOVE(naming, entry);
    engine_timer_clear(&naming->deadline);
    naming->waiter->ready(naming->waiter, named);
    for (size_t i = 0; i < naming->ask_count; i++) {
        search_abandon(&naming->asks[i].search);
    }
}

static void answer_with_what_came(struct naming *naming)
{
    struct named named = {.outcome = OUTCOME_UNKNOWN};
    collect(naming, &named);
    answer_naming(naming, &named);
}

/* On a thread of the directory, or from within. */
static void on_result(void *context, struct search_result *result)
{
    struct naming_ask *ask = context;
    ask->result = result;
    engine_post(ask->naming->lookup->parts.engine, &ask->came);
}

static void on_came(struct task *task)
{
    struct naming_ask *ask = (struct naming_ask *)((char *)task - offsetof(struct naming_ask, came));
    struct naming *naming = ask->naming;
    ask->back = true;
    search_abandon(&ask->search);
    naming->pending--;
    if (naming->pending == 0 && !naming->answered) {
        answer_with_what_came(naming);
    }
    if (naming->pending == 0) {
        naming_free(naming);
    }
}

static void on_deadline(struct timer *timer)
{
    answer_with_what_came((struct naming *)((char *)timer - offsetof(struct naming, deadline)));
}

static void ask_all(struct naming *naming)
{
    const struct world *world = naming->world;
    naming->ask_count = naming->pending = world->directory_count;
    for (size_t i = 0; i < naming->ask_count; i++) {
        struct naming_ask *ask = &naming->asks[i];
        struct directory *directory = world->directories[i]->directory;
        *ask = (struct naming_ask){.naming = naming, .came = {.run = on_came}};
        ask->search = directory_search_name(directory, naming->name, directory_settings(directory)->timeout_ms,
                                            on_result, ask);
    }
}

static void begin_naming(struct task *task)
{
    struct naming *naming = (struct naming *)task;
    struct lookup *lookup = naming->lookup;
    LIST_INSERT_HEAD(&lookup->namings->under_way, naming, entry);
    if (lookup_is_draining(lookup)) {
        answer_naming(naming, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = REASON_SHUTTING_DOWN});
        naming_free(naming);
        return;
    }
    naming->world = world_ref(lookup->world);
    naming->deadline.fire = on_deadline;
    if (naming->world->directory_count == 0 ||
        engine_timer_set(lookup->parts.engine, &naming->deadline, naming->world->config->deadline_ms) != 0) {
        bool none = naming->world->directory_count == 0;
        answer_naming(naming, &(struct named){.outcome = none ? OUTCOME_NONE : OUTCOME_UNKNOWN,
                                              .reason = none ? REASON_UNJUDGED : REASON_INTERNAL});
        naming_free(naming);
        return;
    }
    ask_all(naming);
}

/* One more, if there may be one. */
static struct naming *naming_new(struct lookup *lookup, enum reason *why_not)
{
    struct naming *naming = NULL;
    *why_not = REASON_INTERNAL;
    if (atomic_fetch_add(&lookup->namings->count, 1) >= MAX_NAME_SEARCHES) {
        count(COUNT_LIMIT_NAME_SEARCHES);
        *why_not = REASON_OVERLOADED;
    } else {
        naming = calloc(1, sizeof(*naming));
    }
    if (naming == NULL) {
        atomic_fetch_sub(&lookup->namings->count, 1);
    }
    return naming;
}

void lookup_name(struct lookup *lookup, struct bytes name, struct name_waiter *waiter)
{
    enum reason why_not = REASON_INTERNAL;
    struct naming *naming = name.size <= MAX_SEARCH_NAME_BYTES ? naming_new(lookup, &why_not) : NULL;
    if (naming == NULL) {
        waiter->ready(waiter, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = why_not});
        return;
    }
    naming->begin.run = begin_naming;
    naming->lookup = lookup;
    naming->waiter = waiter;
    memcpy(naming->name, name.data, name.size);
    engine_post(lookup->parts.engine, &naming->begin);
}

void namings_end(struct lookup *lookup)
{
    struct naming *naming;
    while ((naming = LIST_FIRST(&lookup->namings->under_way)) != NULL) {
        answer_naming(naming, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = REASON_SHUTTING_DOWN});
    }
}
