#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "cache/redis_private.h"

/*
 * hiredis trusts its server: it buffers whatever length a reply announces, makes
 * room for every element of an array before one has come, and asserts that each
 * reply answers a command and that each message is made as Redis makes it.
 * Whoever is at the other end of a socket is no reason to die, so this stands
 * before it twice: after each read the buffer may hold so much and no more, and
 * a reply may be made only of what we asked for:
 *
 *     an answer    status, error, integer, string or nil, while a command waits for it
 *     a message    where the line has channels: *3, then
 *                  "subscribe"  channel  integer           once for each channel
 *                  "message"    channel  string            or, where Redis tells of changed keys,
 *                  "message"    channel  *n of strings, or nil
 */
#define LINE_MAX_BYTES 1024 /* of a status, an error, or the length before a string */

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static redisReplyObjectFunctions guarded; /* hiredis keeps a pointer to it, for as long as a context lives */
static const redisReplyObjectFunctions *originals;
static pthread_once_t once = PTHREAD_ONCE_INIT; /* several threads have connections of their own */

static const char *unread_fault(const redisReader *reader, size_t unread_max)
{
    const char *unread = reader->buf + reader->pos;
    size_t size = reader->len - reader->pos;

    if (size > unread_max) {
        return "it sends a reply over the limit";
    }
    if (size > LINE_MAX_BYTES && memmem(unread, LINE_MAX_BYTES, "\r\n", 2) == NULL) {
        return "it sends what is not the Redis protocol";
    }
    return NULL;
}

/* hiredis calls this after each read that went well, before it takes the bytes apart. */
static void add_read(void *adapter)
{
    redisAsyncContext *context = ((redisLibeventEvents *)adapter)->context;
    struct line *line = context->data;
    const char *fault;

    redisLibeventAddRead(adapter);
    if (line == NULL || line->broken != NULL || context->c.reader->buf == NULL) {
        return;
    }
    fault = unread_fault(context->c.reader, line->unread_max);
    if (fault != NULL) {
        count(COUNT_LIMIT_RECORD_BYTES);
        line_break(line, fault);
    }
}

/* hiredis calls this with each command, to be told when the socket takes more. It mostly does at once: so all that is
 * said in one turn of the loop goes out at its end, in one piece, and the loop need not be asked for the socket. Only
 * what did not go out then waits for it; and so does a connection that is not there yet. */
static void add_write(void *adapter)
{
    redisAsyncContext *context = ((redisLibeventEvents *)adapter)->context;
    struct line *line = context->data;

    if (line == NULL || line->is_flushing || (context->c.flags & REDIS_CONNECTED) == 0) {
        redisLibeventAddWrite(adapter);
    } else {
        event_active(line->flush, EV_WRITE, 0);
    }
    if (line != NULL) {
        line->is_flushing = false;
    }
}

/* And this when all is sent. */
static void del_write(void *adapter)
{
    struct line *line = ((redisLibeventEvents *)adapter)->context->data;

    redisLibeventDelWrite(adapter);
    if (line != NULL) {
        line->is_flushing = false;
    }
}

/* An error may come unasked, as farewell ("max number of clients reached"): hiredis closes then. */
static bool is_expected(const redisReadTask *task)
{
    const redisAsyncContext *context = task->privdata;

    return task->parent == NULL && (context->replies.head != NULL || task->type == REDIS_REPLY_ERROR);
}

/* An answer of the size of most records, made without allocating. hiredis has one at a time on each thread: it is freed
 * before the next is made. */
static _Thread_local struct {
    bool is_taken;
    redisReply reply;
    char text[4096];
} ordinary;

static void *make_answer(const redisReadTask *task, char *text, size_t size)
{
    if (ordinary.is_taken || task->type != REDIS_REPLY_STRING || size >= sizeof(ordinary.text)) {
        return originals->createString(task, text, size);
    }
    memcpy(ordinary.text, text, size);
    ordinary.text[size] = '\0';
    ordinary.reply = (redisReply){.type = REDIS_REPLY_STRING, .str = ordinary.text, .len = size};
    ordinary.is_taken = true;
    return &ordinary.reply;
}

static void free_reply(void *reply)
{
    if (reply == &ordinary.reply) {
        ordinary.is_taken = false;
    } else {
        originals->freeObject(reply);
    }
}

/* hiredis takes NULL for lack of memory, and closes. */
static void *refuse(const redisReadTask *task)
{
    const redisAsyncContext *context = task->privdata;
    struct line *line = context->data;

    if (line != NULL && line->broken == NULL) {
        line->broken = "it sends a reply that nothing was asked for";
    }
    return NULL;
}

/* The line, if `task` is a part of a message; how deep it is in there. NULL: no message may come here. */
static struct line *line_of(const redisReadTask *task)
{
    const redisAsyncContext *context = task->privdata;
    struct line *line = context->data;

