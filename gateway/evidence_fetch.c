/* A place is asked: a URL by the fetcher, an entry by the directory that it is in. */
#include <stddef.h>

#include "base/metrics.h"
#include "gateway/evidence_private.h"
#include "x509/ocsp.h"

static const struct kind {
    const char *word;
    enum fetch_purpose purpose;
    enum entry_part part;
    size_t allowed_at; /* in struct fetch_config */
    const char *why_not;
} kinds[] = {
    [NEED_CRL] = {"crl", FETCH_CRL, ENTRY_CRLS, offsetof(struct fetch_config, crls), "fetch.crls is off"},
    [NEED_OCSP] = {"ocsp", FETCH_OCSP, ENTRY_CRLS, offsetof(struct fetch_config, ocsp), "fetch.ocsp is off"},
    [NEED_ISSUER] = {"issuer", FETCH_ISSUER, ENTRY_ISSUERS, offsetof(struct fetch_config, issuers),
                     "fetch.issuers is off"},
};

const char *need_word(enum need_kind kind)
{
    return kinds[kind].word;
}

/* What the configuration itself names is fetched whatever the switches say. */
bool place_is_allowed(const struct place *place, const struct world *world, const char **why_not)
{
    const struct kind *kind = &kinds[place->need.kind];
    if (place->need.url == NULL) {
        *why_not = "the directory's issuers is off, or there is no such directory";
        return world_issuer_directory(world, place->need.directory) != NULL;
    }
    const struct fetch_config *fetch = &world->config->fetch;
    *why_not = kind->why_not;
    return place->configured_in == place->store->world_number ||
           *(const bool *)((const char *)fetch + kind->allowed_at);
}

/* What came, and why nothing did. */

size_t place_objects(const struct place *place, struct bytes *objects)
{
    size_t there = place->fetched != NULL ? place->fetched->count : place->entry->value_count;
    size_t count = 0;
    for (; count < there && count < MAX_EVIDENCE_OBJECTS; count++) {
        objects[count] = place->fetched != NULL ? buffer_bytes(&place->fetched->objects[count])
                                                : blob_bytes(place->entry->values[count]);
    }
    return count;
}

void place_drop_arrival(struct place *place)
{
    blob_free(&place->sealed);
    fetched_free(&place->fetched);
    entry_result_free(&place->entry);
}

static void fail(struct place *place, const char *why, int64_t retry_after_s)
{
    evidence_count_result(place->need.kind, EVIDENCE_FAILED);
    place->is_barren = false;
    place_failed(place, why, retry_after_s * 1000);
}

static void take_fetched(struct place *place)
{
    const struct fetched *fetched = place->fetched;
    if (fetched->ok) {
        place_came(place);
    } else if (fetched->refused) {
        place_refused(place, fetched->error.text);
    } else {
        fail(place, fetched->error.text, fetched->retry_after_s);
    }
}

static void take_entry(struct place *place)
{
    const struct entry_result *entry = place->entry;
    bool answered = entry->result == ASKED_ANSWERED || entry->result == ASKED_CUT_OFF;
    if (answered) {
        place_came(place);
    } else {
        fail(place, entry->error, 0);
    }
}

static void on_came(struct task *task)
{
    struct place *place = (struct place *)((char *)task - offsetof(struct place, came));
    reading_abandon(&place->reading);
    if (place->fetched != NULL) {
        take_fetched(place);
    } else if (place->entry != NULL) {
        take_entry(place);
    } else {
        fail(place, "out of memory", 0);
    }
}

/* On a thread of the fetcher, or of the directory. */
static void on_fetched(void *context, struct fetched *fetched)
{
    struct place *place = context;
    place->fetched = fetched;
    engine_post(place->store->parts.engine, &place->came);
}

static void on_read(void *context, struct entry_result *entry)
{
    struct place *place = context;
    place->entry = entry;
    engine_post(place->store->parts.engine, &place->came);
}

static void read_entry(struct place *place)
{
    const struct fetch_config *fetch = &place->world->config->fetch;
    struct directory *directory = world_issuer_directory(place->world, place->need.directory);
    if (directory == NULL) {
        place_refused(place, "there is no such directory any more");
        return;
    }
    place->reading = directory_read(directory, place->need.dn, kinds[place->need.kind].part, (size_t)fetch->max_bytes,
                                    fetch->timeout_ms, on_read, place);
}

/* An answer that was recorded once must not pass for the next one. */
static void renew_nonce(struct need *need)
{
    struct blob *again = need->request != NULL ? ocsp_request_again(need->request) : NULL;
    if (again != NULL) {
        blob_free(&need->request);
        need->request = again;
    }
}

void place_fetch(struct place *place)
{
    const struct need *need = &place->need;
    renew_nonce(&place->need);
    place->state = PLACE_ASKED;
    place->came.run = on_came;
    if (place->store->is_ended || (need->url != NULL && world_fetcher(place->world) == NULL)) {
        place_failed(place, "shutting down", 0);
    } else if (need->url == NULL) {
        read_entry(place);
    } else {
        const struct fetch_question question = {
            .purpose = kinds[need->kind].purpose,
            .url = need->url,
            .post = need->request != NULL ? blob_bytes(need->request) : bytes_of(NULL, 0),
        };
        fetcher_ask(world_fetcher(place->world), &question, on_fetched, place);
    }
}
