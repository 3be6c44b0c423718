#include "base/answer.h"

#include <stdlib.h>

#include "base/heap.h"

/*
 * One block: struct answer, the strings, its certificates, the links of all of
 * them, the asked directories, the pointers of all chains.
 *
 * Of several certificates equal strings (the directory's name, the DN and the
 * mails of an entry with several values) stand there once. With one there is
 * hardly any but the directory's name.
 *
 * Strings are collected, and then placed, in one order: the address, those of
 * each certificate, those of each asked directory.
 */
struct string {
    const char *from; /* the draft's */
    size_t size;
    size_t offset;    /* from the first string of the block */
};

#define FEW_STRINGS 16 /* most answers have no more: one certificate, one directory */

struct strings {
    struct string *items; /* those below, or a block */
    size_t count;
    size_t bytes;
    struct string few[FEW_STRINGS];
};

static struct answer internal_error = {
    .references = 1,
    .memory_bytes = sizeof(internal_error),
    .address = {"", 0},
    .outcome = OUTCOME_UNKNOWN,
    .reason = REASON_INTERNAL,
    .retry_after_s = 1,
};

struct answer *answer_internal_error(void)
{
    return &internal_error;
}

static void strings_add(struct strings *strings, const char *text)
{
    const char *from = text != NULL ? text : "";
    size_t size = strlen(from);

    strings->items[strings->count++] = (struct string){from, size, strings->bytes};
    strings->bytes += size + 1;
}

/* The nearest of those before that equals `string`; NULL: none. */
static const struct string *strings_find(const struct strings *strings, const struct string *string)
{
    for (const struct string *item = string; item > strings->items;) {
        item--;
        if (item->size == string->size && memcmp(item->from, string->from, string->size) == 0) {
            return item;
        }
    }
    return NULL;
}

/* Moves what equals a string before it to where that stands, and closes the gaps. */
static void strings_share(struct strings *strings)
{
    strings->bytes = 0;
    for (size_t i = 0; i < strings->count; i++) {
        struct string *string = &strings->items[i];
        const struct string *same = strings_find(strings, string);

        string->offset = same != NULL ? same->offset : strings->bytes;
        strings->bytes += same != NULL ? 0 : string->size + 1;
    }
}

/* Copies the next string in order to the block whose strings begin at `base`. Returns where it stands. */
static const char *string_place(const struct string **next, char *base)
{
    const struct string *string = (*next)++;

    return memcpy(base + string->offset, string->from, string->size + 1);
}

/* -1: out of memory. */
static int strings_collect(struct strings *strings, const struct answer_draft *draft)
{
    size_t most = 1 + 4 * draft->certificate_count + 2 * draft->asked_count;

    strings->count = strings->bytes = 0;
    strings->items = most <= FEW_STRINGS ? strings->few : calloc(most, sizeof(strings->items[0]));
    if (strings->items == NULL) {
        return -1;
    }
    strings_add(strings, draft->address.text);
    for (size_t i = 0; i < draft->certificate_count; i++) {
        strings_add(strings, draft->certificates[i].source.directory);
        strings_add(strings, draft->certificates[i].source.dn);
        strings_add(strings, draft->certificates[i].source.mails);
        strings_add(strings, draft->certificates[i].detail);
    }
    for (size_t i = 0; i < draft->asked_count; i++) {
        strings_add(strings, draft->asked[i].directory);
        strings_add(strings, draft->asked[i].error);
    }
    if (draft->certificate_count > 1) {
        strings_share(strings);
    }
    return 0;
}

static void strings_free(struct strings *strings)
{
    if (strings->items != strings->few) {
        free(strings->items);
    }
}

/* Where in the block the next parts of varying number go, and what the next string is. */
struct parts {
    struct blob **chain;
    uint64_t *links;
    const struct string *string;
    char *base; /* of all strings */
};

/* Copies one certificate, but no reference; its chain and links go to `parts`. Returns what its blobs cost. */
static size_t certificate_copy(struct certificate *to, const struct certificate *from, struct parts *parts)
{
    *to = *from;
    to->chain = from->chain_count > 0 ? parts->chain : NULL;
    for (size_t i = 0; i < from->chain_count; i++) {
        *parts->chain++ = from->chain[i];
    }
    to->links = from->link_count > 0 ? parts->links : NULL;
    for (size_t i = 0; i < from->link_count; i++) {
        *parts->links++ = from->links[i];
    }
    to->source.directory = string_place(&parts->string, parts->base);
    to->source.dn = string_place(&parts->string, parts->base);
    to->source.mails = string_place(&parts->string, parts->base);
    to->detail = string_place(&parts->string, parts->base);
    return blob_memory_bytes(to->value) + (to->der != to->value ? blob_memory_bytes(to->der) : 0) +
           trail_bytes(to->trail);
}

static void asked_copy(struct asked *to, const struct asked *from, struct parts *parts)
{
    *to = *from;
    to->directory = string_place(&parts->string, parts->base);
    to->error = string_place(&parts->string, parts->base);
}

/* How many chain pointers and links all certificates of an answer have together. */
struct totals {
    size_t chain, links;
};

static struct totals totals_of(const struct answer_draft *draft)
{
    struct totals totals = {0};

    for (size_t i = 0; i < draft->certificate_count; i++) {
        totals.chain += draft->certificates[i].chain_count;
        totals.links += draft->certificates[i].link_count;
    }
    return totals;
}

/* Strings stand first, so that the address, which every finding compares, is in the line of the processor's cache
 * behind the struct and nobody has to read that to know where. What follows them is aligned. */
