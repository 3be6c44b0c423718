/* What is found by its certificates, and not by its address (RFC 4387). */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cache/finder.h"
#include "gateway/steps.h"
#include "x509/crl_search.h"
#include "x509/search_keys.h"

/* Of the memory whose answers are found: an answer takes about 3 KiB there, and six places of 16 octets here. */
#define FINDER_PART 32

#define ISSUERS_KNOWN 64 /* a power of two */
#define KEYS_OF_ISSUER 3

/* An issuer stands in the chains of many answers, mostly as one blob: its keys are made once. */
struct issuer_keys {
    struct blob *der; /* a reference; NULL: none is known here */
    size_t count;
    uint64_t hashes[KEYS_OF_ISSUER];
};

struct locator {
    struct finder *finder;
    pthread_mutex_t lock; /* of what follows */
    struct issuer_keys issuers[ISSUERS_KNOWN];
};

struct locator *locator_new(size_t memory_bytes)
{
    struct locator *locator = calloc(1, sizeof(*locator));
    if (locator == NULL) {
        return NULL;
    }
    pthread_mutex_init(&locator->lock, NULL);
    locator->finder = finder_new(memory_bytes / FINDER_PART);
    if (locator->finder == NULL) {
        locator_free(&locator);
    }
    return locator;
}

void locator_free(struct locator **locator)
{
    if (*locator == NULL) {
        return;
    }
    for (size_t i = 0; i < ISSUERS_KNOWN; i++) {
        blob_free(&(*locator)->issuers[i].der);
    }
    finder_free(&(*locator)->finder);
    pthread_mutex_destroy(&(*locator)->lock);
    free(*locator);
    *locator = NULL;
}

static void add_issuer_key(void *context, const struct search_key *key)
{
    struct issuer_keys *keys = context;
    if (keys->count < KEYS_OF_ISSUER) {
        keys->hashes[keys->count++] = search_key_hash(key);
    }
}

static struct issuer_keys keys_of_issuer(struct locator *locator, struct blob *der)
{
    struct issuer_keys *known = &locator->issuers[(uintptr_t)der / sizeof(struct blob) % ISSUERS_KNOWN];
    pthread_mutex_lock(&locator->lock);
    struct issuer_keys keys = *known;
    pthread_mutex_unlock(&locator->lock);
    if (keys.der == der) {
        return keys;
    }
    struct blob *before;
    keys = (struct issuer_keys){.der = der};
    search_keys_each(blob_bytes(der), SEARCH_OF_ISSUER, add_issuer_key, &keys);
    pthread_mutex_lock(&locator->lock);
    before = known->der;
    *known = keys;
    blob_ref(der);
    pthread_mutex_unlock(&locator->lock);
    blob_free(&before);
    return keys;
}

struct finding {
    struct finder *finder;
    uint64_t address;
};

static void put_key(void *context, const struct search_key *key)
{
    const struct finding *finding = context;
    finder_put(finding->finder, search_key_hash(key), finding->address);
}

static void put_issuer(const struct finding *finding, const struct issuer_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        finder_put(finding->finder, keys->hashes[i], finding->address);
    }
}

void make_findable(struct lookup *lookup, const struct answer *answer)
{
    struct locator *locator = lookup->locator;
    if (locator == NULL) {
        return;
    }
    struct finding finding = {locator->finder,
                              digest_table_hash(bytes_of(answer->address.text, answer->address.size))};
    for (size_t i = 0; i < answer->usable_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        search_keys_each(blob_bytes(certificate->der), SEARCH_OF_LEAF, put_key, &finding);
        for (size_t j = 0; j < certificate->chain_count; j++) {
            struct issuer_keys keys = keys_of_issuer(locator, certificate->chain[j]);
            put_issuer(&finding, &keys);
        }
    }
}

static void note_match(void *context, struct blob *der)
{
    (void)der;
    *(bool *)context = true;
}

/* What the finder says may be of an answer before, or of another key. */
static bool has_key(const struct answer *answer, const struct search_key *key)
{
    bool has = false;
    search_keys_find(answer, key, note_match, &has);
    return has;
}

size_t lookup_find(struct lookup *lookup, const struct search_key *key, struct answer **answers, size_t most)
{
    uint64_t hashes[MAX_SEARCH_RESULTS];
    size_t count = 0, found = 0;
    if (lookup->locator != NULL) {
        found = finder_get(lookup->locator->finder, search_key_hash(key), hashes,
                           most < MAX_SEARCH_RESULTS ? most : MAX_SEARCH_RESULTS);
    }
    for (size_t i = 0; i < found; i++) {
        struct answer *answer = memory_find(lookup->parts.memory, hashes[i]);
        if (answer != NULL && has_key(answer, key)) {
            answers[count++] = answer;
        } else {
            answer_free(&answer);
        }
    }
    return count;
}

size_t lookup_crls(struct lookup *lookup, const struct search_key *key, struct search_match *crls, size_t most)
{
    struct world *world = lookup_world_ref(lookup);
    struct evidence *evidence = evidence_store_ref(lookup->parts.evidence);
    size_t count = crl_search(world->policies, evidence, key, clock_wall_s(), crls, most);
    evidence_free(&evidence);
    world_retire(&world, lookup->parts.background);
    return count;
}
