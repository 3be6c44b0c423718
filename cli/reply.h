/*
 * What came back for one address, from a directory or a gateway.
 */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include "base/answer.h"
#include "base/buffer.h"

struct reply {
    struct answer *answer;  /* owned; NULL: found, and `document` is all there is */
    struct buffer document; /* as a gateway made it, in the format that was wished; empty: make it from the answer */
    bool stale;
};

void reply_init(struct reply *reply);
void reply_clear(struct reply *reply);

#endif
