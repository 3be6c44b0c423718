#include "x509/need.h"

#include <stdlib.h>
#include <string.h>

static void add_blob(struct digest_stream *stream, const struct blob *blob)
{
    digest_stream_add(stream, blob != NULL ? blob_bytes(blob) : bytes_of(NULL, 0));
}

struct digest need_key(const struct need *need)
{
    struct digest_stream *stream = digest_stream_new();
    struct digest none = {{0}};

    if (stream == NULL) {
        return none;
    }
    digest_stream_add_number(stream, need->kind);
    digest_stream_add_string(stream, need->url);
    digest_stream_add_string(stream, need->directory);
    digest_stream_add_string(stream, need->dn);
    if (need->kind == NEED_OCSP) { /* not the request: its nonce is another each time */
        add_blob(stream, need->subject);
        add_blob(stream, need->issuer);
    }
    return digest_stream_end(&stream);
}

bool need_is_last(const struct need *need)
{
    return need->kind == NEED_ISSUER && need->url != NULL;
}

int need_copy(const struct need *need, struct need *copy)
{
    *copy = (struct need){
        .kind = need->kind,
        .url = need->url != NULL ? strdup(need->url) : NULL,
        .directory = need->directory != NULL ? strdup(need->directory) : NULL,
        .dn = need->dn != NULL ? strdup(need->dn) : NULL,
        .request = blob_ref(need->request),
        .subject = blob_ref(need->subject),
        .issuer = blob_ref(need->issuer),
        .key = need_key(need),
    };
    if ((need->url != NULL && copy->url == NULL) || (need->directory != NULL && copy->directory == NULL) ||
        (need->dn != NULL && copy->dn == NULL)) {
        need_clear(copy);
        return -1;
    }
    return 0;
}

void need_clear(struct need *need)
{
    free(need->url);
    free(need->directory);
    free(need->dn);
    blob_free(&need->request);
    blob_free(&need->subject);
    blob_free(&need->issuer);
    *need = (struct need){0};
}

bool needs_add(struct needs *needs, const struct need *need)
{
    struct digest key = need_key(need);

    for (size_t i = 0; i < needs->count; i++) {
        if (digest_equal(&needs->items[i].key, &key)) {
            return true;
        }
    }
    if (needs->count == MAX_NEEDS || need_copy(need, &needs->items[needs->count]) < 0) {
        return false;
    }
    needs->count++;
    return true;
}

void needs_free(struct needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        need_clear(&needs->items[i]);
    }
    needs->count = 0;
}
