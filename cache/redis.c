#include "cache/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "cache/redis_private.h"

static void command_take(struct command *command)
{
    struct shared *shared = command->shared;

    TAILQ_REMOVE(&shared->commands, command, entry);
    shared->queued--;
    shared->queued_bytes -= command->bytes;
    command->shared = NULL;
}

static void on_reply(redisAsyncContext *context, void *reply, void *private)
{
    struct command *command = private;
    struct shared *shared = command->shared;

    if (shared != NULL) {
        command_take(command);
        if (reply == NULL) {
            wire_gone(shared, context);
        }
        command->finish(shared, command, reply); /* may close `shared` */
    }
    free(command);
}

#define COMMAND_BYTES 512 /* longer ones are put together by hiredis, piece after piece in a block of its own */

/* "*4\r\n", "$128\r\n": numbers of three digits at most. */
static size_t put_head(char *out, char kind, size_t number)
{
    size_t size = 0;

    out[size++] = kind;
    for (size_t unit = number >= 100 ? 100 : number >= 10 ? 10 : 1; unit > 0; unit /= 10) {
        out[size++] = (char)('0' + number / unit % 10);
    }
    memcpy(out + size, "\r\n", 2);
    return size + 2;
}

/* 0: it is longer. */
static size_t put_command(char out[COMMAND_BYTES], int argc, const char **argv, const size_t *sizes)
{
    size_t size = put_head(out, '*', (size_t)argc);

    for (int i = 0; i < argc; i++) {
        if (sizes[i] > COMMAND_BYTES || size + sizes[i] + 32 > COMMAND_BYTES) {
            return 0;
        }
        size += put_head(out + size, '$', sizes[i]);
        memcpy(out + size, argv[i], sizes[i]);
        memcpy(out + size + sizes[i], "\r\n", 2);
        size += sizes[i] + 2;
    }
    return size;
}

static int hand_to_hiredis(struct shared *shared, struct command *command, int argc, const char **argv,
                           const size_t *sizes)
{
    char formatted[COMMAND_BYTES];
    size_t size = sizes != NULL ? put_command(formatted, argc, argv, sizes) : 0;

    return size > 0 ? redisAsyncFormattedCommand(shared->line.context, on_reply, command, formatted, size)
                    : redisAsyncCommandArgv(shared->line.context, on_reply, command, argc, argv, sizes);
}

bool command_send(struct shared *shared, const struct command *draft, int argc, const char **argv, const size_t *sizes)
{
    struct command *command = malloc(sizeof(*command));

    if (command == NULL) {
        return false;
    }
    *command = *draft;
    command->shared = shared;
    command->sent_ms = clock_mono_ms();
    command->bytes = 0;
    for (int i = 0; i < argc && sizes != NULL; i++) {
        command->bytes += sizes[i];
    }
    if (hand_to_hiredis(shared, command, argc, argv, sizes) != REDIS_OK) {
        free(command);
        return false;
    }
    if (shared->state == WIRE_UP && TAILQ_EMPTY(&shared->commands)) {
        line_watch(&shared->line, shared->timeout_ms);
    }
    TAILQ_INSERT_TAIL(&shared->commands, command, entry);
    shared->queued++;
    shared->queued_bytes += command->bytes;
    return true;
}

static bool is_full(const struct shared *shared, size_t bytes)
{
    if (shared->queued < shared->max_queued && shared->queued_bytes + bytes <= MAX_REDIS_QUEUED_BYTES) {
        return false;
    }
    count(COUNT_LIMIT_REDIS_QUEUE);
    return true;
}

