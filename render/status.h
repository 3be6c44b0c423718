/*
 * What a gateway does and how it fares, as JSON, for people and their dashboards
 * (/v1/status): what stands in counters and gauges (base/metrics.h) since it
 * started, and what it is asked about itself.
 */
#ifndef RENDER_STATUS_H
#define RENDER_STATUS_H

#include "base/buffer.h"

struct status {
    const char *why_not;            /* ready: NULL; else a sentence */
    bool has_redis;                 /* the configuration names one */
    const char *const *directories; /* their names, in the configuration's order */
    size_t directory_count;
};

/* -1: the buffer is full or memory is out. */
int render_status(const struct status *status, struct buffer *out);

#endif
