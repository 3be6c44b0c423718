#include <hiredis/adapters/libevent.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "cache/redis_private.h"

/*
 * hiredis trusts its server: it buffers whatever length a reply announces, makes
 * room for every element of an array before one has come, and asserts that each
 * reply answers a command. Whoever is at the other end of a socket is no reason
 * to die, so this stands before it twice: after each read the buffer may hold
 * one record at most, and a reply may be made only of what we asked for.
 */
#define UNREAD_MAX (MAX_RECORD_BYTES + 64 * 1024)
#define LINE_MAX_BYTES 1024 /* of a status, an error, or the length before a string */

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static redisReplyObjectFunctions guarded; /* hiredis keeps a pointer to it, for as long as a context lives */
static const redisReplyObjectFunctions *originals;

static const char *unread_fault(const redisReader *reader)
{
    const char *unread = reader->buf + reader->pos;
    size_t size = reader->len - reader->pos;

    if (size > UNREAD_MAX) {
        return "it sends a reply over the limit of a record";
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
    struct shared *shared = context->data;
    const char *fault;

    redisLibeventAddRead(adapter);
    if (shared == NULL || shared->broken != NULL || context->c.reader->buf == NULL) {
        return;
    }
    fault = unread_fault(context->c.reader);
    if (fault != NULL) {
        count(COUNT_LIMIT_RECORD_BYTES);
        wire_break(shared, fault);
    }
}

/* An error may come unasked, as farewell ("max number of clients reached"): hiredis closes then. */
static bool is_expected(const redisReadTask *task)
{
    const redisAsyncContext *context = task->privdata;

    return task->parent == NULL && (context->replies.head != NULL || task->type == REDIS_REPLY_ERROR);
}

/* hiredis takes NULL for lack of memory, and closes. */
static void *refuse(const redisReadTask *task)
{
    const redisAsyncContext *context = task->privdata;
    struct shared *shared = context->data;

    if (shared != NULL && shared->broken == NULL) {
        shared->broken = "it sends a reply that nothing was asked for";
    }
    return NULL;
}

static void *make_string(const redisReadTask *task, char *text, size_t size)
{
    return is_expected(task) ? originals->createString(task, text, size) : refuse(task);
}

static void *make_integer(const redisReadTask *task, long long number)
{
    return is_expected(task) ? originals->createInteger(task, number) : refuse(task);
}

static void *make_nil(const redisReadTask *task)
{
    return is_expected(task) ? originals->createNil(task) : refuse(task);
}

static void *refuse_array(const redisReadTask *task, element_count size)
{
    (void)size;
    return refuse(task);
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

int guard_attach(redisAsyncContext *context, struct event_base *base)
{
    if (redisLibeventAttach(context, base) != REDIS_OK) {
        return -1;
    }
    originals = context->c.reader->fn;
    guarded = *originals;
    guarded.createString = make_string;
    guarded.createInteger = make_integer;
    guarded.createNil = make_nil;
    guarded.createArray = refuse_array;
#if HIREDIS_MAJOR >= 1
    guarded.createDouble = refuse_double;
    guarded.createBool = refuse_bool;
#endif
    context->c.reader->fn = &guarded;
    context->c.reader->privdata = context;
    context->ev.addRead = add_read;
    return 0;
}
