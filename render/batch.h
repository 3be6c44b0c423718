/*
 * What a batch asks, and what is said of each recipient in its answer.
 *
 *     {"recipients": ["alice@example.org", …]}
 *     {"recipients": [{"address": "alice@example.org", "status": "ok", "certificate": "MIID…", …}, …]}
 *
 * A recipient is described from what an answer holds in any case: nothing is
 * parsed, so that an answer seen for the first time costs a batch little.
 */
#ifndef RENDER_BATCH_H
#define RENDER_BATCH_H

#include "base/answer.h"
#include "base/buffer.h"
#include "base/error.h"

/* Appends one recipient as a JSON object. `told`: the reason that is told where there is no certificate, mostly the
 * answer's. `sent`: the address as it came, for an answer that names none. */
void render_recipient(const struct answer *answer, enum reason told, bool stale, struct bytes sent,
                      struct buffer *out);

/* One of whom there is no answer, for a reason of an outcome unknown that passes. */
void render_recipient_untold(struct bytes sent, enum reason reason, int64_t retry_after_s, struct buffer *out);

/* One that is no address; `why` is a sentence for people. */
void render_recipient_invalid(struct bytes sent, const char *why, struct buffer *out);

struct recipient_list {
    struct bytes *texts; /* UTF-8 without NUL, and no more is known of them; they may be views into the body */
    size_t count;
};

enum recipients_fault { RECIPIENTS_OK, RECIPIENTS_BAD, RECIPIENTS_TOO_MANY, RECIPIENTS_NO_MEMORY };

/* Strict: one member "recipients", an array of at most `most` strings. In any case recipient_list_free(). */
enum recipients_fault render_read_recipients(struct bytes json, size_t most, struct recipient_list *list,
                                             struct error *error);
void recipient_list_free(struct recipient_list *list);

#endif
