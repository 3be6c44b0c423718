#include <stdlib.h>

#include "ldap/private.h"
#include "ldap/settings.h"

/* With room for values and words, as in search.c. */
struct roomy_entry {
    struct entry_result result;
    struct blob *values[MAX_ENTRY_VALUES];
    struct error words;
};

void entry_result_free(struct entry_result **result)
{
    if (*result == NULL) {
        return;
    }
    for (size_t i = 0; i < (*result)->value_count; i++) {
        blob_free(&(*result)->values[i]);
    }
    free(*result);
    *result = NULL;
}

struct entry_result *entry_new(void)
{
    struct roomy_entry *roomy = calloc(1, sizeof(*roomy));

    if (roomy == NULL) {
        return NULL;
    }
    roomy->result.values = roomy->values;
    roomy->result.error = roomy->words.text;
    return &roomy->result;
}

void entry_give(struct search *search, struct search_result **result)
{
    struct entry_result *entry = search->entry;

    search->entry = NULL;
    if (*result == NULL) {
        entry_result_free(&entry);
    } else {
        entry->result = (*result)->result;
        entry->duration_ms = (*result)->duration_ms;
        memcpy(entry->error, (*result)->error, sizeof(struct error));
        for (size_t i = 0; i < (*result)->value_count && i < MAX_ENTRY_VALUES; i++) {
            entry->values[entry->value_count++] = (*result)->values[i].value;
            (*result)->values[i].value = NULL;
        }
        search_result_free(result);
    }
    search->read(search->context, entry);
}

/* What was never sent: nobody has heard of it, so both references are ours. */
static struct reading *give_up(struct search *search, struct entry_result *result,
                               void (*done)(void *context, struct entry_result *result), void *context)
{
    if (search != NULL) {
        search_release(search);
        search_release(search);
    }
    done(context, result);
    return NULL;
}

struct reading *directory_read(struct directory *directory, const char *dn, enum entry_part part,
                               size_t max_value_bytes, int64_t timeout_ms,
                               void (*done)(void *context, struct entry_result *result),
                               void *context)
{
    struct search *search = search_new(directory, part == ENTRY_CRLS ? &kind_crls : &kind_issuers, timeout_ms);

    if (search != NULL) {
        search->dn = strdup(dn);
        search->entry = entry_new();
    }
    if (search == NULL || search->dn == NULL || search->entry == NULL) {
        return give_up(search, NULL, done, context);
    }
    /* It came from a certificate. What a server makes of nonsense is not to be found out on a connection of others. */
    if (!settings_is_dn(dn)) {
        struct entry_result *nothing = search->entry;

        search->entry = NULL;
        nothing->result = ASKED_ANSWERED;
        return give_up(search, nothing, done, context);
    }
    search->max_value_bytes = max_value_bytes;
    search->read = done;
    search->context = context;
    /* The handle is the search's own; nobody else looks into it. */
    return (struct reading *)search_submit(search);
}

void reading_abandon(struct reading **reading)
{
    struct search *search = (struct search *)*reading;

    *reading = NULL;
    search_abandon(&search);
}
