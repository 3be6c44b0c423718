#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "ldap/private.h"

/* A result with room for its words: ending a search needs no memory that may be lacking. */
struct worded_result {
    struct search_result result;
    struct error words;
};

void search_result_free(struct search_result **result)
{
    if (*result == NULL) {
        return;
    }
    for (size_t i = 0; i < (*result)->value_count; i++) {
        blob_free(&(*result)->values[i].value);
        free((*result)->values[i].dn);
        free((*result)->values[i].mails);
    }
    free((*result)->values);
    buffer_free(&(*result)->mails);
    free(*result);
    *result = NULL;
}

struct search *search_new(struct directory *directory, const struct search_kind *kind, int64_t timeout_ms)
{
    struct search *search = calloc(1, sizeof(*search));
    struct worded_result *worded = calloc(1, sizeof(*worded));

    if (search == NULL || worded == NULL) {
        free(search);
        free(worded);
        return NULL;
    }
    worded->result.result = ASKED_UNAVAILABLE;
    worded->result.error = worded->words.text;
    buffer_init(&worded->result.mails, MAX_ENTRIES * MAX_MAILS_BYTES);
    atomic_init(&search->references, 2);
    atomic_init(&search->abandoned, false);
    search->directory = directory_ref(directory);
    search->kind = kind;
    search->max_value_bytes = (size_t)directory->config.max_value_bytes;
    search->started_ms = clock_mono_ms();
    search->deadline_ms = search->started_ms + timeout_ms;
    search->result = &worded->result;
    return search;
}

void search_release(struct search *search)
{
    if (atomic_fetch_sub(&search->references, 1) != 1) {
        return;
    }
    search_result_free(&search->result);
    entry_result_free(&search->entry);
    free(search->dn);
    free(search->name);
    directory_release(search->directory);
    free(search);
}

void search_forget(struct search *search)
{
    struct search_result *result = search->result;

    for (size_t i = 0; i < result->value_count; i++) {
        blob_free(&result->values[i].value);
        free(result->values[i].dn);
        free(result->values[i].mails);
    }
    result->value_count = 0;
    buffer_clear(&result->mails);
    result->entries = 0;
    search->words.text[0] = '\0';
    search->so_far = ASKED_ANSWERED;
    search->pending = 0;
}

bool search_is_over(const struct search *search, int64_t now_ms)
{
    return search->deadline_ms <= now_ms || atomic_load(&search->abandoned);
}

void list_add(struct search_list *list, struct search *search)
{
    struct search *before = list->last;

    /* Timeouts are mostly alike, so that the place is mostly the end. */
    while (before != NULL && before->deadline_ms > search->deadline_ms) {
        before = before->previous;
    }
    search->previous = before;
    search->next = before != NULL ? before->next : list->first;
    *(search->previous != NULL ? &search->previous->next : &list->first) = search;
    *(search->next != NULL ? &search->next->previous : &list->last) = search;
}

void list_remove(struct search_list *list, struct search *search)
{
    *(search->previous != NULL ? &search->previous->next : &list->first) = search->next;
    *(search->next != NULL ? &search->next->previous : &list->last) = search->previous;
    search->previous = NULL;
    search->next = NULL;
}

struct search *list_take_first(struct search_list *list)
{
    struct search *search = list->first;

    if (search != NULL) {
        list_remove(list, search);
    }
    return search;
}

void queue_add(struct directory *directory, struct search *search)
{
    search->connection = NULL;
    search->is_queued = true;
    list_add(&directory->queue, search);
    if (search->deadline_ms < directory->keeper_until_ms) {
        keeper_wake(directory);
    }
}

struct search *queue_take(struct directory *directory)
{
    struct search *search = list_take_first(&directory->queue);

    if (search != NULL) {
        search->is_queued = false;
    }
    return search;
}

void queue_take_all(struct directory *directory, struct search_list *taken)
{
    struct search *search;

    while ((search = queue_take(directory)) != NULL) {
        list_add(taken, search);
    }
}

static enum directory_counter counter_of(enum asked_result result)
{
    switch (result) {
    case ASKED_ANSWERED:
        return DIRECTORY_ANSWERED;
    case ASKED_CUT_OFF:
        return DIRECTORY_CUT_OFF;
    case ASKED_TIMED_OUT:
        return DIRECTORY_TIMED_OUT;
    case ASKED_OVERLOADED:
        return DIRECTORY_OVERLOADED;
    case ASKED_UNAVAILABLE:
        break;
    }
    return DIRECTORY_UNAVAILABLE;
}

void search_finish(struct search *search, enum asked_result result, const char *words)
{
    struct directory *directory = search->directory;
    struct search_result *given = search->result;

    pthread_mutex_lock(&directory->lock);
    search->connection = NULL;
    directory->open_searches--;
    if (search->sends > 0 && result != ASKED_UNAVAILABLE) {
        admission_note(search, clock_mono_ms());
    }
    pthread_mutex_unlock(&directory->lock);

    given->result = result;
    given->duration_ms = (uint32_t)(clock_mono_ms() - search->started_ms);
    if (result > search->so_far || search->words.text[0] == '\0') {
        error_set(&search->words, "%s", words);
    }
    memcpy(given->error, search->words.text, sizeof(search->words.text));
    count_directory(directory->number, counter_of(result));
    search->result = NULL;
    if (search->out_of_memory) {
        search_result_free(&given);
    }
    if (search->dn != NULL) {
        entry_give(search, &given);
    } else {
        search->done(search->context, given);
    }
    search_release(search);
}

void search_finish_all(struct search_list *list, enum asked_result result, const char *words)
{
    struct search *search;

    while ((search = list_take_first(list)) != NULL) {
        search_finish(search, result, words);
    }
}

void search_abandon(struct search **search)
{
    struct search *given_up = *search;

    if (given_up == NULL) {
        return;
    }
    *search = NULL;
    struct directory *directory = given_up->directory;

    pthread_mutex_lock(&directory->lock);
    atomic_store(&given_up->abandoned, true);
    if (given_up->connection != NULL) {
        connection_wake(given_up->connection);
    } else if (given_up->is_queued) {
        /* To the head of the queue, where the keeper looks. */
        list_remove(&directory->queue, given_up);
        given_up->deadline_ms = 0;
        list_add(&directory->queue, given_up);
        keeper_wake(directory);
    }
    pthread_mutex_unlock(&directory->lock);
    search_release(given_up);
}
