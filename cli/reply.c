#include "cli/reply.h"

void reply_init(struct reply *reply)
{
    *reply = (struct reply){0};
    /* A character that is escaped for safety may take six times its room. */
    buffer_init(&reply->document, 6 * (size_t)MAX_JSON_BYTES);
}

void reply_clear(struct reply *reply)
{
    answer_free(&reply->answer);
    buffer_free(&reply->document);
    reply->stale = false;
}
