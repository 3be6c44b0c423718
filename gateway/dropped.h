/*
 * What was dropped lately, so that nothing older comes back: a flight that began
 * before a drop may rest on what the drop was about, and a record of then does.
 *
 * It remembers in a table of fixed size by hashes alone. Two that share a place
 * share their drops: it may say "dropped" for another's sake, which costs a
 * lookup more, but never forgets one. The engine thread alone notes; any may ask.
 */
#ifndef GATEWAY_DROPPED_H
#define GATEWAY_DROPPED_H

#include "base/drop.h"

struct dropped;

/* NULL: out of memory. */
struct dropped *dropped_new(void);
void dropped_free(struct dropped **dropped);

/* `at`, wall seconds: what was found then or before is dropped. */
void dropped_note(struct dropped *dropped, const struct drop *drop, int64_t at);

/* The answer to some address, of which only this number is known (the name of its record), was replaced elsewhere: this
 * is about flights alone. */
void dropped_note_name(struct dropped *dropped, uint64_t name);

/* How many notes there are: one who begins now remembers it. */
uint64_t dropped_number(const struct dropped *dropped);

/* Has the processor read what the next functions will look at, as long as something else is to be done. */
void dropped_fetch_ahead(const struct dropped *dropped, const struct address *address);

/* Whether anything was noted about the address, or about the name, since there were `number` notes. */
bool dropped_since(const struct dropped *dropped, const struct address *address, uint64_t number);
bool dropped_name_since(const struct dropped *dropped, uint64_t name, uint64_t number);

/* Whether what was found about the address at `made_at` (wall seconds) was dropped. */
bool dropped_holds(const struct dropped *dropped, const struct address *address, int64_t made_at);

#endif
