/*
 * The way of one lookup, step 4, without the engine: the thread that read the
 * request asks Redis on a connection of its own, and where that has the answer
 * it goes out from there. Whatever else comes of it is the engine's: nothing
 * there, Redis away, another policy, an older answer in memory, keys that change.
 *
 *   the thread that asks   inquiry_ask() → GET → on_record() → everybody who waits has the answer
 *   the engine             keeps it in memory; or the flight begins, knowing that Redis has none
 *
 * While Redis has had nothing for some lookups in a row, the engine asks it and the
 * directories at the same time (gateway/hedge.h): then the question goes there at
 * once, and stands in the table all the same.
 *
 * Whoever asks the same meanwhile, on any thread, waits with the first one: one
 * address has one GET under way. While the flight that follows is, questions for
 * it go straight to the engine, which has them join.
 */
#ifndef GATEWAY_INQUIRY_H
#define GATEWAY_INQUIRY_H

#include "gateway/question.h"

struct shared;
struct inquiries;

/* NULL: out of memory. After inquiries_free() nobody may have an answer of Redis outstanding. */
struct inquiries *inquiries_new(void);
void inquiries_free(struct inquiries **inquiries);

/* This thread has a connection of its own from now on, made in this epoch (coherence_epoch()), on which `lookup` asks;
 * NULL: no longer. */
void inquiry_use(struct lookup *lookup, struct shared *shared, uint32_t epoch);

/* True: the question is taken over. False: it is one for the engine. */
bool inquiry_ask(struct question *question);

/* Whoever's the question is now. It was answered, or nobody waits: frees it, and sets it to NULL. */
void inquiry_end(struct question **question);

/* Engine thread. Everybody who still waits for Redis is told that we are shutting down. */
void inquiries_end(struct lookup *lookup);

#endif
