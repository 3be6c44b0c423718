#include <stdio.h>
#include <stdlib.h>

#include "x509/judge_private.h"
#include "x509/link.h"

bool are_same_value(const struct candidate *a, const struct candidate *b)
{
    struct bytes bytes = blob_bytes(a->value);

    return bytes_equal(blob_bytes(b->value), bytes) &&
           value_form(bytes, a->source.attribute) == value_form(bytes, b->source.attribute);
}

static int compare(const void *a, const void *b)
{
    const struct item *left = *(const struct item *const *)a, *right = *(const struct item *const *)b;
    int order = rank_compare(&left->rank, &right->rank);

    if (order != 0) {
        return order;
    }
    return left->candidate < right->candidate ? -1 : left->candidate > right->candidate;
}

static int copy_chain(const struct path *path, struct certificate *certificate)
{
    if (path->count < 2) {
        return 0;
    }
    certificate->chain = calloc(path->count - 1, sizeof(certificate->chain[0]));
    if (certificate->chain == NULL) {
        return -1;
    }
    for (size_t i = 1; i < path->count; i++) {
        certificate->chain[certificate->chain_count++] = blob_ref(path->certs[i]->der);
    }
    return 0;
}

/* The anchor is trusted whoever lists it. */
static int copy_links(const struct path *path, struct certificate *certificate)
{
    if (path->count < 2) {
        return 0;
    }
    certificate->links = calloc(path->count - 1, sizeof(certificate->links[0]));
    if (certificate->links == NULL) {
        return -1;
    }
    for (size_t i = 0; i + 1 < path->count; i++) {
        certificate->links[certificate->link_count++] = link_of(path->certs[i]->x509);
    }
    return 0;
}

static int copy_source(const struct source *source, struct source *copy)
{
    *copy = *source;
    copy->directory = strdup(source->directory != NULL ? source->directory : "");
    copy->dn = strdup(source->dn != NULL ? source->dn : "");
    copy->mails = strdup(source->mails != NULL ? source->mails : "");
    return copy->directory != NULL && copy->dn != NULL && copy->mails != NULL ? 0 : -1;
}

/* Whether our own limits kept a better verdict from it. */
static bool is_unsettled(const struct item *item)
{
    enum reason reason = item->verdict.finding.reason;

    return reason != REASON_USABLE &&
           (item->budget.used_up || (item->signer_budget.used_up && reason == REASON_REVOCATION_UNKNOWN));
}

static int write_item(const struct item *item, struct certificate *certificate)
{
    const struct verdict *verdict = &item->verdict;

    certificate->value = blob_ref(item->candidate->value);
    certificate->reason = verdict->finding.reason;
    certificate->revocation = verdict->revocation;
    certificate->unsettled = is_unsettled(item);
    certificate->detail = strdup(verdict->finding.detail);
    if (item->leaf != NULL) {
        certificate->der = blob_ref(item->leaf->der);
        certificate->not_after = verdict->not_after;
    }
    certificate->trail = trail_ref(item->trail);
    if (copy_source(&item->candidate->source, &certificate->source) < 0 || certificate->detail == NULL) {
        return -1;
    }
    return copy_links(&verdict->path, certificate) == 0 ? copy_chain(&verdict->path, certificate) : -1;
}

/* "2 of 3 usable: its notBefore is older", against the neighbour that it stands before or behind. */
static int write_place(const struct session *session, size_t which, size_t usable)
{
    struct trail *trail = session->items[which]->trail;
    char place[160];

    if (usable == 1) {
        snprintf(place, sizeof(place), "the only usable one");
    } else if (which == 0) {
        snprintf(place, sizeof(place), "first of %zu usable: before the next because %s", usable,
                 rank_words(&session->items[0]->rank, &session->items[1]->rank, true));
    } else {
        snprintf(place, sizeof(place), "%zu of %zu usable: after the one before it because %s", which + 1, usable,
                 rank_words(&session->items[which - 1]->rank, &session->items[which]->rank, false));
    }
    return trail_set(&trail->place, place);
}

static int write_places(const struct session *session, size_t usable)
{
    int result = 0;

    for (size_t i = 0; i < usable && session->request->explain && result == 0; i++) {
        result = write_place(session, i, usable);
    }
    return result;
}

/* A value that stands in several places is shown once: where it fares best. The others go to the end. */
static void put_repeated_last(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        struct item *item = session->items[i];
        bool repeated = false;

        for (size_t k = 0; k < session->shown && !repeated; k++) {
            repeated = are_same_value(session->items[k]->candidate, item->candidate);
        }
        if (!repeated) {
            session->items[i] = session->items[session->shown];
            session->items[session->shown++] = item;
        }
    }
}

int write_draft(struct session *session, struct answer_draft *draft)
{
    if (session->count > 1) {
        qsort(session->items, session->count, sizeof(session->items[0]), compare);
    }
    put_repeated_last(session);
    draft->certificates = calloc(session->shown + 1, sizeof(draft->certificates[0]));
    if (draft->certificates == NULL) {
        return -1;
    }
    for (size_t i = 0; i < session->shown; i++) {
        if (write_item(session->items[i], &draft->certificates[draft->certificate_count++]) < 0) {
            return -1;
        }
        draft->usable_count += session->items[i]->rank.reason == REASON_USABLE;
    }
    return write_places(session, draft->usable_count);
}
