/*
 * What asks for a purge, and what is said of it.
 *
 *     {"address": "alice@example.org"}   {"domain": "example.org"}   {"all": true}
 *     {"purged": {"address": "alice@example.org"}, "dropped": 1}
 */
#ifndef RENDER_PURGE_H
#define RENDER_PURGE_H

#include "base/buffer.h"
#include "base/drop.h"

/* Strict: exactly one of the three members, and no other. -1: see error. */
int render_read_purge(struct bytes json, struct drop *drop, struct error *error);
int render_purge(const struct drop *drop, struct buffer *out);

/* `dropped`: how many answers this gateway had in memory. */
int render_purged(const struct drop *drop, size_t dropped, struct buffer *out);

/* The reverse of the last: how many. -1: something else. */
int render_read_purged(struct bytes json, int64_t *dropped, struct error *error);

#endif