static size_t strings_room(const struct strings *strings)
{
    size_t alignment = _Alignof(struct certificate);

    return (strings->bytes + alignment - 1) / alignment * alignment;
}

static void answer_fill(struct answer *answer, const struct answer_draft *draft, const struct strings *strings,
                        struct totals totals)
{
    char *base = (char *)(answer + 1);
    struct certificate *certificates = (struct certificate *)(void *)(base + strings_room(strings));
    uint64_t *links = (uint64_t *)(certificates + draft->certificate_count);
    struct asked *asked = (struct asked *)(links + totals.links);
    struct blob **chain = (struct blob **)(asked + draft->asked_count);
    struct parts parts = {chain, links, strings->items, base};

    *answer = (struct answer){
        .memory_bytes = heap_bytes(answer),
        .address = {string_place(&parts.string, base), strings->items[0].size},
        .outcome = draft->outcome,
        .reason = draft->reason,
        .partial = draft->partial,
        .generation = draft->generation,
        .scope = draft->scope,
        .policy = draft->policy,
        .made_at = draft->made_at,
        .fresh_until = draft->fresh_until,
        .stale_until = draft->stale_until,
        .retry_after_s = draft->retry_after_s,
        .certificates = certificates,
        .certificate_count = draft->certificate_count,
        .usable_count = draft->usable_count,
        .asked = asked,
        .asked_count = draft->asked_count,
    };
    atomic_init(&answer->references, 1);
    atomic_init(&answer->standing.renew_at, INT64_MAX);
    for (size_t i = 0; i < draft->certificate_count; i++) {
        answer->memory_bytes += certificate_copy(&certificates[i], &draft->certificates[i], &parts);
    }
    for (size_t i = 0; i < draft->asked_count; i++) {
        asked_copy(&asked[i], &draft->asked[i], &parts);
    }
}

static void point_at_best(struct answer *answer, const struct answer_draft *draft)
{
    if (answer->usable_count == 0) {
        return;
    }
    answer->best = blob_bytes(answer->certificates[0].der);
    if (draft->is_digested) {
        memcpy(answer->best_digest, draft->best_digest, sizeof(answer->best_digest));
    } else {
        struct digest digest = digest_sha256(answer->best);
        memcpy(answer->best_digest, digest.bytes, sizeof(answer->best_digest));
    }
}

/* Takes no reference: the caller does, or the draft gives its own up. */
static struct answer *copy(const struct answer_draft *draft)
{
    struct answer *answer = NULL;
    struct strings strings;
    struct totals totals = totals_of(draft);

    if (strings_collect(&strings, draft) != 0) {
        return NULL;
    }
    answer = malloc(sizeof(*answer) + strings_room(&strings) + draft->certificate_count * sizeof(struct certificate) +
                    totals.links * sizeof(uint64_t) + draft->asked_count * sizeof(struct asked) +
                    totals.chain * sizeof(struct blob *));
    if (answer != NULL) {
        answer_fill(answer, draft, &strings, totals);
        point_at_best(answer, draft);
    }
    strings_free(&strings);
    return answer;
}

static void share_blobs(const struct certificate *certificate)
{
    blob_ref(certificate->value);
    blob_ref(certificate->der);
    trail_ref(certificate->trail);
    for (size_t i = 0; i < certificate->chain_count; i++) {
        blob_ref(certificate->chain[i]);
    }
}

struct answer *answer_make(const struct answer_draft *draft)
{
    struct answer *answer = copy(draft);

    for (size_t i = 0; answer != NULL && i < answer->certificate_count; i++) {
        share_blobs(&answer->certificates[i]);
    }
    return answer;
}

struct answer *answer_take(struct answer_draft *draft)
{
    struct answer *answer = copy(draft);

    if (answer != NULL) {
        draft->certificate_count = draft->usable_count = 0;
    }
    return answer;
}

struct answer *answer_ref(struct answer *answer)
{
    if (answer != NULL && answer != &internal_error) {
        atomic_fetch_add_explicit(&answer->references, 1, memory_order_relaxed);
    }
    return answer;
}

static void certificate_drop(struct certificate *certificate)
{
    blob_free(&certificate->value);
    blob_free(&certificate->der);
    trail_free(&certificate->trail);
    for (size_t i = 0; i < certificate->chain_count; i++) {
        blob_free(&certificate->chain[i]);
    }
}

void answer_free(struct answer **answer)
{
    struct answer *gone = *answer;

    *answer = NULL;
    if (gone == NULL || gone == &internal_error ||
        atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < gone->certificate_count; i++) {
        certificate_drop((struct certificate *)&gone->certificates[i]);
    }
    free(gone);
}

void answer_draft_free(struct answer_draft *draft)
{
    for (size_t i = 0; i < draft->certificate_count; i++) {
        struct certificate *certificate = &draft->certificates[i];

        certificate_drop(certificate);
        free(certificate->chain);
        free(certificate->links);
        free((char *)certificate->source.directory);
        free((char *)certificate->source.dn);
        free((char *)certificate->source.mails);
        free((char *)certificate->detail);
    }
    for (size_t i = 0; i < draft->asked_count; i++) {
        free((char *)draft->asked[i].directory);
        free((char *)draft->asked[i].error);
    }
    free(draft->certificates);
    free(draft->asked);
    draft->certificates = NULL;
    draft->asked = NULL;
    draft->certificate_count = draft->usable_count = draft->asked_count = 0;
}
