/*
 * Directories whose content and mood the story sets. The settings' side of
 * ldap/directory.h (settings.c) stays the real one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "ldap/directory.h"
#include "ldap/remote.h"
#include "tests/scenario/played.h"

#define DIRECTORIES_MAX 8
#define PEOPLE_MAX 64
#define VALUES_MAX 100
#define ISSUERS_MAX 4
#define SEARCHES_MAX 64
#define OPEN_MAX 32

struct directory {
    struct directory_config config;
    struct directory_listener listener;
};

static struct directory *open_ones[OPEN_MAX];

struct search {
    struct search *next_late; /* in the state's list */
    struct state *state;
    struct address address;
    char name[MAX_SEARCH_NAME_BYTES + 1]; /* "": it is for the address */
    void (*done)(void *context, struct search_result *result);
    void *context;
    bool over;
};

struct person {
    char address[MAX_ADDRESS_BYTES + 1];
    char name[MAX_SEARCH_NAME_BYTES + 1];
    struct blob *values[VALUES_MAX];
    unsigned count;
};

static struct state {
    char name[64];
    enum played_mood mood;
    struct search *late;
    unsigned searches, person_count;
    struct person people[PEOPLE_MAX];
    unsigned readings, issuer_count;
    struct issuer {
        char dn[128];
        struct blob *value;
    } issuers[ISSUERS_MAX];
} states[DIRECTORIES_MAX];

static struct state *state_of(const char *name)
{
    for (size_t i = 0; i < DIRECTORIES_MAX; i++) {
        if (strcmp(states[i].name, name) == 0 || states[i].name[0] == '\0') {
            memcpy(states[i].name, name, strlen(name) + 1);
            return &states[i];
        }
    }
    abort();
}

static struct person *person_of(struct state *state, const char *address)
{
    for (unsigned i = 0; i < state->person_count; i++) {
        if (strcmp(state->people[i].address, address) == 0) {
            return &state->people[i];
        }
    }
    return NULL;
}

static void forget(struct state *state, struct person *person)
{
    for (unsigned i = 0; i < person->count; i++) {
        blob_free(&person->values[i]);
    }
    *person = state->people[--state->person_count];
}

void played_directory_take(const char *directory, const char *address)
{
    struct state *state = state_of(directory);
    struct person *person = person_of(state, address);
    if (person != NULL) {
        forget(state, person);
    }
}

void played_directory_put(const char *directory, const char *address, const struct bytes *values, unsigned count)
{
    played_directory_take(directory, address);
    struct state *state = state_of(directory);
    struct person *person = &state->people[state->person_count++];
    memcpy(person->address, address, strlen(address) + 1);
    person->name[0] = '\0';
    person->count = count;
    for (unsigned i = 0; i < count; i++) {
        person->values[i] = blob_new(values[i]);
    }
}

void played_directory_call(const char *directory, const char *address, const char *name)
{
    struct person *person = person_of(state_of(directory), address);
    if (person == NULL) {
        abort();
    }
    memcpy(person->name, name, strlen(name) + 1);
}

void played_directory_reset(void)
{
    for (size_t i = 0; i < DIRECTORIES_MAX; i++) {
        while (states[i].person_count > 0) {
            forget(&states[i], &states[i].people[0]);
        }
        for (unsigned j = 0; j < states[i].issuer_count; j++) {
            blob_free(&states[i].issuers[j].value);
        }
        states[i] = (struct state){.mood = MOOD_ANSWERS};
    }
}

unsigned played_directory_searches(const char *directory)
{
    return state_of(directory)->searches;
}

struct directory *directory_open(const struct directory_config *config, struct error *error)
{
    (void)error;
    struct directory *directory = calloc(1, sizeof(*directory));
    directory->config = *config; /* the story keeps every world's configuration alive as long as its directories */
    directory->config.name = strdup(config->name);
    char **domains = calloc(config->domain_count, sizeof(char *));
    for (size_t i = 0; i < config->domain_count; i++) {
        domains[i] = strdup(config->domains[i]);
    }
    directory->config.domains = (const char *const *)domains;
    for (size_t i = 0; i <= OPEN_MAX; i++) {
        if (i == OPEN_MAX) {
            abort();
        }
        if (open_ones[i] == NULL) {
            open_ones[i] = directory;
            break;
        }
    }
    return directory;
}

