/*
 * What the stories play: clock, engine, validators, directories, Redis. Each
 * played_*.c defines the functions of the real file of that name, so that the
 * linker takes these; the gateway between them is the real one.
 */
#ifndef SCENARIO_PLAYED_H
#define SCENARIO_PLAYED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/seal.h"

/* The clock stands still until it is moved. It starts at the true time, because certificates are made then. */
void played_clock_start(void);
void played_clock_pass(int64_t ms);
void played_clock_slow(bool slow); /* between two looks at a thread's own clock are milliseconds, and not nothing */
void played_clock_ahead(int64_t s); /* the wall's alone, of the time that has passed */

/* Milliseconds until the next timer; -1: none is set. Fires those that are due. */
int64_t played_next_timer_ms(void);
void played_fire_timers(void);

/* Runs what is posted to engines and submitted to pools until nothing is left. */
void played_settle(void);
bool played_run_pools(void);

/* Validators that do nothing, until they are told to work again: the newest first, or as it came. */
void played_pools(bool hang, bool newest_first);
void played_pools_once(void); /* what is submitted now is done, and nothing that comes after it */

enum played_mood { MOOD_ANSWERS, MOOD_DOWN, MOOD_HANGS, MOOD_CUTS, MOOD_NO_ENTRIES, MOOD_LATE, MOOD_OVERLOADED };

/* What stands in a directory. Values are copied; the empty list is an entry without certificates. */
void played_directory_reset(void);
void played_directory_put(const char *directory, const char *address, const struct bytes *values, unsigned count);
void played_directory_take(const char *directory, const char *address);
void played_directory_call(const char *directory, const char *address, const char *name); /* whom it has: his cn */
void played_directory_mood(const char *directory, enum played_mood mood);
unsigned played_directory_searches(const char *directory);

/* The directory tells those who follow it: "alice@example.org", "@example.org", "all" or "unseen". */
void played_directory_changed(const char *directory, const char *what);

/* What an entry of an issuer holds, by DN: one CRL or certificate. */
void played_directory_issuer(const char *directory, const char *dn, struct bytes value);
unsigned played_directory_readings(const char *directory);

/* What CRL servers do; each counts how often it was asked. Anything not put is down. */
enum played_web { WEB_ANSWERS, WEB_DOWN, WEB_HANGS, WEB_GARBAGE, WEB_BUSY, WEB_REFUSED };
void played_web_reset(void);
void played_web_put(const char *url, struct bytes body);
void played_web_mood(const char *url, enum played_web mood);
unsigned played_web_fetches(const char *url);

/* The one Redis that all gateways of a story share. */
void played_redis_reset(void);
void played_redis_up(bool up);
void played_redis_fill(bool full);
void played_redis_let_read(bool readable); /* or each read is refused */
void played_redis_be_late(bool late); /* with its answers to shared_get(): they come when it is not any longer */
void played_redis_tamper(void);  /* flips one bit in every value */
void played_redis_swap(void);    /* gives every key the value of another */
void played_redis_forget(void);
void played_redis_flush(void);   /* likewise, and those who listen are told */
void played_redis_touch(void);   /* as if somebody had written every value again */
void played_redis_save(void);    /* what it has now, */
void played_redis_restore(void); /* it has again */
void played_redis_track(bool on); /* whether it tells of changes */
struct shared;
void played_redis_cut(struct shared *shared, bool cut); /* from Redis, this gateway alone */
void played_redis_forget_evidence(void); /* and keeps the answers */
void played_redis_seal_evidence(const struct seal_ring *ring, struct bytes object); /* of now, in place of what is there */
unsigned played_redis_gets(void);
unsigned played_redis_sets(void);
bool played_redis_mentions(const char *text); /* in any key or value, in clear */

#endif