/* What a GETRANGE's reply means. `value` is set for a hit. */
static enum shared_result read_value(struct shared *shared, const redisReply *reply, struct bytes *value)
{
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        refusal_note(shared, REFUSED_READ, reply);
    }
    if (reply == NULL || reply->type != REDIS_REPLY_STRING) {
        count(COUNT_REDIS_ERRORS);
        return SHARED_FAILED;
    }
    refusal_over(shared, REFUSED_READ);
    if (reply->len == 0 || reply->len > MAX_RECORD_BYTES) {
        count(COUNT_REDIS_MISSES);
        count_add(COUNT_LIMIT_RECORD_BYTES, reply->len > 0);
        return SHARED_MISS;
    }
    count(COUNT_REDIS_HITS);
    *value = bytes_of(reply->str, reply->len);
    return SHARED_HIT;
}

static void finish_get(struct shared *shared, struct command *command, const redisReply *reply)
{
    struct bytes value = {0};
    enum shared_result result = read_value(shared, reply, &value);

    command->done(command->context, result, value);
}

static void finish_write(struct shared *shared, struct command *command, const redisReply *reply)
{
    (void)command;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        refusal_note(shared, REFUSED_WRITE, reply);
    }
    if (reply == NULL || (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_INTEGER)) {
        count(COUNT_REDIS_ERRORS);
        return;
    }
    refusal_over(shared, REFUSED_WRITE);
}

#define LAST_OF_RECORD "4194304"
_Static_assert(MAX_RECORD_BYTES == 4194304, "one byte more is asked for");

/* GETRANGE, not GET: it bounds what we may be sent. It asks for one byte more than a record may have, which tells that
 * a value is too large; for a key that is not there it gives "". */
static void get(struct shared *shared, const char *key,
                void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    const struct command draft = {.finish = finish_get, .done = done, .context = context};
    const char *argv[] = {"GETRANGE", key, "0", LAST_OF_RECORD};
    const size_t sizes[] = {8, strlen(key), 1, strlen(LAST_OF_RECORD)};

    if (shared->state == WIRE_UP && command_send(shared, &draft, 4, argv, sizes)) {
        count(COUNT_REDIS_GETS);
        return;
    }
    count(COUNT_REDIS_ERRORS);
    done(context, SHARED_FAILED, (struct bytes){0});
}

void shared_get(struct shared *shared, const char *key,
                void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    if (shared->state == WIRE_UP && is_full(shared, 0)) {
        done(context, SHARED_FAILED, (struct bytes){0}); /* whether it is there nobody knows */
    } else {
        get(shared, key, done, context);
    }
}

void shared_get_first(struct shared *shared, const char *key,
                      void (*done)(void *context, enum shared_result result, struct bytes value), void *context)
{
    get(shared, key, done, context);
}

/* False: nothing was sent. */
static bool put(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    const struct command draft = {.finish = finish_write};
    char life[24];
    const char *argv[] = {"SET", key, (const char *)value.data, "PX", life};
    const size_t sizes[] = {3, strlen(key), value.size, 2,
                            (size_t)snprintf(life, sizeof(life), "%" PRId64, life_ms)};

    bool sent = shared->state == WIRE_UP && command_send(shared, &draft, 5, argv, sizes);
    count(sent ? COUNT_REDIS_SETS : COUNT_REDIS_ERRORS);
    return sent;
}

void shared_put(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    if (life_ms <= 0) {
        return;
    }
    if (value.size > MAX_RECORD_BYTES) {
        count(COUNT_LIMIT_RECORD_BYTES);
    } else if (shared->state != WIRE_UP || !is_full(shared, value.size)) {
        put(shared, key, value, life_ms);
    }
}

/* What others must not serve any longer goes before what is only faster: `queue` does not hold it up. */
static bool has_place_first(const struct shared *shared, size_t bytes)
{
    return shared->queued_bytes + bytes <= MAX_REDIS_QUEUED_BYTES;
}

bool shared_put_first(struct shared *shared, const char *key, struct bytes value, int64_t life_ms)
{
    return has_place_first(shared, value.size) && put(shared, key, value, life_ms);
}