int directory_follow(struct directory *directory, const struct directory_listener *listener)
{
    if (directory->config.sync) {
        directory->listener = *listener;
    }
    return 0;
}

/* Every gateway that follows it hears of it. */
void played_directory_changed(const char *name, const char *what)
{
    bool all = strcmp(what, "all") == 0, unseen = strcmp(what, "unseen") == 0;
    enum directory_change change = all ? CHANGED_ALL : unseen ? CHANGED_UNSEEN
                                   : what[0] == '@' ? CHANGED_DOMAIN : CHANGED_ADDRESS;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        struct directory *directory = open_ones[i];
        if (directory != NULL && directory->listener.changed != NULL && strcmp(directory->config.name, name) == 0 &&
            !directory->listener.changed(directory->listener.context, &directory->config, change,
                                         all || unseen ? "" : what + (what[0] == '@'))) {
            abort();
        }
    }
}

void directory_close(struct directory **directory)
{
    if (*directory == NULL) {
        return;
    }
    for (size_t i = 0; i < OPEN_MAX; i++) {
        open_ones[i] = open_ones[i] == *directory ? NULL : open_ones[i];
    }
    for (size_t i = 0; i < (*directory)->config.domain_count; i++) {
        free((char *)(*directory)->config.domains[i]);
    }
    free((void *)(*directory)->config.domains);
    free((char *)(*directory)->config.name);
    free(*directory);
    *directory = NULL;
}

const struct directory_config *directory_settings(const struct directory *directory)
{
    return &directory->config;
}

static char *mails_of(const char *address)
{
    char mails[MAX_MAILS_BYTES + 1];

    snprintf(mails, sizeof(mails), "%s\n", address);
    return strdup(mails);
}

static bool speaks(const struct state *state)
{
    return state->mood == MOOD_ANSWERS || state->mood == MOOD_CUTS || state->mood == MOOD_NO_ENTRIES;
}

/* Nothing yet but what becomes of any search. */
static struct search_result *begin_result(const struct state *state)
{
    static const enum asked_result results[] = {
        [MOOD_ANSWERS] = ASKED_ANSWERED,
        [MOOD_DOWN] = ASKED_UNAVAILABLE,
        [MOOD_HANGS] = ASKED_TIMED_OUT,
        [MOOD_CUTS] = ASKED_CUT_OFF,
        [MOOD_NO_ENTRIES] = ASKED_ANSWERED,
        [MOOD_LATE] = ASKED_TIMED_OUT,
        [MOOD_OVERLOADED] = ASKED_OVERLOADED,
    };
    struct search_result *result = calloc(1, sizeof(*result));
    result->result = results[state->mood];
    result->error = strdup(state->mood == MOOD_ANSWERS ? "" : "the story says so");
    return result;
}

static struct search_result *read_person(struct state *state, const char *address)
{
    struct search_result *result = begin_result(state);
    struct person *person = person_of(state, address);
    if (speaks(state) && person != NULL) {
        result->entries = 1;
        result->value_count = person->count;
        result->values = calloc(person->count + 1, sizeof(struct found_value));
        for (unsigned i = 0; i < person->count; i++) {
            result->values[i] = (struct found_value){blob_ref(person->values[i]), strdup("uid=somebody"),
                                                     ATTRIBUTE_USER_CERTIFICATE, i, mails_of(address)};
        }
    }
    return result;
}

/* Names are compared without case. */
static struct search_result *read_names(struct state *state, const char *name)
{
    struct search_result *result = begin_result(state);
    buffer_init(&result->mails, PEOPLE_MAX * MAX_MAILS_BYTES);
    for (unsigned i = 0; speaks(state) && i < state->person_count; i++) {
        if (strcasecmp(state->people[i].name, name) == 0) {
            buffer_append_format(&result->mails, "%s\n", state->people[i].address);
            result->entries++;
        }
    }
    return result;
}

static struct search_result *read_for(const struct search *search)
{
    return search->name[0] != '\0' ? read_names(search->state, search->name)
                                   : read_person(search->state, search->address.text);
}

/* Who was late is so no longer. */
void played_directory_mood(const char *directory, enum played_mood mood)
{
    struct state *state = state_of(directory);
    state->mood = mood;
    while (state->late != NULL) {
        struct search *search = state->late;
        state->late = search->next_late;
        search->over = true;
        search->done(search->context, read_for(search));
    }
}

