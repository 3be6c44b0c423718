#include "tests/soak/played.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "ldap/directory.h"
#include "ldap/remote.h"
#include "tests/people/pki.h"

/* Held by the thread until it has answered, and by whoever asked until search_abandon(). */
struct search {
    atomic_int references;
    struct search *next;
    struct address address;
    void (*done)(void *context, struct search_result *result);
    void *context;
};

struct directory {
    const struct directory_config *config; /* the world's, which outlives it here */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct search *first, **last;
    bool ends;
};

static const struct bytes *pool;
static size_t pool_size;

void played_values(const struct bytes *values, size_t count)
{
    pool = values;
    pool_size = count;
}

static char *joined(const char *before, const char *word, const char *after)
{
    char *made = NULL;

    must(asprintf(&made, "%s%s%s", before, word, after) >= 0, "out of memory");
    return made;
}

static struct search_result *answer(const struct address *address)
{
    struct search_result *result = calloc(1, sizeof(*result));
    struct digest digest = digest_sha256(address_bytes(address));

    must(result != NULL, "out of memory");
    result->result = ASKED_ANSWERED;
    result->error = joined("", "", "");
    result->duration_ms = 1;
    result->entries = 1;
    result->value_count = 1;
    result->values = calloc(1, sizeof(result->values[0]));
    must(result->values != NULL, "out of memory");
    result->values[0] = (struct found_value){
        .value = blob_new(pool[(digest.bytes[0] << 8 | digest.bytes[1]) % pool_size]),
        .dn = joined("mail=", address->text, ",ou=People,dc=example,dc=org"),
        .mails = joined("", address->text, "\n"),
    };
    must(result->values[0].value != NULL, "out of memory");
    return result;
}

static void search_drop(struct search *search)
{
    if (atomic_fetch_sub(&search->references, 1) == 1) {
        free(search);
    }
}

static void *run(void *context)
{
    struct directory *directory = context;

    pthread_mutex_lock(&directory->lock);
    while (!directory->ends || directory->first != NULL) {
        struct search *search = directory->first;
        if (search == NULL) {
            pthread_cond_wait(&directory->change, &directory->lock);
            continue;
        }
        directory->first = search->next;
        directory->last = directory->first != NULL ? directory->last : &directory->first;
        pthread_mutex_unlock(&directory->lock);
        search->done(search->context, answer(&search->address));
        search_drop(search);
        pthread_mutex_lock(&directory->lock);
    }
    pthread_mutex_unlock(&directory->lock);
    return NULL;
}

struct directory *directory_open(const struct directory_config *config, struct error *error)
{
    struct directory *directory = calloc(1, sizeof(*directory));

    (void)error;
    must(directory != NULL, "out of memory");
    directory->config = config;
    directory->last = &directory->first;
    must(pthread_mutex_init(&directory->lock, NULL) == 0 && pthread_cond_init(&directory->change, NULL) == 0 &&
             pthread_create(&directory->thread, NULL, run, directory) == 0, "a directory's thread");
    return directory;
}

void directory_close(struct directory **directory)
{
    struct directory *gone = *directory;

    *directory = NULL;
    if (gone == NULL) {
        return;
    }
    pthread_mutex_lock(&gone->lock);
    gone->ends = true;
    pthread_cond_signal(&gone->change);
    pthread_mutex_unlock(&gone->lock);
    pthread_join(gone->thread, NULL);
    pthread_mutex_destroy(&gone->lock);
    pthread_cond_destroy(&gone->change);
    free(gone);
}

const struct directory_config *directory_settings(const struct directory *directory)
{
    return directory->config;
}

struct search *directory_search(struct directory *directory, const struct address *address, int64_t timeout_ms,
                                void (*done)(void *context, struct search_result *result), void *context)
{
    struct search *search = malloc(sizeof(*search));

    (void)timeout_ms;
    must(search != NULL, "out of memory");
    *search = (struct search){.address = *address, .done = done, .context = context};
    atomic_init(&search->references, 2);
    pthread_mutex_lock(&directory->lock);
    *directory->last = search;
    directory->last = &search->next;
    pthread_cond_signal(&directory->change);
    pthread_mutex_unlock(&directory->lock);
    return search;
}

/* Nobody asks for names. */
struct search *directory_search_name(struct directory *directory, const char *name, int64_t timeout_ms,
                                     void (*done)(void *context, struct search_result *result), void *context)
{
    (void)directory, (void)name, (void)timeout_ms;
    done(context, NULL);
    return NULL;
}

void search_abandon(struct search **search)
{
    if (*search != NULL) {
        search_drop(*search);
        *search = NULL;
    }
}

void search_result_free(struct search_result **result)
{
    struct search_result *gone = *result;

    *result = NULL;
    for (size_t i = 0; gone != NULL && i < gone->value_count; i++) {
        blob_free(&gone->values[i].value);
        free(gone->values[i].dn);
        free(gone->values[i].mails);
    }
    if (gone != NULL) {
        free(gone->values);
        free(gone->error);
        free(gone);
    }
}

/* Nobody here lacks evidence. */

int directory_follow(struct directory *directory, const struct directory_listener *listener)
{
    (void)directory, (void)listener;
    return 0;
}

struct reading *directory_read(struct directory *directory, const char *dn, enum entry_part part,
                               size_t max_value_bytes, int64_t timeout_ms,
                               void (*done)(void *context, struct entry_result *result),
                               void *context)
{
    (void)directory, (void)dn, (void)part, (void)max_value_bytes, (void)timeout_ms;
    done(context, NULL);
    return NULL;
}

void reading_abandon(struct reading **reading)
{
    *reading = NULL;
}

void entry_result_free(struct entry_result **result)
{
    *result = NULL;
}

int remote_read(const char *url, const struct network_rules *rules, int (*take)(void *context, struct bytes value),
                void *context, bool *refused, struct error *error)
{
    (void)rules, (void)take, (void)context, (void)refused;
    return error_set(error, "%s: played", url);
}
