/* Directories are asked for a name (RFC 4387): all of them, as a name has no domain, or those that are open to who
 * asks; what addresses they tell is then looked up as any other, by the directories of its own domain.
 *
 * A naming is to a name what a flight is to an address: who asks for an equal name, of the same directories, in the
 * same world while it is under way waits with the others, until its deadline, which is no later than his own would be.
 * Names are equal but for the case of their ASCII letters: directories compare cn without case (RFC 4519 2.3), but of
 * other letters not all in the same way, and nobody is told what another name has. The first spelling is what they are
 * asked for. */
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/decide.h"
#include "gateway/steps.h"

/* One directory being asked. */
struct naming_ask {
    struct naming *naming;
    struct directory *directory;
    struct search *search;        /* until it is given back */
    struct search_result *result; /* written by the directory's thread before `came` is posted */
    bool back;
    struct task came;
};

struct naming {
    struct task begin;
    LIST_ENTRY(naming) entry;
    struct lookup *lookup;
    struct world *world;          /* NULL: it has not begun */
    struct name_waiter *waiters;
    struct timer deadline;
    bool only_open;
    bool answered;
    size_t pending;               /* directories that have not come back */
    size_t ask_count;
    struct naming_ask *asks;
    char name[MAX_SEARCH_NAME_BYTES + 1];
};

struct namings {
    LIST_HEAD(naming_list, naming) under_way; /* engine thread only, as is the next */
    size_t begun;                             /* and not freed: MAX_NAME_SEARCHES at most */
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
        lookup->namings->begun--;
        world_retire(&naming->world, lookup->parts.background);
    }
    free(naming->asks);
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

/* A waiter may be gone once it is told. */
static void tell_waiters(struct name_waiter *waiters, const struct named *named)
{
    for (struct name_waiter *waiter = waiters, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        waiter->ready(waiter, named);
    }
}

/* Also before everybody is back: who is not is not waited for. */
static void answer_naming(struct naming *naming, const struct named *named)
{
    naming->answered = true;
    LIST_REMOVE(naming, entry);
    engine_timer_clear(&naming->deadline);
    tell_waiters(naming->waiters, named);
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

/* False: out of memory. */
static bool prepare_asks(struct naming *naming)
{
    struct directory *directories[MAX_DIRECTORIES];
    size_t count = world_directories_for_names(naming->world, naming->only_open, directories);
    naming->asks = calloc(count + 1, sizeof(*naming->asks));
    for (size_t i = 0; naming->asks != NULL && i < count; i++) {
        naming->asks[i] = (struct naming_ask){
            .naming = naming, .directory = directories[i], .came = {.run = on_came}};
        naming->ask_count++;
    }
    return naming->asks != NULL;
}

static void ask_all(struct naming *naming)
{
    naming->pending = naming->ask_count;
    for (size_t i = 0; i < naming->ask_count; i++) {
        struct naming_ask *ask = &naming->asks[i];
        ask->search = directory_search_name(ask->directory, naming->name,
                                            directory_settings(ask->directory)->timeout_ms, on_result, ask);
    }
}

static void start_naming(struct naming *naming)
{
    struct lookup *lookup = naming->lookup;
    LIST_INSERT_HEAD(&lookup->namings->under_way, naming, entry);
    lookup->namings->begun++;
    naming->world = world_ref(lookup->world);
    naming->deadline.fire = on_deadline;
    bool is_ready = prepare_asks(naming);
    if (is_ready && naming->ask_count > 0 &&
        engine_timer_set(lookup->parts.engine, &naming->deadline, naming->world->config->deadline_ms) == 0) {
        ask_all(naming);
        return;
    }
    bool none = is_ready && naming->ask_count == 0;
    answer_naming(naming, &(struct named){.outcome = none ? OUTCOME_NONE : OUTCOME_UNKNOWN,
                                          .reason = none ? REASON_UNJUDGED : REASON_INTERNAL});
    naming_free(naming);
}

/* One under way that comes to the same; NULL: none. After a reload none of before does. The open directories are some
 * of all, so that as many are the same ones. */
static struct naming *find_same(const struct naming *asked)
{
    const struct lookup *lookup = asked->lookup;
    struct directory *directories[MAX_DIRECTORIES];
    size_t count = world_directories_for_names(lookup->world, asked->only_open, directories);
    struct naming *naming = LIST_FIRST(&lookup->namings->under_way);
    while (naming != NULL && !(naming->world == lookup->world && naming->ask_count == count &&
                               strcasecmp(naming->name, asked->name) == 0)) {
        naming = LIST_NEXT(naming, entry);
    }
    return naming;
}

static void join(struct naming *naming, struct naming *asked)
{
    asked->waiters->next = naming->waiters; /* who asks is one */
    naming->waiters = asked->waiters;
    naming_free(asked);
}

static void refuse(struct naming *asked, enum reason reason)
{
    tell_waiters(asked->waiters, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = reason});
    naming_free(asked);
}

static void begin_naming(struct task *task)
{
    struct naming *asked = (struct naming *)task, *same;
    struct lookup *lookup = asked->lookup;
    if (lookup_is_draining(lookup)) {
        refuse(asked, REASON_SHUTTING_DOWN);
    } else if ((same = find_same(asked)) != NULL) {
        join(same, asked);
    } else if (lookup->namings->begun < MAX_NAME_SEARCHES) {
        start_naming(asked);
    } else {
        count(COUNT_LIMIT_NAME_SEARCHES);
        refuse(asked, REASON_OVERLOADED);
    }
}

size_t lookup_name_searches(struct lookup *lookup, bool only_open)
{
    struct directory *directories[MAX_DIRECTORIES];
    struct world *world = lookup_world_ref(lookup);
    size_t count = world_directories_for_names(world, only_open, directories);
    world_retire(&world, lookup->parts.background);
    return count;
}

/* NULL: out of memory, or the name is too long. */
static struct naming *naming_new(struct lookup *lookup, struct bytes name, bool only_open, struct name_waiter *waiter)
{
    struct naming *naming = name.size <= MAX_SEARCH_NAME_BYTES ? calloc(1, sizeof(*naming)) : NULL;
    if (naming == NULL) {
        return NULL;
    }
    naming->begin.run = begin_naming;
    naming->lookup = lookup;
    naming->only_open = only_open;
    naming->waiters = waiter;
    memcpy(naming->name, name.data, name.size);
    atomic_fetch_add(&lookup->namings->count, 1);
    return naming;
}

void lookup_name(struct lookup *lookup, struct bytes name, bool only_open, struct name_waiter *waiter)
{
    waiter->next = NULL;
    struct naming *naming = naming_new(lookup, name, only_open, waiter);
    if (naming == NULL) {
        waiter->ready(waiter, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = REASON_INTERNAL});
        return;
    }
    engine_post(lookup->parts.engine, &naming->begin);
}

void namings_end(struct lookup *lookup)
{
    struct naming *naming;
    while ((naming = LIST_FIRST(&lookup->namings->under_way)) != NULL) {
        answer_naming(naming, &(struct named){.outcome = OUTCOME_UNKNOWN, .reason = REASON_SHUTTING_DOWN});
    }
}
