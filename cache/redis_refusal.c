#include "base/clock.h"
#include "base/log.h"
#include "cache/redis_private.h"

/* Refusals come and go with the load (a full Redis has room again when a record expires): the log calls one over only
 * after it stayed away for so long. */
#define OVER_MS 10000

static const struct refusal {
    const char *code; /* the first word of an error reply */
    const char *words;
} refusals[] = {
    {"OOM", "redis is full: raise its maxmemory or let maxmemory-policy evict"},
    {"READONLY", "redis is a read-only replica: redis.uri should name the primary"},
    {"MISCONF", "redis cannot save to its disk and takes no writes"},
    {"NOPERM", "redis does not let this user run GETRANGE and SET on our keys"},
    {"NOAUTH", "redis wants a password: see redis.password-file"},
    {"MOVED", "redis is a node of a cluster: certlookup needs a single server or a proxy"},
    {"ASK", "redis is a node of a cluster: certlookup needs a single server or a proxy"},
    {"CLUSTERDOWN", "redis is a node of a cluster: certlookup needs a single server or a proxy"},
    {"LOADING", "redis is loading its data"},
    {"MASTERDOWN", "redis has lost its primary"},
    {"NOREPLICAS", "redis has too few replicas to take writes"},
    {"BUSY", "redis is busy with a script"},
    {"WRONGTYPE", "redis has other data under a key of ours: see redis.prefix"},
};
static const struct refusal other = {"", "redis refuses a command"};

bool refusal_is(const redisReply *reply, const char *code)
{
    size_t size = strlen(code);

    return reply->type == REDIS_REPLY_ERROR && reply->len >= size && memcmp(reply->str, code, size) == 0 &&
           (reply->len == size || reply->str[size] == ' ');
}

void refusal_note(struct shared *shared, enum refused which, const redisReply *reply)
{
    const struct refusal *refusal = &other;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusal_is(reply, refusals[i].code)) {
            refusal = &refusals[i];
        }
    }
    if (shared->refusals[which] != refusal && !shared->is_reader) {
        log_event(LEVEL_WARNING, refusal->words, LOG_TEXT("server", shared->endpoint.shown),
                  LOG_BYTES("reply", bytes_of(reply->str, reply->len)));
    }
    shared->refusals[which] = refusal;
    shared->refused_ms[which] = clock_mono_ms();
}

void refusal_over(struct shared *shared, enum refused which)
{
    if (shared->refusals[which] != NULL && clock_mono_ms() - shared->refused_ms[which] >= OVER_MS) {
        shared->refusals[which] = NULL;
        if (shared->is_reader) {
            return;
        }
        log_event(LEVEL_NOTICE, which == REFUSED_READ ? "redis gives records again" : "redis takes records again",
                  LOG_TEXT("server", shared->endpoint.shown));
    }
}
