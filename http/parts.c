#include "http/parts.h"

#include <stdio.h>
#include <stdlib.h>

/* "\r\n--", boundary, "\r\nContent-Type: ", media type, "\r\n\r\n": what stands before a part. */
#define LOOKED_THROUGH_BYTES 65536
#define BEFORE_BYTES (PARTS_BOUNDARY_BYTES + 96)
#define PIECES_MAX (2 * MAX_SEARCH_RESULTS + 1)

void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        blob_free(&parts->items[i].der);
    }
    parts->count = 0;
}

static bool has(const struct parts *parts, const struct search_match *item)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (digest_equal(&parts->items[i].digest, &item->digest)) {
            return true;
        }
    }
    return false;
}

bool parts_add(struct parts *parts, struct search_match item)
{
    bool is_there = has(parts, &item), has_room = parts->count < MAX_SEARCH_RESULTS;

    if (is_there || !has_room) {
        blob_free(&item.der);
    } else {
        parts->items[parts->count++] = item;
    }
    return is_there || has_room;
}

static struct digest digest_of_all(const struct parts *parts, uint8_t try)
{
    uint8_t digests[MAX_SEARCH_RESULTS * DIGEST_BYTES + 1];

    for (size_t i = 0; i < parts->count; i++) {
        memcpy(digests + i * DIGEST_BYTES, parts->items[i].digest.bytes, DIGEST_BYTES);
    }
    digests[parts->count * DIGEST_BYTES] = try;
    return digest_sha256(bytes_of(digests, parts->count * DIGEST_BYTES + 1));
}

const char *parts_etag(const struct parts *parts, char out[ETAG_BYTES])
{
    struct digest digest = parts->count == 1 ? parts->items[0].digest : digest_of_all(parts, 0);

    return etag_of_digest(digest.bytes, out);
}

static bool is_in_a_part(const struct parts *parts, const char *boundary)
{
    size_t size = strlen(boundary);

    for (size_t i = 0; i < parts->count; i++) {
        if (parts->items[i].der->size <= LOOKED_THROUGH_BYTES &&
            memmem(parts->items[i].der->data, parts->items[i].der->size, boundary, size) != NULL) {
            return true;
        }
    }
    return false;
}

/* It is made of the digests of all parts, so that nobody can write a part that holds it; it is looked for still, but in
 * large CRLs, which would cost others their time. */
const char *parts_boundary(const struct parts *parts, char out[PARTS_BOUNDARY_BYTES])
{
    uint8_t try = 0;

    do {
        struct digest digest = digest_of_all(parts, ++try);
        memcpy(out, "part-", 5);
        digest_hex(bytes_of(digest.bytes, 16), out + 5);
    } while (is_in_a_part(parts, out));
    return out;
}

/* What a response holds. */
struct held {
    struct parts parts;
    char before[MAX_SEARCH_RESULTS][BEFORE_BYTES];
    char end[PARTS_BOUNDARY_BYTES + 16];
};

static void held_free(void *held_)
{
    struct held *held = held_;

    parts_free(&held->parts);
    free(held);
}

static struct held *hold(const struct parts *parts)
{
    struct held *held = calloc(1, sizeof(*held));

    if (held != NULL) {
        held->parts = *parts;
        for (size_t i = 0; i < parts->count; i++) {
            blob_ref(held->parts.items[i].der);
        }
    }
    return held;
}

static struct MHD_IoVec piece(const void *data, size_t size)
{
    return (struct MHD_IoVec){data, size};
}

/* RFC 2046 5.1.1: nothing before the first boundary, nor behind the last. */
static unsigned make_pieces(struct held *held, const char *boundary, struct MHD_IoVec pieces[PIECES_MAX])
{
    const struct parts *parts = &held->parts;
    unsigned count = 0;

    for (size_t i = 0; i < parts->count; i++) {
        snprintf(held->before[i], BEFORE_BYTES, "%s--%s\r\nContent-Type: %s\r\n\r\n", i > 0 ? "\r\n" : "", boundary,
                 parts->media_type);
        pieces[count++] = piece(held->before[i], strlen(held->before[i]));
        pieces[count++] = piece(parts->items[i].der->data, parts->items[i].der->size);
    }
    snprintf(held->end, sizeof(held->end), "\r\n--%s--\r\n", boundary);
    pieces[count++] = piece(held->end, strlen(held->end));
    return count;
}

static void blob_let_go(void *blob_)
{
    struct blob *blob = blob_;

    blob_free(&blob);
}

static struct MHD_Response *respond_one(const struct parts *parts)
{
    struct blob *blob = parts->items[0].der;
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(blob->size, blob->data, blob_let_go, blob_ref(blob));

    if (response == NULL) {
        blob_let_go(blob);
    }
    return response;
}

static struct MHD_Response *respond_several(const struct parts *parts, const char *boundary)
{
    struct MHD_IoVec pieces[PIECES_MAX];
    struct held *held = hold(parts);

    if (held == NULL) {
        return NULL;
    }
    unsigned count = make_pieces(held, boundary, pieces);
    struct MHD_Response *response = MHD_create_response_from_iovec(pieces, count, held_free, held);
    if (response == NULL) {
        held_free(held);
    }
    return response;
}

struct MHD_Response *parts_respond(const struct parts *parts, char type[PARTS_TYPE_BYTES])
{
    char boundary[PARTS_BOUNDARY_BYTES];

    if (parts->count == 1) {
        snprintf(type, PARTS_TYPE_BYTES, "%s", parts->media_type);
        return respond_one(parts);
    }
    snprintf(type, PARTS_TYPE_BYTES, "multipart/mixed; boundary=%s", parts_boundary(parts, boundary));
    return respond_several(parts, boundary);
}