/* One that hangs does so until the deadline of who asks. */
static struct search *begin_search(struct search *search, struct directory *directory)
{
    struct state *state = search->state = state_of(directory->config.name);
    state->searches += state->mood != MOOD_OVERLOADED;
    if (state->mood == MOOD_LATE) {
        search->next_late = state->late;
        state->late = search;
    } else if (state->mood != MOOD_HANGS) {
        search->over = true;
        search->done(search->context, read_for(search));
    }
    return search;
}

struct search *directory_search(struct directory *directory, const struct address *address, int64_t timeout_ms,
                                void (*done)(void *context, struct search_result *result), void *context)
{
    (void)timeout_ms;
    struct search *search = calloc(1, sizeof(*search));
    *search = (struct search){.address = *address, .done = done, .context = context};
    return begin_search(search, directory);
}

struct search *directory_search_name(struct directory *directory, const char *name, int64_t timeout_ms,
                                     void (*done)(void *context, struct search_result *result), void *context)
{
    (void)timeout_ms;
    struct search *search = calloc(1, sizeof(*search));
    *search = (struct search){.done = done, .context = context};
    memcpy(search->name, name, strlen(name) + 1);
    return begin_search(search, directory);
}

static void forget_late(struct search *search)
{
    for (struct search **place = &search->state->late; *place != NULL; place = &(*place)->next_late) {
        if (*place == search) {
            *place = search->next_late;
            return;
        }
    }
}

void search_abandon(struct search **search)
{
    if (*search != NULL && !(*search)->over) {
        forget_late(*search);
        (*search)->done((*search)->context, read_for(*search));
    }
    free(*search);
    *search = NULL;
}

void search_result_free(struct search_result **result_)
{
    struct search_result *result = *result_;
    *result_ = NULL;
    for (size_t i = 0; result != NULL && i < result->value_count; i++) {
        blob_free(&result->values[i].value);
        free(result->values[i].dn);
        free(result->values[i].mails);
    }
    if (result != NULL) {
        buffer_free(&result->mails);
        free(result->values);
        free(result->error);
        free(result);
    }
}

void played_directory_issuer(const char *directory, const char *dn, struct bytes value)
{
    struct state *state = state_of(directory);
    struct issuer *issuer = &state->issuers[state->issuer_count++];
    snprintf(issuer->dn, sizeof(issuer->dn), "%s", dn);
    issuer->value = blob_new(value);
}

unsigned played_directory_readings(const char *directory)
{
    return state_of(directory)->readings;
}

/* One that hangs answers at once that it is down: what it would keep waiting is the store, which the stories of the web
 * look at. */
struct reading *directory_read(struct directory *directory, const char *dn, enum entry_part part, size_t max_value_bytes,
                               int64_t timeout_ms, void (*done)(void *context, struct entry_result *result),
                               void *context)
{
    (void)part, (void)max_value_bytes, (void)timeout_ms;
    struct state *state = state_of(directory->config.name);
    struct entry_result *result = calloc(1, sizeof(*result));
    state->readings++;
    result->result = state->mood == MOOD_ANSWERS ? ASKED_ANSWERED : ASKED_UNAVAILABLE;
    result->error = strdup("the story says so");
    result->values = calloc(ISSUERS_MAX, sizeof(struct blob *));
    for (unsigned i = 0; state->mood == MOOD_ANSWERS && i < state->issuer_count; i++) {
        if (strcmp(state->issuers[i].dn, dn) == 0) {
            result->values[result->value_count++] = blob_ref(state->issuers[i].value);
        }
    }
    done(context, result);
    return NULL;
}

void reading_abandon(struct reading **reading)
{
    *reading = NULL;
}

void entry_result_free(struct entry_result **result)
{
    for (size_t i = 0; *result != NULL && i < (*result)->value_count; i++) {
        blob_free(&(*result)->values[i]);
    }
    if (*result != NULL) {
        free((*result)->values);
        free((*result)->error);
    }
    free(*result);
    *result = NULL;
}

/* The played fetcher reads no LDAP URL. */
int remote_read(const char *url, const struct network_rules *rules, int (*take)(void *context, struct bytes value),
                void *context, bool *refused, struct error *error)
{
    (void)rules, (void)take, (void)context, (void)refused;
    return error_set(error, "%s: the story has http only", url);
}
