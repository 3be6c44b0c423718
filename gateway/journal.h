/*
 * The drops of late, to be said again: when Redis was away meanwhile, or came
 * back with what it had before. Bounded; what is forgotten leaves its time.
 * Engine thread only.
 */
#ifndef GATEWAY_JOURNAL_H
#define GATEWAY_JOURNAL_H

#include "base/drop.h"

struct journal;

/* NULL: out of memory. `max`: drops that are remembered. */
struct journal *journal_new(size_t max);
void journal_free(struct journal **journal);

#define JOURNAL_HEARD INT64_MIN

/* `at`: wall seconds; `mono_ms`: when we had it to tell. JOURNAL_HEARD: another gateway did, who also sees to it that
 * it comes to Redis. */
void journal_add(struct journal *journal, const struct drop *drop, int64_t at, int64_t mono_ms);

/* There were drops up to then that we never heard of, or no longer know. */
void journal_forget(struct journal *journal, int64_t at);

/* The latest of those; 0: none. And when we had the latest to tell that was pushed out; INT64_MIN: none was. */
int64_t journal_forgotten_at(const struct journal *journal);
int64_t journal_forgotten_mono_ms(const struct journal *journal);

/* What Redis has lost is for everybody to tell who knows it: each drop of `at` or later is ours from now on. */
void journal_claim(struct journal *journal, int64_t at, int64_t now_mono_ms);

/* Gives each drop that was ours to tell at `mono_ms` or later, in the order they came, with its own times. `say` must
 * not add any. */
void journal_repeat(const struct journal *journal, int64_t mono_ms,
                    void (*say)(void *context, const struct drop *drop, int64_t at, int64_t mono_ms), void *context);

#endif