static bool send_write(struct shared *shared, int argc, const char **argv, const size_t *sizes)
{
    const struct command draft = {.finish = finish_write};
    size_t bytes = 0;

    for (int i = 0; i < argc; i++) {
        bytes += sizes[i];
    }
    return shared->state == WIRE_UP && has_place_first(shared, bytes) &&
           command_send(shared, &draft, argc, argv, sizes);
}

bool shared_del(struct shared *shared, const char *key)
{
    const char *argv[] = {"DEL", key};
    const size_t sizes[] = {3, strlen(key)};

    if (!send_write(shared, 2, argv, sizes)) {
        return false;
    }
    count(COUNT_REDIS_DELS);
    return true;
}

bool shared_publish(struct shared *shared, struct bytes message)
{
    const char *channel = shared->listener.channels[CHANNEL_SAID];
    const char *argv[] = {"PUBLISH", channel, (const char *)message.data};
    const size_t sizes[] = {7, strlen(channel), message.size};

    return message.size <= MAX_MESSAGE_BYTES && send_write(shared, 3, argv, sizes);
}

bool shared_is_up(const struct shared *shared)
{
    return shared->state == WIRE_UP;
}

bool shared_wants_loop(const struct shared *shared)
{
    return shared->state != WIRE_UP || shared->queued > 0;
}

size_t shared_queued(const struct shared *shared)
{
    return shared->queued;
}

int shared_fd(const struct shared *shared)
{
    const redisAsyncContext *context = shared->line.context;

    return shared->state == WIRE_UP && shared->line.broken == NULL && sdslen(context->c.obuf) == 0 ? context->c.fd : -1;
}

/* hiredis reads 16 KB at a time, which is a few records: all that have come are worth one waking. A callback may lose
 * the connection. */
void shared_read(struct shared *shared)
{
    for (size_t before = SIZE_MAX; shared_fd(shared) >= 0 && shared->queued > 0 && shared->queued < before;) {
        before = shared->queued;
        redisAsyncHandleRead(shared->line.context);
    }
}

void shared_flush(struct shared *shared)
{
    line_flush(&shared->line);
}

/* What stands beside the URI has the last word over it. */
static int override(char **string, const char *with)
{
    char *copy;

    if (with == NULL || *with == '\0') {
        return 0;
    }
    copy = strdup(with);
    if (copy == NULL) {
        return -1;
    }
    explicit_bzero(*string, strlen(*string));
    free(*string);
    *string = copy;
    return 0;
}

struct shared *shared_open(struct event_base *base, const struct shared_config *config, struct error *error)
{
    struct shared *shared = calloc(1, sizeof(*shared));

    if (shared == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    TAILQ_INIT(&shared->commands);
    shared->base = base;
    shared->timeout_ms = config->timeout_ms;
    shared->is_reader = config->is_reader;
    shared->max_queued = (size_t)config->max_queued;
    if (endpoint_configure(config, &shared->endpoint, error) != 0) {
        goto out;
    }
    if (shared->endpoint.tls && (shared->tls = tls_new(&shared->endpoint, config->ca_file, error)) == NULL) {
        goto out;
    }
    if (override(&shared->endpoint.username, config->username) != 0 ||
        override(&shared->endpoint.password, config->password) != 0 || listen_open(shared) != 0 ||
        wire_open(shared) != 0) {
        error_set(error, "out of memory");
        goto out;
    }
    return shared;
out:
    shared_close(&shared);
    return NULL;
}

void shared_close(struct shared **pointer)
{
    struct shared *shared = *pointer;
    struct command *command;

    if (shared == NULL) {
        return;
    }
    *pointer = NULL;
    wire_close(shared); /* first, so that nobody can send anything any longer */
    listen_close(shared);
    while ((command = TAILQ_FIRST(&shared->commands)) != NULL) {
        command_take(command); /* hiredis frees it, as soon as this is off its stack */
        command->finish(shared, command, NULL);
    }
    tls_free(&shared->tls);
    endpoint_free(&shared->endpoint);
    free(shared);
}
