/*
 * What the fetcher remembers of each host: how often it was asked of late, how
 * many threads are with it, and whether it answers. A bounded table; whoever is
 * forgotten for want of room is the one that was asked longest ago.
 *
 * No lock: the fetcher's is held by whoever calls.
 */
#ifndef FETCH_HOSTS_H
#define FETCH_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

struct hosts;

/* A host may have half of the threads. All hosts that have not answered yet, or did not the last time, may have all but
 * one together: however many hang, those that are known to answer are served. NULL: out of memory. */
struct hosts *hosts_new(int64_t per_minute, int64_t threads);
void hosts_free(struct hosts **hosts);

/* Takes one from the host's allowance: as many as `per_minute` at once, and again as time goes by. False: used up;
 * `wait_s` is when there will be another one. */
bool hosts_take(struct hosts *hosts, const char *host, int64_t now_ms, int64_t *wait_s);

/* Whether a thread may turn to the host now. */
bool hosts_may_start(const struct hosts *hosts, const char *host);

/* A thread does so; and has done, with an answer (whatever it was), or without. One that had no time to answer in is
 * held for what it was. */
enum host_word { HOST_ANSWERED, HOST_SILENT, HOST_HAD_NO_TIME };
void hosts_start(struct hosts *hosts, const char *host);
void hosts_end(struct hosts *hosts, const char *host, enum host_word word);

#endif
