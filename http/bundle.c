#include "http/bundle.h"

#include <stdlib.h>

#include "x509/describe.h"

#define AROUND_BYTES 128 /* what a message has beside its certificates, and more */

struct bundle {
    size_t count;
    size_t bytes;           /* of the certificates */
    size_t mask;            /* of the places */
    struct answer **places; /* a hash table, by the digest of the best certificate; NULL: free */
};

struct bundle *bundle_new(size_t most)
{
    struct bundle *bundle = calloc(1, sizeof(*bundle));
    size_t places = 16;

    while (places < 2 * most) {
        places *= 2;
    }
    if (bundle != NULL) {
        bundle->mask = places - 1;
        bundle->places = calloc(places, sizeof(struct answer *));
    }
    if (bundle != NULL && bundle->places == NULL) {
        bundle_free(&bundle);
    }
    return bundle;
}

void bundle_clear(struct bundle *bundle)
{
    for (size_t i = 0; i <= bundle->mask && bundle->count > 0; i++) {
        bundle->count -= bundle->places[i] != NULL;
        answer_free(&bundle->places[i]);
    }
    bundle->bytes = 0;
}

void bundle_free(struct bundle **bundle)
{
    if (*bundle != NULL) {
        if ((*bundle)->places != NULL) {
            bundle_clear(*bundle);
        }
        free((*bundle)->places);
        free(*bundle);
        *bundle = NULL;
    }
}

/* Where the answer is, or is to be. Whoever aims at places needs certificates that are usable, and gets no further than
 * the end of a batch. */
static struct answer **place_of(const struct bundle *bundle, const struct answer *answer)
{
    uint64_t hash;

    memcpy(&hash, answer->best_digest, sizeof(hash));
    size_t at = (size_t)hash & bundle->mask;
    while (bundle->places[at] != NULL && !bytes_equal(bundle->places[at]->best, answer->best)) {
        at = (at + 1) & bundle->mask;
    }
    return &bundle->places[at];
}

void bundle_add(struct bundle *bundle, struct answer *answer)
{
    struct answer **place = place_of(bundle, answer);

    if (*place == NULL) {
        *place = answer_ref(answer);
        bundle->count++;
        bundle->bytes += answer->best.size;
    }
}

size_t bundle_count(const struct bundle *bundle)
{
    return bundle->count;
}

size_t bundle_bytes(const struct bundle *bundle)
{
    return bundle->bytes + AROUND_BYTES;
}

int bundle_render(const struct bundle *bundle, struct buffer *out)
{
    struct bytes *certificates = calloc(bundle->count, sizeof(*certificates));
    size_t count = 0;
    int result = -1;

    for (size_t i = 0; i <= bundle->mask && certificates != NULL; i++) {
        if (bundle->places[i] != NULL) {
            certificates[count++] = bundle->places[i]->best;
        }
    }
    if (certificates != NULL) {
        result = bundle_encode(certificates, count, out);
    }
    free(certificates);
    return result == 0 && !out->failed ? 0 : -1;
}
