/*
 * What we know of one address: the answer to one lookup.
 *
 * An answer is written once, as a struct answer_draft that somebody fills in,
 * and then made into a struct answer by answer_make(): immutable, in one block
 * of memory, reference-counted, shared by every thread, both caches and every
 * format. Nothing changes it afterwards but its standing with the memory cache;
 * what differs from request to request (which layer it came from, whether it is
 * stale) stands in struct served.
 *
 * Certificates stand best first; those that are usable before those that were
 * refused. The bytes of a value are the directory's bytes, unchanged.
 */
#ifndef BASE_ANSWER_H
#define BASE_ANSWER_H

#include <stdatomic.h>

#include "base/address.h"
#include "base/blob.h"
#include "base/digest.h"
#include "base/outcome.h"
#include "base/trail.h"

/* In what attribute a value stood. Its words are those of RFC 4523 and RFC 2798. */
enum attribute { ATTRIBUTE_USER_CERTIFICATE, ATTRIBUTE_USER_SMIME_CERTIFICATE };
const char *attribute_name(enum attribute attribute);

/* Where a value came from. Strings are owned by what holds the struct. */
struct source {
    const char *directory;
    const char *dn;
    enum attribute attribute;
    uint32_t index; /* of the value among those of the attribute, from 0, as the server sent them */
    const char *mails; /* the entry's own mail values, at most MAX_ENTRY_MAILS, normalised, each ended by '\n';
                          NULL or "": none */
};

/* What revocation checking said of the whole chain. */
enum revocation_status {
    REVOCATION_NOT_CHECKED, /* revocation = off, or an earlier rule refused the value */
    REVOCATION_GOOD,
    REVOCATION_UNKNOWN,     /* no usable evidence: refused under `require`, marked under `prefer` */
    REVOCATION_REVOKED
};
const char *revocation_word(enum revocation_status status); /* "not_checked" "good" "unknown" "revoked" */

struct revocation {
    enum revocation_status status;
    int64_t revoked_at;  /* wall seconds, 0: not revoked */
    int crl_reason;      /* RFC 5280 5.3.1 CRLReason of the entry; -1: none stated */
    int64_t this_update; /* of the CRL of the leaf's issuer; 0: none */
    int64_t next_update; /* the earliest among the evidence; 0: none */
    bool awaited;        /* status unknown, but evidence may still come: a CRL past its nextUpdate, or a place to ask */
};
const char *crl_reason_word(int crl_reason); /* "keyCompromise"…; NULL: none stated or not known */

/* One value seen, with its verdict. */
struct certificate {
    struct blob *value;         /* the attribute value, as the directory sent it */
    struct blob *der;           /* the leaf certificate; the same blob where the value is just that. NULL: malformed */
    struct blob **chain;        /* from the leaf's issuer up to and with the anchor; interned */
    size_t chain_count;
    struct source source;
    enum reason reason;         /* REASON_USABLE, or why not */
    const char *detail;         /* "keyUsage lacks keyEncipherment (RFC 5280 4.2.1.3)"; "" when usable without remark */
    struct revocation revocation;
    bool unsettled;             /* refused, but a limit of ours ended the search before all was looked at. Not cached */
    int64_t not_after;          /* the earliest of the chain, wall seconds */
    uint64_t *links;            /* link_id() of each certificate below the anchor; see x509/evidence.h */
    size_t link_count;          /* at most MAX_CHAIN */
    struct trail *trail;        /* how the verdict came about; NULL: nobody asked. Never in a cache */
};

/* How one directory fared. */
enum asked_result {
    ASKED_ANSWERED,
    ASKED_CUT_OFF,
    ASKED_TIMED_OUT,
    ASKED_UNAVAILABLE,
    ASKED_OVERLOADED  /* not asked: so many searches wait that it would not have been answered in time */
};
#define ASKED_RESULTS (ASKED_OVERLOADED + 1)
const char *asked_word(enum asked_result result); /* "answered" "cut_off" "timed_out" "unavailable" "overloaded" */

struct asked {
    const char *directory;
    enum asked_result result;
    uint32_t duration_ms;
    uint32_t entries;
    uint32_t values;
    const char *error; /* "" when answered */
};

/* How an answer stands with the memory cache: all of it that changes, on any thread. Whoever has a reference can tell
 * from here, without a lock, whether the cache would still give it out. */
struct standing {
    atomic_bool kept;             /* it is in there: from being put until it is replaced, dropped or evicted */
    atomic_bool asked;            /* somebody asked for it since eviction last came by; see cache/memory_shard.c */
    _Atomic int64_t confirmed;    /* under what conditions it was put last, as who did it says: gateway/coherence.h */
    _Atomic int64_t renew_at;     /* wall seconds; who gets it from then on has it renewed. INT64_MAX: nobody does */
};

