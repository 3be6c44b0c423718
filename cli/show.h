/*
 * Replies to standard output, complaints to standard error.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/options.h"
#include "cli/reply.h"

struct shown {
    const struct options *options;
    bool colour;
    size_t count; /* replies written so far */
};

void show_init(struct shown *shown, const struct options *options);

/* Writes one reply; where the wished format has nothing to say (no certificate for DER), a line to standard error.
 * -1: standard output failed, or memory is out; complained already. */
int show_reply(struct shown *shown, const struct reply *reply);

/* Writes some bytes. -1: as above. */
int show_bytes(const struct buffer *bytes);

/* -1: what was written did not arrive (a full disk); complained already. */
int show_end(void);

/* "certlookup: …" on standard error; what comes from outside cannot drive the terminal. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
