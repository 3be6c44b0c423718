/*
 * Several gateways over one Redis: what memory holds is as good as what Redis
 * has, or it is not served before Redis was asked.
 *
 * While Redis tells us of every change, an answer in memory serves for its whole
 * life: another gateway's newer answer, or a deletion, takes it out. Each time
 * that we hear, or no longer do, an epoch begins. What was put into memory in an
 * epoch before is confirmed by one GET; while Redis is away it serves for
 * `redis.unconfirmed` more. Where Redis cannot tell (before version 6, or a user
 * who may not), cache.memory-ttl bounds how long an answer goes unconfirmed.
 *
 * A drop goes to the others three ways: the record is deleted; a message tells
 * those who listen, also when there was no record; and of domains and of
 * everything a record stays, for those who come later. All are repeated when
 * Redis was away, or came back without what it had been told.
 *
 * Engine thread only, but for what says otherwise.
 */
#ifndef GATEWAY_COHERENCE_H
#define GATEWAY_COHERENCE_H

#include "base/drop.h"
#include "gateway/flight.h"

struct coherence;

/* `lookup` has a Redis, a world and a memory, and outlives it. NULL: out of memory. */
struct coherence *coherence_new(struct lookup *lookup);
void coherence_free(struct coherence **coherence);

/* The lookup has another world now. */
void coherence_adopt(struct coherence *coherence);

/* Any thread. Under what conditions something begins now: epoch and time. That is what answer->standing.confirmed
 * says. */
int64_t coherence_stamp(const struct coherence *coherence);

/* Any thread, no lock. Whether an answer that was confirmed then may serve without asking Redis. */
bool coherence_covers(const struct coherence *coherence, int64_t stamp);

/* Any thread. Whether others than the engine may ask Redis for records: the engine's own connection is up, and it has
 * read there what was dropped, which the records may still be about. */
bool coherence_is_settled(const struct coherence *coherence);

/* Any thread. The epoch; it goes on with each change in what we hear. */
uint32_t coherence_epoch(const struct coherence *coherence);

/* Any thread. Whether what was found since then may go to Redis: nothing can have been dropped that we would have heard
 * of, were it not for a change in what we hear. */
bool coherence_may_store(const struct coherence *coherence, int64_t stamp);

/* Whether another gateway changed the flight's record since the flight began. */
bool coherence_is_overtaken(const struct coherence *coherence, const struct flight *flight);

/* Any thread. The same of a record by its key, since there were so many drops. */
bool coherence_changed_since(const struct coherence *coherence, const char *key, uint64_t began);

/* The flight's answer is in memory now. */
void coherence_kept(struct coherence *coherence, const struct flight *flight);

/* Tells Redis and the other gateways of a drop. Returns the time that it goes under, wall seconds: now, but where
 * others dropped the same with a clock that is ahead, after that. */
int64_t coherence_tell(struct coherence *coherence, const struct drop *drop);

#endif