/* Half a SHA-256: enough to tell one certificate from another. */
#define ANSWER_DIGEST_BYTES (DIGEST_BYTES / 2)

struct answer {
    /* What is read each time that it is given out stands together: in a large cache every line of it is far away. */
    atomic_uint references;
    enum outcome outcome;
    struct standing standing;
    uint64_t generation;    /* of the world that it was judged in; see gateway/world.h */
    int64_t made_at;        /* wall seconds, when the directories were asked: what they said is no older */
    int64_t fresh_until;    /* wall seconds; never beyond a usable certificate's notAfter or its CRLs' nextUpdate */

    struct address_text {
        const char *text;   /* right behind the struct */
        size_t size;
    } address;

    struct bytes best;      /* the DER of the best certificate, in its blob; empty: none is usable */
    uint8_t best_digest[ANSWER_DIGEST_BYTES]; /* of that, so that no request hashes it again; else zeros */
    size_t usable_count;

    const struct certificate *certificates; /* usable_count usable ones, best first, then the refused ones */
    size_t certificate_count;
    enum reason reason;     /* why none or unknown; REASON_USABLE when found */
    bool partial;           /* found, but a directory was not asked or cut its answer off */
    uint64_t scope;         /* names the set of directories that were asked; see gateway/world.h */
    struct digest policy;   /* fingerprint of the policy that judged it */
    int64_t stale_until;    /* wall seconds; until then it may serve while its directory is down */
    int64_t retry_after_s;  /* outcome unknown: when to ask again */
    size_t memory_bytes;    /* this block and the blobs that only it holds: what it costs the memory cache */
    const struct asked *asked;
    size_t asked_count;
};

/* The same, being written. The writer owns every pointer in it; arrays may be larger than their counts. */
struct answer_draft {
    enum outcome outcome;
    enum reason reason;
    bool partial;
    uint64_t generation;
    uint64_t scope;
    struct digest policy;
    int64_t made_at, fresh_until, stale_until, retry_after_s;
    struct certificate *certificates;
    size_t certificate_count, usable_count;
    bool is_digested; /* best_digest is known, and whoever says so vouches for it; else answer_make() makes it */
    uint8_t best_digest[ANSWER_DIGEST_BYTES];
    struct asked *asked;
    size_t asked_count;
    struct address address; /* the last, as it is long and rarely wholly written */
};

/* Empty, but for its address. */
static inline void answer_draft_begin(struct answer_draft *draft, const struct address *address)
{
    memset(draft, 0, offsetof(struct answer_draft, address));
    address_copy(&draft->address, address);
}

/* Copies the draft; its blobs get one more reference each. One reference to the answer, the caller's. NULL: out of
 * memory. */
struct answer *answer_make(const struct answer_draft *draft);

/* The same, but blobs and trails become the answer's, and the draft has no certificates any more. For a draft whose
 * strings, chains and links are not its own, as a record's. NULL: out of memory, and the draft is as it was. */
struct answer *answer_take(struct answer_draft *draft);

struct answer *answer_ref(struct answer *answer);

/* A hit is about to read it: lets all that it reads come from main memory at a time, not one after the other. */
static inline void answer_fetch_ahead(const struct answer *answer)
{
    __builtin_prefetch(answer, 1); /* its references are written */
    __builtin_prefetch(&answer->best);
    __builtin_prefetch(answer + 1); /* its address */
}

/* Somebody was given it. Only the first one writes: what is asked for often stays in the caches of all cores. */
static inline void answer_asked(struct answer *answer)
{
    if (!atomic_load_explicit(&answer->standing.asked, memory_order_relaxed)) {
        atomic_store_explicit(&answer->standing.asked, true, memory_order_relaxed);
    }
}

void answer_free(struct answer **answer); /* gives the reference back, sets the pointer to NULL */

/* Short of memory for anything else, one may always say this: a shared answer "unknown, internal". Never freed. */
struct answer *answer_internal_error(void);

/* Frees the blobs, arrays and strings of a draft whose parts were all made by malloc() and blob_new(). */
void answer_draft_free(struct answer_draft *draft);

/* Which layer an answer came from. */
enum layer { LAYER_DIRECTORY, LAYER_REDIS, LAYER_MEMORY };
const char *layer_word(enum layer layer); /* "directory" "redis" "memory" */

/* An answer on its way to one client. Owns one reference. */
struct served {
    struct answer *answer;
    enum layer layer;
    bool stale;
};

/* Somebody who waits for an answer. Lives inside the waiter's own struct, who keeps it alive until `ready` was called:
 * exactly once, on any thread, with a reference to the answer that becomes the waiter's. `ready` must not block. */
struct waiter {
    void (*ready)(struct waiter *waiter, struct served served);
    struct waiter *next; /* the flight's */
    int64_t asked_us;    /* the lookup's: mono, when it began to wait. 0: what it waits for is no lookup of its own */
};

#endif
