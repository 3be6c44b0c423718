#include "http/spare.h"

#include <stdlib.h>

#include "http/respond.h"
#include "http/values.h"

#define LISTS 64
#define MAX_FIELDS 10 /* an answer has nine */
#define MAX_KEPT 128  /* by a thread: 0.3 MB of ordinary certificates, 0.8 MB at most */
#define MAX_SEEN 16   /* so many of a list are looked at for one that fits best */

struct spare {
    struct spare *next; /* in the list of its size */
    struct MHD_Response *response;
    uint64_t lengths; /* of all values, mixed: another one is another set of them */
    size_t size;
    size_t count;
    struct field {
        const char *name;
        char *value; /* libmicrohttpd's copy of it */
        size_t size;
    } fields[MAX_FIELDS];
    uint8_t body[];
};

struct spares {
    bool may_write; /* see values.h */
    size_t count;
    size_t hand; /* of the list that gives one up next */
    struct spare *lists[LISTS];
};

struct spares *spares_new(bool may_write)
{
    struct spares *spares = calloc(1, sizeof(*spares));

    if (spares != NULL) {
        spares->may_write = may_write;
    }
    return spares;
}

/* libmicrohttpd frees it, when nobody has the response any longer. */
static void drop(struct spare **spare)
{
    struct MHD_Response *response = (*spare)->response;

    *spare = NULL;
    MHD_destroy_response(response);
}

static struct spare *pop(struct spares *spares, struct spare **place)
{
    struct spare *spare = *place;

    *place = spare->next;
    spares->count--;
    return spare;
}

void spares_free(struct spares **spares)
{
    if (*spares == NULL) {
        return;
    }
    for (size_t i = 0; i < LISTS; i++) {
        while ((*spares)->lists[i] != NULL) {
            struct spare *spare = pop(*spares, &(*spares)->lists[i]);
            drop(&spare);
        }
    }
    free(*spares);
    *spares = NULL;
}

static struct spare **list_of(struct spares *spares, size_t size)
{
    return &spares->lists[size % LISTS];
}

/* Names are literals, mostly the very same. */
static bool is_named(const struct field *field, const char *name)
{
    return field->name == name || strcmp(field->name, name) == 0;
}

static bool has_fields(const struct spare *spare, const struct response_headers *headers)
{
    for (size_t i = 0; i < headers->count && spare->count == headers->count; i++) {
        if (!is_named(&spare->fields[i], headers->fields[i].name)) {
            return false;
        }
    }
    return spare->count == headers->count;
}

static uint64_t lengths_of(const struct response_headers *headers)
{
    uint64_t lengths = headers->count;

    for (size_t i = 0; i < headers->count; i++) {
        lengths = lengths * 1021 + headers->fields[i].size;
    }
    return lengths;
}

/* One whose body has this size, and with these fields, whatever they say; of some, rather one of which no value is
 * longer or shorter. NULL: none of the first MAX_SEEN. */
static struct spare *find(struct spares *spares, size_t size, const struct response_headers *headers, uint64_t lengths)
{
    struct spare **fallback = NULL, **place = list_of(spares, size);

    for (unsigned seen = 0; *place != NULL && seen < MAX_SEEN; seen++, place = &(*place)->next) {
        bool fits = (*place)->size == size && ((*place)->lengths == lengths || fallback == NULL) &&
                    has_fields(*place, headers);
        if (fits && (*place)->lengths == lengths) {
            return pop(spares, place);
        }
        fallback = fits ? place : fallback;
    }
    return fallback != NULL ? pop(spares, fallback) : NULL;
}

static struct spare *make(size_t size)
{
    struct spare *spare = malloc(sizeof(*spare) + size);

    if (spare == NULL) {
        return NULL;
    }
    spare->size = size;
    spare->count = 0;
    spare->response = MHD_create_response_from_buffer_with_free_callback_cls(size, spare->body, free, spare);
    if (spare->response == NULL) {
        free(spare);
        return NULL;
    }
    return spare;
}

static bool remove_last(struct spare *spare)
{
    struct field *field = &spare->fields[--spare->count];

    return MHD_del_response_header(spare->response, field->name, field->value) == MHD_YES;
}

/* False: out of memory, or what was found is not the value's copy, but that of another field of this name. */
static bool add(struct spare *spare, const struct response_header *header)
{
    struct field *field = &spare->fields[spare->count];

    if (MHD_add_response_header(spare->response, header->name, header->value) != MHD_YES) {
        return false;
    }
    field->name = header->name;
    field->value = values_of(spare->response, header->name);
    field->size = header->size;
    for (size_t i = 0; i < spare->count; i++) {
        if (is_named(&spare->fields[i], header->name)) {
            return false;
        }
    }
    spare->count++;
    return field->value != NULL && strcmp(field->value, header->value) == 0;
}

/* Whether the field says the header's value now: what is as long as the last is written over it. Nobody looks for a
 * line end in it then, which none of our values has. */
static bool say(const struct spares *spares, struct field *field, const struct response_header *header)
{
    if (header->size != field->size) {
        return false;
    }
    if (!spares->may_write) {
        return memcmp(field->value, header->value, field->size) == 0;
    }
    memcpy(field->value, header->value, field->size);
    return true;
}

/* From the first that is of another length, all are replaced: so their order is that of a new response. False: some are
 * missing. */
static bool set_fields(const struct spares *spares, struct spare *spare, const struct response_headers *headers)
{
    size_t same = 0;

    while (same < spare->count && say(spares, &spare->fields[same], &headers->fields[same])) {
        same++;
    }
    while (spare->count > same) {
        if (!remove_last(spare)) {
            return false;
        }
    }
    while (spare->count < headers->count) {
        if (!add(spare, &headers->fields[spare->count])) {
            return false;
        }
    }
    return true;
}

struct spare *spares_take(struct spares *spares, struct bytes body, const struct response_headers *headers)
{
    if (headers->count > MAX_FIELDS) {
        return NULL;
    }
    uint64_t lengths = lengths_of(headers);
    struct spare *spare = find(spares, body.size, headers, lengths);
    if (spare == NULL) {
        spare = make(body.size);
    }
    if (spare != NULL && !set_fields(spares, spare, headers)) {
        drop(&spare);
    }
    if (spare != NULL) {
        spare->lengths = lengths;
        memcpy(spare->body, body.data, body.size);
    }
    return spare;
}

struct MHD_Response *spare_response(const struct spare *spare)
{
    return spare->response;
}

static struct spare **last_of(struct spare **list)
{
    while ((*list)->next != NULL) {
        list = &(*list)->next;
    }
    return list;
}

/* Of lists in turn, and of each what was not taken for longest: so none fills the place with what nobody takes. */
static void make_room(struct spares *spares)
{
    while (spares->count >= MAX_KEPT) {
        struct spare **list = &spares->lists[spares->hand++ % LISTS];
        if (*list != NULL) {
            struct spare *spare = pop(spares, last_of(list));
            drop(&spare);
        }
    }
}

void spares_give_back(struct spares *spares, struct spare **spare)
{
    make_room(spares);
    struct spare **list = list_of(spares, (*spare)->size);
    (*spare)->next = *list;
    *list = *spare;
    *spare = NULL;
    spares->count++;
}

size_t spares_count(const struct spares *spares)
{
    return spares->count;
}
