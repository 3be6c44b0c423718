/*
 * The inside of gateway/coherence.h:
 *
 *   coherence.c        epochs, and what Redis tells
 *   coherence_drops.c  drops: to the others and from them, and again after a loss
 */
#ifndef GATEWAY_COHERENCE_PRIVATE_H
#define GATEWAY_COHERENCE_PRIVATE_H

#include "cache/drop_record.h"
#include "cache/redis.h"
#include "gateway/coherence.h"
#include "gateway/journal.h"
#include "gateway/names.h"
#include "gateway/steps.h"

/* The record of what was dropped, under one key of the ring, being read. */
struct reading {
    struct coherence *coherence;
    size_t which;
    char key[RECORD_KEY_BYTES];
    bool under_way, again;
    bool failed; /* the last time */
    bool checks; /* whether Redis has lost what it had been told */
};

struct coherence {
    struct lookup *lookup;
    struct shared *shared;
    struct names *names;

    /* For coherence_covers(), on any thread. */
    _Atomic uint64_t now;      /* epoch << 2 | enum shared_state */
    _Atomic uint64_t heard;    /* the last epoch that ended in which we heard: epoch << 32 | second of its end */
    _Atomic int64_t memory_ttl_s, unconfirmed_s;
    atomic_bool is_settled;    /* for coherence_is_settled() */

    char prefix[RECORD_PREFIX_MAX + 1];
    char purged_keys[SEAL_KEYS_MAX][RECORD_KEY_BYTES];
    size_t ring_count;

    /* Drops */
    uint8_t sender[DROP_SENDER_BYTES];
    struct journal *journal;
    struct timer deaf;         /* while nothing tells us of changes, we look */
    struct timer reread;       /* of readings that failed */
    struct purged purged;      /* all that we know of */
    struct reading readings[SEAL_KEYS_MAX];
    struct timer write;        /* of `purged`, and of what could not be sent */
    bool write_is_due;
    int64_t unsent_ms;         /* drops since then have not all been sent; INT64_MAX: they have */
};

bool coherence_is_up(const struct coherence *coherence);
bool coherence_is_deaf(const struct coherence *coherence);

/* coherence_drops.c */
int drops_open(struct coherence *coherence); /* -1: out of memory; drops_close() is still due */
void drops_close(struct coherence *coherence);
void drops_back(struct coherence *coherence);   /* Redis is there again */
void drops_away(struct coherence *coherence);
void drops_deaf(struct coherence *coherence);
void drops_read(struct coherence *coherence);   /* the record of what was dropped changed, or may have */
void drops_said(struct coherence *coherence, struct bytes message);

#endif
