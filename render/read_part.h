/*
 * Small readings of JSON from a gateway, within bounds. Private to
 * render/read_*.c.
 */
#ifndef RENDER_READ_PART_H
#define RENDER_READ_PART_H

#include <jansson.h>

#include "render/render.h"

struct reader {
    struct answer_draft *draft;
    struct error *error;
};

/* "": not there, or not a string. */
const char *part_text(const json_t *object, const char *key);

/* 0: not there, or not a number; more than `most` is that. */
int64_t part_number(const json_t *object, const char *key, int64_t most);

/* The words, and -1. */
int part_no_memory(struct reader *reader);

/* Exactly YYYY-MM-DDTHH:MM:SSZ, as we write it: no offset, no fraction; 0 where it is not there. -1: anything else. */
int part_time(struct reader *reader, const json_t *object, const char *key, int64_t *wall_s);

/* strdup() of part_text(). -1: out of memory. */
int part_copy(struct reader *reader, const json_t *object, const char *key, const char **copy);

/* The word of a reason that is not usable. -1: it is not known here. */
int part_reason(struct reader *reader, const json_t *object, const char *key, enum reason *reason);

#endif