    return line != NULL && line->channels != NULL && context->replies.head == NULL ? line : NULL;
}

static unsigned depth_of(const redisReadTask *task)
{
    unsigned depth = 0;

    for (const redisReadTask *up = task->parent; up != NULL && depth < 3; up = up->parent) {
        depth++;
    }
    return depth;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

/* False: it is the name of no channel of ours, or was confirmed before. */
static bool take_channel(struct line *line, const char *text, size_t size)
{
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        unsigned bit = 1U << i;

        if (is_word(text, size, line->channels[i])) {
            bool news = (line->confirmed & bit) == 0;
            line->push.channel = (enum channel)i;
            line->confirmed |= line->push.is_message ? 0 : bit;
            return line->push.is_message || news;
        }
    }
    return false;
}

static bool is_part(const redisReadTask *task, const char *text, size_t size)
{
    struct line *line = line_of(task);
    unsigned depth = depth_of(task);

    if (line == NULL || task->type != REDIS_REPLY_STRING) {
        return false;
    }
    if (depth == 2) {
        return size <= MAX_CHANGED_KEY_BYTES; /* the array that it is in was let through */
    }
    switch (task->idx) {
    case 0:
        line->push.is_message = is_word(text, size, "message");
        return line->push.is_message || is_word(text, size, "subscribe");
    case 1:
        return take_channel(line, text, size);
    default:
        return line->push.is_message && line->push.channel != CHANNEL_CHANGED && size <= MAX_MESSAGE_BYTES;
    }
}

static void *make_string(const redisReadTask *task, char *text, size_t size)
{
    if (task->parent == NULL) {
        return is_expected(task) ? make_answer(task, text, size) : refuse(task);
    }
    return is_part(task, text, size) ? originals->createString(task, text, size) : refuse(task);
}

static void *make_integer(const redisReadTask *task, long long number)
{
    const struct line *line = line_of(task);
    bool confirms = line != NULL && depth_of(task) == 1 && task->idx == 2 && !line->push.is_message;

    return is_expected(task) || confirms ? originals->createInteger(task, number) : refuse(task);
}

/* Whether what follows is the list of changed keys. */
static bool is_changes(const redisReadTask *task)
{
    const struct line *line = line_of(task);

    return line != NULL && depth_of(task) == 1 && task->idx == 2 && line->push.is_message &&
           line->push.channel == CHANNEL_CHANGED;
}

static void *make_nil(const redisReadTask *task)
{
    return is_expected(task) || is_changes(task) ? originals->createNil(task) : refuse(task);
}

static void *make_array(const redisReadTask *task, element_count size)
{
    bool begins = line_of(task) != NULL && task->parent == NULL && size == 3;

    if (is_changes(task) && size > MAX_CHANGED_KEYS) {
        count(COUNT_LIMIT_CHANGED_KEYS);
        return refuse(task);
    }
    return task->type == REDIS_REPLY_ARRAY && (begins || is_changes(task)) ? originals->createArray(task, size)
                                                                          : refuse(task);
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t size)
{
    (void)number;
    (void)text;
    (void)size;
    return refuse(task);
}

static void *refuse_bool(const redisReadTask *task, int truth)
{
    (void)truth;
    return refuse(task);
}
#endif

/* Before 1.0 hiredis has the loop forget the socket with each read, and learn it again: two system calls. */
static int keep_reading(redisAsyncContext *context, struct event_base *base)
{
#if HIREDIS_MAJOR >= 1
    (void)context;
    (void)base;
    return 0;
#else
    redisLibeventEvents *events = context->ev.data;

    return event_del(events->rev) == 0 &&
                   event_assign(events->rev, base, context->c.fd, EV_READ | EV_PERSIST, redisLibeventReadEvent,
                                events) == 0 &&
                   event_add(events->rev, NULL) == 0
               ? 0
               : -1;
#endif
}

/* Any reader of hiredis knows its own functions. */
static void learn_originals(void)
{
    redisReader *reader = redisReaderCreate();

    if (reader == NULL) {
        return;
    }
    originals = reader->fn;
    redisReaderFree(reader);
    guarded = *originals;
    guarded.createString = make_string;
    guarded.createInteger = make_integer;
    guarded.createNil = make_nil;
    guarded.freeObject = free_reply;
    guarded.createArray = make_array;
#if HIREDIS_MAJOR >= 1
    guarded.createDouble = refuse_double;
    guarded.createBool = refuse_bool;
#endif
}

int guard_attach(redisAsyncContext *context, struct event_base *base)
{
    pthread_once(&once, learn_originals);
    if (originals == NULL || redisLibeventAttach(context, base) != REDIS_OK || keep_reading(context, base) != 0) {
        return -1;
    }
    context->c.reader->fn = &guarded;
    context->c.reader->privdata = context;
    context->ev.addRead = add_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    return 0;
}
